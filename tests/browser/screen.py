"""What every browser test does: wait until a page stands still, and hold it against axe's accessibility rules."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, TimeoutError, expect

STANDING_STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
PATIENCE_MS = 30_000


def settle(page: Page, *contents: str | Locator) -> None:
    """Wait until the script has run and each of `contents` (a text, or a locator) is visible.

    Name at least one content: the state alone is reached for a moment before the first run begins.
    """
    if not contents:
        raise ValueError("settle() needs a content to expect; the script's state alone proves nothing.")
    page.wait_for_selector(STANDING_STILL, timeout=PATIENCE_MS)
    for content in contents:
        locator = page.get_by_text(content).first if isinstance(content, str) else content
        expect(locator).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_selector(STANDING_STILL, timeout=PATIENCE_MS)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=PATIENCE_MS)


def tick(page: Page, table: int, row: int) -> None:
    """Tick a row of a table, counted from 0, and wait until the address says so.

    Tables are drawn, so a row is a place and not an element, and a table takes clicks only some time after it is seen:
    a click that was not taken is made again.
    """
    before = page.url
    box = page.get_by_test_id("stDataFrame").nth(table)
    for _ in range(10):
        box.scroll_into_view_if_needed()
        page.wait_for_selector(STANDING_STILL, timeout=PATIENCE_MS)
        page.wait_for_timeout(300)
        at = box.bounding_box()
        page.mouse.click(at["x"] + 16, at["y"] + 35 * (row + 1) + 18)
        try:
            page.wait_for_url(lambda url: url != before, timeout=3_000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"Ticking row {row} of table {table} changed nothing on {before}")


def find_violations(page: Page) -> list[str]:
    """axe-core's serious and critical findings on the page as it stands, each with its elements and what to mend."""
    found: list[str] = []
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] in ("serious", "critical"):
            lines = [f"{violation['impact']} {violation['id']}: {violation['help']}"]
            for node in violation["nodes"]:
                summary = " ".join(node["failureSummary"].split())
                lines.append(f"  {' '.join(map(str, node['target']))}\n    {node['html'][:200]}\n    {summary}")
            found.append("\n".join(lines))
    return found


def check_accessible(page: Page) -> None:
    """Fail with a readable list if the page has a serious or critical accessibility violation."""
    found = find_violations(page)
    assert not found, f"{len(found)} accessibility violations on {page.url}:\n\n" + "\n\n".join(found)
