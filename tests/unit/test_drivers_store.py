"""What changed, asked of real snapshots: adds up to the tiles, opens the cases it names, and speaks in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.answer import answer_cards
from analysis.case_drill import build_drill_condition, read_drill
from analysis.compare import compare_periods
from analysis.drivers import CARDS, HIGH_SIDE, Driver, WhatChanged, describe_what_changed, explain_changes
from analysis.filters import Filters
from analysis.jobs.demo import build_demo
from analysis.measures import build_measures
from analysis.source import Source
from analysis.store import open_source
from benchmarks.truth_drivers import LARGE, PLANTED, RISE, explain_page
from data.demo.officers import FRACTURE_TEAMS, TEAMS
from data.demo.truths import planted
from tests.unit.stores import publish_random

HALF_YEAR = Filters("credit", "2025-01", "2025-12", compare="period before")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    root = tmp_path_factory.mktemp("random")
    publish_random(root, 6000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        return open_source("credit")


@pytest.fixture(scope="module")
def what(source: Source) -> WhatChanged:
    return explain_changes(source, HALF_YEAR, HALF_YEAR.earlier())


def test_the_change_is_the_tiles_change(source: Source, what: WhatChanged) -> None:
    before = HALF_YEAR.earlier()
    assert before is not None
    now, then = (answer_cards(source, CARDS, filters) for filters in (HALF_YEAR, before))
    assert [item.name for item in what.items] == list(CARDS)
    for item in what.items:
        assert item.now == now[item.name].reading()
        if item.parts:
            assert replace(item.change, is_claimed=False) == compare_periods(now[item.name], then[item.name])[0]


def _sum(drivers: list[Driver]) -> float:
    return sum(driver.contribution.difference or 0.0 for driver in drivers)


def test_parts_and_mix_of_every_split_add_up_to_the_change(what: WhatChanged) -> None:
    compared = 0
    for item in what.items:
        for split, count in item.compared:
            parts = [driver for driver in item.parts if driver.split == split]
            assert len({driver.part for driver in parts}) == count
            mix = [driver for driver in item.mixes if driver.split == split]
            if sum({driver.part: driver.weight for driver in parts}.values()) > 1 - 1e-9:
                assert _sum([*parts, *mix]) == pytest.approx(item.change.difference, abs=1e-12, rel=1e-12)
                compared += 1
    assert compared >= 12
    directions = list(what.item("override_rate").directions)
    assert _sum(directions) == pytest.approx(what.item("override_rate").change.difference, abs=1e-12)


def test_every_comparison_counts_once(what: WhatChanged) -> None:
    tested = [
        reading.p_value
        for item in what.items
        for reading in (item.change, *(d.excess for d in (*item.directions, *item.parts, *item.mixes)))
    ]
    assert what.inspected == sum(p is not None for p in tested) > 60


def test_a_random_log_has_no_drivers(source: Source, what: WhatChanged) -> None:
    assert not what.is_anything_claimed
    texts = [said.text for said in describe_what_changed(source, what)]
    assert sum("no clear change" in text for text in texts) >= 3


def test_a_drill_opens_the_cases_its_contribution_counts(source: Source, what: WhatChanged) -> None:
    """Overrides of one direction in one group: the cases listed are the numerator of the rate now."""
    driver = next(d for d in what.item("override_rate").parts if d.direction == HIGH_SIDE and d.split == "team")
    assert driver.drill is not None
    read, problems = read_drill(source, driver.drill.to_url())
    assert read == driver.drill and not problems
    condition, values = build_drill_condition(source, driver.drill)
    where, params = what.now.where(rollup=False)
    listed = source.rows(f"select count(*) from facts where {where} and {condition}", {**params, **values})[0][0]
    counted = answer_cards(source, ["high_side_override_rate"], what.now, "team")["high_side_override_rate"]
    assert listed == counted.reading(driver.part).numerator > 20


def test_two_queries_hold_all_contributions(what: WhatChanged, source: Source) -> None:
    queries = dict(what.queries)
    assert len(queries) == 4
    measures = build_measures(source.catalog["override_rate"])
    assert measures.denominator is not None
    query = queries["contributions, now"]
    rows = source.rows(
        f"select split, sum({query.columns[measures.denominator.name]}) from ({query.sql}) group by all", query.params
    )
    assert len(rows) == 6 and len({total for _, total in rows}) == 1


@pytest.mark.parametrize(
    ("filters", "words"),
    [(Filters("credit"), "All periods are selected"), (Filters("credit", "2025-01", "2025-03"), "No comparison")],
)
def test_without_an_earlier_period_it_says_why(source: Source, filters: Filters, words: str) -> None:
    what = explain_changes(source, filters, filters.earlier())
    assert not what.items and words in what.why
    assert [said.text for said in describe_what_changed(source, what)] == [what.why]


def test_a_period_without_cases_says_so(source: Source) -> None:
    empty = replace(HALF_YEAR, start="2010-01", end="2010-12")
    what = explain_changes(source, empty, empty.earlier())
    texts = [said.text for said in describe_what_changed(source, what)]
    assert texts[0] == "Override rate: No such applications in this selection."
    assert not what.inspected


def test_sentences_of_a_planted_rise(source: Source) -> None:
    page = explain_page(3, LARGE, planted=PLANTED, spread=RISE)
    said = describe_what_changed(source, WhatChanged(HALF_YEAR, HALF_YEAR.earlier(), tuple(page.values())))
    texts = [s.text.replace("\u00a0", " ") for s in said if s.card == "override_rate"]
    assert texts[0].startswith("The override rate rose by ") and " points (" in texts[0] and texts[0].endswith(" %.")
    assert texts[1].startswith('High-side overrides ("approve" recommended, declined) account for ')
    assert " points of it (" in texts[1] and "; of these, team " in texts[1]
    assert texts[1].endswith(" % of applications would bring.")
    assert texts[2].startswith('Low-side overrides ("decline" recommended, approved) are no clear part of it: ')
    assert texts[3].startswith("The changed mix of applications between teams ")
    named = next(s for s in said if "; of these" in s.text)
    assert named.drill is not None and named.drill.card == "high_side_override_rate"
    assert named.filters is not None
    assert set(named.filters.team) == {driver.part for driver in page["override_rate"].drivers}


def test_a_fall_is_told_in_its_own_direction(source: Source) -> None:
    page = explain_page(3, LARGE, planted=-0.06, spread=-0.02)
    item = page["override_rate"]
    assert item.change.is_claimed and (item.change.difference or 0) < 0
    (size, high, *_) = describe_what_changed(source, WhatChanged(HALF_YEAR, None, (item,)))
    assert size.text.startswith("The override rate fell by ") and "-" not in size.text
    assert "account for" in high.text and "-" not in high.text.removeprefix("High-side")


def test_a_rise_everywhere_is_said_to_be_spread(source: Source) -> None:
    item = explain_page(1, LARGE, spread=0.05)["override_rate"]
    assert item.spread
    texts = [s.text for s in describe_what_changed(source, WhatChanged(HALF_YEAR, None, (item,)))]
    assert "It is spread over all 12 teams: none stands out, nor does a region, a segment or a product." in texts


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Source:
    root = Path(tmp_path_factory.mktemp("demo"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        build_demo(60_000)
        return open_source("credit")


def test_13_the_fracture_names_high_side_overrides_and_the_planted_teams(demo: Source) -> None:
    fracture = Filters("credit", "2024-05", "2024-08", compare="period before")
    what = explain_changes(demo, fracture, fracture.earlier())
    item, three = what.item("override_rate"), {TEAMS[t] for t in FRACTURE_TEAMS}
    assert item.change.is_claimed and (item.change.difference or 0) > 0
    named = {driver.part for driver in item.drivers}
    assert named and named <= three
    assert {driver.direction for driver in item.drivers} == {HIGH_SIDE}
    all_three = [d for d in item.parts if d.part in three and d.direction == HIGH_SIDE]
    assert _sum(all_three) > planted("fracture_teams", "least_share") * _sum([item.directions[1]]) * 0.8
    text = next(s.text for s in describe_what_changed(demo, what) if "; of these" in s.text)
    assert text.startswith("High-side overrides")
    assert all(part in text for part in named)
    assert not any(team in text for team in TEAMS if team not in three)


def test_13_the_steady_year_claims_nothing(demo: Source) -> None:
    steady = Filters("credit", "2026-01", "2026-03", compare="period before")
    what = explain_changes(demo, steady, steady.earlier())
    assert what.inspected > 60 and not what.is_anything_claimed
    assert not any(item.drivers for item in what.items)
