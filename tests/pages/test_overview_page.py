"""The Overview in every state of the data: demo, months chosen, empty filter, one case, suppressed, columns missing,
no dates, broken."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.jobs.demo import build_demo
from analysis.store import open_source
from data.snapshots import Store
from tests.unit.overview_store import month_of, publish_log
from tests.unit.stores import publish_random

MAIN = str(Path(__file__).parents[2] / "pages" / "_main.py")


def run(query: dict[str, str | list[str]] | None = None) -> AppTest:
    """The page a bare address shows, with these parameters."""
    at = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in (query or {}).items():
        at.query_params[name] = value
    return at.run()


def plain(text: str) -> str:
    return unescape(text).replace("\\", "").replace("\u00a0", " ")


def words(at: AppTest) -> str:
    elements = (*at.title, *at.markdown, *at.info, *at.warning, *at.error)
    return "\n".join(plain(str(e.value)) for e in elements)


def tiles(at: AppTest) -> str:
    return "\n".join(plain(e.proto.body) for e in at.get("html"))


def links(at: AppTest) -> list[tuple[str, str]]:
    return [(link.proto.label, link.proto.query_string) for link in at.get("page_link")]


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


@pytest.fixture
def publish(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    return lambda months, **more: publish_log(tmp_path, months, **more)


def test_the_first_page_of_the_product_is_the_overview_of_the_latest_months(demo_store, use_store):
    use_store(demo_store)
    at = run()
    assert not at.exception and not at.error
    source = open_source("credit")
    behaved, matured = source.rows(
        "select count(*) filter (is_override_eligible and period between '2026-04' and '2026-06'),\n"
        "    count(*) filter (period between '2025-03' and '2025-05') from facts where is_in_scope"
    )[0]
    assert at.title[0].value == "Overview"
    assert "In Apr-Jun 2026 people decided differently" in words(at)
    assert f"of {behaved:,} eligible applications" in words(at)
    assert "Low-side overrides decided Mar-May 2025" in words(at)
    assert f"{source.decisions:,} of {source.decisions:,} decisions" in words(at)
    assert f"outcomes and value: {matured:,} decided Mar-May 2025" in words(at)
    assert tiles(at).count('class="ed-tile"') == 5 and tiles(at).count('<div class="note">Apr-Jun 2026</div>') == 3
    assert len(at.get("plotly_chart")) == 2
    for title in ("What changed, Apr-Jun 2026 against Jan-Mar 2026", "Can these numbers be trusted?"):
        assert title in words(at), title


def test_every_tile_leads_to_its_definition_with_the_selection_kept(demo_store, use_store):
    use_store(demo_store)
    at = run({"team": "Team 02"})
    for name in ("override_rate", "adoption", "bypass_share", "low_side_value", "outcome_coverage"):
        assert f'href="definitions?metric={name}&use_case=credit&' in tiles(at)
    assert tiles(at).count("team=Team+02") >= 5
    assert "Owner of number and limit: Head of Credit Risk" in tiles(at) and "Owner: Head of Branch Lending" in tiles(
        at
    )


def test_months_chosen_are_used_for_every_number(demo_store, use_store):
    use_store(demo_store)
    at = run({"start": "2024-05", "end": "2024-08", "compare": "period before"})
    assert not at.exception and not at.error
    assert "In May-Aug 2024 people decided differently" in words(at)
    assert "Against Jan-Apr 2024" in words(at) and "decided Mar-May" not in words(at)
    assert "Beyond" in words(at) and "(owner: Head of Credit Risk)" in words(at)
    assert "over the limit 15.0 %" in tiles(at)


def test_one_month_alone_is_an_open_period(demo_store, use_store):
    use_store(demo_store)
    at = run({"start": "2025-01"})
    assert not at.exception and not at.error
    assert "choose both months to see what changed" in words(at)


def test_a_period_that_has_not_matured_says_so_in_finding_and_tile(demo_store, use_store):
    use_store(demo_store)
    at = run({"start": "2026-02", "end": "2026-04"})
    assert not at.exception and not at.error
    assert "What low-side overrides were worth cannot be said yet. None of" in words(at)
    assert "their outcomes are not due by 12 Jul 2026" in tiles(at)


def test_what_changed_opens_its_cases_in_one_click(demo_store, use_store):
    use_store(demo_store)
    at = run({"start": "2024-05", "end": "2024-08"})
    opened = [query for label, query in links(at) if label.startswith("Open these")]
    assert opened
    assert all("from=overview" in query and "card=" in query and "start=2024-0" in query for query in opened)


def test_an_empty_filter_says_which_filter_emptied_it_and_undoes_it(demo_store, use_store):
    use_store(demo_store)
    at = run({"end": "2023-07", "model_version": "v5"})  # v5 did not exist then
    assert not at.exception and not at.error
    assert "There are no applications in this selection" in words(at)
    undo = {button.key: button for button in at.button}
    assert {"undo-end", "undo-model_version", "undo-all"} <= set(undo)
    at = undo["undo-end"].click().run()
    assert not at.exception and "There are no applications" not in words(at)


def test_one_case(publish):
    publish([tuple(rows[:1] for rows in month_of("2026-05"))])
    at = run()
    assert not at.exception and not at.error
    assert "1 application: fewer than 20, too few to be reliable" in words(at)
    assert "1 of 1 decisions" in words(at)


def test_a_small_team_shows_no_number(publish):
    decisions, outcomes = month_of("2026-05")
    for i, row in enumerate(decisions):
        row["team"] = "Small" if i < 5 else "Big"
    publish([(decisions, outcomes)])
    at = run({"team": "Small"})
    assert not at.exception and not at.error
    assert "5 applications: fewer than 20" in words(at) and "5 applications: fewer than 20" in tiles(at)


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (("shown_at",), "every assisted decision is taken to have seen it in time"),
        (("decider",), "decider (intervals take every decision for a person of its own)"),
        (("team",), "Columns missing"),
        (("gain_if_good", "loss_if_bad"), "Needs decisions.gain_if_good, decisions.loss_if_bad"),
        (("score", "model_version"), "Columns missing"),
    ],
)
def test_a_log_without_an_optional_column_says_what_it_lacks(publish, without, said):
    publish([month_of(m, low_side=3, bads=1) for m in ("2025-01", "2025-02", "2026-05", "2026-06")], without=without)
    at = run()
    assert not at.exception and not at.error
    assert said in words(at) + tiles(at)
    assert "Finding" in words(at)


def test_a_log_without_outcomes_says_that_none_came_back(publish):
    publish([month_of(m, low_side=3, known=False) for m in ("2025-01", "2025-02", "2026-05")])
    at = run()
    assert not at.exception and not at.error
    assert "No outcome of" in words(at) and "cannot be said yet" in words(at)


def test_a_log_without_dates_speaks_of_everything_at_once_and_of_no_change(publish):
    decisions, outcomes = month_of("2026-05", low_side=3, bads=1)
    for row in (*decisions, *outcomes):
        row |= {"decided_at": None, "observed_at": None, "shown_at": None, "booked_at": None}
    publish(
        [(decisions, outcomes)], as_of=None, without=("decided_at", "shown_at", "booked_at"),
        books=lambda con: con.execute("update decisions set cohort = 'all'"),
    )  # fmt: skip
    at = run()
    assert not at.exception and not at.error
    assert "People decided differently from the recommendation in" in words(at)
    assert "This log has no dates: there is no earlier period to compare with." in words(at)
    assert "no clear change" not in words(at) + tiles(at)


def test_a_log_of_scores_without_decisions_of_people_says_so(publish):
    publish([month_of("2026-05")], toml='name = "credit"\nlabel = "X"\nkind = "monitoring"\n')
    at = run()
    assert not at.exception and not at.error
    assert "without decisions of people" in words(at)


def test_no_decisions_at_all(publish):
    publish([([], [])])
    at = run()
    assert not at.exception and not at.error
    assert "There are no applications in this selection" in words(at)


def test_no_snapshot_yet(tmp_path, use_store):
    use_store(tmp_path)
    at = run()
    assert not at.exception
    assert "There are no data yet" in words(at)


@pytest.mark.parametrize("damage", ["database", "use case"])
def test_a_broken_snapshot_is_told_in_words(tmp_path, use_store, damage):
    manifest = publish_random(tmp_path, decisions=200)
    folder = Store(tmp_path).folder(manifest.id)
    if damage == "use case":
        (folder / "credit.toml").unlink()
    else:
        (folder / "credit.duckdb").write_bytes(b"not what it was" * 10)
    use_store(tmp_path)
    at = run()
    assert not at.exception and len(at.error) == 1
    assert "Traceback" not in words(at) and "Finding" not in words(at)


def test_the_page_and_the_facts_agree(demo_store, use_store):
    use_store(demo_store)
    source = open_source("credit")
    n, y = source.rows(
        "select count(*), count(*) filter (is_override) from facts where is_override_eligible and team = 'Team 02' "
        "and period between '2024-05' and '2024-08'"
    )[0]
    at = run({"team": "Team 02", "start": "2024-05", "end": "2024-08"})
    assert f"{y / n * 100:.1f} %" in words(at) and f"of {n:,} eligible applications" in words(at)
