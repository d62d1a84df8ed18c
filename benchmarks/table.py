"""What was measured as a Markdown report, and its place in benchmarks/README.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.baseline import Baseline
from benchmarks.machine import describe_machine, describe_versions
from benchmarks.pages import Measured
from benchmarks.percentiles import Summary
from benchmarks.store import ROOT, Build

README = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TARGETS = {"seen": 0.150, "new": 0.400, "one case": 0.250}  # seconds, 95th percentile
_KINDS = {"new": "a view for the first time", "seen": "the same view again", "one case": "one case with contributions"}


@dataclass(frozen=True)
class Run:
    """Everything measured at one size. first_seconds: the first page after the server's start."""

    build: Build
    decisions: int
    first_seconds: float
    pages: Sequence[Measured]
    baseline: Baseline
    server_peak_bytes: int | None


def build_report(runs: Sequence[Run], command: str, load: str) -> str:
    """The whole report: where, how, and the tables. load: how busy the machine was before."""
    head = [
        f"Measured on {dt.date.today():%Y-%m-%d} by `{command}`, one visitor at a time{f'; {load}' if load else ''}.",
        f"Machine: {describe_machine()}.",
        f"Versions: {describe_versions()}.",
    ]
    parts = ["\n".join(f"- {line}" for line in head), _build_pages(runs), _build_baselines(runs), _build_loads(runs)]
    return "\n\n".join(parts)


def find_over(runs: Sequence[Run]) -> list[Measured]:
    """The measurements whose 95th percentile is over its target."""
    return [m for run in runs for m in run.pages if m.seconds.p95 > TARGETS[m.kind]]


def _build_pages(runs: Sequence[Run]) -> str:
    head = (
        "decisions", "page", "visit", "visits", "p50 ms", "p95 ms", "worst ms", "target p95 ms", "", "p50 kB", "p95 kB",
    )  # fmt: skip
    rows = [
        (
            f"{run.decisions:,}", m.page, _KINDS[m.kind], f"{m.seconds.n}", _ms(m.seconds.median), _ms(m.seconds.p95),
            _ms(m.seconds.worst), _ms(TARGETS[m.kind]), "ok" if m.seconds.p95 <= TARGETS[m.kind] else "over",
            f"{m.bytes.median / 1000:,.0f}", f"{m.bytes.p95 / 1000:,.0f}",
        )
        for run in runs for m in run.pages
    ]  # fmt: skip
    first = "; ".join(f"{_ms(run.first_seconds)} ms at {run.decisions:,}" for run in runs)
    return f"**Pages.**\n\n{_table(head, rows)}\n\nThe first page after the server's start: {first}."


def _build_baselines(runs: Sequence[Run]) -> str:
    what = "override, low-side and high-side rate by month and by team"
    head = ("decisions", what, "p50 ms", "p95 ms", "p95 against pandas")
    rows = []
    for run in runs:
        base = run.baseline
        new = next(m.seconds for m in run.pages if m.page == "overrides" and m.kind == "new")
        ways = (
            ("pandas, the table in memory, without intervals", base.pandas),
            ("the dashboard's rollups, with intervals", base.rollups),
            ("the whole Overrides page, new", new),
        )
        rows += [(f"{run.decisions:,}", name, _ms(s.median), _ms(s.p95), _ratio(s, base.pandas)) for name, s in ways]
    notes = "; ".join(
        f"at {run.decisions:,} the table took {_mb(run.baseline.table_bytes)} of memory and "
        f"{run.baseline.compared:,} counts of both ways were compared and equal"
        for run in runs
    )
    return f"**Against pandas**, the same selections.\n\n{_table(head, rows)}\n\nOf the baseline: {notes}."


def _build_loads(runs: Sequence[Run]) -> str:
    head = ("decisions", "seconds", "peak memory", "snapshot", "peak memory of the server while measured")
    rows = [
        (
            f"{run.decisions:,}", f"{run.build.seconds:,.0f}", _mb(run.build.peak_bytes),
            _mb(run.build.snapshot_bytes), _mb(run.server_peak_bytes),
        )
        for run in runs
    ]  # fmt: skip
    return (
        "**The demo, from nothing to a published snapshot** (simulation, training, load, facts, rollups: "
        f"`python -m analysis.jobs.demo`).\n\n{_table(head, rows)}"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}" if seconds >= 0.01 else f"{seconds * 1000:.1f}"


def _ratio(measured: Summary, base: Summary) -> str:
    return f"{measured.p95 / base.p95:.2g} x"


def _mb(size: int | None) -> str:
    if size is None:
        return "not known here"
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def write_report(report: str) -> None:
    """Put the report between the marks of benchmarks/README.md; RuntimeError where the marks are gone."""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{README.name} has lost the marks '{BEGIN}' and '{END}' between which the report goes.")
    README.write_text(f"{before}{BEGIN}\n{report}\n{END}{after}", encoding="utf-8", newline="\n")
