"""The Data page's finding: what became of every record of the last load, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.charts.escape import shorten
from analysis.formats import format_count
from analysis.intake_records import Cause
from analysis.loads import Loads
from analysis.source import Source


def describe_load(source: Source, loads: Loads, causes: Sequence[Cause]) -> list[str]:
    """The finding: what became of every record of the last load, what is held apart now, and why most often."""
    use_case = source.use_case
    if not loads.has_books:
        return ["This snapshot was not written by a load: what was read and rejected is not known."]
    if not loads.reports:
        return ["The last build read no records."]

    def count(n: int) -> str:
        return format_count(n, use_case)

    read, rejected = loads.total("read"), loads.total("quarantined")
    came = loads.total("accepted") + loads.total("out_of_scope")
    if came == read:
        sentences = [f"All {count(read)} records read came in; nothing was rejected and nothing waits."]
    else:
        sentences = [f"Of {count(read)} records read, {count(came)} came in."]
        sentences.append(f"{count(rejected)} were quarantined." if rejected else "Nothing was rejected.")
        if waiting := loads.total("waiting"):
            sentences.append(f"{count(waiting)} wait for their decision.")
    if loads.quarantined != rejected:
        sentences.append(f"With earlier loads, {count(loads.quarantined)} records are in quarantine now.")
    if causes:
        first = causes[0]
        which = first.columns or "the whole record"
        sentences.append(
            f'Most often: {count(first.count)} records of {first.source}, {which} ("{shorten(first.reason, 160)}").'
        )
    if all(report.conserves() for report in loads.reports):
        sentences.append("No record was lost: read = accepted + waiting + out of scope + quarantined, for each source.")
    else:
        sentences.append("The counts of a source do not add up: the books of this load were changed since.")
    return sentences
