"""A small published store for tests of single cases: a few hundred decisions, two trained versions, real files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.jobs.publish import publish_loaded
from data import schema
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from models.score import score_cases
from models.train import save_model, train_model

AS_OF = dt.datetime(2026, 7, 1)
START = dt.datetime(2024, 1, 10, 9)
TEAMS = ("North 1", "North 2", "South 1")
CASES = 300
_BOOKS = (
    "create table mapped_columns (table_name varchar, column_name varchar)",
    "create table quarantine (record_id bigint, source varchar, table_name varchar, file varchar, line bigint, "
    "columns varchar, reasons varchar, raw varchar)",
    "create table waiting (record_id bigint, source varchar, table_name varchar, file varchar, line bigint, "
    "case_id varchar, raw varchar)",
)
Row = Mapping[str, Any]


def build_inputs(cases: int = CASES) -> pd.DataFrame:
    """The model's inputs, one row per case, under the case ids."""
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "income_monthly": random.normal(2500, 400, cases).round(),
            "late_payments": random.poisson(0.7, cases).astype(float),
            "employment": random.choice(["permanent", "temporary"], cases),
        },
        index=[f"C-{1000 + i}" for i in range(cases)],
    )


@cache
def _train() -> bytes:
    inputs = build_inputs(4000)
    bad = (inputs["late_payments"] > 0) & (inputs["income_monthly"] < 2600)
    return train_model(inputs, bad, seed=1, rounds=30)


def train_versions(folder: Path, inputs: pd.DataFrame) -> pd.Series:
    """Write v1.ubj (a model) and v2.ubj (a text file) into the folder; the scores v1 gives."""
    save_model(_train(), folder / "v1.ubj")
    (folder / "v2.ubj").write_text("not a model", encoding="utf-8")
    return score_cases(folder / "v1.ubj", inputs)


def build_decisions(scores: pd.Series) -> list[dict[str, Any]]:
    """One decision a case, three a day: v1 scored most, v2 (damaged) and v3 (without a file) every tenth each."""
    rows = []
    for i, (case_id, score) in enumerate(scores.items()):
        at = START + dt.timedelta(hours=8 * i)
        recommendation = "reject" if score >= 0.5 else "accept"
        other = {"reject": "accept", "accept": "reject"}[recommendation]
        decision = other if i % 5 == 0 else recommendation
        rows.append(
            {
                "case_id": case_id, "decision_no": 1, "received_at": at - dt.timedelta(hours=3),
                "shown_at": at - dt.timedelta(minutes=9), "decided_at": at,
                "team": TEAMS[i % 3], "decider": f"O-{i % 6}", "approver": "O-9" if i % 50 == 0 else None,
                "channel": "bypassed" if i % 20 == 1 else "assisted", "basis": "judgement",
                "disposition": "booked" if decision == "accept" else None,
                "booked_at": at + dt.timedelta(days=2) if decision == "accept" else None,
                "model_version": {8: "v2", 9: "v3"}.get(i % 10, "v1"), "score": score,
                "recommendation": recommendation, "decision": decision,
                "decided_amount": 1_000_000 + 1_000 * i, "exposure": 1_000_000 + 1_000 * i,
                "gain_if_good": None if i % 30 == 4 else 70_000, "loss_if_bad": 500_000 + 1_000 * (i % 40),
                "override_reason": "INC" if i % 10 == 0 else None,
                "override_note": "=HYPERLINK(1) *seen*" if i % 10 == 0 else None,
                "applicant_id": f"A-{i // 2}", "segment": None if i % 7 == 0 else "retail",
            }
        )  # fmt: skip
    return rows


def publish(
    root: Path,
    decisions: Sequence[Row],
    *,
    tables: Mapping[str, Sequence[Row]] | None = None,
    inputs: pd.DataFrame | None = None,
    models: Path | None = None,
    unmapped: Sequence[str] = (),
    settings: str = "",
    name: str = "credit",
) -> None:
    """Publish one use case of these rows into the store at `root`, by the project's own build.

    tables: rows of other tables by name. unmapped: columns of decisions the mapping does not give. settings: lines of
    TOML that replace those of the use case's file.
    """
    toml = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    for line in settings.splitlines():
        toml, count = re.subn(rf"^{line.split()[0]} = .*$", line, toml, flags=re.MULTILINE)
        assert count == 1, line
    store = Store(root)
    with store.writing() as work:
        con = connect_work(work / f"{name}.duckdb")
        for table in schema.TABLES.values():
            extra = (schema.Column("group_sex", "text", "Protected."),) if table.name == "decisions" else ()
            con.execute(schema.build_ddl(table, extra))
        for statement in _BOOKS:
            con.execute(statement)
        given = {"decisions": decisions, **(tables or {})}
        for table_name, rows in given.items():
            _insert(con, table_name, rows, unmapped if table_name == "decisions" else ())
        if inputs is not None:
            _insert_inputs(con, inputs)
        publish_loaded(
            store, con, work / f"{name}.duckdb", parse_use_case(toml, name), AS_OF,
            use_case_toml=toml, mapping="test", models=models, progress=lambda _: None,
        )  # fmt: skip


def _insert(con: Any, table: str, rows: Sequence[Row], unmapped: Sequence[str]) -> None:
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in unmapped]
    if not rows:
        return
    marks = ", ".join("?" for _ in names)
    con.executemany(
        f"insert into {table} ({', '.join(names)}) values ({marks})", [[row.get(n) for n in names] for row in rows]
    )
    if table not in ("quarantine", "waiting"):
        con.executemany("insert into mapped_columns values (?, ?)", [[table, name] for name in names])


def _insert_inputs(con: Any, inputs: pd.DataFrame) -> None:
    for name in inputs.columns:
        kind = "DOUBLE" if pd.api.types.is_numeric_dtype(inputs[name]) else "VARCHAR"
        con.execute(f'alter table features add column "{name}" {kind}')
    marks = ", ".join("?" for _ in range(len(inputs.columns) + 2))
    rows = [[case_id, 1, *values] for case_id, *values in inputs.itertuples()]
    con.executemany(f"insert into features values ({marks})", rows)


def publish_cases(root: Path, folder: Path, **more: Any) -> None:
    """The store most tests use; `folder` is where the models are trained."""
    inputs = build_inputs()
    decisions = build_decisions(train_versions(folder, inputs))
    outcomes = [
        {"case_id": row["case_id"], "observed_at": row["booked_at"] + dt.timedelta(days=200 + i), "bad": i % 4 == 0,
         "value": -400_000 if i % 4 == 0 else 69_000, "status": "final"}
        for i, row in enumerate(decisions)
        if row["booked_at"] is not None and i < 150
    ]  # fmt: skip
    tables = {
        "outcomes": outcomes,
        "model_versions": [
            {"model_version": v, "deployed_at": START, "cutoff": 0.5, "artifact": f"models/{v}.ubj"}
            for v in ("v1", "v2", "v3")
        ],
        "reason_codes": [{"code": "INC", "label": "Income is higher", "category": "data"}],
        "quarantine": [{"record_id": 1, "source": "decisions", "table_name": "decisions", "file": "d.csv", "line": 17,
                        "columns": "score", "reasons": "score 1.7 is not between 0 and 1", "raw": "C-77;1.7"}],
        "waiting": [{"record_id": 2, "source": "outcomes", "table_name": "outcomes", "case_id": "C-88",
                     "raw": "C-88;true"}],
    }  # fmt: skip
    given = {"tables": tables, "inputs": inputs, "models": folder} | more
    publish(root, more.get("decisions", decisions), **{k: v for k, v in given.items() if k != "decisions"})
