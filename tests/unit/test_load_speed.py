"""What the load's benchmark stands on: the same log for the same seed, records to quarantine, stages that add up."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks.big_log import BigLog, write_big_log
from benchmarks.load_speed import build_load_table, measure_load, split_stages
from data.load import load_into, read_mapping

DECISIONS = 12_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> BigLog:
    return write_big_log(tmp_path_factory.mktemp("log"), DECISIONS)


def test_the_same_seed_gives_the_same_log_and_another_one_does_not(log: BigLog, tmp_path: Path) -> None:
    again = write_big_log(tmp_path / "again", DECISIONS)
    other = write_big_log(tmp_path / "other", DECISIONS, seed=1)
    names = [f"{name}-000.parquet" for name in ("decisions", "features", "outcomes")]
    assert all(pq.read_table(log.mapping.parent / n).equals(pq.read_table(again.mapping.parent / n)) for n in names)
    assert not pq.read_table(log.mapping.parent / names[0]).equals(pq.read_table(other.mapping.parent / names[0]))
    assert log.rows["decisions"] == DECISIONS
    assert 0.55 < log.rows["outcomes"] / DECISIONS < 0.7  # at scale .6: the last cases of a log are not due yet


def test_parquet_and_csv_hold_the_same_log(log: BigLog, tmp_path: Path) -> None:
    """Both load to the same tables, broken records and all; every kind of breakage is quarantined with its reason."""
    csv = write_big_log(tmp_path / "csv", DECISIONS, kind="csv")
    loaded = []
    for one in (log, csv):
        with duckdb.connect() as con:
            report = load_into(con, read_mapping(one.mapping))
            reasons = con.execute("SELECT line, columns, reasons[:30] FROM quarantine ORDER BY ALL").fetchall()
            tables = [con.execute(f"SELECT * FROM {t} ORDER BY ALL").fetchall() for t in ("decisions", "outcomes")]
            loaded.append((reasons, *tables, con.execute("SELECT * FROM features ORDER BY case_id").fetchall()))
            assert report.conserves()
    assert loaded[0][1:] == loaded[1][1:]
    assert [columns for _, columns, _ in loaded[0][0]] == [columns for _, columns, _ in loaded[1][0]]
    assert {columns for _, columns, _ in loaded[0][0]} == {
        "channel", "score", "decided_at, received_at", "decided_at", "case_id, decision_no",
    }  # fmt: skip


def test_the_real_command_is_measured(log: BigLog, tmp_path: Path) -> None:
    found = measure_load(log, "parquet", tmp_path, "2GB")
    assert sum(seconds for _, seconds in found.stages) <= found.seconds
    assert all(seconds > 0 for _, seconds in found.stages)
    assert found.snapshot_bytes > 100_000
    assert "| 12,000 |" in build_load_table([found])


def test_a_load_that_does_not_publish_is_no_measurement(log: BigLog, tmp_path: Path) -> None:
    broken = BigLog(tmp_path / "nothing.toml", 1, {}, 1)
    with pytest.raises(RuntimeError, match="There is no such mapping"):
        measure_load(broken, "parquet", tmp_path)


def test_a_stage_ends_with_its_last_line() -> None:
    said = [(1.0, "decisions: 5 read = 5 accepted"), (2.0, "outcomes (x): 1,000 read = 1"), (5.0, "facts: 5 decisions"),
            (6.0, "rollup_a: 1 groups"), (8.0, "rollup_b: 1 groups"), (9.0, "published snapshot X")]  # fmt: skip
    assert [seconds for _, seconds in split_stages(said)] == [2.0, 3.0, 3.0, 1.0]
