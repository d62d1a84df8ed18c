"""The two public decision logs load with the counts their authors' files give (../shared/data, where present)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data.load import LoadReport, load_into, read_mapping

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data (../shared/data) is not here")


def load(name: str) -> tuple[duckdb.DuckDBPyConnection, LoadReport]:
    con = duckdb.connect()
    return con, load_into(con, read_mapping(ROOT / "data" / "mappings" / name))


def test_readers_have_the_published_overrides() -> None:
    con, report = load("brain_tumour_readers.toml")
    assert [(s.table, s.read, s.accepted) for s in report.sources] == [
        ("decisions", 1_100, 1_100),
        ("outcomes", 1_100, 1_100),
    ]
    cells = con.execute(
        "SELECT recommendation, decision, count(*) FROM decisions WHERE channel = 'assisted' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    differs = {(advice, answer): n for advice, answer, n in cells if advice != answer}
    assert differs == {("reject", "accept"): 151, ("accept", "reject"): 126}  # low-side, high-side
    right = con.execute(
        "SELECT count(*) FROM decisions JOIN outcomes USING (case_id) "
        "WHERE decision <> recommendation AND (decision = 'reject') = bad"
    ).fetchall()
    assert right == [(94,)]
    assert con.execute(
        "SELECT count(DISTINCT decider), count(DISTINCT case_id), count(score) FROM decisions"
    ).fetchall() == [(11, 1_100, 1_100)]
    assert con.execute("SELECT count(*) FROM decisions WHERE initial_decision <> recommendation").fetchall() == [(370,)]
    assert "readings: radiologist_df.csv: 2,200 rows in" in report.lines()


def test_pretrial_has_the_published_cross_table() -> None:
    con, report = load("pretrial_recommendations.toml")
    cells = con.execute("SELECT recommendation, decision, count(*) FROM decisions GROUP BY ALL").fetchall()
    assert {(advice, answer): n for advice, answer, n in cells} == {
        ("reject", "reject"): 223, ("reject", "accept"): 29, ("accept", "reject"): 809, ("accept", "accept"): 929,
    }  # fmt: skip
    failures = con.execute(
        "SELECT recommendation, count(*) FILTER (bad), count(*) FROM outcomes JOIN decisions USING (case_id) "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert failures == [("accept", 38, 929), ("reject", 29, 29)]
    assert report.conserves()
    kinds = dict(
        con.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'features'").fetchall()
    )
    assert kinds["race"] == "DOUBLE" and len(kinds) == 7
