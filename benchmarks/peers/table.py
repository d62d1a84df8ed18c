"""What was measured as Markdown: seconds, memory and ratios, whether the figures are the same, and what did not run."""

from __future__ import annotations

from benchmarks.peers.measure import OURS, OURS_ROWS, Failed, PeersRun, Timed, compare
from benchmarks.table import build_table, format_mb

_HEAD = (
    "ROC AUC and precision by month", "whole process s", "of it imports s", "answer s", "peak memory",
    "process against ours", "answer against ours", "answer against ours from the rows", "same figures as ours",
)  # fmt: skip


def build_peers_table(found: PeersRun) -> str:
    """One row per way, ours first, ratios of the medians; then what each computes besides, and what did not run."""
    base, from_rows = found.find(OURS), found.find(OURS_ROWS)
    rows = [_row(each, base, from_rows) for each in found.timed]
    rows += [(each.way.name, "does not run", "", "", "", "", "", "", "") for each in found.failed]
    intro = (
        f"**Against NannyML and Evidently**, each in an environment of its own: {found.n:,} accepted cases with a "
        f"known outcome ({found.months[0]} to {found.months[-1]}, {len(found.months)} months, of {found.decisions:,} "
        f"decisions), medians of {found.runs} {'run' if found.runs == 1 else 'runs'}, each in a new process."
    )
    adds = [f"- {each.way.name}{_versions(each)}: adds {each.way.adds}." for each in found.timed]
    failures = [f"- {each.way.name} does not run: {each.why}" for each in found.failed]
    closing = (
        "The answer is timed after the imports: opening the store or reading the Parquet file, and computing. The "
        "rollups were summed when the snapshot was built; from the rows nothing was. The AUC counts as the same "
        "within the bin error of ours, the precision if it is equal."
    )
    return "\n\n".join((intro, build_table(_HEAD, rows), "\n".join(adds + failures), closing))


def find_differing(found: PeersRun) -> list[str]:
    """Ways whose realised figures are not ours, in words; an estimate is not compared."""
    ours = found.find(OURS).months
    checked = [(each, compare(ours, each.months)) for each in found.timed if _is_realised(each)]
    return [f"{each.way.name}: {', '.join(agreement.differing)}" for each, agreement in checked if agreement.differing]


def describe_failed(failed: Failed) -> str:
    """One sentence."""
    return f"{failed.way.name} does not run: {failed.why}"


def _row(each: Timed, base: Timed, from_rows: Timed) -> tuple[str, ...]:
    return (
        each.way.name, _seconds(each.seconds), _seconds(each.import_seconds), _seconds(each.answer_seconds),
        format_mb(each.peak_bytes), _times(each.seconds / base.seconds),
        _times(each.answer_seconds / base.answer_seconds), _times(each.answer_seconds / from_rows.answer_seconds),
        _agreement(each, base),
    )  # fmt: skip


def _agreement(each: Timed, base: Timed) -> str:
    if each.way == base.way:
        return ""
    shown = {month: row for month, row in each.months.items() if not row.get("is_reference")}
    found = compare(base.months, shown if not _is_realised(each) else each.months)
    if found.auc is None:
        return "no month in common"
    if not _is_realised(each):
        return f"another figure, off by up to {found.auc:.3f} in AUC"
    same = f"{found.compared - len(found.differing)} of {found.compared} months; AUC {_far(found.auc)}"
    return same if found.precision is None else f"{same}, precision {_far(found.precision)}"


def _far(difference: float) -> str:
    return "equal" if difference <= 1e-9 else f"within {difference:.5f}"


def _is_realised(each: Timed) -> bool:
    return each.way.what != "estimated"


def _versions(each: Timed) -> str:
    words = ", ".join(f"{name} {number}" for name, number in each.versions.items())
    return f" ({words})" if words else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f}" if seconds >= 1 else f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.3f}"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.2g} x"
