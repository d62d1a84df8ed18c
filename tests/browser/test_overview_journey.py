"""The Overview in a real browser: two clicks to a case, one to a definition and back; accessible, and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from screen import check_accessible, settle, tick

FRACTURE = "start=2024-05&end=2024-08"


def test_the_bare_address_is_the_overview(url: str, page: Page):
    page.goto(url)
    settle(page, "Finding", "Can these numbers be trusted?")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator(".ed-tile")).to_have_count(5)
    heights = page.locator(".ed-tile").evaluate_all("tiles => tiles.map(tile => Math.round(tile.offsetHeight))")
    assert len(set(heights)) == 1
    expect(page.locator(".ed-tile img[alt]")).to_have_count(5)
    expect(page.get_by_role("figure")).to_have_count(2)


def test_from_what_changed_to_a_case_in_two_clicks_and_back(url: str, page: Page):
    page.goto(f"{url}/overview?{FRACTURE}")
    settle(page, "What changed, May-Aug 2024 against Jan-Apr 2024")
    page.get_by_role("link", name="Open these applications").first.click()
    settle(page, "Override rate, numerator", page.get_by_test_id("stDataFrame").first)
    assert "from=overview" in page.url and "start=2024-05" in page.url
    tick(page, table=0, row=0)
    settle(page, "What the system said", "What the person did")
    page.go_back()
    settle(page, "Override rate, numerator")
    page.get_by_role("link", name="Back to Overview").click()
    settle(page, "What changed, May-Aug 2024 against Jan-Apr 2024")


def test_contributions_open_below_what_changed(url: str, page: Page):
    page.goto(f"{url}/overview?{FRACTURE}")
    settle(page, "What changed, May-Aug 2024 against Jan-Apr 2024")
    page.get_by_text("Contributions of the groups").click()
    settle(page, "add up to the change, and so do those of the directions")
    check_accessible(page)


@pytest.mark.parametrize("path", ["/", "/overview?team=Team+02", "/overrides?team=Team+02"])
def test_a_tile_leads_to_its_definition_in_the_same_tab_and_back(url: str, page: Page, path: str):
    page.goto(url + path)
    settle(page, "Finding", page.locator(".ed-tile a").first)
    tile = page.locator(".ed-tile a").first
    expect(tile).to_have_text("Override rate")
    tile.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/definitions?*")
    settle(page, page.get_by_role("heading", level=1, name="Definitions"), "Share of eligible cases")
    assert "metric=override_rate" in page.url and ("team=Team+02" in page.url) == ("team" in path)
    assert len(page.context.pages) == 1
    page.go_back()
    settle(page, "Finding")
    assert "definitions" not in page.url


def test_a_check_leads_to_where_it_is_acted_on(url: str, page: Page):
    page.goto(f"{url}/overview?{FRACTURE}")
    settle(page, "Can these numbers be trusted?")
    page.locator(".ed-trust").get_by_role("link", name="Data").first.click()
    page.wait_for_url("**/data?*")
    settle(page, page.get_by_role("heading", level=1, name="Data"))
    assert "start=2024-05" in page.url


def test_checks_in_order_are_unfolded_by_keyboard(url: str, page: Page):
    page.goto(url)
    settle(page, "Can these numbers be trusted?")
    folded = page.get_by_text("Every outcome and every row of inputs found its decision.")
    expect(folded).to_be_hidden()
    page.locator(".ed-checks summary").focus()
    page.keyboard.press("Enter")
    expect(folded).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("query", ["", f"?{FRACTURE}"])
def test_accessible(url: str, page: Page, scheme: str, query: str):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{url}/overview{query}")
    settle(page, "Finding", "What changed", "How is this measured?")
    page.locator(".ed-checks summary").click()
    check_accessible(page)


@pytest.mark.parametrize("path", ["/", f"/overview?{FRACTURE}"])
def test_on_a_phone_nothing_is_wider_than_the_screen(url: str, page: Page, path: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(url + path)
    settle(page, "Finding", "Can these numbers be trusted?")
    page.locator(".ed-checks summary").click()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    inner = page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0 and inner <= 0
    check_accessible(page)
