"""The Definitions page: demo, empty filter, one case, columns missing, no dates, broken snapshot, bad cards, search."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis import store as opened
from analysis.answer import answer_cards
from analysis.catalog import read_catalog
from analysis.definitions import list_definitions
from analysis.filters import Filters
from analysis.formats import format_value
from analysis.jobs.publish import publish_loaded
from analysis.store import open_source
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, read_use_case
from tests.unit.stores import AS_OF, create_contract, publish_random

MAIN = str(Path(__file__).parents[2] / "pages" / "_main.py")
DEFINITIONS = list_definitions(read_catalog())
ONE = {"case_id": "C-1", "channel": "assisted", "recommendation": "accept", "decision": "reject",
       "decided_at": "2025-03-04 10:00:00"}  # fmt: skip


def run(query: dict[str, str | list[str]] | None = None, **widgets: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    at.switch_page("definitions.py")
    for name, value in (query or {}).items():
        at.query_params[name] = value
    at.run()
    for name, value in widgets.items():
        widget = at.text_input if name == "search" else at.selectbox
        widget(key=f"definition_{name}").set_value(value)
    return at.run() if widgets else at


def words(at: AppTest) -> str:
    elements = (*at.markdown, *at.info, *at.warning, *at.error)
    plain = "\n".join(str(e.value).replace("\\", "") for e in elements)
    html = "\n".join(e.proto.body for e in at.get("html"))
    return f"{plain}\n{html}".replace("\u00a0", " ")


def links(at: AppTest) -> list[str]:
    return [link.proto.label.replace("\\", "") for link in at.get("page_link")]


def code(at: AppTest) -> str:
    return "\n".join(block.value for block in at.code)


@pytest.fixture(scope="module")
def random_store(tmp_path_factory):
    root = tmp_path_factory.mktemp("random")
    publish_random(root)
    return root


@pytest.fixture
def use_store(monkeypatch):
    return lambda root: monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))


def publish(root: Path, rows: list[dict[str, object]], mapped: tuple[str, ...], as_of: dt.datetime | None) -> None:
    """A snapshot of exactly these decisions."""
    store = Store(root)
    with store.writing() as work:
        file = work / "credit.duckdb"
        con = connect_work(file)
        create_contract(con, {"decisions": mapped})
        for row in rows:
            marks = ", ".join("?" for _ in row)
            con.execute(
                f"insert into decisions (decision_no, {', '.join(row)}) values (1, {marks})", list(row.values())
            )
        path = FOLDER / "credit.toml"
        publish_loaded(
            store, con, file, read_use_case(path), as_of, use_case_toml=path.read_text(encoding="utf-8"),
            mapping="rows", models=None, progress=lambda _: None,
        )  # fmt: skip


def test_all_numbers_and_words_without_a_reading_of_any(random_store, use_store):
    use_store(random_store)
    at = run()
    assert not at.exception and not at.error
    for definition in DEFINITIONS.values():
        assert definition.label in links(at)
    assert "95 % interval" not in words(at)
    assert [box.label.partition(" (")[0] for box in at.expander] == [
        "Glossary",
        "Helper columns",
        "Columns of the data",
    ]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_link_shows_its_definition_with_everything(random_store, use_store, name):
    use_store(random_store)
    at = run({"metric": name})
    assert not at.exception and not at.error
    definition, shown = DEFINITIONS[name], words(at)
    for text in (definition.label, definition.definition, definition.reading, definition.source, "First definition."):
        assert text in shown or text.replace("'", "&#x27;") in shown, text
    assert definition.work().mistake.replace("\u00a0", " ") in shown
    assert shown.index(definition.definition) < shown.index("All numbers")
    assert "from rollup_" in code(at) and f"metric={name}" in code(at)
    assert "Not shown" in shown or "95 % interval" in shown


def test_the_reading_and_the_limit_are_those_of_the_selection(random_store, use_store):
    use_store(random_store)
    at = run({"metric": "override_rate", "team": "North 1", "start": "2025-01"})
    source = open_source("credit")
    filters = Filters("credit", start="2025-01", team=("North 1",))
    reading = answer_cards(source, ["override_rate"], filters)["override_rate"].reading()
    assert format_value(reading.value, "share", source.use_case).replace("\u00a0", " ") in words(at)
    assert "applications decided since Jan 2025, team North 1" in words(at)
    assert "at most 15.0 %, owner Head of Credit Risk; now beyond it" in words(at)
    assert "-- $team_0 = 'North 1'" in code(at) and "where period >= $start and team in ($team_0)" in code(at)
    assert "is_override_eligible" in words(at) and "assisted, judged by a person" in words(at)
    assert "Overrides" in links(at)


def test_an_empty_filter_says_why_there_is_no_reading(random_store, use_store):
    use_store(random_store)
    at = run({"metric": "override_rate", "start": "2026-06", "end": "2026-06", "channel": "withheld"})
    assert not at.exception and not at.error
    assert "No such applications in this selection" in words(at)
    assert "1 / 2 = 50.0 %" in words(at)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_one_case_with_the_least_columns(tmp_path, use_store, name):
    publish(tmp_path, [ONE], tuple(ONE), AS_OF)
    use_store(tmp_path)
    at = run({"metric": name})
    assert not at.exception and not at.error
    assert "Not shown" in words(at)
    if DEFINITIONS[name].needs:
        assert "which this log does not map" in words(at)
        assert "without it the number cannot be shown" in words(at)


@pytest.mark.parametrize("name", ["override_rate", "outcome_coverage", "roc_auc", "median_decision_minutes"])
def test_a_log_without_dates(tmp_path, use_store, name):
    rows = [{**ONE, "case_id": f"C-{i}", "cohort": "first"} for i in range(30)]
    for row in rows:
        del row["decided_at"]
    publish(tmp_path, rows, tuple(rows[0]), None)
    use_store(tmp_path)
    at = run({"metric": name})
    assert not at.exception and not at.error
    assert "snapshot as of no dates" in words(at)
    if name == "override_rate":
        assert "100 %" in words(at)


@pytest.mark.parametrize("asked", ["overide_rate", "Override rat"])
def test_a_number_that_does_not_exist_is_said_with_the_nearest(random_store, use_store, asked):
    use_store(random_store)
    at = run({"metric": asked})
    assert not at.exception and not at.error
    assert f"There is no number called '{asked}'. The nearest:" in words(at)
    assert links(at).count("Override rate") == 2  # among the nearest, and among all


def test_an_unknown_number_in_markup_is_shown_as_text(random_store, use_store):
    use_store(random_store)
    at = run({"metric": "<img src=x onerror=alert(1)> [a](b)"})
    assert not at.exception and not at.error
    assert r"\<img src\=x".replace("\\=", "=") in at.warning[0].value and r"\[a\]\(b\)" in at.warning[0].value


def test_search_finds_numbers_and_words_and_hides_the_rest(random_store, use_store):
    use_store(random_store)
    at = run({"metric": "adoption"}, search="What does 'bypassed' mean?")
    assert not at.exception and not at.error
    assert "1 number and 3 words" in words(at) and "channel: a person decided without the system." in words(at)
    assert "Worked example" not in words(at) and "All numbers" not in words(at)
    at = run(search="is_override_eligible")
    assert "helper column" in words(at)


def test_search_by_owner_and_unit(random_store, use_store):
    use_store(random_store)
    at = run(unit="minutes")
    shown = [label for label in links(at) if label in {d.label for d in DEFINITIONS.values()}]
    assert shown == [d.label for d in DEFINITIONS.values() if d.unit == "minutes"]
    at = run(owner="Finance", search="realised")
    assert "Realised value per decision" in links(at) and "Override rate" not in links(at)


def test_search_that_finds_nothing_says_so(random_store, use_store):
    use_store(random_store)
    at = run(search="xylophone <b>")
    assert not at.exception and not at.error
    assert "Nothing found for 'xylophone <b>'" in words(at)
    assert r"\<b\>" in at.info[0].value


def test_opening_a_link_empties_the_search(random_store, use_store):
    use_store(random_store)
    at = run(search="median")
    at.query_params["metric"] = "adoption"
    at.run()
    assert at.text_input(key="definition_search").value == ""
    assert "Worked example" in words(at)


def change_card(monkeypatch, **changes):
    """The catalog with one card changed where a snapshot's sums do not see it."""
    cards = read_catalog()
    card = cards["override_rate"]
    if "table" in changes:
        changes = {"example": replace(card.example, table=changes["table"])}
    changed = replace(card, **changes)
    monkeypatch.setattr(opened, "read_catalog", lambda: {**cards, "override_rate": changed})


def test_a_broken_example_loses_only_its_own_part(tmp_path, use_store, monkeypatch):
    change_card(monkeypatch, table="case_id | channel\n1")
    publish(tmp_path, [ONE], tuple(ONE), AS_OF)
    use_store(tmp_path)
    at = run({"metric": "override_rate"})
    assert not at.exception and len(at.error) == 1
    assert "A worked example does not give its answer" in words(at) and "In override_rate.toml" in words(at)
    assert "from rollup_month" in code(at) and "All numbers" in words(at)
    at = run({"metric": "adoption"})
    assert not at.exception and not at.error


def test_markup_in_a_card_is_shown_harmlessly(tmp_path, use_store, monkeypatch):
    text = "<script>alert(1)</script> [x](javascript:y) **z**"
    change_card(monkeypatch, label=text, definition=text, reading=text, owner=text, source=text)
    publish(tmp_path, [ONE], tuple(ONE), AS_OF)
    use_store(tmp_path)
    for at in (run({"metric": "override_rate"}), run(search="javascript")):
        assert not at.exception and not at.error
        markdown = [*(str(m.value) for m in at.markdown), *(link.proto.label for link in at.get("page_link"))]
        assert not any("<script>" in part or "](javascript" in part or "**z**" in part for part in markdown)
        assert not any("<script>" in element.proto.body for element in at.get("html"))
        assert text in words(at)


@pytest.mark.parametrize("damage", ["database", "manifest", "use case"])
def test_a_broken_snapshot_is_told_in_words(tmp_path, use_store, damage):
    manifest = publish_random(tmp_path, decisions=200)
    folder = Store(tmp_path).folder(manifest.id)
    path = {"database": folder / "credit.duckdb", "manifest": folder / "manifest.json",
            "use case": folder / "credit.toml"}[damage]  # fmt: skip
    if damage == "use case":
        path.unlink()
    else:
        path.write_bytes(b"not what it was" * 10)
    use_store(tmp_path)
    at = run({"metric": "override_rate"})
    assert not at.exception
    assert len(at.error) == 1
    assert "Traceback" not in words(at)


def test_no_snapshot_yet(tmp_path, use_store):
    use_store(tmp_path)
    at = run({"metric": "override_rate"})
    assert not at.exception
    assert "There are no data yet" in words(at)
