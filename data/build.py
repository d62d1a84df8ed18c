"""Builds one use case's file of a snapshot: settings, facts (one row per decision), rollups, the manifest's counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import duckdb

from data.rows import read_row_set
from data.use_case import UseCase

Progress = Callable[[str], None]

_BLOCK = 122_880  # rows that are stored, and skipped, together
_SPAN = 0.05  # a log is in order if its blocks span at most this share of its time

_SETTINGS = """
create table settings (
    horizon_days integer, outcome_lag_days integer, as_of timestamp, time_zone varchar,
    outcomes_cover varchar, outcomes_log varchar, agreed_turnaround_hours double,
    is_disposition_mapped boolean, is_shown_at_mapped boolean
)
"""


def build_facts(con: duckdb.DuckDBPyConnection, use_case: UseCase, as_of: dt.datetime | None) -> int:
    """Write `settings`, `score_bands` and `facts` from the contract tables; the number of facts.

    `as_of` is naive UTC, None for a log without dates. Facts stand in the order of decisions, so that look-ups by
    period skip most of the file.
    """

    con.execute(_SETTINGS)
    con.execute(
        "insert into settings values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            use_case.horizon_days, use_case.outcome_lag_days, as_of, use_case.time_zone,
            use_case.outcomes_cover, use_case.outcomes_log, use_case.agreed_turnaround_hours,
            _is_mapped(con, "disposition"), _is_mapped(con, "shown_at"),
        ],
    )  # fmt: skip
    edges = [round(edge * 1000) for edge in use_case.score_bands]
    con.execute(
        "create table score_bands as select range as score_bin, "
        "len(list_filter($edges, lambda edge: edge <= range)) as score_band from range(1000)",
        {"edges": edges},
    )
    order = "" if _is_in_order(con) else " order by decided_at, case_id"
    con.execute(f"create table facts as select * from ({read_row_set('decisions')}){order}")
    facts = _count(con, "facts")
    # Of a view of files count(*) would read every column; a case's id is never empty there.
    counted = "case_id" if _is_view(con, "decisions") else "*"
    decisions = con.execute(f"select count({counted}) from decisions").fetchall()[0][0]
    if facts != decisions:
        raise RuntimeError(f"{decisions} decisions became {facts} facts")
    if _is_view(con, "decisions"):
        _show_decisions(con)
    return facts


def _is_in_order(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether decisions stand nearly in the order of their time already: sorting wide rows is dear, and the blocks of
    a log that was written as it happened span little time each."""
    row = con.execute(
        f"with blocks as (select max(decided_at) as latest, min(decided_at) as earliest from "
        f"(select decided_at, (row_number() over ()) // {_BLOCK} as block from decisions) group by block) "
        "select avg(epoch(latest) - epoch(earliest)), epoch(max(latest)) - epoch(min(earliest)), count(*) from blocks"
    ).fetchall()[0]
    return bool(row[2] > 1 / _SPAN and row[0] is not None and row[0] <= _SPAN * row[1])


def _is_view(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    where = "database_name = current_database() and view_name = ?"
    return bool(con.execute(f"select 1 from duckdb_views() where {where}", [name]).fetchall())


def _show_decisions(con: duckdb.DuckDBPyConnection) -> None:
    """The contract's table as a view of the facts, which hold every column of it: it is stored once."""
    listed = ", ".join(f'"{column[0]}"' for column in con.execute("select * from decisions limit 0").description)
    con.execute("drop view decisions")
    con.execute(f"create view decisions as select {listed} from facts")


def build_rollups(con: duckdb.DuckDBPyConnection, rollups: Sequence[tuple[str, str]], progress: Progress) -> None:
    """Write each rollup as a table; names and SELECTs come from the cards and were checked there."""
    for name, sql in rollups:
        con.execute(f'create table "{name}" as {sql}')
        progress(f"{name}: {_count(con, name):,} groups")


def build_options(con: duckdb.DuckDBPyConnection, dimensions: Sequence[str]) -> None:
    """Write `options`: every value a filter offers, so that no page has to look for them."""
    parts = ["select 'period' as name, period as value, count(*) as n from facts where is_in_scope group by period"]
    parts += [
        f"select '{d}', coalesce({d}, 'not recorded'), count(*) from facts where is_in_scope "
        f"group by {d} having bool_or({d} is not null) or (select count({d}) from facts) > 0"
        for d in dimensions
    ]
    con.execute(f"create table options as {' union all '.join(parts)} order by 1, 2")


def count_tables(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows by table, for the manifest."""
    tables = "select table_name from duckdb_tables() where database_name = current_database()"
    views = "select view_name from duckdb_views() where database_name = current_database() and not internal"
    names = [row[0] for row in con.execute(f"{tables} union all {views} order by 1").fetchall()]
    return {name: _count(con, name) for name in names}


def _is_mapped(con: duckdb.DuckDBPyConnection, column: str) -> bool:
    found = con.execute(
        "select count(*) from mapped_columns where table_name = 'decisions' and column_name = ?", [column]
    ).fetchone()
    return bool(found and found[0])


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f'select count(*) from "{table}"').fetchone()
    return int(row[0]) if row else 0


def drop_built(con: duckdb.DuckDBPyConnection) -> None:
    """Remove what a build wrote, so that it can be built again from the contract tables of the same file."""
    if _is_view(con, "decisions"):  # it shows the facts, which go: it becomes a table again
        con.execute("create table decisions_kept as select * from decisions")
        con.execute("drop view decisions")
        con.execute("alter table decisions_kept rename to decisions")
    built = con.execute(
        "select table_name from duckdb_tables() where table_name in ('facts', 'settings', 'score_bands', 'options') "
        "or table_name like 'rollup\\_%' escape '\\'"
    ).fetchall()
    for (name,) in built:
        con.execute(f'drop table "{name}"')
