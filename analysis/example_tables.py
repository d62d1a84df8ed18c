"""A worked example's little table as contract tables and facts, built as a snapshot is, in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from data import schema
from data.build import build_facts
from data.engine import Connection, connect_work
from data.use_case import UseCase

DAY = "2026-01-05"  # of a time without a date
AS_OF = "2027-12-31"


def parse_table(text: str) -> list[dict[str, str]]:
    """Rows of an ASCII table by column; '' for an empty cell. Quotes keep spaces: '  '."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[1:]]
    return [dict(zip(header, row, strict=True)) for row in rows]


def value_of(kind: str, cell: str) -> Any:
    """A cell as its column's kind has it; money in minor units, None for an empty cell."""
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


def build_example(rows: Sequence[Mapping[str, str]], settings: Mapping[str, Any]) -> Connection:
    """An in-memory database of the contract with these rows and its facts, one per row; the caller closes it.

    A row with `bad` is an outcome too, one with `reason_category` a reason code. settings: fields of the use case,
    and `as_of`, the day maturity is counted to.
    """
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
    given = dict(settings)
    as_of = dt.datetime.fromisoformat(given.pop("as_of", AS_OF))
    use_case = replace(UseCase("example", "Example", horizon_days=given.pop("horizon_days", 0)), **given)
    build_facts(con, use_case, as_of)
    return con


def _insert(con: Connection, table: schema.Table, row: Mapping[str, str]) -> None:
    known = {name: value_of(column.kind, cell) for name, cell in row.items() if (column := table.column(name))}
    names = ", ".join(known)
    marks = ", ".join("?" for _ in known)
    con.execute(f"insert into {table.name} ({names}) values ({marks})", list(known.values()))
