"""What the last load of a use case did: the books that a load leaves in its snapshot, read and told in words.

The report is of the last load; files, quarantined and waiting records are those of every load so far.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from analysis.formats import format_count, format_date
from analysis.kept import kept_with_source
from analysis.source import Source
from analysis.store import store_root
from data.load import SourceReport
from data.schema import OUT_OF_SCOPE_DISPOSITIONS
from data.snapshots import Part, Store
from data.use_case import UseCase


@dataclass(frozen=True)
class LoadedFile:
    """One file, or SELECT, that a source was read from: its records, and what was said of it.

    encoding and delimiter are "" where the file is no CSV.
    """

    source: str
    table: str
    file: str
    records: int
    encoding: str
    delimiter: str
    notes: str


@dataclass(frozen=True)
class Loads:
    """The books of one use case's loads.

    reports: one per source of the last load. files: every file read so far. quarantined, waiting: records held now,
    those of earlier loads included. out_of_scope: decisions kept in no reading, by disposition. has_books: False
    where the snapshot's tables were not written by a load, so that nothing of it is known.
    """

    reports: tuple[SourceReport, ...] = ()
    files: tuple[LoadedFile, ...] = ()
    quarantined: int = 0
    waiting: int = 0
    out_of_scope: tuple[tuple[str, int], ...] = ()
    has_books: bool = False

    def total(self, name: str) -> int:
        """The sum over sources of one count of the report: "read", "accepted", "waiting", ..."""
        return sum(int(getattr(report, name)) for report in self.reports)


def read_loads(source: Source) -> Loads:
    """The books in the snapshot; an empty `Loads` where it has none."""
    tables = set(list_columns(source))
    if not {"load_report", "load_files", "quarantine", "waiting"} <= tables:
        return Loads()
    reports = source.rows(
        "select source, table_name, read, accepted, waiting, out_of_scope, quarantined, added, changed from load_report"
    )
    files = source.rows(
        "select source, table_name, file, records, case when header is null then '' else encoding end, "
        "case when header is null then '' else delimiter end, coalesce(notes, '') from load_files order by all"
    )
    return Loads(
        reports=tuple(SourceReport(*row) for row in reports),
        files=tuple(LoadedFile(*row) for row in files),
        quarantined=_count(source, "quarantine"),
        waiting=_count(source, "waiting"),
        out_of_scope=_count_out_of_scope(source),
        has_books=True,
    )


def list_columns(source: Source) -> dict[str, frozenset[str]]:
    """Table -> columns of the snapshot's file."""
    found: dict[str, set[str]] = {}
    for table, column in source.rows("select table_name, column_name from duckdb_columns() where not internal"):
        found.setdefault(str(table), set()).add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}


def read_part(source: Source) -> Part:
    """What the manifest says of the use case shown; UserError where the manifest is damaged or gone."""
    return Store(store_root()).manifest(source.snapshot).parts[source.use_case.name]


def describe_source(report: SourceReport, use_case: UseCase) -> str:
    """One source's counts as the sentence that a load prints."""

    def count(n: int) -> str:
        return format_count(n, use_case)

    name = report.source if report.source == report.table else f"{report.source} ({report.table})"
    return (
        f"{name}: {count(report.read)} read = {count(report.accepted)} accepted + {count(report.waiting)} waiting "
        f"+ {count(report.out_of_scope)} out of scope + {count(report.quarantined)} quarantined; "
        f"{count(report.added)} added, {count(report.changed)} changed."
    )


def describe_origin(source: Source, part: Part) -> str:
    """The scope line: which mapping, when it was built, as of when, in which snapshot."""
    built = format_moment(part.built_at, source.use_case.time_zone)
    lay = Path(part.mapping_path) if part.mapping_path else None
    where = f" in {lay.parent}" if lay is not None and lay.is_file() else ""
    return (
        f"{source.use_case.label} · loaded through {part.mapping}{where} · built {built} · as of {source.as_of_words} "
        f"· snapshot {source.snapshot} · the whole load, whatever the filters say"
    )


def format_moment(iso: str, time_zone: str) -> str:
    """An ISO time, UTC where it names no zone, as local date and time: "22 Nov 2026 18:01"; "no date" for ""."""
    if not iso:
        return "no date"
    moment = dt.datetime.fromisoformat(iso)
    local = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(ZoneInfo(time_zone))
    return f"{format_date(local.date())} {local:%H:%M}"


def _count(source: Source, table: str) -> int:
    return int(source.rows(f"select count(*) from {table}")[0][0])


@kept_with_source(1)  # it looks at every decision
def _count_out_of_scope(source: Source) -> tuple[tuple[str, int], ...]:
    found = source.rows(
        "select disposition, count(*) from decisions where list_contains($scope, disposition) group by all order by 2 "
        "desc, 1",
        {"scope": list(OUT_OF_SCOPE_DISPOSITIONS)},
    )
    return tuple((str(disposition).replace("_", " "), int(n)) for disposition, n in found)
