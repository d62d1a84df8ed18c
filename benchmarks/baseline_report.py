"""The same figures four ways as a table, each as a multiple of the dashboard's rollups."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.baseline import Baseline
from benchmarks.run import Run
from benchmarks.table import build_table, format_mb, format_ms, format_ratio


def build_baselines(runs: Sequence[Run]) -> str:
    """The section of the baselines."""
    head = ("decisions", "way", "selections", "p50 ms", "p95 ms", "p50 against rollups", "p95 against rollups")
    rows = []
    for run in runs:
        base = _baseline(run)
        ways = (
            ("the dashboard's rollups, with intervals", base.rollups),
            ("the same cards straight from the facts, with intervals", base.facts),
            ("pandas, the table in memory, without intervals", base.warm),
            ("pandas, the Parquet file read first, without intervals", base.cold),
        )
        rows += [
            (
                f"{run.decisions:,}", name, f"{way.n}", format_ms(way.median), format_ms(way.p95),
                format_ratio(way.median, base.rollups.median), format_ratio(way.p95, base.rollups.p95),
            )
            for name, way in ways
        ]  # fmt: skip
    notes = "; ".join(
        f"at {run.decisions:,} decisions the Parquet file has {format_mb(_baseline(run).file_bytes)}, the table took "
        f"{format_mb(_baseline(run).table_bytes)} of memory, and {_baseline(run).compared:,} counts were compared and "
        "equal"
        for run in runs
    )
    return (
        "**The same figures four ways**: override, low-side and high-side rate by month and by team, the same "
        f"selections.\n\n{build_table(head, rows)}\n\nOf these: {notes}."
    )


def _baseline(run: Run) -> Baseline:
    if run.baseline is None:
        raise RuntimeError(f"No baseline was measured at {run.decisions:,} decisions.")
    return run.baseline
