"""The pages as tables: each against its target, the larger store against the smaller, the stores themselves."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.pages import Measured
from benchmarks.run import Run
from benchmarks.table import build_table, format_kb, format_mb, format_ms, format_ratio, mark

TARGETS = {"seen": 0.150, "new": 0.400, "one case": 0.250}  # seconds, 95th percentile
GROWTH = 1.3  # the most a 95th percentile may grow from the smallest store to the largest
_KINDS = {"new": "a view for the first time", "seen": "the same view again", "one case": "one case with contributions"}


def build_pages(runs: Sequence[Run]) -> str:
    """The section of the pages."""
    parts = [f"**Pages**, one visitor at a time.\n\n{_build_times(runs)}", _describe_first(runs)]
    if len(runs) > 1:
        small, large = runs[0], runs[-1]
        parts.append(
            f"**{large.decisions:,} decisions against {small.decisions:,}**, the same pages.\n\n"
            f"{_build_growth(small, large)}"
        )
    parts.append(f"**The stores.**\n\n{_build_stores(runs)}")
    return "\n\n".join(parts)


def count_over(runs: Sequence[Run]) -> tuple[int, int]:
    """Measurements over their target, and measurements with one."""
    marks = [mark(m.seconds.p95, TARGETS[m.kind]) for run in runs for m in run.pages]
    if len(runs) > 1:
        marks += [mark(large.seconds.p95, GROWTH * small.seconds.p95) for small, large in _pair(runs[0], runs[-1])]
    return marks.count("over"), len(marks)


def _build_times(runs: Sequence[Run]) -> str:
    head = (
        "decisions", "page", "visit", "visits", "p50 ms", "p95 ms", "worst ms", "target p95 ms", "",
        "processor ms, mean", "p50 kB", "p95 kB",
    )  # fmt: skip
    rows = [
        (
            f"{run.decisions:,}", m.page, _KINDS[m.kind], f"{m.seconds.n}", format_ms(m.seconds.median),
            format_ms(m.seconds.p95), format_ms(m.seconds.worst), format_ms(TARGETS[m.kind]),
            mark(m.seconds.p95, TARGETS[m.kind]), "" if m.processor is None else format_ms(m.processor),
            format_kb(m.bytes.median), format_kb(m.bytes.p95),
        )
        for run in runs for m in run.pages
    ]  # fmt: skip
    return build_table(head, rows)


def _describe_first(runs: Sequence[Run]) -> str:
    first = [f"{format_ms(run.first_seconds)} ms at {run.decisions:,}" for run in runs if run.first_seconds is not None]
    words = f"The first page after the server's start: {'; '.join(first)}."
    for run in runs:
        if all(m.kind != "one case" for m in run.pages):
            words += f" At {run.decisions:,} no case was opened: none has a model and inputs on record."
    return words


def _build_growth(small: Run, large: Run) -> str:
    head = ("page", "visit", "p50", "p95", "target p95", "")
    rows = [
        (
            a.page, _KINDS[a.kind], format_ratio(b.seconds.median, a.seconds.median),
            format_ratio(b.seconds.p95, a.seconds.p95), f"{GROWTH} x", mark(b.seconds.p95, GROWTH * a.seconds.p95),
        )
        for a, b in _pair(small, large)
    ]  # fmt: skip
    return build_table(head, rows)


def _pair(small: Run, large: Run) -> list[tuple[Measured, Measured]]:
    found = {(m.page, m.kind): m for m in large.pages}
    return [(m, found[m.page, m.kind]) for m in small.pages if (m.page, m.kind) in found]


def _build_stores(runs: Sequence[Run]) -> str:
    """A store that was given and not built here has no seconds and no peak."""
    head = (
        "decisions", "snapshot", "seconds to build the demo", "peak memory of that", "server's memory", "its peak",
    )  # fmt: skip
    rows = [
        (
            f"{run.decisions:,}", format_mb(run.build.snapshot_bytes),
            "given" if run.build.seconds is None else f"{run.build.seconds:,.0f}",
            "given" if run.build.seconds is None else format_mb(run.build.peak_bytes),
            format_mb(run.resident_bytes), format_mb(run.peak_bytes),
        )
        for run in runs
    ]  # fmt: skip
    return (
        f"{build_table(head, rows)}\n\nThe demo: simulation, training, load, facts and rollups "
        "(`python -m analysis.jobs.demo`)."
    )
