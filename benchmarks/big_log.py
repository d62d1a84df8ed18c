"""A large synthetic log in the contract's own columns, for measuring loads: made quickly, the same for the same seed.

It tells no story and plants no truths (data/demo does); cardinalities, gaps and value ranges are those of a bank's
log. About one record in a thousand is broken, in five ways, so that a load has something to quarantine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq

from data.demo.write import as_flags, as_ids, as_money, as_numbers, as_time, as_words

SEED = 20_261_122
CHUNK = 500_000
FILE_ROWS = 5_000_000
FEATURES = 20
TEAMS, DECIDERS, MONTHS = 12, 120, 36
SEGMENTS = ("retail", "self_employed", "premium", "staff")
REGIONS = ("North", "South", "East", "West")
PRODUCTS = ("car_loan", "instalment_loan", "credit_card")
CHANNELS = ("assisted", "automated", "bypassed", "withheld")
VERSIONS = ("v1", "v2", "v3", "v4", "v5")
REASONS = ("GUARANTEE", "RELATIONSHIP", "CONDUCT", "INCOME", "AFFORD", "EMPLOYER", "POLICY", "OTHER")
CATEGORIES = ("data", "judgement", "judgement", "data", "judgement", "judgement", "policy", "other")
START = np.datetime64("2023-01-01", "us")
AS_OF = "2026-10-31"
DAYS = 1096
RECORDED_AFTER = np.timedelta64(5, "D")
BYPASSING = (3, 8)  # the teams that work around the system
BROKEN_EVERY = 5_000  # of each of the five kinds of broken record
Kind = Literal["parquet", "csv"]
Columns = dict[str, pa.Array]
Array = np.ndarray


@dataclass(frozen=True)
class BigLog:
    """What was written: the mapping to load, decisions asked for, rows by table, bytes of all files."""

    mapping: Path
    decisions: int
    rows: dict[str, int]
    size: int


@dataclass
class _Writer:
    """Files of one log: a table's rows in the order added, a new file every FILE_ROWS rows."""

    folder: Path
    kind: Kind
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    _open: dict[str, tuple[int, pq.ParquetWriter | pyarrow.csv.CSVWriter]] = field(default_factory=dict)

    def add(self, name: str, columns: Columns) -> None:
        table = pa.table(columns)
        number = self.rows.get(name, 0) // FILE_ROWS
        held = self._open.get(name)
        if held is None or held[0] != number:
            if held is not None:
                held[1].close()
            path = str(self.folder / f"{name}-{number:03d}.{self.kind}")
            if self.kind == "parquet":
                held = (number, pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1))
            else:
                held = (number, pyarrow.csv.CSVWriter(path, table.schema))
            self._open[name] = held
        held[1].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows
        self.columns[name] = table.column_names

    def close(self) -> None:
        for _, writer in self._open.values():
            writer.close()


def write_big_log(
    folder: Path,
    decisions: int,
    *,
    kind: Kind = "parquet",
    seed: int = SEED,
    progress: Callable[[str], None] = lambda line: None,
) -> BigLog:
    """Write decisions, features, outcomes, model_versions, reason_codes and mapping.toml; memory follows one chunk.

    decisions: how many records of decisions there are, broken ones among them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, kind)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        starts = range(0, decisions, CHUNK)
        for begin in range(0, len(starts), os.cpu_count() or 1):  # a few at a time: what waits to be written is held
            some = starts[begin : begin + (os.cpu_count() or 1)]
            for tables in pool.map(lambda first: _build_chunk(seed, first, decisions), some):
                for name, columns in tables.items():
                    writer.add(name, columns)
            progress(f"{writer.rows['decisions']:,} of {decisions:,} decisions written")
    launched = START + np.arange(len(VERSIONS)) * np.timedelta64(DAYS // len(VERSIONS), "D")
    writer.add("model_versions", {"model_version": pa.array(VERSIONS), "deployed_at": as_time(launched)})
    labels = pa.array([code.capitalize() for code in REASONS])
    writer.add("reason_codes", {"code": pa.array(REASONS), "label": labels, "category": pa.array(CATEGORIES)})
    writer.close()
    size = sum(path.stat().st_size for path in folder.glob(f"*.{kind}"))
    return BigLog(_write_mapping(writer), decisions, dict(writer.rows), size)


def _build_chunk(seed: int, first: int, decisions: int) -> dict[str, Columns]:
    """The tables of the cases from number `first` on."""
    case = np.arange(first, min(first + CHUNK, decisions))
    rng = np.random.default_rng([seed, first // CHUNK])
    drawn = _draw(rng, case, decisions)
    table = _break(_decisions(rng, case, drawn), case)
    scored = drawn["scored"]
    ids = {"case_id": as_ids("C", case[scored], 9), "decision_no": pa.array(np.ones(scored.sum(), "int64"))}
    features = {**ids, **_features(rng, int(scored.sum()))}
    return {"decisions": table, "features": features, "outcomes": _outcomes(rng, case, drawn)}


def _draw(rng: np.random.Generator, case: Array, decisions: int) -> dict[str, Array]:
    """What the columns of a case hang on. Cases arrive in the order of their numbers, not quite evenly."""
    n = len(case)
    arrival = np.sort(rng.random(n)) * n / decisions + case[0] / decisions
    received = START + (arrival * DAYS * 86_400e6).astype("timedelta64[us]")
    score = rng.beta(1.4, 9.0, n)
    decider = (rng.random(n) ** 1.5 * DECIDERS).astype("int64")
    team = decider % TEAMS
    channel = rng.choice(4, n, p=[0.76, 0.20, 0.0, 0.04])
    channel = np.where(np.isin(team, BYPASSING) & (channel == 0) & (rng.random(n) < 0.3), 2, channel)
    scored = (channel != 2) | (rng.random(n) < 0.5)
    recommendation = np.where(score > 0.22, 1, np.where((score > 0.20) & (rng.random(n) < 0.6), 2, 0))
    differs = rng.random(n) < np.where(recommendation == 2, 0.5, 0.10)
    decision = np.where(differs, 1 - np.minimum(recommendation, 1), np.minimum(recommendation, 1))
    seconds = np.exp(rng.normal(9.5, 1.2, n))
    decided = received + (seconds * 1e6).astype("timedelta64[us]")
    open_ = rng.random(n) < 0.02
    return {
        "received": received, "decided": decided, "score": score, "decider": decider, "team": team, "channel": channel,
        "scored": scored, "recommendation": recommendation, "decision": decision, "in_scope": ~open_,
        "pending": open_ & (rng.random(n) < 0.3), "booked": (decision == 0) & (rng.random(n) < 0.92) & ~open_,
        "amount": np.round(np.exp(rng.normal(9.0, 0.8, n)), 2),
    }  # fmt: skip


def _decisions(rng: np.random.Generator, case: Array, d: dict[str, Array]) -> Columns:
    """One record per decision, in the columns the demo writes too."""
    n, scored, done = len(case), d["scored"], d["in_scope"]
    person = d["channel"] != 1
    region = np.where(person, d["team"] % 4, rng.integers(0, 4, n))  # a team works for one region
    shown = scored & (d["channel"] == 0)
    advised = np.minimum(d["recommendation"], 1)
    reasoned = done & shown & (d["recommendation"] < 2) & (d["decision"] != advised) & (rng.random(n) < 0.8)
    disposition = np.where(d["pending"], 3, np.where(~done, 2, np.where(d["booked"], 0, 1)))
    received, decided, amount = d["received"], d["decided"], d["amount"]
    month = (received - START).astype("timedelta64[D]").astype(int) * len(VERSIONS) // (DAYS + 30)
    active = np.round(np.exp(rng.normal(6.0, 0.8, n)), 1)

    def days(mean: float) -> Array:
        return (rng.exponential(mean, n) * 86_400e6).astype("timedelta64[us]")

    return {
        "case_id": as_ids("C", case, 9),
        "decision_no": pa.array(np.ones(n, "int64")),
        "applicant_id": as_ids("A", rng.integers(0, 2 * (case[-1] + 1), n), 9),
        "received_at": as_time(received),
        "scored_at": as_time(received + np.timedelta64(4_000_000, "us"), scored),
        "shown_at": as_time(decided - (active * 1e6 * 1.3).astype("timedelta64[us]"), done & shown),
        "opened_at": as_time(decided - (active * 1e6 * 1.5).astype("timedelta64[us]"), done & person),
        "decided_at": as_time(decided, done),
        "active_seconds": as_numbers(active, done & person),
        "team": as_words(d["team"], [f"Team {i + 1:02d}" for i in range(TEAMS)], person),
        "decider": as_ids("O-", d["decider"], 3, person),
        "channel": as_words(d["channel"], CHANNELS),
        "basis": as_words(rng.choice(3, n, p=[0.93, 0.05, 0.02]), ("judgement", "policy", "input"), done),
        "disposition": as_words(
            disposition, ("booked", "not_taken_up", "withdrawn", "pending"), ~done | (d["decision"] == 0)
        ),
        "booked_at": as_time(decided + days(4.0), d["booked"]),
        "model_version": as_words(month, VERSIONS, scored),
        "score": as_numbers(d["score"], scored),
        "recommendation": as_words(d["recommendation"], ("accept", "reject", "refer"), scored),
        "recommended_amount": as_money(amount, scored & (d["recommendation"] == 0)),
        "decision": as_words(d["decision"], ("accept", "reject"), done),
        "decided_amount": as_money(amount, done & (d["decision"] == 0)),
        "override_reason": as_words(rng.integers(0, len(REASONS), n), REASONS, reasoned),
        "override_note": as_words(np.zeros(n), ("Papers seen in the branch.",), reasoned & (rng.random(n) < 0.3)),
        "reason_recorded_at": as_time(decided + np.timedelta64(60_000_000, "us"), reasoned),
        "approver": as_ids("O-", (d["decider"] + 7) % DECIDERS, 3, reasoned & (rng.random(n) < 0.3)),
        "explanation_viewed": as_flags(rng.random(n) < 0.4, done & shown),
        "exposure": as_money(amount),
        "gain_if_good": as_money(np.round(amount * 0.07, 2)),
        "loss_if_bad": as_money(np.round(amount * 0.45, 2)),
        "segment": as_words(rng.choice(4, n, p=[0.7, 0.15, 0.12, 0.03]), SEGMENTS),
        "region": as_words(region, REGIONS),
        "product": as_words(rng.integers(0, 3, n), PRODUCTS),
    }


def _features(rng: np.random.Generator, n: int) -> Columns:
    """Twenty numbers a case: seven amounts in cents, six ratios of four digits, six counts, one raw model value."""
    found: Columns = {}
    for i in range(FEATURES):
        if i < 7:
            values: Array = np.round(np.exp(rng.normal(8.0, 0.7, n)), 2)
        elif i < 13:
            values = np.round(rng.beta(2.0, 3.0, n), 4)
        elif i < 19:
            values = rng.poisson(3.0 * (i - 12), n).astype("float64")
        else:
            values = rng.normal(0.0, 1.0, n)
        found[f"feature_{i + 1:02d}"] = as_numbers(values, rng.random(n) < 0.98 if i % 5 == 0 else None)
    return found


def _outcomes(rng: np.random.Generator, case: Array, d: dict[str, Array]) -> Columns:
    """Outcomes, in no order, of two thirds of the cases until they are no longer due: of six in ten altogether."""
    bad = rng.random(len(case)) < d["score"]
    after = np.where(bad, rng.integers(60, 360, len(case)), rng.integers(361, 396, len(case))) * np.timedelta64(1, "D")
    due = d["decided"] + after + RECORDED_AFTER < np.datetime64(AS_OF)
    has = np.flatnonzero(d["in_scope"] & (d["decision"] == 0) & due)
    has = rng.permutation(has)[: round(0.66 * len(case))]
    bad, observed = bad[has], (d["decided"] + after)[has]
    value = np.round(np.where(bad, -0.45, 0.07) * d["amount"][has], 2)
    return {
        "case_id": as_ids("C", case[has], 9),
        "observed_at": as_time(observed),
        "bad": as_flags(bad),
        "value": as_money(value),
        "recorded_at": as_time(observed + RECORDED_AFTER),
    }


def _break(table: Columns, case: Array) -> Columns:
    """Five kinds of broken records, one of each in BROKEN_EVERY: value, range, order of times, time, and key."""
    turn = case % BROKEN_EVERY
    return {
        **table,
        "channel": _put(table["channel"], turn == 1, "phone"),
        "score": _put(table["score"], turn == 2, 1.7),
        "received_at": _put(table["received_at"], turn == 3, np.datetime64(AS_OF, "us").item()),
        "decided_at": _put(table["decided_at"], turn == 4, np.datetime64("1812-01-01", "us").item()),
        "case_id": as_ids("C", np.where(turn == 5, case - 5, case), 9),
    }


def _put(column: pa.Array, where: Array, value: object) -> pa.Array:
    return pa.compute.if_else(pa.array(where), pa.scalar(value, column.type), column)


def _write_mapping(writer: _Writer) -> Path:
    """mapping.toml: every column under its own name, times in UTC, the twenty features by '*'."""
    lines = ['use_case = "credit"', 'time_zone = "UTC"', f'as_of = "{AS_OF}"']
    for name, columns in writer.columns.items():
        mapped = ["case_id", "decision_no"] if name == "features" else columns
        lines += ["", "[[source]]", f'table = "{name}"', f'files = ["{name}-*.{writer.kind}"]', "[source.columns]"]
        lines += [f'{column} = "{column}"' for column in mapped] + (['"*" = "*"'] if name == "features" else [])
    path = writer.folder / "mapping.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
