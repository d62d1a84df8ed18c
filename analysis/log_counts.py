"""What is wrong with a log's records, counted once per snapshot: what did not come in, and what came in empty."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from analysis.kept import kept_with_source
from analysis.source import Source


@dataclass(frozen=True)
class LogCounts:
    """Counts over the whole log; None where the snapshot keeps no such book or the log no such column.

    read: records of all files, counted line by line. quarantined: records now in quarantine; reason: the one given most
    often, said of `reason_count` records. waiting: by table. decisions: in scope; by_people: not automated.
    without_*, unscored: of those; untimed: of `assisted`. latest: the date of the last decision.
    """

    decisions: int
    by_people: int
    assisted: int
    untimed: int
    without_decider: int
    without_team: int
    unscored: int
    latest: dt.date | None
    read: int | None
    quarantined: int | None
    reason: str
    reason_count: int
    waiting: dict[str, int] | None


@kept_with_source(16)
def count_log(source: Source) -> LogCounts:
    """Three or four queries, one of them over every decision: kept for as long as the snapshot is open."""
    facts = source.rows(
        "select count(*), count(*) filter (channel <> 'automated'), count(*) filter (channel = 'assisted'),\n"
        "    count(*) filter (channel = 'assisted' and not is_timing_known),\n"
        "    count(*) filter (channel <> 'automated' and decider is null),\n"
        "    count(*) filter (channel <> 'automated' and team is null),\n"
        "    count(*) filter (score is null), max(decided_on)\nfrom facts where is_in_scope"
    )[0]
    tables = {str(row[0]) for row in source.rows("select table_name from duckdb_tables()")}
    read = quarantined = waiting = None
    reason, reason_count = "", 0
    if "load_files" in tables:
        read = int(source.rows("select coalesce(sum(records), 0) from load_files")[0][0])
    if "quarantine" in tables:
        quarantined = int(source.rows("select count(*) from quarantine")[0][0])
    if quarantined:
        # Reasons quote what was received, so that hardly two are alike: what they have in common is the column.
        reason, reason_count = source.rows(
            "select arg_min(reasons, record_id), count(*) from quarantine "
            "group by table_name, columns order by count(*) desc, 1 limit 1"
        )[0]
    if "waiting" in tables:
        waiting = {str(t): int(n) for t, n in source.rows("select table_name, count(*) from waiting group by 1")}
    *counts, latest = facts
    names = ("decisions", "by_people", "assisted", "untimed", "without_decider", "without_team", "unscored")
    return LogCounts(
        **{name: int(count) for name, count in zip(names, counts, strict=True)}, latest=latest, read=read,
        quarantined=quarantined, reason=str(reason or ""), reason_count=int(reason_count), waiting=waiting,
    )  # fmt: skip
