"""What people do: open a link, filter, switch pages, drill to cases and back, download; at a desk, on a phone."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect
from screen import check_accessible, settle
from server import ROOT

from data.snapshots import Store

HAS_SHARED = (ROOT.parent / "shared" / "data").is_dir()


@pytest.fixture(scope="session")
def facts(store: Path):
    """Ask the facts of the demo directly."""
    folder = Store(store).folder(Store(store).current().id)
    con = duckdb.connect(str(folder / "credit.duckdb"), read_only=True)
    yield lambda sql: con.execute(sql).fetchall()
    con.close()


@pytest.fixture(scope="session")
def case_id(facts) -> str:
    return facts(
        "select f.case_id from facts f join features x using (case_id, decision_no) where is_low_side and bad "
        "and f.score is not null order by case_id limit 1"
    )[0][0]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_link_to_a_case_as_the_very_first_request(fresh_url: str, page: Page, case_id: str):
    page.goto(f"{fresh_url}/cases?use_case=credit&case={case_id}")
    settle(page, f"Application {case_id}", "What the system said", "What the person did")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_text(re.compile("Why the model said")).first).to_be_visible()


def test_filter_switch_page_reload_and_open_elsewhere(url: str, page: Page, browser: Browser, facts):
    page.goto(f"{url}/overrides")
    settle(page, "Finding")
    page.get_by_role("button", name=re.compile("^Groups")).click()
    page.get_by_label("Team", exact=True).click()
    page.get_by_role("option", name="Team 02").click()
    page.keyboard.press("Escape")
    settle(page, "team Team 02")
    page.get_by_role("link", name="Cases").first.click()
    count = facts("select count(*) from facts where is_in_scope and team = 'Team 02'")[0][0]
    settle(page, f"{count:,} of", "Open one application by its id")
    page.reload()
    settle(page, f"{count:,} of")
    assert "team=Team+02" in page.url and "snapshot=" in page.url
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    settle(elsewhere, f"{count:,} of", "Open one application by its id")
    elsewhere.close()


def figure(page: Page, split: str):
    """The breakdown of a split, found by the words a screen reader gets."""
    return page.get_by_role("figure", name=re.compile(f"^Bar chart of override rate by {split},"))


def test_drill_from_a_bar_to_a_case_and_back(url: str, page: Page, facts):
    page.goto(f"{url}/overrides?start=2024-06&end=2024-10&region=East")
    settle(page, "Finding", figure(page, "product"))
    bar = figure(page, "product").locator(".barlayer .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    behind = page.get_by_text(re.compile(r"^Override rate, numerator, product")).first
    settle(page, behind)
    product = re.search(r"product (\w+)", behind.inner_text()).group(1)
    link = page.get_by_role("link", name=re.compile("^Open all"))
    count = facts(
        "select count(*) from facts where is_override and region = 'East' and period between '2024-06' and '2024-10' "
        f"and product = '{product}'"
    )[0][0]
    assert plain(link.inner_text()) == f"Open all {count:,} in Cases"
    link.click()
    settle(page, f"The {count:,} applications behind", "Open one application by its id")
    assert "card=override_rate" in page.url and "region=East" in page.url
    page.go_back()
    settle(page, "Finding", figure(page, "product"))
    assert "region=East" in page.url and "card=" not in page.url


def test_the_csv_says_what_the_screen_says(url: str, page: Page, facts, tmp_path: Path):
    page.goto(f"{url}/overrides?start=2024-06&end=2024-10")
    settle(page, "Finding", figure(page, "segment"))
    chart = figure(page, "segment")
    chart.scroll_into_view_if_needed()
    place = chart.bounding_box()
    folded = [
        (box["y"], one)
        for one in page.get_by_text("Table and download").all()
        if (box := one.bounding_box())["y"] > place["y"] and abs(box["x"] - place["x"]) < 100
    ]
    min(folded, key=lambda item: item[0])[1].click()
    button = page.get_by_role("button", name="Download as CSV", exact=True).first
    expect(button).to_be_visible()
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(tmp_path / "segments.csv")
    with (tmp_path / "segments.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["segment"]: row for row in csv.DictReader(file)}
    exact = facts(
        "select segment, count(*), count(*) filter (is_override) from facts where is_override_eligible "
        "and period between '2024-06' and '2024-10' group by 1"
    )
    assert set(rows) == {name for name, _, _ in exact}
    value_column = next(name for name in rows[exact[0][0]] if name.startswith("override rate"))
    screen = plain(chart.inner_text())
    for name, n, y in exact:
        assert int(rows[name]["n"]) == n
        assert float(rows[name][value_column]) == pytest.approx(y / n * 100)
        assert f"{y / n * 100:.1f} %" in screen
        assert "Jun 2024 to Oct 2024" in rows[name]["scope"] and rows[name]["snapshot"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["overrides", "cases", "case"])
def test_no_serious_accessibility_violation(url: str, browser: Browser, case_id: str, scheme: str, place: str):
    visitor = browser.new_context(color_scheme=scheme, viewport={"width": 1366, "height": 900})
    page = visitor.new_page()
    address, content = {
        "overrides": ("overrides", "Finding"),
        "cases": ("cases", "Open one application by its id"),
        "case": (f"cases?case={case_id}", "What the person did"),
    }[place]
    page.goto(f"{url}/{address}")
    settle(page, content)
    check_accessible(page)
    visitor.close()


@pytest.mark.parametrize("address", ["overrides", "cases"])
def test_nothing_runs_off_a_phone(url: str, browser: Browser, address: str):
    visitor = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True)
    page = visitor.new_page()
    page.goto(f"{url}/{address}")
    settle(page, "applications")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 391
    visitor.close()


def test_what_is_not_there_is_said_in_words(url: str, page: Page):
    page.goto(f"{url}/overrides?team=Nobody&start=2019-13")
    settle(page, "There is no team Nobody in this snapshot", "is not a month")
    page.goto(f"{url}/cases?case=C-does-not-exist")
    settle(page, page.get_by_text("C-does-not-exist").first)
    expect(page.get_by_text("Traceback")).to_have_count(0)


@pytest.mark.skipif(not HAS_SHARED, reason="../shared/data is not here: the published decision logs are not loaded")
def test_the_published_reader_study_stands_on_the_page(url: str, page: Page):
    page.goto(f"{url}/overrides?use_case=readers")
    settle(page, "25.2", "Override rate by radiologist")
    screen = plain(page.locator("body").inner_text())
    assert "25.2 %" in screen and "of 1,100 eligible scan readings" in screen
    page.goto(f"{url}/cases?use_case=readers&card=low_side_override_rate&part=numerator")
    settle(page, "The 151 scan readings behind")
    page.goto(f"{url}/cases?use_case=readers&card=high_side_override_rate&part=numerator")
    settle(page, "The 126 scan readings behind")
    page.goto(f"{url}/cases?use_case=readers&card=override_rate&part=numerator&split=decider&value=Radiologist+%2311")
    settle(page, "The 38 scan readings behind")


@pytest.mark.skipif(not HAS_SHARED, reason="../shared/data is not here: the published decision logs are not loaded")
def test_the_published_pretrial_log_stands_on_the_page(url: str, page: Page):
    page.goto(f"{url}/overrides?use_case=pretrial")
    settle(page, "cannot be observed", "of 1,990 eligible hearings")
    page.goto(f"{url}/cases?use_case=pretrial&card=low_side_override_rate&part=numerator")
    settle(page, "The 29 hearings behind")
    page.goto(f"{url}/cases?use_case=pretrial&card=high_side_override_rate&part=numerator")
    settle(page, "The 809 hearings behind")


def test_no_table_offers_a_download_that_a_spreadsheet_would_run(url: str, page: Page):
    page.goto(f"{url}/cases")
    settle(page, "Open one application by its id")
    toolbar = page.locator("[data-testid=stElementToolbar]").get_by_label(re.compile("^Download as CSV"))
    expect(toolbar.first).to_be_hidden()
    expect(page.get_by_role("button", name="Download as CSV", exact=True)).to_be_visible()
