"""Facts of a small ASCII table: the contract's tables filled by hand, the project's own build, rows as dicts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from data import schema
from data.build import build_facts
from data.engine import connect_work
from data.use_case import UseCase
from tests.cards.examples import parse_table, value_of
from tests.unit.stores import create_contract

USE_CASE = UseCase("test", "Test", horizon_days=100, outcome_lag_days=10, score_bands=(0.1, 0.2, 0.5))
AS_OF = "2026-07-01"


def facts(decisions, outcomes="", *, reason_codes="", as_of=AS_OF, unmapped=(), **changes):
    """Facts by case id (by case id and decision number where a case has several), each a dict of columns."""
    con = connect_work()
    rows = parse_table(decisions)
    create_contract(con, {"decisions": tuple(name for name in rows[0] if name not in unmapped)})
    tables = ((schema.decisions, rows), (schema.outcomes, read(outcomes)), (schema.reason_codes, read(reason_codes)))
    for table, given_rows in tables:
        defaults = {"decision_no": "1"} if table is schema.decisions else {}
        cells = [{**defaults, **row} for row in given_rows]
        if cells:
            columns = [[value_of(table.column(name).kind, row[name]) for row in cells] for name in cells[0]]
            marks = ", ".join("unnest(?)" for _ in columns)
            con.execute(f"insert into {table.name} ({', '.join(cells[0])}) select {marks}", columns)
    built = build_facts(con, replace(USE_CASE, **changes), dt.datetime.fromisoformat(as_of) if as_of else None)
    assert built == len(rows)
    names = [c[0] for c in con.execute("select * from facts").description]
    found = [dict(zip(names, row, strict=True)) for row in con.execute("select * from facts").fetchall()]
    many = len({f["case_id"] for f in found}) < len(found)
    return {(f["case_id"], f["decision_no"]) if many else f["case_id"]: f for f in found}


def read(text):
    return parse_table(text) if text else []


def column(found, name):
    return {key: row[name] for key, row in found.items()}


DISPOSITIONS = """
    case_id   | channel  | decided_at | decision | disposition
    booked    | assisted | 2025-01-05 | accept   | booked
    not_taken | assisted | 2025-01-05 | accept   | not_taken_up
    empty     | assisted | 2025-01-05 | accept   |
    rejected  | assisted | 2025-01-05 | reject   |
    withdrawn | assisted | 2025-01-05 | accept   | withdrawn
    pending   | assisted |            |          | pending
"""
