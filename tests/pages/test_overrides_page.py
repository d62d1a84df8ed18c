"""The Overrides page in six states of the data: demo, empty filter, one case, suppressed, columns missing, broken."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from analysis.jobs.demo import build_demo
from analysis.jobs.publish import publish_loaded
from analysis.store import open_source
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, read_use_case
from tests.unit.stores import AS_OF, create_contract, publish_random

MAIN = str(Path(__file__).parents[2] / "pages" / "_main.py")


def run(query: dict[str, str | list[str]] | None = None) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    at.switch_page("overrides.py")
    for name, value in (query or {}).items():
        at.query_params[name] = value
    return at.run()


def words(at: AppTest) -> str:
    elements = (*at.markdown, *at.info, *at.warning, *at.error)
    return "\n".join(str(e.value).replace("\\", "").replace("\u00a0", " ") for e in elements)


def tiles(at: AppTest) -> str:
    return "\n".join(e.proto.body for e in at.get("html")).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def demo_store(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        build_demo(30_000)
    return root


@pytest.fixture
def use_store(monkeypatch):
    return lambda root: monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))


def test_demo(demo_store, use_store):
    use_store(demo_store)
    at = run()
    assert not at.exception and not at.error
    source = open_source("credit")
    counted = source.rows("select count(*) from facts where is_override_eligible")[0][0]
    assert f"of {counted:,} eligible applications" in words(at)
    assert f"{source.decisions:,} of {source.decisions:,} decisions" in words(at)
    for title in ("Override rate by direction", "overrides give no reason", "Final score report", "What stands beside"):
        assert title in words(at), title
    assert tiles(at).count('class="ed-tile"') == 5


def test_a_comparison_is_told_with_its_uncertainty(demo_store, use_store):
    use_store(demo_store)
    at = run({"start": "2024-06", "end": "2024-10", "compare": "period before"})
    assert not at.exception and not at.error
    assert "applications decided Jan 2024 to May 2024" in words(at)


def test_an_empty_filter_says_which_filter_emptied_it_and_undoes_it(demo_store, use_store):
    use_store(demo_store)
    at = run({"end": "2023-07", "model_version": "v5"})  # v5 did not exist then
    assert not at.exception and not at.error
    assert "There are no applications in this selection" in words(at)
    undo = {button.key: button for button in at.button}
    assert {"undo-end", "undo-model_version", "undo-all"} <= set(undo)
    at = undo["undo-model_version"].click().run()
    assert not at.exception
    assert "There are no applications" not in words(at)
    assert "applications decided until Jul 2023" in words(at)


def test_what_the_url_asks_for_and_does_not_exist_is_said(demo_store, use_store):
    use_store(demo_store)
    at = run({"team": ["Team 01", "Team <b>99"], "start": "2024-13", "snapshot": "20200101T000000Z-abcdef"})
    assert not at.exception and not at.error
    assert "There is no team Team <b>99 in this snapshot" in words(at)
    assert "'2024-13' is not a month" in words(at)
    assert "This link was made from snapshot 20200101T000000Z-abcdef. Numbers were restated since" in words(at)
    assert "team Team 01" in words(at)


def publish(root: Path, rows: list[dict[str, object]], mapped: tuple[str, ...] | None = None) -> None:
    """A snapshot of exactly these decisions."""
    store = Store(root)
    with store.writing() as work:
        file = work / "credit.duckdb"
        con = connect_work(file)
        names = mapped if mapped is not None else tuple(rows[0]) if rows else ()
        create_contract(con, {"decisions": names})
        for row in rows:
            marks = ", ".join("?" for _ in row)
            con.execute(
                f"insert into decisions (decision_no, {', '.join(row)}) values (1, {marks})", list(row.values())
            )
        path = FOLDER / "credit.toml"
        publish_loaded(
            store, con, file, read_use_case(path), AS_OF, use_case_toml=path.read_text(encoding="utf-8"),
            mapping="rows", models=None, progress=lambda _: None,
        )  # fmt: skip


ONE = {"case_id": "C-1", "channel": "assisted", "recommendation": "accept", "decision": "reject",
       "decided_at": "2025-03-04 10:00:00"}  # fmt: skip


def test_one_case(tmp_path, use_store):
    publish(tmp_path, [ONE])
    use_store(tmp_path)
    at = run()
    assert not at.exception and not at.error
    assert "1 application: fewer than 20, too few to be reliable" in words(at)
    assert "1 of 1 decisions" in words(at)


def test_suppressed_groups_show_no_number(tmp_path, use_store):
    rows = [{**ONE, "case_id": f"C-{i}", "decider": f"O-{i % 9}", "team": "Big" if i < 60 else "Small",
             "decision": "accept" if i % 3 else "reject"} for i in range(65)]  # fmt: skip
    publish(tmp_path, rows)
    use_store(tmp_path)
    at = run()
    assert not at.exception and not at.error
    figures = "\n".join(str(chart.proto) for chart in at.get("plotly_chart"))
    assert "too few" in figures and "Small" in figures
    at = run({"team": "Small"})
    assert "5 applications: fewer than 20" in words(at)


def test_a_log_with_the_least_columns_says_what_it_lacks(tmp_path, use_store):
    rows = [{**ONE, "case_id": f"C-{i}", "decision": "accept" if i % 4 else "reject"} for i in range(80)]
    publish(tmp_path, rows)
    use_store(tmp_path)
    at = run()
    assert not at.exception and not at.error
    assert "25.0 %" in words(at)
    assert "This log maps no `override_reason`" in words(at)
    assert "No decision of this selection has a score" in words(at)


def test_no_decisions_at_all(tmp_path, use_store):
    publish(tmp_path, [], mapped=("case_id", "channel", "decision", "decided_at"))
    use_store(tmp_path)
    at = run()
    assert not at.exception and not at.error
    assert "There are no applications in this selection" in words(at)


def test_no_snapshot_yet(tmp_path, use_store):
    use_store(tmp_path)
    at = run()
    assert not at.exception
    assert "There are no data yet" in words(at) and "make demo" in words(at)


@pytest.mark.parametrize("damage", ["database", "manifest", "pointer", "use case"])
def test_a_broken_snapshot_is_told_in_words(tmp_path, use_store, damage):
    manifest = publish_random(tmp_path, decisions=200)
    folder = Store(tmp_path).folder(manifest.id)
    path = {"database": folder / "credit.duckdb", "manifest": folder / "manifest.json",
            "pointer": tmp_path / "current.json", "use case": folder / "credit.toml"}[damage]  # fmt: skip
    if damage == "use case":
        path.unlink()
    else:
        path.write_bytes(b"not what it was" * 10)
    use_store(tmp_path)
    at = run()
    assert not at.exception
    assert len(at.error) == (damage != "pointer")  # without a pointer the newest is shown, and the page says so
    assert "Traceback" not in words(at)
    assert "analysis.jobs.snapshots use" in words(at) or "load" in words(at)


def test_the_page_and_the_facts_agree(demo_store, use_store):
    use_store(demo_store)
    source = open_source("credit")
    file = Store(demo_store).folder(source.snapshot) / "credit.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        n, y = con.execute(
            "select count(*), count(*) filter (is_override) from facts where is_override_eligible and team = 'Team 02'"
        ).fetchone()
    at = run({"team": "Team 02"})
    assert f"{y / n * 100:.1f} %" in words(at)
    assert f"of {n:,} eligible applications" in words(at)
