"""The Cases page in its states: list, drill, one case, not there, broken model, empty, protected, columns missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from analysis.jobs.demo import build_demo
from analysis.store import models_folder, open_source
from tests.unit.case_store import CASES, build_decisions, build_inputs, publish, publish_cases, train_versions
from tests.unit.stores import publish_random

MAIN = str(Path(__file__).parents[2] / "pages" / "_main.py")
Query = Mapping[str, str | list[str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases_page")
    (folder / "models").mkdir()
    publish_cases(folder / "store", folder / "models")
    return folder / "store"


@pytest.fixture
def use_store(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    return lambda root: monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))


def visit(query: Query | None = None) -> AppTest:
    """The page as a link opens it. The first run is the default page's; a switch keeps the query."""
    at = AppTest.from_file(MAIN, default_timeout=60)
    at.run()
    at.switch_page("cases.py")
    for name, value in (query or {}).items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    """Everything the page says, as a person reads it."""
    said = [str(e.value) for e in (*at.title, *at.markdown, *at.info, *at.warning, *at.error, *at.caption)]
    said += [e.proto.body for e in at.get("html")]
    return "\n".join(said).replace("\\", "").replace("\u00a0", " ")


def links(at: AppTest) -> dict[str, dict[str, list[str]]]:
    """Every link of the page by its label, with the query it leads to; "" for one that is switched off."""
    found = {}
    for element in at.get("page_link"):
        label = element.proto.label.replace("\\", "").replace("\u00a0", " ")
        found[label] = {} if element.proto.disabled else parse_qs(element.proto.query_string, keep_blank_values=True)
    return found


def listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["case"])


def test_the_list_is_paged_and_says_what_it_holds(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit()
    assert f"{CASES} of {CASES} decisions: applications of all periods." in words(at)
    assert f"Applications 1-50 of {CASES}, by money at stake." in words(at)
    first = listed(at)
    assert len(first) == 50
    assert links(at)["Previous page"] == {}
    following = visit(links(at)["Next page"])
    assert f"Applications 51-100 of {CASES}" in words(following)
    assert not set(first) & set(listed(following))
    last = visit({"page": "999"})
    assert f"Applications 251-{CASES} of {CASES}" in words(last), "beyond the end is the end"
    assert "decider" not in at.dataframe[0].value.columns


def test_what_is_shown_and_its_order_stand_in_the_url(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit({"page": "3"})
    at.selectbox(key="show_box").select("low-side overrides").run()
    assert "low-side overrides" in at.query_params["show"]
    assert "page" not in at.query_params, "another list begins at its first page"
    assert set(at.dataframe[0].value["kind"]) == {"low-side override"}
    at.selectbox(key="sort_box").select("highest score").run()
    scores = list(at.dataframe[0].value["score"])
    assert scores == sorted(scores, reverse=True)
    at.selectbox(key="show_box").select("all").run()
    assert "show" not in at.query_params


def test_a_chart_leads_to_its_cases_and_back(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    query = {"card": "override_rate", "part": "numerator", "split": "team", "value": "North 2", "from": "overrides",
             "start": "2024-02"}  # fmt: skip
    at = visit(query)
    sql = "select count(*) from facts where is_override and team = 'North 2' and period >= '2024-02'"
    count = open_source("credit").rows(sql)[0][0]
    assert f"The {count} applications behind: Override rate, numerator, team North 2." in words(at)
    assert "Selected: applications decided since Feb 2024." in words(at)
    assert set(at.dataframe[0].value["team"]) == {"North 2"}
    assert links(at)["Back to Overrides"] == {"use_case": ["credit"], "start": ["2024-02"]}
    every = links(at)["Show all applications of the filters"]
    assert "card" not in every
    assert every["start"] == ["2024-02"]


def test_a_link_that_names_what_is_not_there_says_so(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit({"card": "nonsense", "show": "pretty ones", "sort": "colour", "from": "../_main"})
    said = words(at)
    assert "There is no metric 'nonsense'" in said
    assert "There is no show 'pretty ones' here" in said
    assert "There is no sort 'colour' here" in said
    assert len(listed(at)) == 50
    assert not [label for label in links(at) if label.startswith("Back to")]


def test_one_case_opens_by_its_url_with_everything_told(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    source = open_source("credit")
    case_id = source.rows(
        "select case_id from facts where is_low_side and override_reason = 'INC' and not bad "
        "order by money_at_stake desc limit 1"
    )[0][0]
    at = visit({"case": case_id, "show": "overrides"})
    said = words(at)
    assert not at.error
    assert f"## Application {case_id}" in said
    assert 'approved by a person against "decline" · EUR' in said
    assert "Income is higher" in said
    assert "The model gives this application" in said
    assert "This explains the model, not the world" in said
    assert "break-even" in said
    assert "Decided 3.0 h after it came in" in said
    assert "O-" not in said
    assert "not shown" in said
    assert at.text_input(key="case_box").value == case_id
    assert f"case={case_id}" in at.code[0].value
    back = next(query for label, query in links(at).items() if label.startswith("Back to the list of "))
    assert back["show"] == ["overrides"]
    assert "case" not in back
    neighbour = links(at)["Next in the list"]["case"][0]
    assert words(visit({"case": neighbour, "show": "overrides"})).count(f"Application {neighbour}") >= 1


def test_a_typed_id_opens_the_case_and_clearing_it_leads_back(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit()
    at.text_input(key="case_box").input("  C-1007 ").run()
    assert "C-1007" in at.query_params["case"]
    assert "## Application C-1007" in words(at)
    at.text_input(key="case_box").input("").run()
    assert "case" not in at.query_params
    assert len(listed(at)) == 50


def test_an_id_that_is_not_there_is_told_with_the_nearest(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit({"case": "C-10070"})
    assert "There is no application C-10070." in words(at)
    assert f"{CASES} decisions on applications of Retail credit were searched, in snapshot" in words(at)
    assert links(at)["C-1007"]["case"] == ["C-1007"]
    held = words(visit({"case": "C-77"}))
    assert "was quarantined (d.csv, line 17): score 1.7 is not between 0 and 1." in held
    assert "Waiting for a decision that has not come" in words(visit({"case": "C-88"}))
    markup = visit({"case": "**[x](http://a)** <b>"})
    assert r"\*\*\[x\]\(http\:\/\/a\)" in markup.warning[0].value


@pytest.mark.parametrize(
    ("case_id", "sentence"),
    [("C-1008", "v2.ubj is not an XGBoost model"), ("C-1009", "The model file v3.ubj is missing")],
)
def test_without_a_model_everything_else_is_still_told(
    store: Path, use_store: Callable[[Path], None], case_id: str, sentence: str
) -> None:
    use_store(store)
    at = visit({"case": case_id})
    assert len(at.error) == 1
    said = words(at)
    assert sentence in said
    for section in ("What the system said", "What the person did", "What it was worth", "Facts", "What became of it"):
        assert section in said
    assert "Decided 3.0 h after it came in" in said


def test_a_damaged_artifact_costs_only_its_panel(tmp_path: Path, use_store: Callable[[Path], None]) -> None:
    (tmp_path / "models").mkdir()
    publish_cases(tmp_path / "store", tmp_path / "models")
    use_store(tmp_path / "store")
    file = models_folder(open_source("credit")) / "v1.ubj"
    file.write_bytes(file.read_bytes()[:500])
    at = visit({"case": "C-1000"})
    assert "v1.ubj is damaged or incomplete" in words(at)
    assert "What it was worth" in words(at)


def test_an_empty_list_offers_to_undo_what_emptied_it(store: Path, use_store: Callable[[Path], None]) -> None:
    use_store(store)
    at = visit({"show": "overrides", "channel": ["bypassed"], "team": ["North 1"]})
    assert "No applications match all of this." in words(at)
    assert not at.dataframe
    undo = {label: query for label, query in links(at).items() if label.startswith("Leave out ")}
    assert len(undo) == 2
    query = next(query for label, query in undo.items() if "channel bypassed" in label)
    assert "channel" not in query
    assert query["team"] == ["North 1"]
    count = next(label for label in undo if "channel bypassed" in label).partition(": ")[2].partition(" ")[0]
    assert f"{count} of {CASES} decisions" in words(visit(query))


def test_a_drill_by_decider_is_refused_by_the_server(
    store: Path, tmp_path: Path, use_store: Callable[[Path], None]
) -> None:
    use_store(store)
    query = {"card": "override_rate", "part": "denominator", "split": "decider", "value": "O-2", "from": "overrides"}
    at = visit(query)
    assert "Cases of single officers are protected" in words(at)
    assert not at.dataframe
    assert not at.get("download_button")
    inside = visit({**query, "case": "C-1007"})
    assert "Next in the list" not in links(inside), "nor may the neighbours tell them one by one"
    assert "Back to the list" in links(inside)
    assert not visit({**query, "split": "group_sex", "value": "f"}).dataframe
    (tmp_path / "models").mkdir()
    publish_cases(tmp_path / "store", tmp_path / "models", settings="show_deciders = true")
    use_store(tmp_path / "store")
    sql = "select case_id from facts where is_override_eligible and decider = 'O-2'"
    assert set(listed(visit(query))) == {row[0] for row in open_source("credit").rows(sql)}
    assert "fewer than 20" in words(visit({**query, "start": "2024-01", "end": "2024-01"}))


def test_one_case_and_few_columns(tmp_path: Path, use_store: Callable[[Path], None]) -> None:
    """The least a log may map: the page says what it would show with the rest."""
    (tmp_path / "models").mkdir()
    row = build_decisions(train_versions(tmp_path / "models", build_inputs()))[0]
    least = {name: row[name] for name in ("case_id", "decision_no", "decided_at", "channel", "decision")}
    publish(tmp_path / "store", [least])
    use_store(tmp_path / "store")
    at = visit()
    assert "1 of 1 decisions" in words(at)
    assert "money at stake needs decisions.gain_if_good, decisions.loss_if_bad, which this log does not map" in words(
        at
    )
    assert listed(at) == ["C-1000"]
    case = visit({"case": "C-1000"})
    said = words(case)
    assert not case.error
    assert "was not scored, so there is nothing to explain" in said
    assert "decisions.gain_if_good and decisions.loss_if_bad would show gain, loss and the break-even risk" in said
    assert (
        "With decisions.score, decisions.recommendation, decisions.model_version and model_versions.cutoff mapped"
        in said
    )
    assert "With outcomes.bad mapped, this would also show what became of the case." in said


def test_a_log_without_decisions_says_so(tmp_path: Path, use_store: Callable[[Path], None]) -> None:
    pending = {"case_id": "P-1", "decision_no": 1, "channel": "assisted", "disposition": "pending"}
    publish(tmp_path / "store", [pending])
    use_store(tmp_path / "store")
    assert "holds no decisions of Retail credit: load some first" in words(visit())
    assert "no decision yet" in words(visit({"case": "P-1"}))


def test_a_log_of_cohorts_without_dates_is_listed_and_opened(tmp_path: Path, use_store: Callable[[Path], None]) -> None:
    rows: list[dict[str, Any]] = [
        {"case_id": f"X-{i}", "decision_no": 1, "cohort": f"wave {i % 2}", "channel": "assisted", "decision": "reject",
         "recommendation": "accept", "score": 0.1 + i / 100}
        for i in range(30)
    ]  # fmt: skip
    publish(tmp_path / "store", rows)
    use_store(tmp_path / "store")
    assert set(visit().dataframe[0].value["decided"]) == {"wave 0", "wave 1"}
    said = words(visit({"case": "X-3"}))
    assert "This log has no times." in said
    assert "wave 1" in said


@pytest.mark.parametrize("damage", ["credit.duckdb", "manifest.json"])
def test_a_broken_snapshot_is_told_in_words(tmp_path: Path, use_store: Callable[[Path], None], damage: str) -> None:
    publish_random(tmp_path, decisions=200)
    folder = next(path for path in (tmp_path / "snapshots").iterdir())
    (folder / damage).write_bytes(b"not what it was" * 10)
    use_store(tmp_path)
    at = visit({"case": "C-00001"})
    assert not at.exception
    assert len(at.error) == 1
    assert "Traceback" not in words(at)


def test_the_demo_opens_every_kind_of_case(tmp_path: Path, use_store: Callable[[Path], None]) -> None:
    use_store(tmp_path)
    build_demo(6_000)
    source = open_source("credit")
    kinds = ("is_low_side", "is_high_side", "channel = 'bypassed' and score is null", "channel = 'automated'",
             "recommendation = 'refer'", "basis = 'policy'", "basis = 'input'", "not is_in_scope")  # fmt: skip
    for kind in kinds:
        case_id = source.rows(f"select case_id from facts where {kind} order by case_id limit 1")[0][0]
        at = visit({"case": case_id})
        assert not at.exception and not at.error, kind
        assert f"Application {case_id}" in words(at), kind
