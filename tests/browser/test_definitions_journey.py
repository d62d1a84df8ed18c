"""The Definitions page as people use it: search, links, back, keyboard, phone, both themes, and the way there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from screen import check_accessible, settle


def heading(page: Page, name: str):
    return page.get_by_role("heading", name=name, exact=True)


def test_search_answers_while_typing_and_a_link_opens_the_definition(url: str, page: Page):
    page.goto(f"{url}/definitions")
    settle(page, heading(page, "All numbers"))
    box = page.get_by_label("Search numbers and words")
    box.press_sequentially("what does bypassed mean", delay=20)  # no Enter
    settle(page, "channel: a person decided without the system.")
    expect(heading(page, "All numbers")).to_have_count(0)
    box.fill("xylophone")
    settle(page, "Nothing found for 'xylophone'")
    box.fill("value low-side")
    link = page.get_by_role("link", name="Value per low-side override")
    settle(page, link.first)
    link.first.click()
    settle(page, heading(page, "Value per low-side override"), "Worked example")
    expect(box).to_have_value("")
    assert "metric=low_side_value" in page.url and "snapshot=" in page.url
    page.get_by_role("link", name="Adoption", exact=True).click()
    settle(page, heading(page, "Adoption"))
    page.go_back()
    settle(page, heading(page, "Value per low-side override"))


def test_a_link_as_the_very_first_request_shows_that_definition_first(fresh_url: str, page: Page):
    page.goto(f"{fresh_url}/definitions?metric=override_rate&team=Team+02")
    settle(page, heading(page, "Override rate"), "team Team 02", "1 / 2 = 50.0 %")
    top = heading(page, "Override rate").bounding_box()
    everything = heading(page, "All numbers").bounding_box()
    assert top and everything and top["y"] < everything["y"]
    page.get_by_role("button", name=re.compile("^Copy link")).click()
    copied = page.get_by_text(re.compile(r"definitions\?.*metric=override_rate")).first
    settle(page, copied)
    assert copied.inner_text().startswith(fresh_url) and "team=Team+02" in copied.inner_text()


def test_an_unknown_number_is_said_with_a_way_on(url: str, page: Page):
    page.goto(f"{url}/definitions?metric=overide_rate")
    settle(page, "There is no number called 'overide_rate'")
    page.get_by_role("link", name="Override rate", exact=True).first.click()
    settle(page, heading(page, "Override rate"), "Worked example")


def test_how_is_this_measured_leads_to_the_definition_and_its_cases(url: str, page: Page):
    page.goto(f"{url}/overrides?team=Team+02")
    settle(page, "How is this measured?")
    page.get_by_text("How is this measured?").click()
    settle(page, "Worked example", "The SQL that ran")
    page.get_by_role("link", name=re.compile("^Its whole definition")).click()
    settle(page, heading(page, "Override rate"), "team Team 02")
    page.get_by_role("link", name="The applications it counts").click()
    settle(page, "applications behind", "team Team 02")


def test_words_unfold(url: str, page: Page):
    page.goto(f"{url}/definitions")
    settle(page, heading(page, "Words"))
    page.get_by_text(re.compile(r"^Helper columns \(\d+\)$")).click()
    settle(page, "an override of a recommendation to reject (the person accepted)")


def test_the_keyboard_reaches_search_and_links(url: str, page: Page):
    page.goto(f"{url}/definitions?metric=low_side_value")
    settle(page, heading(page, "All numbers"))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(
            "(e => e.getAttribute('aria-label') || e.innerText || e.tagName)(document.activeElement)"
        ).strip())  # fmt: skip
    assert {"Search numbers and words", "Worked example of Value per low-side override", "Adoption"} <= reached
    page.get_by_role("link", name="Adoption", exact=True).focus()
    page.keyboard.press("Enter")
    settle(page, heading(page, "Adoption"))


@pytest.mark.parametrize("address", ["definitions", "definitions?metric=low_side_value"])
def test_nothing_runs_off_a_phone(url: str, browser: Browser, address: str):
    visitor = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True)
    page = visitor.new_page()
    page.goto(f"{url}/{address}")
    settle(page, heading(page, "All numbers"), heading(page, "Words"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 391
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain] p, dt, dd, pre, .ed-worked')]"
        ".map(e => e.getBoundingClientRect().right))"
    )
    assert right <= 391
    visitor.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["list", "definition", "search", "measured"])
def test_readable_for_everyone(url: str, browser: Browser, scheme: str, place: str):
    visitor = browser.new_context(color_scheme=scheme, viewport={"width": 1366, "height": 900})
    page = visitor.new_page()
    address = {"definition": "definitions?metric=low_side_value&team=Team+02", "measured": "overrides"}.get(
        place, "definitions"
    )
    page.goto(f"{url}/{address}")
    if place == "search":
        settle(page, heading(page, "All numbers"))
        page.get_by_label("Search numbers and words").fill("override")
        settle(page, "Found for 'override'")
    elif place == "measured":
        settle(page, "How is this measured?")
        page.get_by_text("How is this measured?").click()
        settle(page, "Worked example", "The SQL that ran")
    else:
        settle(page, heading(page, "All numbers"))
    check_accessible(page)
    visitor.close()
