"""The same figures through pandas: what one would write without the dashboard, over the whole table held in memory.

Override rate, low-side and high-side rate, by month and by team, for the same selections as the Overrides page.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.answer import answer_cards
from analysis.filters import DIMENSIONS, NOT_RECORDED, Filters
from analysis.source import Source
from benchmarks.percentiles import Summary, summarise

CARDS = {
    "override_rate": ("is_override", "is_override_eligible"),
    "low_side_override_rate": ("is_low_side", "is_eligible_reject"),
    "high_side_override_rate": ("is_high_side", "is_eligible_accept"),
}  # card -> columns of the numerator and the denominator
SPLITS = ("period", "team")
_COUNTED = tuple(dict.fromkeys(name for pair in CARDS.values() for name in pair))


@dataclass(frozen=True)
class Baseline:
    """Seconds per selection through pandas and through the dashboard's rollups, the table's bytes, and how many
    counts of both were compared and equal."""

    pandas: Summary
    rollups: Summary
    table_bytes: int
    compared: int


def load_table(source: Source) -> pd.DataFrame:
    """One row per decision in scope: month, groups as categories, and what the rates count as booleans."""
    groups = ", ".join(f"coalesce({name}, '{NOT_RECORDED}') as {name}" for name in DIMENSIONS)
    rows = (
        "select *, is_override_eligible and recommendation = 'reject' as is_eligible_reject, "
        "is_override_eligible and recommendation = 'accept' as is_eligible_accept from facts where is_in_scope"
    )
    counted = ", ".join(f"coalesce({name}, false) as {name}" for name in _COUNTED)
    table = source.frame(f"select period, {groups}, {counted} from ({rows})")
    kinds = dict.fromkeys(("period", *DIMENSIONS), "category") | dict.fromkeys(_COUNTED, "bool")
    return table.astype(kinds)


def count_splits(table: pd.DataFrame, filters: Filters) -> dict[str, pd.DataFrame]:
    """Counts and rates by month and by team of one selection, and of the one it is compared with."""
    found = {}
    for name, selection in (("", filters), ("before ", filters.earlier())):
        if selection is None:
            continue
        chosen = _select(table, selection)
        for split in SPLITS:
            counts = chosen.groupby(split, observed=True)[list(_COUNTED)].sum()
            for card, (numerator, denominator) in CARDS.items():
                counts[card] = counts[numerator] / counts[denominator]
            found[name + split] = counts
    return found


def _select(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    mask = pd.Series(True, index=table.index)
    months = table["period"].cat.categories
    if filters.start is not None and filters.end is not None:
        mask &= table["period"].isin(months[(months >= filters.start) & (months <= filters.end)])
    for name in DIMENSIONS:
        chosen = getattr(filters, name)
        if chosen:
            mask &= table[name].isin(chosen)
    return table[mask]


def measure_baseline(source: Source, selections: Sequence[Filters]) -> Baseline:
    """Both ways over the same selections, the counts compared; RuntimeError where they differ."""
    table = load_table(source)
    by_pandas, by_rollups, compared = [], [], 0
    count_splits(table, selections[0])  # what is imported or built once is not what a selection costs
    for filters in selections:
        started = time.perf_counter()
        counts = count_splits(table, filters)
        by_pandas.append(time.perf_counter() - started)
        started = time.perf_counter()
        asked = {"": filters, "before ": filters.earlier()}
        answers = {
            prefix + split: answer_cards(source, list(CARDS), selection, split)
            for prefix, selection in asked.items() if selection is not None for split in SPLITS
        }  # fmt: skip
        by_rollups.append(time.perf_counter() - started)
        compared += sum(_compare(counts[name], answers[name], filters) for name in answers)
    size = int(table.memory_usage(deep=True).sum())
    return Baseline(summarise(by_pandas), summarise(by_rollups), size, compared)


def _compare(counts: pd.DataFrame, answers: dict, filters: Filters) -> int:
    """How many counts were compared; RuntimeError at the first that differs."""
    compared = 0
    for card, columns in CARDS.items():
        answer = answers[card]
        for part, column in zip(("numerator", "denominator"), columns, strict=True):
            sums = answer.sums.total(answer.query.columns[f"{card}__{part}"])
            ours = {name: int(value) for name, value in zip(answer.parts, sums, strict=True) if value}
            theirs = {str(name): int(value) for name, value in counts[column].items() if value}
            if ours != theirs:
                raise RuntimeError(f"{filters}: the {part} of {card} differs: {ours} by rollups, {theirs} by pandas.")
            compared += len(ours)
    return compared
