"""Parquet read as it is: the same rows, the same reasons and the same raw text as by way of text, whatever is in it."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.load import intake, load_into, read_mapping

MAPPING = """
use_case = "credit"
time_zone = "{zone}"
[[source]]
table = "decisions"
files = ["decisions.parquet"]
[source.columns]
case = "case_id"
no = "decision_no"
at = "decided_at"
seen = "shown_at"
team = "team"
channel = "channel"
what = "disposition"
score = "score"
seconds = "active_seconds"
decision = "decision"
exact = "exposure"
rough = "gain_if_good"
whole = "loss_if_bad"
viewed = "explanation_viewed"
[[source]]
table = "features"
files = ["features.parquet"]
[source.columns]
case = "case_id"
"*" = "*"
"""
NOW = dt.datetime(2026, 7, 12)
texts = st.sampled_from(["A", "B ", " C", "D\u00a0", "", "\t", "E\n", "F G", None]) | st.text(max_size=3)
times = st.sampled_from(
    [None, dt.datetime(1812, 1, 1), dt.datetime(2027, 1, 1), dt.datetime(1990, 1, 1), dt.datetime(2025, 10, 26, 2, 30)]
) | st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2026, 7, 1))  # fmt: skip
numbers = st.sampled_from([None, math.nan, math.inf, -math.inf, -0.0, 0.0, 1.0, 1.0000001, -1e-300, 0.1, 3.0])
rough = st.sampled_from([None, math.nan, 12.34, 12.345, 0.29, 1e8, 123456789.01, -1.0, 1e300, math.inf, 12.3400004])
SOUND = {
    "case": "A", "no": 1, "at": dt.datetime(2026, 1, 1), "seen": None, "team": "T", "channel": "assisted",
    "what": None, "score": 0.5, "seconds": 3.0, "decision": "accept", "exact": Decimal("1.50"), "rough": 2.5,
    "whole": 3, "viewed": True,
}  # fmt: skip
ODD = {
    "case": texts, "no": st.sampled_from([None, 0, 1, 2]), "at": times, "seen": times, "team": texts,
    "channel": st.sampled_from(["assisted", "assisted ", "phone", None, "bypassed"]),
    "what": st.sampled_from(["booked", "pending", "", None, "gone"]), "score": numbers, "seconds": numbers,
    "decision": st.sampled_from(["accept", "reject", "", None]),
    "exact": st.none() | st.decimals(-10, 10**9, places=2), "rough": rough,
    "whole": st.none() | st.integers(-5, 2**62), "viewed": st.none() | st.booleans(),
}  # fmt: skip
# Mostly sound, so that what is odd in a record meets what is sound beside it, and comes in where it may.
changes = st.dictionaries(st.sampled_from(sorted(ODD)), st.none(), max_size=2).flatmap(
    lambda chosen: st.fixed_dictionaries({name: ODD[name] for name in chosen})
)
rows = st.builds(lambda case, change: {**SOUND, "case": case, **change}, st.sampled_from("ABCDEFGH"), changes)
KINDS = {
    "case": pa.string(), "no": pa.int32(), "at": pa.timestamp("us"), "seen": pa.timestamp("us", "UTC"),
    "team": pa.string(), "channel": pa.string(), "what": pa.string(), "score": pa.float64(), "seconds": pa.float64(),
    "decision": pa.string(), "exact": pa.decimal128(18, 2), "rough": pa.float64(), "whole": pa.int64(),
    "viewed": pa.bool_(),
}  # fmt: skip
features = st.fixed_dictionaries(
    {
        "case": st.sampled_from("ABCDEFGH") | texts,
        "income": numbers,
        "count": st.none() | st.integers(0, 9),
        "flag": st.none() | st.booleans(),
    }
)
FEATURE_KINDS = {"case": pa.string(), "income": pa.float64(), "count": pa.int16(), "flag": pa.bool_()}


def load(folder: Path, mode: str = "replace", previous: Path | None = None) -> tuple[list, list[list[tuple]]]:
    """The report's counts and every table's rows, NaN-free and in a fixed order."""
    with duckdb.connect() as con:
        report = load_into(con, read_mapping(folder / "mapping.toml"), now=NOW)
        counts = [(s.source, s.read, s.accepted, s.waiting, s.out_of_scope, s.quarantined) for s in report.sources]
        tables = [
            con.execute(f"SELECT * EXCLUDE (record_id) FROM {name} ORDER BY record_id").fetchall()
            if name in ("quarantine", "waiting")
            else con.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for name in ("decisions", "features", "quarantine", "waiting")
        ]
        assert report.conserves()
    return counts, tables


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=12), st.lists(features, max_size=6), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_parquet_is_read_as_its_text_would_be(tmp_path: Path, found: list, inputs: list, zone: str) -> None:
    for name, listed, kinds in (("decisions", found, KINDS), ("features", inputs, FEATURE_KINDS)):
        columns = {n: pa.array([row[n] for row in listed], kind) for n, kind in kinds.items()}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    (tmp_path / "mapping.toml").write_text(MAPPING.format(zone=zone), encoding="utf-8")
    direct = load(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "plan_lanes", lambda *_: None)
        by_text = load(tmp_path)
    assert direct == by_text


def test_sound_records_are_not_copied_and_broken_ones_keep_their_line(tmp_path: Path) -> None:
    listed = [{**SOUND, "case": f"C{i}", "score": 1.7 if i == 41 else 0.5} for i in range(100)]
    columns = {n: pa.array([row[n] for row in listed], kind) for n, kind in KINDS.items()}
    pq.write_table(pa.table(columns), tmp_path / "decisions.parquet")
    pq.write_table(pa.table({"case": ["C1"], "income": [1.5]}), tmp_path / "features.parquet")
    (tmp_path / "mapping.toml").write_text(MAPPING.format(zone="UTC"), encoding="utf-8")
    with duckdb.connect(str(tmp_path / "work.duckdb")) as con:
        report = load_into(con, read_mapping(tmp_path / "mapping.toml"), now=NOW, in_place=True)
        assert (report.sources[0].accepted, report.sources[0].quarantined) == (99, 1)
        assert con.execute("SELECT line, reasons FROM quarantine").fetchall() == [
            (42, "score: 1.7 is not between 0 and 1")
        ]
        assert con.execute('SELECT count(*) FROM staging."decisions rows"').fetchall() == [(1,)]
        assert con.execute(
            "SELECT view_name FROM duckdb_views() WHERE view_name = 'decisions' AND NOT internal"
        ).fetchall()
        money = con.execute("SELECT DISTINCT exposure, gain_if_good, loss_if_bad FROM decisions").fetchall()
        assert money == [(150, 250, 300)]
        assert con.execute("SELECT typeof(income), income FROM features").fetchall() == [("DOUBLE", 1.5)]
