"""Answers: one card, one selection, one split, as readings. The one place where Python divides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis import intervals
from analysis.catalog import Card
from analysis.filters import Filters
from analysis.intervals import Estimates
from analysis.measures import build_measures
from analysis.query import Query, build_query
from analysis.reading import PROTECTED, TOO_FEW, Reading
from analysis.source import Source
from analysis.sums import Sums, read_sums, split_card
from analysis.typical import answer_typical

MINIMUM_DECIDERS = 5


@dataclass(frozen=True)
class Answer:
    """One card over the parts of a split: a reading and a number of decisions per part, and the SQL that ran."""

    card: Card
    split: str | None
    parts: tuple[str, ...]
    readings: tuple[Reading, ...]
    decisions: tuple[int, ...]
    query: Query
    sums: Sums

    def reading(self, part: str = "") -> Reading:
        """The reading of one part; one that says it is empty where the part is not there."""
        return self.readings[self.parts.index(part)] if part in self.parts else Reading(None, why="No such cases.")


def answer_cards(
    source: Source, names: Sequence[str], filters: Filters, split: str | None = None, *, rollup: bool = True
) -> dict[str, Answer]:
    """Answers of several cards by name, from one query for all that can be added up.

    split: a key of query.SPLITS or None for the whole (one part, named ""). rollup=False asks the facts instead,
    which is slower and gives the same counts.
    """
    cards = [source.catalog[name] for name in names]
    added = [card for card in cards if card.kind != "typical"]
    answers: dict[str, Answer] = {}
    if added:
        query = build_query(added, filters, split, catalog=tuple(source.catalog.values()), rollup=rollup)
        sums = read_sums(source.columns(query.sql, query.params))
        if split is None and not sums.parts:
            sums = _empty_whole(sums)
        for card in added:
            answers[card.name] = _answer(source, card, split, sums, query)
    for card in cards:
        if card.kind == "typical":
            query, sums, readings = answer_typical(source, card, filters, split, rollup=rollup)
            counts = tuple(int(n) for n in sums.total("n"))
            answers[card.name] = Answer(card, split, sums.parts, readings, counts, query, sums)
    return {name: answers[name] for name in names}


def _empty_whole(sums: Sums) -> Sums:
    return Sums(("",), sums.part, sums.decider, sums.has_decider, sums.columns)


def _answer(source: Source, card: Card, split: str | None, sums: Sums, query: Query) -> Answer:
    decisions = tuple(int(n) for n in sums.total("decisions"))
    missing = source.missing(card.needs)
    if missing:
        why = f"Needs {', '.join(missing)}, which this log does not map. Map it and load again."
        readings = tuple(Reading(None, why=why) for _ in sums.parts)
    elif split == "decider" and (refusal := refuse_deciders(source, sums)):
        readings = tuple(Reading(None, why=refusal, refusal=PROTECTED) for _ in sums.parts)
    else:
        readings = _read(source, card, split, sums, query)
    return Answer(card, split, sums.parts, readings, decisions, query, sums)


def refuse_deciders(source: Source, sums: Sums) -> str:
    """Why single deciders may not be shown; "" where they may."""
    use_case = source.use_case
    deciders = use_case.word("deciders")
    if not use_case.show_deciders:
        return f"Numbers of single {deciders} are protected: this use case does not permit them."
    people = int(np.unique(sums.decider[sums.has_decider]).size)
    if people < MINIMUM_DECIDERS:
        return f"Numbers of single {deciders} are protected: {people} in this selection, fewer than {MINIMUM_DECIDERS}."
    return ""


def _read(source: Source, card: Card, split: str | None, sums: Sums, query: Query) -> tuple[Reading, ...]:
    groups = len(sums.parts)
    if card.kind == "total":
        return tuple(
            Reading(float(v), n=int(n)) for v, n in zip(_total(card, sums, query), sums.total("decisions"), strict=True)
        )
    own, loose = split_card(card, sums, query, people_are_parts=split == "decider")
    estimate = intervals.estimate_rates if card.kind == "ratio" else intervals.estimate_means
    found = estimate(own.group, own.n, own.y, loose=loose, groups=groups)
    waits = _waits(card, sums, query)
    cases = _cases(card, sums, query)
    numerators = sums.total(query.columns[f"{card.name}__numerator"])
    return tuple(
        _reading(source, card, found, i, int(cases[i]), waits[i], float(numerators[i]), split) for i in range(groups)
    )


def _total(card: Card, sums: Sums, query: Query) -> np.ndarray:
    return sums.total(query.columns[f"{card.name}__numerator"])


def _cases(card: Card, sums: Sums, query: Query) -> np.ndarray:
    """Cases in the denominator; where it is a sum of money, the known cases stand for them."""
    measures = build_measures(card)
    assert measures.denominator is not None
    if not measures.denominator.value:
        return sums.total(query.columns[measures.denominator.name])
    counted = measures.known if measures.known is not None else measures.denominator
    return sums.total(query.columns[counted.name])


def _waits(card: Card, sums: Sums, query: Query) -> list[tuple[float | None, float | None, int]]:
    """(matured share, observed share, cases waited for) per part; None where the card waits for no outcome."""
    measures = build_measures(card)
    if measures.waited is None or measures.matured is None or measures.known is None:
        return [(None, None, 0)] * len(sums.parts)
    waited, matured, known = (
        sums.total(query.columns[m.name]) for m in (measures.waited, measures.matured, measures.known)
    )
    return [
        (m / w if w else None, k / m if m else None, int(w)) for w, m, k in zip(waited, matured, known, strict=True)
    ]


def _reading(
    source: Source, card: Card, found: Estimates, i: int, n: int,
    waits: tuple[float | None, float | None, int], numerator: float, split: str | None,
) -> Reading:  # fmt: skip
    matured, observed, waited = waits
    words = source.use_case
    minimum = words.minimum_group_size
    if n == 0:
        return Reading(
            None, n=0, matured_share=matured, observed_share=observed, why=_why_none(source, matured, waited)
        )
    if n < minimum:
        refusal = PROTECTED if split == "decider" else TOO_FEW
        cases = words.word("case" if n == 1 else "cases")
        why = f"{n} {cases}: fewer than {minimum}, too few to be reliable."
        return Reading(None, n=n, matured_share=matured, observed_share=observed, why=why, refusal=refusal)
    value = float(found.value[i])
    reason = str(found.why[i])
    low, high = float(found.low[i]), float(found.high[i])
    if build_measures(card).denominator.value:  # type: ignore[union-attr]
        reason = "weighted"  # a mean of known amounts: nothing was sampled
    shown = not reason and not (np.isnan(low) or np.isnan(high))
    return Reading(
        value, low if shown else None, high if shown else None, n, matured, observed,
        interval_why="" if shown else _why_no_interval(source, reason), numerator=numerator,
    )  # fmt: skip


def _why_none(source: Source, matured: float | None, waited: int) -> str:
    cases = source.use_case.word("cases")
    if waited == 0:
        return f"No such {cases} in this selection."
    if not matured:
        return f"None of {waited:,} {cases} has matured: their outcomes are not due by {source.as_of_words}."
    return f"No outcome of {waited:,} {cases} has come back."


def _why_no_interval(source: Source, reason: str) -> str:
    deciders, decider = source.use_case.word("deciders"), source.use_case.word("decider")
    return {
        intervals.ONE_CLUSTER: f"One {decider} made all of these decisions: how much {deciders} differ cannot be seen.",
        intervals.FEW_CLUSTERS: f"One {decider} made most of these decisions: no interval can be given.",
        intervals.NO_VARIATION: f"Every {decider} shows the same: no interval can be given.",
        "weighted": "A mean of known amounts, not a sample: no interval applies.",
    }.get(reason, "No interval can be given.")
