"""The final score report: per score band what was recommended, decided and overridden, and how it turned out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.answer import answer_cards
from analysis.filters import Filters
from analysis.intervals import LooseSums, estimate_rates, sum_by
from analysis.query import Query
from analysis.reading import TOO_FEW, Reading
from analysis.source import Source
from analysis.sums import Sums, read_sums


@dataclass(frozen=True)
class Band:
    """One score band. expected_rate: mean score of the accepted cases with a known outcome; None where there is
    none. bad_rate: of those cases."""

    number: int
    label: str
    decisions: int
    accepts: int
    rejects: int
    low_side: int
    high_side: int
    override_rate: Reading
    bad_rate: Reading
    expected_rate: float | None


def name_band(edges: tuple[float, ...], number: int) -> str:
    """A band as "2-4 %"; the first "under 2 %", the last "50 % and over"."""
    percent = [f"{edge * 100:g}" for edge in edges]
    if not percent:
        return "all scores"
    if number == 0:
        return f"under {percent[0]} %"
    if number >= len(percent):
        return f"{percent[-1]} % and over"
    return f"{percent[number - 1]}-{percent[number]} %"


def answer_score_report(source: Source, filters: Filters) -> tuple[Query, tuple[Band, ...], int]:
    """Every band with decisions, safest first; the SQL of the outcomes; and the decisions without a score.

    Source: Siddiqi, Intelligent Credit Scoring, final score report.
    """
    names = ("accept_rate", "override_rate", "low_side_override_rate", "high_side_override_rate")
    answers = answer_cards(source, names, filters, "score_band")
    query, outcomes = _outcomes(source, filters)
    edges = source.use_case.score_bands
    bands = []
    unscored = 0
    for part in answers["accept_rate"].parts:
        decided = answers["accept_rate"].decisions[answers["accept_rate"].parts.index(part)]
        if part == "":
            unscored = decided
            continue
        counts = {name: _numerator(answers[name].sums, answers[name].query.columns, name, part) for name in names}
        bad_rate, expected = outcomes.get(part, (Reading(None, why="No accepted case with a known outcome."), None))
        bands.append(
            Band(
                int(part), name_band(edges, int(part)), decided, counts["accept_rate"], decided - counts["accept_rate"],
                counts["low_side_override_rate"], counts["high_side_override_rate"],
                answers["override_rate"].reading(part), bad_rate, expected,
            )
        )  # fmt: skip
    return query, tuple(sorted(bands, key=lambda band: band.number)), unscored


def _numerator(sums: Sums, columns: dict[str, str], name: str, part: str) -> int:
    return int(sums.total(columns[f"{name}__numerator"])[sums.parts.index(part)])


def _outcomes(source: Source, filters: Filters) -> tuple[Query, dict[str, tuple[Reading, float | None]]]:
    where, params = filters.where()
    sql = (
        "select cast(score_band as varchar) as part, decider, sum(scored_bads) as bads, sum(scored_cases) as cases,\n"
        f"    sum(expected) as expected\nfrom rollup_band\nwhere {where} and scored_cases > 0\n"
        "group by all\norder by all"
    )
    sums = read_sums(source.columns(sql, params))
    query = Query(sql, params)
    if not sums.parts:
        return query, {}
    groups, own = len(sums.parts), sums.has_decider
    loose = LooseSums.from_counts(*(sum_by(sums.part[~own], sums.columns[c][~own], groups) for c in ("cases", "bads")))
    found = estimate_rates(
        sums.part[own], sums.columns["cases"][own], sums.columns["bads"][own], loose=loose, groups=groups
    )
    cases, expected = sums.total("cases"), sums.total("expected")
    minimum = source.use_case.minimum_group_size
    answers: dict[str, tuple[Reading, float | None]] = {}
    for i, part in enumerate(sums.parts):
        n = int(cases[i])
        if n < minimum:
            why = f"{n} accepted cases with a known outcome: fewer than {minimum}, too few to be reliable."
            reading = Reading(None, n=n, refusal=TOO_FEW, why=why)
        else:
            shown = not np.isnan(found.low[i])
            low, high = (float(found.low[i]), float(found.high[i])) if shown else (None, None)
            reading = Reading(float(found.value[i]), low, high, n, interval_why="" if shown else "Too few deciders.")
        answers[part] = (reading, float(expected[i] / cases[i]) if n else None)
    return query, answers
