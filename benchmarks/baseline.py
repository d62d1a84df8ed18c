"""The same figures four ways: pandas with and without reading the file first, the facts, and the dashboard's rollups.

Override rate, low-side and high-side rate, by month and by team, for the same selections as the pages; every count of
every way must be equal.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd

from analysis.answer import Answer, answer_cards
from analysis.filters import Filters
from analysis.source import Source
from benchmarks.pandas_way import CARDS, SPLITS, count_splits, load_table, write_decisions
from benchmarks.percentiles import Summary, summarise

COLD = 5  # selections answered with reading the file each time: seconds each at ten million decisions
Asked = ParamSpec("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Baseline:
    """Seconds per selection by each way, bytes of the Parquet file and of the table in memory, and how many counts
    were compared and equal."""

    cold: Summary
    warm: Summary
    facts: Summary
    rollups: Summary
    file_bytes: int
    table_bytes: int
    compared: int


def measure_baseline(source: Source, selections: Sequence[Filters]) -> Baseline:
    """All ways over the same selections, the counts compared; RuntimeError where they differ."""
    with tempfile.TemporaryDirectory(prefix="execution-debt-parquet-") as folder:
        file = Path(folder) / "decisions.parquet"
        size = write_decisions(source, file)
        table = _load(source, file)
        count_splits(table, selections[0])  # what is imported or built once is not what a selection costs
        cold = [_time(_count_cold, source, file, filters)[0] for filters in selections[:COLD]]
    seconds: dict[str, list[float]] = {"warm": [], "facts": [], "rollups": []}
    compared = 0
    for filters in selections:
        took, counts = _time(count_splits, table, filters)
        seconds["warm"].append(took)
        for way in ("facts", "rollups"):
            took, answers = _time(_answer, source, filters, way == "rollups")
            seconds[way].append(took)
            compared += sum(_compare(counts[name], answers[name], filters) for name in answers)
    held = int(table.memory_usage(deep=True).sum())
    sums = {way: summarise(took) for way, took in seconds.items()}
    return Baseline(summarise(cold), **sums, file_bytes=size, table_bytes=held, compared=compared)


def _load(source: Source, file: Path) -> pd.DataFrame:
    return load_table(file, source.use_case.time_zone, source.mapped)


def _count_cold(source: Source, file: Path, filters: Filters) -> dict[str, pd.DataFrame]:
    return count_splits(_load(source, file), filters)


def _time(work: Callable[Asked, Found], *args: Asked.args, **named: Asked.kwargs) -> tuple[float, Found]:
    started = time.perf_counter()
    found = work(*args, **named)
    return time.perf_counter() - started, found


def _answer(source: Source, filters: Filters, rollup: bool) -> dict[str, dict[str, Answer]]:
    asked = {"": filters, "before ": filters.earlier()}
    return {
        prefix + split: answer_cards(source, list(CARDS), selection, split, rollup=rollup)
        for prefix, selection in asked.items() if selection is not None for split in SPLITS
    }  # fmt: skip


def _compare(counts: pd.DataFrame, answers: dict[str, Answer], filters: Filters) -> int:
    """How many counts were compared; RuntimeError at the first that differs."""
    compared = 0
    for card, columns in CARDS.items():
        answer = answers[card]
        for part, column in zip(("numerator", "denominator"), columns, strict=True):
            sums = answer.sums.total(answer.query.columns[f"{card}__{part}"])
            ours = {name: int(value) for name, value in zip(answer.parts, sums, strict=True) if value}
            theirs = {str(name): int(value) for name, value in counts[column].items() if value}
            if ours != theirs:
                raise RuntimeError(f"{filters}: the {part} of {card} differs: {ours} by the cards, {theirs} by pandas.")
            compared += len(ours)
    return compared
