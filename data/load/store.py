"""The tables a load leaves behind: created, carried over from the previous database, and upserted by key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.load.relations import same_key, surviving
from data.load.staging import Stage
from data.load.words import quote_name, quote_text
from data.schema import TABLES, Column, Table, build_ddl

BOOKS = {
    "mapped_columns": "table_name VARCHAR, column_name VARCHAR",
    "quarantine": "record_id BIGINT, source VARCHAR, table_name VARCHAR, file VARCHAR, line BIGINT, columns VARCHAR, "
    "reasons VARCHAR, raw VARCHAR, key_values VARCHAR",
    "waiting": "record_id BIGINT, source VARCHAR, table_name VARCHAR, file VARCHAR, line BIGINT, case_id VARCHAR, "
    "raw VARCHAR, row_values VARCHAR",
    "load_report": "source VARCHAR, table_name VARCHAR, read BIGINT, accepted BIGINT, waiting BIGINT, "
    "out_of_scope BIGINT, quarantined BIGINT, added BIGINT, changed BIGINT",
    "load_files": "source VARCHAR, table_name VARCHAR, file VARCHAR, records BIGINT, header VARCHAR, encoding VARCHAR, "
    "delimiter VARCHAR, notes VARCHAR",
}
CARRIED = ("mapped_columns", "quarantine", "waiting", "load_files")


@dataclass(frozen=True)
class Written:
    """Rows of one source (or, with source_no None, of earlier waiting records) that came into a table."""

    source_no: int | None
    added: int
    changed: int


def create_tables(
    con: duckdb.DuckDBPyConnection, previous: Path | None, changes: Collection[str] | None = None
) -> None:
    """Every table of the contract and of the load's own books, with the previous database's rows where one is given.

    changes: the tables a check will write to, where nothing is kept afterwards: the others are only looked at, in the
    previous database, which then stays attached. Copying them would cost as much as all the rest.
    """
    for name, columns in BOOKS.items():
        con.execute(f"CREATE TABLE main.{name} ({columns})")
    if previous is None:
        for table in TABLES.values():
            con.execute(build_ddl(table))
        return
    con.execute(f"ATTACH {quote_text(str(previous))} AS previous (READ_ONLY)")
    try:
        waiting = {row[0] for row in con.execute("SELECT DISTINCT table_name FROM previous.main.waiting").fetchall()}
        for table in TABLES.values():
            if changes is None or table.name in waiting.union(changes):
                _carry_table(con, table)
            else:
                con.execute(f"CREATE VIEW main.{table.name} AS SELECT * FROM previous.main.{table.name}")
        for name in CARRIED:
            con.execute(f"INSERT INTO main.{name} BY NAME SELECT * FROM previous.main.{name}")
    finally:
        if changes is None:
            con.execute("DETACH previous")


def _carry_table(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The table as it was, whether it is one there or (decisions) a view of the facts."""
    before = read_columns(con, table.name, "previous")
    kinds = {"DOUBLE": "number"}
    extra = [Column(n, kinds.get(kind, "text"), "") for n, kind in before.items() if table.column(n) is None]
    con.execute(build_ddl(table, extra))
    if before:
        con.execute(f"INSERT INTO main.{table.name} BY NAME SELECT * FROM previous.main.{table.name}")


def read_columns(con: duckdb.DuckDBPyConnection, table: str, database: str | None = None) -> dict[str, str]:
    """Column -> type of a table in the working (or the named) database, in order."""
    where = f"database_name = {quote_text(database)}" if database else "database_name = current_database()"
    return dict(
        con.execute(
            f"SELECT column_name, data_type FROM duckdb_columns() WHERE {where} AND schema_name = 'main' "
            "AND table_name = ? ORDER BY column_index",
            [table],
        ).fetchall()
    )


def prepare_extras(con: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """Add the table's further columns: features are numbers where every value is one, everything else is text."""
    before = read_columns(con, stage.table.name)
    for name in stage.extras:
        column, table = quote_name(name), quote_name(stage.table.name)
        numbers = stage.table.open_ended and (stage.kinds[name] == "DOUBLE" or _all_numbers(con, stage, column))
        kind = "DOUBLE" if numbers else "VARCHAR"
        if name not in before:
            con.execute(f"ALTER TABLE main.{table} ADD COLUMN {column} {kind}")
        elif before[name] == "DOUBLE" and kind == "VARCHAR":
            con.execute(f"ALTER TABLE main.{table} ALTER COLUMN {column} TYPE VARCHAR")


def _all_numbers(con: duckdb.DuckDBPyConnection, stage: Stage, column: str) -> bool:
    all_cast = f"coalesce(bool_and(try_cast({column} AS DOUBLE) IS NOT NULL), true)"
    query = f"SELECT {all_cast} FROM {stage.name} WHERE {column} IS NOT NULL"
    return bool(con.execute(query).fetchall()[0][0])


def write_rows(con: duckdb.DuckDBPyConnection, stage: Stage, in_place: bool = False) -> list[Written]:
    """Upsert the surviving staged rows by key, in the order read; what came in, per source.

    in_place: rows of a table that was empty are not copied; the table becomes a view of the staged rows.
    RuntimeError where the table does not grow by exactly the rows added.
    """
    table = f"main.{quote_name(stage.table.name)}"
    before = _count(con, table)
    exists = f"EXISTS (SELECT 1 FROM {table} t WHERE {same_key(stage, 's', 't')})" if before else "false"
    counted = con.execute(
        f"SELECT CASE WHEN _fresh THEN _source_no END, count(*) FILTER (NOT known), count(*) FILTER (known) "
        f"FROM (SELECT s._fresh, s._source_no, {exists} AS known FROM {surviving(stage)}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    written = [Written(number, added, changed) for number, added, changed in counted]
    if any(w.changed for w in written):
        con.execute(
            f"DELETE FROM {table} t WHERE EXISTS (SELECT 1 FROM {surviving(stage)} AND {same_key(stage, 's', 't')})"
        )
    kinds = read_columns(con, stage.table.name)
    names = ", ".join(quote_name(n) for n in stage.columns)
    values = ", ".join(_stored(n, stage, kinds) for n in stage.columns)
    if in_place and not before:
        _show_in_place(con, stage, table, [f"{_stored(n, stage, kinds)} AS {quote_name(n)}" for n in stage.columns])
        return written  # what a view shows is counted when the report is made
    con.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {surviving(stage)}")
    if _count(con, table) != before + sum(w.added for w in written):
        raise RuntimeError(f"{stage.table.name}: {before} rows and {written} do not give {_count(con, table)}")
    return written


def _show_in_place(con: duckdb.DuckDBPyConnection, stage: Stage, table: str, values: list[str]) -> None:
    """A view in the table's place. What it leaves out is kept under a name of its own: the next table has fates too."""
    apart = f"staging.{quote_name(stage.table.name + ' apart')}"
    con.execute(f"CREATE OR REPLACE TABLE {apart} AS SELECT record_id FROM staging.fate")
    con.execute(f"DROP TABLE {table}")
    con.execute(
        f"CREATE VIEW {table} AS SELECT {', '.join(values)} FROM {stage.name} s "
        f"ANTI JOIN {apart} f ON f.record_id = s.record_id"
    )


def _stored(name: str, stage: Stage, kinds: dict[str, str]) -> str:
    column = f"s.{quote_name(name)}"
    if name in stage.extras and kinds[name] == "DOUBLE" and stage.kinds[name] == "VARCHAR":
        number = f"try_cast({column} AS DOUBLE)"
        return f"CASE WHEN NOT isnan({number}) THEN {number} END"
    return column


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
