"""A small real store for tests: random decisions through the project's own build, published as a snapshot."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from analysis.jobs.publish import publish_loaded
from data import schema
from data.engine import Connection, connect_work
from data.snapshots import Manifest, Store
from data.use_case import FOLDER, parse_use_case

AS_OF = dt.datetime(2026, 7, 12)


def create_contract(con: Connection, mapped: dict[str, tuple[str, ...]]) -> None:
    """Empty contract tables, and which columns count as mapped."""
    for table in schema.TABLES.values():
        con.execute(schema.build_ddl(table))
    con.execute("create table mapped_columns (table_name varchar, column_name varchar)")
    for name in ("quarantine", "waiting"):
        con.execute(
            f"create table {name} (record_id bigint, source varchar, table_name varchar, file varchar, line bigint, "
            "case_id varchar, columns varchar, reasons varchar, raw varchar)"
        )
    for table_name, columns in mapped.items():
        for column in columns:
            con.execute("insert into mapped_columns values (?, ?)", [table_name, column])


def publish_random(root: Path, decisions: int = 4000, seed: int = 7, **use_case_changes: object) -> Manifest:
    """A snapshot of random decisions: every channel, basis and disposition occurs, some deciders are missing."""
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    for name, value in use_case_changes.items():
        written = str(value).lower() if isinstance(value, bool) else value
        toml = "\n".join(f"{name} = {written}" if line.startswith(f"{name} =") else line for line in toml.splitlines())
    use_case = parse_use_case(toml, "test")
    store = Store(root)
    with store.writing() as work:
        file = work / "credit.duckdb"
        con = connect_work(file)
        mapped = tuple(c for c in schema.decisions.names)
        create_contract(con, {"decisions": mapped, "outcomes": schema.outcomes.names})
        fill_random(con, decisions, seed)
        return publish_loaded(
            store, con, file, use_case, AS_OF, use_case_toml=toml, mapping="random", models=None,
            progress=lambda _: None,
        )  # fmt: skip


def fill_random(con: Connection, decisions: int, seed: int) -> None:
    """Random decisions and outcomes in the contract's tables, from one seeded generator."""
    rng = np.random.default_rng(seed)

    def pick(values: list[object], p: list[float] | None = None) -> list[object]:
        return [values[i] for i in rng.choice(len(values), size=decisions, p=p)]

    start = dt.datetime(2024, 1, 1)
    decided = [start + dt.timedelta(seconds=int(s)) for s in np.sort(rng.integers(0, 900 * 86400, decisions))]
    recommended = pick(["accept", "reject", "refer", None], [0.55, 0.3, 0.1, 0.05])
    differs = rng.random(decisions) < 0.2
    opposite = {"accept": "reject", "reject": "accept"}
    decision = [
        (opposite[r] if differs[i] else r) if r in opposite else ("accept" if rng.random() < 0.5 else "reject")
        for i, r in enumerate(recommended)
    ]
    disposition = [
        "withdrawn"
        if u < 0.03
        else "not_taken_up"
        if u < 0.1 and d == "accept"
        else "booked"
        if d == "accept"
        else None
        for u, d in zip(rng.random(decisions), decision, strict=True)
    ]
    rows = zip(
        [f"C-{i:05d}" for i in range(decisions)], decided,
        [at - dt.timedelta(hours=float(h)) for at, h in zip(decided, rng.exponential(30, decisions), strict=True)],
        [None if u < 0.03 else at + dt.timedelta(minutes=float(m)) for u, at, m in
         zip(rng.random(decisions), decided, rng.uniform(-60, 3, decisions), strict=True)],
        [float(s) for s in rng.exponential(600, decisions)],
        pick(["North 1", "South 2", "West 3", None], [0.4, 0.3, 0.2, 0.1]),
        pick([*(f"O-{i:02d}" for i in range(12)), None], [*([0.08] * 12), 0.04]),
        pick(["assisted", "automated", "bypassed", "withheld"], [0.75, 0.12, 0.1, 0.03]),
        pick(["judgement", "policy", "input", None], [0.8, 0.05, 0.05, 0.1]), disposition,
        [at + dt.timedelta(days=3) if d == "booked" else None for at, d in zip(decided, disposition, strict=True)],
        pick(["v1", "v2"]), [float(s) for s in rng.beta(1.2, 8, decisions)], recommended, decision,
        pick(["INC", "REL", "OTH", "", None]), [int(v) for v in rng.integers(10_000, 90_000, decisions)],
        [int(v) for v in rng.integers(100_000, 900_000, decisions)], pick(["retail", "small business"]),
        pick(["North", "South", None]), pick(["car loan", "credit card"]), strict=True,
    )  # fmt: skip
    names = (
        "case_id, decided_at, received_at, shown_at, active_seconds, team, decider, channel, basis, disposition, "
        "booked_at, model_version, score, recommendation, decision, override_reason, gain_if_good, loss_if_bad, "
        "segment, region, product"
    )
    columns = [
        list(column) for column in zip(*rows, strict=True)
    ]  # one statement: row by row takes a hundred times longer
    marks = ", ".join("unnest(?)" for _ in columns)
    con.execute(f"insert into decisions (decision_no, {names}) select 1, {marks}", columns)
    con.execute(
        "insert into reason_codes values ('INC', 'Income verified', 'data'), "
        "('REL', 'Relationship', 'judgement'), ('OTH', 'Other', 'other')"
    )
    con.execute(
        "insert into outcomes (case_id, observed_at, bad, value, status) select case_id, "
        "booked_at + to_days(cast(hash(case_id) % 500 as integer)), score > (hash(case_id || 'x') % 1000) / 2000, "
        "gain_if_good, case when hash(case_id || 'y') % 20 = 0 then 'interim' else 'final' end "
        "from decisions where booked_at is not null and hash(case_id || 'z') % 12 > 0"
    )
