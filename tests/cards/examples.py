"""Runs a card's worked example: its little table becomes contract tables, facts, and the card's own SQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import duckdb

from analysis.catalog import Card
from analysis.measures import build_measures
from data import schema
from data.build import build_facts
from data.engine import connect_work
from data.use_case import UseCase

DAY = "2026-01-05"


def parse_table(text: str) -> list[dict[str, str]]:
    """Rows of an ASCII table; '' for an empty cell. Quotes keep spaces: '  '."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[1:]]
    return [dict(zip(header, row, strict=True)) for row in rows]


def value_of(kind: str, cell: str) -> Any:
    if cell == "":
        return None
    if cell.startswith("'"):
        return cell.strip("'")
    if kind == "timestamp":
        return dt.datetime.fromisoformat(cell if "-" in cell else f"{DAY} {cell}")
    if kind == "money":
        return round(float(cell) * 100)
    if kind == "boolean":
        return {"true": True, "false": False}[cell]
    return cell


def build_example(rows: list[dict[str, str]], settings: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """An in-memory database of the contract with these rows and its facts."""
    con = connect_work()
    for table in schema.TABLES.values():
        con.execute(schema.build_ddl(table))
    con.execute("create table mapped_columns (table_name varchar, column_name varchar)")
    for row in rows:
        _insert(con, schema.decisions, {"decision_no": "1", **row})
        if row.get("bad"):
            _insert(con, schema.outcomes, {k: row[k] for k in row if schema.outcomes.column(k)})
        if row.get("reason_category"):
            code = {"code": row["override_reason"], "label": "A reason", "category": row["reason_category"]}
            _insert(con, schema.reason_codes, code)
    for name in rows[0] if rows else ():
        con.execute("insert into mapped_columns values ('decisions', ?)", [name])
    settings = dict(settings)
    as_of = dt.datetime.fromisoformat(settings.pop("as_of", "2027-12-31"))
    use_case = replace(UseCase("example", "Example", horizon_days=settings.pop("horizon_days", 0)), **settings)
    build_facts(con, use_case, as_of)
    return con


def _insert(con: duckdb.DuckDBPyConnection, table: schema.Table, row: dict[str, str]) -> None:
    known = {name: value_of(column.kind, cell) for name, cell in row.items() if (column := table.column(name))}
    names = ", ".join(known)
    marks = ", ".join("?" for _ in known)
    con.execute(f"insert into {table.name} ({names}) values ({marks})", list(known.values()))


def answer_example(card: Card, rows: list[dict[str, str]], *, scoped: bool = True) -> dict[str, float | None]:
    """What the card's own SQL says of these rows: numerator, denominator or value; scoped as rollups are."""
    con = build_example(rows, card.example.settings)
    if card.kind == "typical":
        found = con.execute(f"select median({card.value}) from facts where ({card.where}) and {card.value} is not null")
        return {"value": found.fetchone()[0]}
    scope = "is_in_scope" if scoped else "true"
    measures = build_measures(card)
    parts = {name: m for name in ("numerator", "denominator") if (m := getattr(measures, name)) is not None}
    sql = ", ".join(f"{m.sql} as {name}" for name, m in parts.items())
    found = con.execute(f"select {sql} from facts where {scope}").fetchone()
    return dict(zip(parts, found, strict=True))
