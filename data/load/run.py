"""The load itself: read, cast, check, relate, write, and prove that no record was lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb

from data.errors import UserError
from data.load.cast import Rules, cast_value, reason_for
from data.load.checks import find_failures, read_checks
from data.load.inputs import Input, open_inputs
from data.load.intake import File, Intake
from data.load.mapping import Mapping, Source
from data.load.quarantine import keep_apart, settle_earlier, stage_waiting, waiting_extras
from data.load.relations import WAITS_FOR, judge_records, same_key
from data.load.report import LoadReport, SourceReport
from data.load.staging import Stage, choose_kinds, find_extras
from data.load.store import Written, create_tables, prepare_extras, read_columns, write_rows
from data.load.words import quote_name, quote_text
from data.schema import OUT_OF_SCOPE_DISPOSITIONS, TABLES, Table

Opened = list[tuple[int, Source, list[Input]]]


def load_into(
    con: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    *,
    previous: Path | None = None,
    mode: Literal["replace", "append"] = "replace",
    is_check: bool = False,
    progress: Callable[[str], None] = lambda line: None,
    now: datetime | None = None,
    in_place: bool = False,
) -> LoadReport:
    """Fill an empty working database from the mapping's sources; see data/load/__init__.py for the state it leaves.

    `append` starts from the tables of `previous` and upserts by key; with `is_check` it copies only those it changes,
    and the database left is good for counting alone. `now` (UTC) is the clock impossible dates are judged by.
    `in_place`: where there were no decisions before, `decisions` becomes a view of the records where they are, in the
    files read and in the scratch database, which stays attached; the build writes them once, into the facts, and the
    caller then removes the folder of the connection's file. UserError for what a person can mend, RuntimeError where
    a record would be lost; the caller then throws the working database away.
    """
    clock = now or datetime.now(UTC).replace(tzinfo=None)
    changes = {source.table for source in mapping.sources} if is_check else None
    create_tables(con, previous if mode == "append" else None, changes)
    with _staging(con, in_place) as scratch:
        opened = [(n, s, open_inputs(con, mapping, s, scratch)) for n, s in enumerate(mapping.sources)]
        first_id = _first_id(con)
        intake = Intake(con, mapping, first_id, progress)
        reports: list[SourceReport] = []
        released: dict[str, int] = {}
        is_first = previous is None or mode != "append"
        for table in TABLES.values():
            mine = [(n, s, files) for n, s, files in opened if s.table == table.name]
            if mine or (table.name in WAITS_FOR and waiting_extras(con, table.name)):
                stays = in_place and table.name == "decisions"
                written, stage = _load_table(intake, table, mine, clock, first_id, stays)
                released[table.name] = sum(w.added + w.changed for w in written if w.source_no is None)
                reports += [_count_source(intake, stage, n, s, written, first_id, is_first) for n, s, _ in mine]
        _write_books(intake, mapping, reports, opened)
        notes = tuple(f"{f.source.name}: {note}" for f in intake.files for note in _notes(f, intake))
    report = LoadReport(
        tuple(reports),
        notes,
        _latest(con, clock),
        released,
        int(con.execute("SELECT count(*) FROM main.waiting").fetchall()[0][0]),
        int(con.execute("SELECT count(*) FROM main.quarantine").fetchall()[0][0]),
    )
    if not report.conserves():
        raise RuntimeError("records were lost: " + "; ".join(report.lines()))
    return report


@contextmanager
def _staging(con: duckdb.DuckDBPyConnection, stays: bool) -> Iterator[Path]:
    """A scratch database beside the working one, so that staged rows leave no hole in its file; gone afterwards
    unless it `stays`."""
    path = con.execute("SELECT path FROM duckdb_databases() WHERE database_name = current_database()").fetchall()[0][0]
    scratch = Path(tempfile.mkdtemp(prefix="staging-", dir=Path(path).parent if path else None))
    con.execute(f"ATTACH {quote_text(str(scratch / 'staging.duckdb'))} AS staging")
    try:
        con.execute("CREATE TABLE staging.raws (record_id BIGINT, raw VARCHAR)")
        con.execute(
            "CREATE TABLE staging.origins (file_no INTEGER, source VARCHAR, file VARCHAR, fresh BOOLEAN DEFAULT false)"
        )
        yield scratch
    finally:
        if not stays:
            con.execute("DETACH staging")
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _one_transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Staged rows in one transaction: full row groups go straight to the scratch file, past its log."""
    con.execute("BEGIN")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _first_id(con: duckdb.DuckDBPyConnection) -> int:
    used = "SELECT max(record_id) AS id FROM main.quarantine UNION ALL SELECT max(record_id) FROM main.waiting"
    return int(con.execute(f"SELECT coalesce(max(id), 0) + 1 FROM ({used})").fetchall()[0][0])


def _load_table(
    intake: Intake, table: Table, mine: Opened, clock: datetime, first_id: int, in_place: bool
) -> tuple[list[Written], Stage]:
    con, mapping = intake.con, intake.mapping
    kept = {n: k for n, k in read_columns(con, table.name).items() if table.column(n) is None}
    waiting = [n for n in waiting_extras(con, table.name) if table.column(n) is None and n not in kept]
    opened = [(source, one) for _, source, files in mine for one in files]
    extras = find_extras(table, opened, [*kept, *(waiting if table.name in WAITS_FOR else [])])
    stage = Stage(table, choose_kinds(table, opened, extras, kept, has_waiting=bool(waiting)))
    con.execute(stage.ddl())
    con.execute(
        "CREATE OR REPLACE TABLE staging.broken (record_id BIGINT, file_no INTEGER, line BIGINT, byte_offset BIGINT, "
        "byte_length BIGINT, columns VARCHAR, reasons VARCHAR)"
    )
    con.execute(f"CREATE OR REPLACE TABLE {stage.doubted} (record_id BIGINT)")
    con.execute("CREATE OR REPLACE TABLE staging.failures (record_id BIGINT, columns VARCHAR, reason VARCHAR)")
    rules = {number: _rules(con, mapping, source, clock) for number, source, _ in mine}
    intake.typed.clear()
    with _one_transaction(con):
        for number, source, inputs in mine:
            for one in inputs:
                file = File(len(intake.files), number, source, one)
                intake.files.append(file)
                con.execute("INSERT INTO staging.origins VALUES (?, ?, ?, true)", [file.number, source.name, one.shown])
                intake.read_file(file, stage, rules[number])
    if table.name in WAITS_FOR:
        stage_waiting(con, stage)
    con.execute(stage.view(intake.typed))
    find_failures(con, read_checks(), table.name, stage.name, mapping.time_zone)
    judge_records(con, stage)
    prepare_extras(con, stage)
    written = write_rows(con, stage, in_place)
    settle_earlier(con, stage, [s.name for _, s, _ in mine], first_id)
    keep_apart(con, intake.files, stage)
    return written, stage


def _rules(con: duckdb.DuckDBPyConnection, mapping: Mapping, source: Source, clock: datetime) -> Rules:
    """The source's rules; UserError where its timestamp format or a constant cannot be used."""
    has_zone = False
    if source.timestamp_format:
        try:
            kind = con.execute("SELECT typeof(try_strptime('', ?))", [source.timestamp_format]).fetchall()[0][0]
        except duckdb.Error as error:
            raise UserError(
                "The timestamp format cannot be used",
                f"{mapping.path}, source '{source.name}': {source.timestamp_format!r}: {error}.",
                'Write it as for strptime, such as "%d.%m.%Y %H:%M".',
            ) from error
        has_zone = kind == "TIMESTAMP WITH TIME ZONE"
    rules = Rules(
        mapping.time_zone, mapping.use_case.minor_digits, clock, source.decimal, source.timestamp_format, has_zone
    )
    for name, text in source.constants.items():
        column = TABLES[source.table].column(name)
        if column and text.strip():
            x = quote_text(text)
            reason = reason_for(column, x, cast_value(column, x, rules), rules, None)
            found = con.execute(f"SELECT {reason}").fetchall()[0][0]
            if found:
                place = f"{mapping.path}, source '{source.name}', [source.constants]"
                raise UserError("A constant breaks a rule", f"{place}: {found}.", "Change that constant.")
    return rules


def _count_source(
    intake: Intake, stage: Stage, number: int, source: Source, written: list[Written], first_id: int, is_first: bool
) -> SourceReport:
    """Counts one source from the tables as they now are; only `read`, `added` and `changed` come from elsewhere.

    is_first: every table was empty before this load.
    """
    con = intake.con

    def count(query: str) -> int:
        return int(con.execute(query, [source.name]).fetchall()[0][0])

    apart = {
        book: count(f"SELECT count(*) FROM main.{book} WHERE source = ? AND record_id >= {first_id}")
        for book in ("quarantine", "waiting")
    }
    table = f"main.{quote_name(stage.table.name)}"
    scope = ", ".join(map(quote_text, OUT_OF_SCOPE_DISPOSITIONS))
    outside = f"t.disposition IN ({scope})" if stage.table.name == "decisions" else "false"
    mine = f"SELECT t.* FROM {table} t"
    if not (is_first and all(w.source_no == number for w in written)):  # others have rows there too: find the source's
        mine = (
            f"SELECT t.* FROM {stage.name} s JOIN {table} t ON {same_key(stage, 's', 't')} WHERE s._fresh AND "
            f"s._source_no = {number} "
            "AND NOT EXISTS (SELECT 1 FROM main.quarantine q WHERE q.record_id = s.record_id)"
        )
    kept, out_of_scope = con.execute(f"SELECT count(*), count(*) FILTER ({outside}) FROM ({mine}) t").fetchall()[0]
    return SourceReport(
        source.name,
        stage.table.name,
        read=sum(intake.records[f.number] for f in intake.files if f.source_no == number),
        accepted=kept - out_of_scope,
        waiting=apart["waiting"],
        out_of_scope=out_of_scope,
        quarantined=apart["quarantine"],
        added=sum(w.added for w in written if w.source_no == number),
        changed=sum(w.changed for w in written if w.source_no == number),
    )


def _notes(file: File, intake: Intake) -> list[str]:
    return [*file.input.notes, f"{file.input.shown}: {intake.records[file.number]:,} records read"]


def _write_books(intake: Intake, mapping: Mapping, reports: list[SourceReport], opened: Opened) -> None:
    con = intake.con
    for r in reports:
        con.execute(
            "INSERT INTO main.load_report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [r.source, r.table, r.read, r.accepted, r.waiting, r.out_of_scope, r.quarantined, r.added, r.changed],
        )
    for file in intake.files:
        source, header = file.source, file.input.header
        con.execute("DELETE FROM main.load_files WHERE source = ? AND file = ?", [source.name, file.input.shown])
        con.execute(
            "INSERT INTO main.load_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [source.name, source.table, file.input.shown, intake.records[file.number], header and header.text,
             source.encoding, source.delimiter, "; ".join(file.input.notes)],
        )  # fmt: skip
    for _, source, inputs in opened:
        extras = find_extras(TABLES[source.table], [(source, one) for one in inputs], ())
        for name in sorted({*source.provided, *extras}):
            con.execute("INSERT INTO main.mapped_columns VALUES (?, ?)", [source.table, name])
    con.execute("CREATE OR REPLACE TEMP TABLE once AS SELECT DISTINCT * FROM main.mapped_columns ORDER BY ALL")
    con.execute("DELETE FROM main.mapped_columns")
    con.execute("INSERT INTO main.mapped_columns SELECT * FROM once")
    con.execute("DROP TABLE once")


def _latest(con: duckdb.DuckDBPyConnection, clock: datetime) -> datetime | None:
    """The latest timestamp in any table. Impossible dates never get in, so it is plausible."""
    found: list[datetime] = []
    for table in TABLES.values():
        columns = [f"max({quote_name(c.name)})" for c in table.columns if c.kind == "timestamp"]
        if columns:
            row = con.execute(f"SELECT {', '.join(columns)} FROM main.{quote_name(table.name)}").fetchall()[0]
            found += [moment for moment in row if moment is not None]
    return max(found, default=None)
