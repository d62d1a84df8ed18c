"""Builds one use case's file of a snapshot: settings, facts (one row per decision), rollups, the manifest's counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import duckdb

from data.rows import read_row_set
from data.use_case import UseCase

Progress = Callable[[str], None]

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
    con.execute(f"create table facts as select * from ({read_row_set('decisions')}) order by decided_at, case_id")
    return _count(con, "facts")


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
    names = [row[0] for row in con.execute("select table_name from duckdb_tables() order by 1").fetchall()]
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
    built = con.execute(
        "select table_name from duckdb_tables() where table_name in ('facts', 'settings', 'score_bands', 'options') "
        "or table_name like 'rollup\\_%' escape '\\'"
    ).fetchall()
    for (name,) in built:
        con.execute(f'drop table "{name}"')
