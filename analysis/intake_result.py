"""What a check of corrected files found, in words: what would come in, leave quarantine, and still fail."""

from __future__ import annotations

from analysis.formats import format_count
from analysis.intake_check import Check
from analysis.intake_report import RunReport
from data.load.quarantine import MEND_SUFFIX
from data.use_case import UseCase


def describe_result(check: Check, report: RunReport, use_case: UseCase) -> list[str]:
    """The sentences of the result, the counts first."""
    return [
        *_describe_counts(report, use_case),
        *_describe_settled(check, report, use_case),
        *(
            f"{_count(n, use_case)} {table} that had waited would find their decision."
            for table, n in report.released.items()
            if n
        ),
        f"Nothing was published; the check took {check.seconds:.0f} s.",
    ]


def count_settled(check: Check, report: RunReport) -> int:
    """Records of the source in quarantine now that would come in, or that others with their key stand in for.

    A file to mend stands for all quarantined records of its source: those that fail again, or that it does not hold,
    are not counted.
    """
    before, after = (held.get(check.source, 0) for held in (report.held_before, report.held_after))
    mine = [one for one in report.sources if one.source == check.source]
    if _is_whole(check):
        return max(0, before - after - max(0, before - sum(one.read for one in mine)))
    return before - (after - sum(one.quarantined for one in mine))


def _is_whole(check: Check) -> bool:
    return any(name.endswith(MEND_SUFFIX) for name in check.names)


def _describe_counts(report: RunReport, use_case: UseCase) -> list[str]:
    sentences = []
    for one in report.sources:
        came = one.accepted + one.out_of_scope
        parts = [
            f"{_count(came, use_case)} would be accepted ({_count(one.added, use_case)} new, "
            f"{_count(one.changed, use_case)} changed)"
        ]
        if one.out_of_scope:
            parts[0] += f", {_count(one.out_of_scope, use_case)} of them out of scope"
        if one.waiting:
            parts.append(f"{_count(one.waiting, use_case)} would wait for their decision")
        parts.append(
            f"{_count(one.quarantined, use_case)} would be quarantined" if one.quarantined else "none rejected"
        )
        records = "record" if one.read == 1 else "records"
        sentences.append(f"{_count(one.read, use_case)} {records} read: {', '.join(parts)}.")
    return sentences


def _describe_settled(check: Check, report: RunReport, use_case: UseCase) -> list[str]:
    before = report.held_before.get(check.source, 0)
    if not before:
        return [f"No record of {check.source} is in quarantine now."]
    settled = count_settled(check, report)
    sentences = [
        f"{_count(settled, use_case)} of {_count(before, use_case)} quarantined records of {check.source} would be "
        f"settled; {_count(report.held_after.get(check.source, 0), use_case)} would be in quarantine then."
    ]
    read = sum(one.read for one in report.sources if one.source == check.source)
    if _is_whole(check) and read < before:
        sentences.append(
            f"Mind that a file named {MEND_SUFFIX} stands for all quarantined records of its source: "
            f"{_count(before - read, use_case)} that it does not hold would leave quarantine without coming in."
        )
    if not _is_whole(check) and settled < before:
        sentences.append(
            "A record leaves quarantine when one with its key comes in. Those whose key could not be read are settled "
            f"by a file named {MEND_SUFFIX} that holds them all."
        )
    return sentences


def _count(n: int, use_case: UseCase) -> str:
    return format_count(n, use_case)
