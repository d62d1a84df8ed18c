"""What the comparison with NannyML and Evidently stands on: the same cases for every side, and an honest table."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet

from analysis.source import Source
from analysis.store import open_source
from benchmarks.peers import environments, launch, run_ours
from benchmarks.peers.environments import HERE, read_last_line
from benchmarks.peers.export import write_rows
from benchmarks.peers.measure import OURS, OURS_ROWS, WAYS, Failed, PeersRun, Timed, compare, measure_peers
from benchmarks.peers.table import build_peers_table, find_differing
from tests.unit.stores import publish_random

REALISED, ESTIMATED, EVIDENTLY = WAYS[2:]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    root = tmp_path_factory.mktemp("store")
    publish_random(root, minimum_group_size=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        yield open_source("credit")


def _ours(what: str, rows: Path) -> dict:
    answer = rows.with_name(f"{what}.json")
    run_ours.main(what, str(rows), str(answer))
    return json.loads(answer.read_text(encoding="utf-8"))["months"]


def test_the_rows_written_are_the_cases_of_the_rollups(source: Source, tmp_path: Path) -> None:
    export = write_rows(source, tmp_path / "rows.parquet", rows=1_000_000)
    assert [(export.n,)] == source.rows("select sum(bads + goods) from rollup_scores")
    table = parquet.read_table(export.file)
    assert table.column_names == ["month", "score", "outcome", "prediction"]
    assert table.num_rows == export.n and not any(column.null_count for column in table.columns)
    rollups, rows = _ours("rollups", export.file), _ours("rows", export.file)
    assert set(export.months) == set(rows) and set(rows) <= set(rollups)
    assert all(rollups[month]["n"] == rows[month]["n"] for month in rows)
    found = compare(rollups, rows)
    assert found.compared > 10 and found.differing == () and found.auc == 0 and found.precision == 0


def test_fewer_rows_are_whole_months_from_the_first(source: Source, tmp_path: Path) -> None:
    every = write_rows(source, tmp_path / "every.parquet", rows=1_000_000)
    some = write_rows(source, tmp_path / "some.parquet", rows=every.n // 2)
    assert every.n // 2 <= some.n < every.n
    assert some.months == every.months[: len(some.months)]
    assert _ours("rows", some.file) == {month: _ours("rows", every.file)[month] for month in some.months}
    few = write_rows(source, tmp_path / "few.parquet", rows=1)
    assert few.months == every.months[:3]


def test_a_store_without_outcomes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_random(tmp_path / "store", decisions=2)
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    with pytest.raises(RuntimeError, match="months have known outcomes"):
        write_rows(open_source("credit"), tmp_path / "rows.parquet", rows=10)


def test_a_figure_that_is_not_ours_is_found() -> None:
    ours = {
        "2026-01": {"auc": 0.7, "error": 0.001, "precision": 0.2},
        "2026-02": {"auc": 0.7, "error": 0.001, "precision": None},
        "2026-03": {"auc": None, "error": 0.0, "precision": None},
    }
    same = compare(ours, {month: {"auc": 0.7009, "precision": 0.2} for month in ours})
    assert (same.compared, same.differing) == (2, ()) and same.auc == pytest.approx(0.0009)
    other = compare(ours, {"2026-01": {"auc": 0.7, "precision": 0.21}, "2026-02": {"auc": 0.702, "precision": 0.2}})
    assert other.differing == ("2026-01", "2026-02")


def test_a_command_is_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    result, log = tmp_path / "result.json", tmp_path / "log.txt"
    code = "held = bytearray(150_000_000); print('said'); raise SystemExit(3)"
    launch.main([str(result), str(log), sys.executable, "-c", code])
    measured = json.loads(result.read_text(encoding="utf-8"))
    assert measured["returncode"] == 3 and log.read_text(encoding="utf-8").strip() == "said"
    assert measured["seconds"] > 0
    assert measured["peak_bytes"] is None or measured["peak_bytes"] > 150_000_000


def test_peers_that_do_not_run_are_told_and_ours_is_measured(source: Source, monkeypatch: pytest.MonkeyPatch,
                                                             tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.setattr(environments, "_PYTHONS", ((2, 0),))
    said: list[str] = []
    found = measure_peers(_store(), runs=1, folder=tmp_path, progress=said.append)
    assert [each.way for each in found.timed] == [OURS, OURS_ROWS]
    assert [each.way for each in found.failed] == [REALISED, ESTIMATED, EVIDENTLY]
    assert len(said) == 1 + len(WAYS)
    assert found.n == source.rows("select sum(bads + goods) from rollup_scores")[0][0]
    table = build_peers_table(found)
    assert "| Evidently | does not run |" in table
    assert "Evidently does not run: needs Python 3.11 or 3.12" in table
    assert not list(tmp_path.rglob("*.parquet"))


def _store() -> Path:
    from analysis.store import store_root

    return store_root()


def _timed(way: object, seconds: float, auc: float, **more: object) -> Timed:
    months = {"2026-01": {"n": 9, "auc": auc, "error": 0.001, "precision": 0.2, **more}}
    return Timed(way, 2 * seconds, seconds / 2, seconds, 500_000_000, {"nannyml": "0.13.1"}, months)  # type: ignore[arg-type]


def test_the_table_gives_ratios_versions_and_what_differs() -> None:
    timed = (
        _timed(OURS, 0.1, 0.7), _timed(OURS_ROWS, 0.2, 0.7), _timed(REALISED, 4.0, 0.7005), _timed(EVIDENTLY, 8.0, 0.8),
        _timed(ESTIMATED, 6.0, 0.75, is_reference=False),
    )  # fmt: skip
    found = PeersRun(90, 30, ("2026-01",), 3, timed, (Failed(EVIDENTLY, "No module named 'x'"),))
    rows = {cells[0]: cells[1:] for cells in _cells(build_peers_table(found))}
    assert rows[REALISED.name][:7] == ["8.0", "2.0", "4.0", "500 MB", "40 x", "40 x", "20 x"]
    assert rows[REALISED.name][7].startswith("1 of 1 months; AUC within 0.00050")
    assert rows[ESTIMATED.name][7] == "another figure, off by up to 0.050 in AUC"
    assert find_differing(found) == [f"{EVIDENTLY.name}: 2026-01"]
    text = build_peers_table(found)
    assert f"- {REALISED.name} (nannyml 0.13.1): adds" in text and "does not run: No module named 'x'" in text


def _cells(report: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in report.splitlines() if line.startswith("| ")][2:]


def test_the_last_line_names_no_folder() -> None:
    said = "Traceback\n  File x\nImportError: cannot import name 'y' from 'z' (/some/where/lib/z.py)\n\n"
    assert read_last_line(said) == "ImportError: cannot import name 'y' from 'z' (z.py)"
    assert read_last_line("x>=1 from https://host/a/b/x-1.whl (from y)") == "x>=1 from x-1.whl (from y)"
    assert read_last_line("12/13 of a/b, either/or") == "12/13 of a/b, either/or"
    assert read_last_line("\n") == "it said nothing."


@pytest.mark.parametrize("peer", ["nannyml", "evidently"])
def test_the_peers_are_locked_with_hashes(peer: str) -> None:
    locked = (HERE / f"{peer}.txt").read_text(encoding="utf-8")
    packages = re.findall(
        r"^[a-z0-9][^\n]*==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+)", locked, re.MULTILINE
    )
    assert len(packages) == len(re.findall(r"^[a-zA-Z0-9]", locked, re.MULTILINE)) > 50
    wanted = re.findall(r"^([a-z]+)==(\S+)$", (HERE / f"{peer}.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted and all(f"\n{name}=={version} " in f"\n{locked}" for name, version in wanted)
