"""What `make bench` stands on: seeded views that hold decisions, equal counts both ways, a report in its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from analysis.filters import Filters, check_filters
from analysis.source import Source
from analysis.store import open_source
from benchmarks import table
from benchmarks.baseline import measure_baseline
from benchmarks.pages import Measured, build_case_visits, build_filters, build_visits
from benchmarks.percentiles import summarise
from benchmarks.store import Build
from tests.unit.stores import publish_random


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    root = tmp_path_factory.mktemp("store")
    publish_random(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        yield open_source("credit")


def test_views_are_seeded_different_and_hold_decisions(source: Source) -> None:
    views = build_filters(source, 50, seed=3)
    assert views == build_filters(source, 50, seed=3) != build_filters(source, 50, seed=4)
    assert len(set(views)) == 50
    for filters in views:
        where, params = filters.where(rollup=False)
        assert source.rows(f"select count(*) from facts where {where}", params)[0][0] > 0
        assert check_filters(filters, source.options) == (filters, [])
    assert {bool(f.team) for f in views} == {True, False} == {f.start is None for f in views}


def test_a_visit_asks_for_its_view(source: Source) -> None:
    for visit, filters in zip(build_visits(source, "overrides", 5, 3), build_filters(source, 5, 3), strict=True):
        assert Filters.from_url(parse_qs(visit.query_string), "other") == filters
        assert visit.proof == filters.sentence("applications")


def test_cases_opened_have_inputs_to_explain(source: Source) -> None:
    assert source.rows("select count(*) from features") == [(0,)]
    with pytest.raises(RuntimeError, match="No scored case"):
        build_case_visits(source, 3, seed=1)


def test_the_baseline_counts_what_the_rollups_count(source: Source) -> None:
    found = measure_baseline(source, build_filters(source, 8, seed=5))
    assert found.compared > 100
    assert found.pandas.n == found.rollups.n == 8


def test_the_report_tells_what_is_over_and_goes_between_the_marks(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, size = summarise([0.1, 0.2, 0.9]), summarise([1000.0])
    pages = [Measured("overrides", "new", slow, size), Measured("overrides", "seen", summarise([0.1]), size)]
    baseline = measure_baseline(source, build_filters(source, 2, seed=5))
    run = table.Run(Build(4000, 12.0, None, 5_000_000, "here"), 3900, 0.5, pages, baseline, None)
    assert table.find_over([run]) == pages[:1]
    report = table.build_report([run], "python -m benchmarks", "")
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith("| 3,900 | overrides")]
    assert [row[8] for row in rows] == ["over", "ok"]
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(table, "README", readme)
    table.write_report(report)
    assert readme.read_text(encoding="utf-8") == f"before\n{table.BEGIN}\n{report}\n{table.END}\nafter\n"
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(RuntimeError, match="marks"):
        table.write_report(report)


def test_the_project_has_the_marks() -> None:
    text = table.README.read_text(encoding="utf-8")
    assert text.count(table.BEGIN) == text.count(table.END) == 1
