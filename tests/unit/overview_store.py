"""Logs whose rates can be counted by hand, published through the project's own build."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

from analysis.jobs.publish import publish_loaded
from analysis.source import Source
from analysis.store import open_source
from data import schema
from data.engine import Connection, connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from tests.unit.stores import AS_OF, create_contract

Row = dict[str, object]
DECIDERS = 10
NAMES = ("case_id", "decided_at", "shown_at", "booked_at", "channel", "recommendation", "decision", "decider", "team",
         "gain_if_good", "loss_if_bad", "score", "model_version")  # fmt: skip


def month_of(
    month: str, *, cases: int = 40, high_side: int = 4, low_side: int = 0, bypassed: int = 0, bads: int = 0,
    known: bool = True,
) -> tuple[list[Row], list[Row]]:  # fmt: skip
    """One month of ten deciders with so many cases each: the last `bypassed` go round the system, the first
    `high_side` are rejected and the next `low_side` accepted against the recommendation, the first `bads` of those
    turn bad; every other decider has one high-side override more or less, so that their rates vary.
    Gains are 700, losses 5,000 in main units; every case is booked on the day it is decided."""
    decisions: list[Row] = []
    outcomes: list[Row] = []
    at = f"{month}-10 10:00:00"
    for decider in range(DECIDERS):
        own = high_side + (1 if decider % 2 else -1) if high_side else 0
        for i in range(cases):
            is_high, is_low = i < own, own <= i < own + low_side
            recommendation = "reject" if is_low else "accept"
            decision = "reject" if is_high else "accept"
            row: Row = dict.fromkeys(NAMES)
            row |= {
                "case_id": f"{month}-{decider}-{i}", "decided_at": at, "shown_at": at, "decider": f"O-{decider}",
                "channel": "bypassed" if i >= cases - bypassed else "assisted", "decision": decision,
                "recommendation": recommendation, "team": f"Team {decider % 2}", "score": 0.1, "model_version": "v1",
                "gain_if_good": 70_000, "loss_if_bad": 500_000, "booked_at": at if decision == "accept" else None,
            }  # fmt: skip
            decisions.append(row)
            if decision == "accept" and known:
                bad = is_low and i < own + bads
                outcomes.append({"case_id": row["case_id"], "observed_at": f"{month}-20 10:00:00", "bad": bad})
    return decisions, outcomes


def publish_log(
    root: Path, months: Iterable[tuple[list[Row], list[Row]]], *, as_of: dt.datetime | None = AS_OF, toml: str = "",
    without: tuple[str, ...] = (), books: Callable[[Connection], object] | None = None,
) -> Source:  # fmt: skip
    """A snapshot of these months and the source over it; call with EXECUTION_DEBT_STORE set to root.

    without: columns left out of the log. books: called with the open database before it is built.
    """
    text = toml or (FOLDER / "credit.toml").read_text(encoding="utf-8")
    decisions, outcomes = ([row for month in months_ for row in month] for months_ in zip(*months, strict=True))
    store = Store(root)
    names = tuple(name for name in NAMES if name not in without)
    with store.writing() as work:
        con = connect_work(work / "credit.duckdb")
        create_contract(con, {"decisions": names, "outcomes": ("case_id", "observed_at", "bad")})
        _insert(con, "decisions", "decision_no", names, decisions)
        _insert(con, "outcomes", "status", ("case_id", "observed_at", "bad"), outcomes)
        if books:
            books(con)
        publish_loaded(
            store, con, work / "credit.duckdb", parse_use_case(text, "test"), as_of, use_case_toml=text,
            mapping="rows", models=None, progress=lambda _: None,
        )  # fmt: skip
    return open_source("credit")


def _insert(con: Connection, table: str, fixed: str, names: tuple[str, ...], rows: list[Row]) -> None:
    assert table in schema.TABLES
    if not rows:
        return
    value = "1" if fixed == "decision_no" else "'final'"
    columns = [[row.get(name) for row in rows] for name in names]
    marks = ", ".join("unnest(?)" for _ in names)
    con.execute(f"insert into {table} ({fixed}, {', '.join(names)}) select {value}, {marks}", columns)
