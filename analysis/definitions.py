"""Every number the dashboard can show, a card or a registered statistic, as one kind of thing that can be found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.answer import answer_cards
from analysis.catalog import Card, Change
from analysis.filters import Filters
from analysis.formats import format_value
from analysis.lineage import list_columns, list_contract_columns
from analysis.measures import build_measures
from analysis.query import Query
from analysis.reading import Reading
from analysis.source import Source
from analysis.statistics import STATISTICS, Statistic
from analysis.worked import Worked, work_card, work_statistic
from data.rows import describe_columns
from data.schema import TABLES

DIRECTIONS = {
    "higher_is_better": "Higher is better.",
    "lower_is_better": "Lower is better.",
    "context": "Neither high nor low is good by itself.",
}
UNITS = {
    "share": "share (%)",
    "money": "money",
    "minutes": "minutes",
    "hours": "hours",
    "count": "count",
    "ratio": "plain number",
}
# Words a question is made of, which say nothing of what is asked for.
_FILLERS = frozenset(
    ("a", "an", "and", "are", "by", "do", "does", "for", "how", "in", "is", "it", "mean", "means", "measured", "of",
     "on", "or", "the", "to", "was", "what", "which")
)  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """One number: its words, and the card or the statistic that computes it (exactly one of the two)."""

    name: str
    label: str
    definition: str
    reading: str
    owner: str
    unit: str
    direction: str
    source: str
    needs: tuple[str, ...]
    changed: tuple[Change, ...]
    card: Card | None = None
    statistic: Statistic | None = None

    def work(self) -> Worked:
        """The worked example, worked through; UserError where it does not give its answer."""
        if self.card is not None:
            return work_card(self.card)
        assert self.statistic is not None
        return work_statistic(self.statistic)

    @property
    def example_why(self) -> str:
        holder = self.card or self.statistic
        assert holder is not None
        return holder.example.why


@dataclass(frozen=True)
class Need:
    """A contract column behind a number: its sentence, whether the log maps it, whether nothing is shown without."""

    column: str
    sentence: str
    is_mapped: bool
    is_required: bool


def list_definitions(catalog: Mapping[str, Card]) -> dict[str, Definition]:
    """Every card and statistic by name, in alphabetical order of the labels."""
    found = [describe_card(card) for card in catalog.values()]
    found += [describe_statistic(statistic) for statistic in STATISTICS.values()]
    return {definition.name: definition for definition in sorted(found, key=lambda d: d.label.casefold())}


def describe_card(card: Card) -> Definition:
    return Definition(
        card.name, card.label, card.definition, card.reading, card.owner, card.unit, card.direction, card.source,
        card.needs, card.changed, card=card,
    )  # fmt: skip


def describe_statistic(statistic: Statistic) -> Definition:
    return Definition(
        statistic.name, statistic.label, statistic.definition, statistic.reading, statistic.owner, statistic.unit,
        statistic.direction, statistic.source, statistic.needs, statistic.changed, statistic=statistic,
    )  # fmt: skip


def split_words(text: str) -> list[str]:
    """The words of a search that say something, folded; all of them where none does."""
    words = re.findall(r"\w+", text.casefold().replace("_", " "))
    return [word for word in words if word not in _FILLERS] or words


def matches_all(words: Sequence[str], text: str) -> bool:
    """Whether every word stands in a text, as part of a word too."""
    folded = text.casefold().replace("_", " ")
    return all(word in folded for word in words)


def search_definitions(
    definitions: Iterable[Definition],
    text: str = "",
    owner: str = "",
    unit: str = "",
    owners: Mapping[str, str] | None = None,
) -> list[Definition]:
    """The definitions that have every word of a search in their name, label, words, owner or source.

    One that is called so comes first, then those that have the words in their name or label. owner and unit narrow
    further; "" is any. owners: who answers for a number in this organisation, by name, where it is not the owner of
    its card.
    """
    words = split_words(text)
    found: list[tuple[int, Definition]] = []
    for definition in definitions:
        own = (owners or {}).get(definition.name, definition.owner)
        named = f"{definition.name} {definition.label}"
        said = (
            f"{named} {definition.definition} {definition.reading} {own} {definition.source} {UNITS[definition.unit]}"
        )
        if owner not in ("", own) or unit not in ("", definition.unit) or not matches_all(words, said):
            continue
        is_called = words in (split_words(definition.label), split_words(definition.name))
        found.append((0 if is_called else 1 if matches_all(words, named) else 2, definition))
    return [definition for _, definition in sorted(found, key=lambda pair: pair[0])]


def find_nearest(definitions: Mapping[str, Definition], name: str) -> list[Definition]:
    """At most three definitions whose name or label is nearest to one that does not exist."""
    by_word = {d.name: d for d in definitions.values()} | {d.label.casefold(): d for d in definitions.values()}
    near = difflib.get_close_matches(name.strip().casefold().replace(" ", "_"), by_word, n=3, cutoff=0.5)
    near += difflib.get_close_matches(name.strip().casefold().replace("_", " "), by_word, n=3, cutoff=0.5)
    return list(dict.fromkeys(by_word[word] for word in near))[:3]


def answer_definition(source: Source, definition: Definition, filters: Filters) -> tuple[Reading, Query]:
    """The reading of one number for a selection, with the SQL that ran."""
    if definition.card is not None:
        answer = answer_cards(source, [definition.name], filters)[definition.name]
        return answer.reading(), answer.query
    assert definition.statistic is not None
    found = definition.statistic.answer(source, filters)
    missing = source.missing(definition.needs)
    if missing:
        why = f"Needs {', '.join(missing)}, which this log does not map. Map it and load again."
        return Reading(None, why=why), found.query
    return found.reading(), found.query


def describe_limit(source: Source, definition: Definition, reading: Reading) -> str:
    """The limit agreed in the use case, its owner, and where the reading stands; "" where none is agreed."""
    limit = source.use_case.limits.get(definition.name)
    if limit is None:
        return ""
    bound = "at most" if limit.side == "upper" else "at least"
    words = f"{bound} {format_value(limit.value, definition.unit, source.use_case)}, owner {limit.owner}"
    if reading.value is None:
        return words
    is_over = reading.value > limit.value if limit.side == "upper" else reading.value < limit.value
    return f"{words}; now {'beyond' if is_over else 'within'} it"


def describe_needs(definition: Definition, mapped: Iterable[str]) -> list[Need]:
    """The contract columns behind a number, those it cannot be shown without first."""
    known = frozenset(mapped)
    columns = list_contract_columns(definition.card) if definition.card else definition.needs
    needs = [_need(column, column in known, column in definition.needs) for column in columns]
    return sorted(needs, key=lambda need: (not need.is_required, need.column))


def _need(name: str, is_mapped: bool, is_required: bool) -> Need:
    table, _, column = name.partition(".")
    declared = TABLES[table].column(column)
    return Need(name, declared.sentence if declared else "", is_mapped, is_required)


def describe_helpers(definition: Definition) -> list[tuple[str, str]]:
    """The helper columns a card's SQL speaks of, with their sentences; none for a statistic."""
    if definition.card is None:
        return []
    sentences = describe_columns(definition.card.rows)
    contract = TABLES[definition.card.rows].names
    return [(name, sentences[name]) for name in list_columns(definition.card) if name not in contract]


def build_definition_sql(definition: Definition) -> str:
    """The definition as SQL over the facts, one row per decision: what a rollup holds the sums of.

    A statistic names the Python function that computes it instead.
    """
    if definition.card is None:
        assert definition.statistic is not None
        function = definition.statistic.answer
        return f"-- computed in Python: {function.__name__} in {function.__module__.replace('.', '/')}.py"
    card = definition.card
    if card.kind == "typical":
        return (
            f"select median({card.value}) as value\nfrom facts\n"
            f"where is_in_scope\n    and ({card.where})\n    and {card.value} is not null"
        )
    measures = build_measures(card)
    parts = [(name, m) for name in ("numerator", "denominator") if (m := getattr(measures, name)) is not None]
    listed = ",\n".join(f"    {measure.sql} as {name}" for name, measure in parts)
    return f"select\n{listed}\nfrom facts\nwhere is_in_scope"


def list_measure_sql(definition: Definition, query: Query) -> list[str]:
    """What each sum a query adds up was made from, as `column = SQL`; none for a statistic or a median."""
    if definition.card is None:
        return []
    return [f"{query.columns.get(m.name, m.name)} = {m.sql}" for m in build_measures(definition.card).all()]
