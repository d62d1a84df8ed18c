"""What `make bench` stands on: seeded views that hold decisions, proofs that can fail, equal counts, tables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from analysis.filters import Filters, check_filters
from analysis.source import Source
from analysis.store import open_source
from benchmarks import readme
from benchmarks.__main__ import SECTIONS, describe_command, parse
from benchmarks.baseline import measure_baseline
from benchmarks.baseline_report import build_baselines
from benchmarks.others import run_other
from benchmarks.pages import Measured
from benchmarks.pages_report import build_pages, count_over
from benchmarks.pandas_way import CARDS, count_splits, load_table, write_decisions
from benchmarks.percentiles import summarise
from benchmarks.protocol import Session, Timing
from benchmarks.run import Run
from benchmarks.sessions import MIX, POOL, Together, build_plan
from benchmarks.sessions_report import build_sessions
from benchmarks.sessions_report import count_over as count_sessions_over
from benchmarks.store import ROOT, Build, find_store
from benchmarks.views import PAGES, build_case_visits, build_filters, build_visits
from benchmarks.visit import Visit, find_wrong
from tests.unit.stores import publish_random

BUILT = Build(12.0, None, 5_000_000, "here")
SIZE = summarise([1000.0])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    root = tmp_path_factory.mktemp("store")
    publish_random(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        yield open_source("credit")


def test_every_page_of_the_navigation_is_measured() -> None:
    """A page in pages/_main.py without a line in PAGES fails here."""
    tree = ast.parse((ROOT / "pages" / "_main.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"]
    found = [{k.arg: ast.literal_eval(k.value) for k in call.keywords} for call in calls]
    shown = {
        page["title"]: "" if page.get("default") else page["url_path"] for page in found if "visibility" not in page
    }
    assert shown == {page.title: page.path for page in PAGES}


def test_views_are_seeded_different_and_hold_decisions(source: Source) -> None:
    views = build_filters(source, 50, seed=3)
    assert views == build_filters(source, 50, seed=3) != build_filters(source, 50, seed=4)
    assert len(set(views)) == 50
    for filters in views:
        where, params = filters.where(rollup=False)
        assert source.rows(f"select count(*) from facts where {where}", params)[0][0] > 0
        assert check_filters(filters, source.options) == (filters, [])
    assert {bool(f.team) for f in views} == {True, False} == {f.start is None for f in views}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_visit_asks_for_its_view(source: Source, page) -> None:
    for visit, filters in zip(build_visits(source, page, 5, 3), build_filters(source, 5, 3), strict=True):
        assert Filters.from_url(parse_qs(visit.query_string), "other") == filters
        assert Filters.from_url(parse_qs(visit.selection), "other") == filters
        assert (visit.path, visit.title) == (page.path, page.title)
        assert visit.words[0] == (
            f"snapshot {source.snapshot}" if page.name == "data" else filters.sentence("applications")
        )


def test_cases_that_cannot_be_explained_are_not_opened(source: Source) -> None:
    assert source.rows("select count(*) from features") == [(0,)]
    assert build_case_visits(source, 3, seed=1) == []
    runs = [Run(BUILT, 3900, tuple(_measure(0.5, 0.1, 0.2))[:2], 0.6)]
    assert "At 3,900 no case was opened" in build_pages(runs)


def test_what_is_shown_is_compared_with_what_was_asked() -> None:
    visit = Visit("cases", "cases", "team=A&case=7", "Cases", "team=A", ("decided Mar 2026",))
    shown = Session("", heading="Cases", texts=[r"decided Mar 2026\."], links={"hash": "snapshot=1&team=A"})
    well = Timing(0.1, 100)
    assert find_wrong(visit, well, shown) == ""
    assert "shows an error: broken" in find_wrong(visit, Timing(0.1, 100, ("broken",)), shown)
    assert "the page 'Overview'" in find_wrong(visit, well, replace(shown, heading="Overview"))
    assert "the selection {'team': ['B']}" in find_wrong(visit, well, replace(shown, links={"hash": "team=B"}))
    assert "no navigation" in find_wrong(visit, well, replace(shown, links={}))
    assert "does not show 'decided Mar 2026'" in find_wrong(visit, well, replace(shown, texts=["decided May 2026"]))


def test_a_plan_follows_its_seed_and_its_mix(source: Source) -> None:
    plan = build_plan("there", source, seed=5, sessions=20, length=60)
    assert plan == build_plan("there", source, seed=5, sessions=20, length=60)
    assert [len(actions) for actions in plan.actions] == [30] * 20
    assert len(plan.before) == POOL * len(PAGES)
    kinds = [action.kind for actions in plan.actions for action in actions]
    for kind, share in MIX.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(share, abs=0.07)
    before = {visit.selection for visit in plan.before}
    new = [action.visit.selection for actions in plan.actions for action in actions if action.kind == "new"]
    assert len(set(new)) == len(new) and not before & set(new)
    for start, actions in zip(plan.starts, plan.actions, strict=True):
        last = start
        for action in actions:
            assert (action.visit.page != last.page) == (action.kind == "page")
            assert (action.visit.selection != last.selection) == (action.kind != "page")
            assert action.kind != "seen" or action.visit.selection in before
            last = action.visit


def test_every_way_counts_the_same(source: Source) -> None:
    found = measure_baseline(source, build_filters(source, 8, seed=5))
    assert found.compared > 200
    assert (found.cold.n, found.warm.n, found.facts.n, found.rollups.n) == (5, 8, 8, 8)


def test_pandas_works_out_scope_months_and_eligibility_by_itself(source: Source, tmp_path: Path) -> None:
    """Against the cards' own words, counted row by row from the facts."""
    write_decisions(source, tmp_path / "it's.parquet")
    table = load_table(tmp_path / "it's.parquet", source.use_case.time_zone, source.mapped)
    assert len(table) == source.decisions
    counts = count_splits(table, Filters("credit"))["period"]
    rows = source.rows(
        "select period, count(*) filter (is_override), count(*) filter (is_override_eligible) from facts "
        "where is_in_scope group by period order by period"
    )
    assert [(month, *counts.loc[month, list(CARDS["override_rate"])]) for month in counts.index] == rows


def test_counts_that_differ_end_the_run(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_one(*given: object) -> object:
        table = load_table(*given)
        return table.drop(table.index[table["is_override"]][0])

    monkeypatch.setattr("benchmarks.baseline.load_table", lose_one)
    with pytest.raises(RuntimeError, match="override_rate differs"):
        measure_baseline(source, [Filters("credit")])


def _measure(*seconds: float) -> list[Measured]:
    kinds = ("new", "seen", "one case")
    return [Measured("overrides", kind, summarise([s]), SIZE) for kind, s in zip(kinds, seconds, strict=True)]


def test_the_pages_tell_what_is_over_and_what_grew() -> None:
    runs = [
        Run(BUILT, 3900, tuple(_measure(0.5, 0.1, 0.2)), 0.6),
        Run(BUILT, 39000, tuple(_measure(0.6, 0.2, 0.2)), 0.7),
    ]
    report = build_pages(runs)
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith(("| 3,900 | o", "| 39,000 | o"))]
    assert [row[8] for row in rows] == ["over", "ok", "ok", "over", "over", "ok"]
    grown = [line.split(" | ") for line in report.splitlines() if line.startswith("| overrides | ")]
    assert [(row[3], row[5]) for row in grown] == [("1.2 x", "ok |"), ("2 x", "over |"), ("1 x", "ok |")]
    assert count_over(runs) == (4, 9)
    assert "against" not in build_pages(runs[:1])


def test_sessions_tell_failures_and_memory() -> None:
    seconds = summarise([0.4, 0.4, 2.0])
    together = Together(20, 60, 2, seconds, {"new": seconds}, {"cases": seconds}, 5, 3, 1, ("/cases shows nothing",))
    run = Run(BUILT, 3900, together=together, resident_bytes=1_400_000_000, peak_bytes=1_600_000_000)
    report = build_sessions([run])
    assert "| 3,900 | 5 | 3 | 1 | 1 | none | over | 1,400 MB | ok | 1,600 MB | over | 1,500 MB |" in report
    assert "| 3,900 | all | 3 | 400 | 500 | ok | 2,000 | 1,500 | over | 2,000 |" in report
    assert "- /cases shows nothing" in report
    assert count_sessions_over([run]) == (3, 5)
    assert count_sessions_over([replace(run, resident_bytes=None, peak_bytes=None)]) == (2, 3)


def test_baselines_are_told_as_multiples_of_the_rollups(source: Source) -> None:
    base = measure_baseline(source, build_filters(source, 1, seed=5))
    base = replace(base, rollups=summarise([0.01]), cold=summarise([0.5]), warm=summarise([2.0]))
    rows = [line for line in build_baselines([Run(BUILT, 3900, baseline=base)]).splitlines() if "| pandas" in line]
    assert [row.split(" | ")[-1] for row in rows] == ["200 x |", "50 x |"]


def test_a_store_that_was_given_is_found(source: Source, tmp_path: Path) -> None:
    found = find_store(Path(source.reader._path).parents[2])
    assert found.seconds is None and found.snapshot_bytes > 100_000
    with pytest.raises(RuntimeError, match="No snapshot"):
        find_store(tmp_path)


def test_a_section_goes_between_its_own_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "README.md"
    pages, other = readme.name_marks("pages"), readme.name_marks("load")
    text = f"before\n{pages[0]}\nold\n{pages[1]}\n{other[0]}\nkept\n{other[1]}\nafter\n"
    place.write_text(text, encoding="utf-8")
    monkeypatch.setattr(readme, "README", place)
    readme.write_section("pages", "new")
    assert place.read_text(encoding="utf-8") == text.replace("old", "new")
    with pytest.raises(RuntimeError, match="kills: begin"):
        readme.write_section("kills", "new")


def test_a_command_that_fails_ends_the_run() -> None:
    with pytest.raises(RuntimeError, match="kills ended with 2"):
        run_other("benchmarks.kills", "--seed", "none")


def test_a_section_is_measured_again_by_its_own_command() -> None:
    asked = parse(["--filters", "8", "--only", "pages", "sessions", "--stores", "/there/small", "/there/large"])
    command = "python -m benchmarks --only sessions --stores small large --filters 8"
    assert describe_command(asked, "sessions") == command
    assert describe_command(parse(["--peers"]), "pages") == "python -m benchmarks --only pages"
    assert parse(["--peers"]).sections == ["pages", "sessions", "baselines", "peers"]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_project_has_the_marks(section: str) -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert [text.count(mark) for mark in readme.name_marks(section)] == [1, 1]
