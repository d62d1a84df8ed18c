"""Many sessions at once as tables, and the server's memory after them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.percentiles import Summary
from benchmarks.run import Run
from benchmarks.sessions import MIX, POOL, Together
from benchmarks.table import build_table, format_mb, format_ms, mark

MEDIAN, P95 = 0.5, 1.5  # seconds
MEMORY = 1_500_000_000  # bytes
_KINDS = {"page": "another page", "seen": "a selection seen before", "new": "a new selection"}
_SHOWN_FAILURES = 3


def build_sessions(runs: Sequence[Run]) -> str:
    """The section of the sessions."""
    first = _together(runs[0])
    mix = ", ".join(f"{share * 100:.0f} % {_KINDS[kind]}" for kind, share in MIX.items())
    parts = [
        f"**{first.sessions} sessions at once for {first.length:.0f} s**, each with an action every {first.every:g} s: "
        f"{mix}.\n\n{_build_times(runs)}",
        f"**Actions and memory.** Late: begun after its time, because the session's last action took longer.\n\n"
        f"{_build_actions(runs)}",
        f"Seen before: one of {POOL} selections that every page showed once before the clock started. Another page "
        "keeps the selection, which that page may not have shown yet.",
    ]
    if failures := [words for run in runs for words in _together(run).failures]:
        parts.append("Failed:\n\n" + "\n".join(f"- {words}" for words in failures[:_SHOWN_FAILURES]))
    return "\n\n".join(parts)


def count_over(runs: Sequence[Run]) -> tuple[int, int]:
    """Measurements over their target, and measurements with one."""
    marks = [word for run in runs for word in _mark(run)]
    return marks.count("over"), sum(word != "" for word in marks)


def _mark(run: Run) -> tuple[str, str, str, str, str]:
    found = _together(run)
    return (
        mark(found.seconds.median, MEDIAN), mark(found.seconds.p95, P95), mark(len(found.failures), 0),
        mark(run.resident_bytes, MEMORY), mark(run.peak_bytes, MEMORY),
    )  # fmt: skip


def _together(run: Run) -> Together:
    if run.together is None:
        raise RuntimeError(f"No sessions were measured at {run.decisions:,} decisions.")
    return run.together


def _build_times(runs: Sequence[Run]) -> str:
    head = ("decisions", "actions", "n", "p50 ms", "target", "", "p95 ms", "target", "", "worst ms")
    rows = []
    for run in runs:
        found = _together(run)
        rows.append(_row(run, "all", found.seconds, with_targets=True))
        rows += [_row(run, _KINDS[kind], summary) for kind, summary in found.by_kind.items()]
        rows += [_row(run, f"showing {page}", summary) for page, summary in found.by_page.items()]
    return build_table(head, rows)


def _row(run: Run, what: str, found: Summary, *, with_targets: bool = False) -> tuple[str, ...]:
    targets = [
        (format_ms(target), mark(value, target)) if with_targets else ("", "")
        for value, target in ((found.median, MEDIAN), (found.p95, P95))
    ]
    return (
        f"{run.decisions:,}", what, f"{found.n}", format_ms(found.median), *targets[0], format_ms(found.p95),
        *targets[1], format_ms(found.worst),
    )  # fmt: skip


def _build_actions(runs: Sequence[Run]) -> str:
    head = (
        "decisions", "due", "done", "late", "failed", "target", "", "server's memory at the end", "", "its peak", "",
        "target",
    )  # fmt: skip
    rows = []
    for run in runs:
        found, marks = _together(run), _mark(run)
        rows.append(
            (
                f"{run.decisions:,}", f"{found.offered}", f"{found.done}", f"{found.late}", f"{len(found.failures)}",
                "none", marks[2], format_mb(run.resident_bytes), marks[3], format_mb(run.peak_bytes), marks[4],
                format_mb(MEMORY),
            )
        )  # fmt: skip
    return build_table(head, rows)
