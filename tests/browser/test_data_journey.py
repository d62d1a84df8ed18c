"""An administrator's way: from a rejected record to its reason, to the file to mend, to what correcting it changes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from screen import check_accessible, settle, tick
from server import serve

from data.load import write_quarantine
from data.snapshots import Store
from tests.unit.dirty_store import EACH, build_dirty

SECTIONS = {
    "loaded": "Files read so far", "rejected": "Tick a row to open its record", "waiting": "2 pending, 1 withdrawn",
    "corrected": "nothing is published", "columns": "How to map a column", "snapshots": "One snapshot",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    build_dirty(folder)
    return folder


@pytest.fixture(scope="module")
def data_url(place: Path):
    with serve(place / "store", place / "server.log") as address:
        yield f"{address}/data"


def download(page: Page, name: str | re.Pattern[str], to: Path) -> bytes:
    button = page.get_by_role("button", name=name)
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(to)
    return to.read_bytes()


def test_from_a_record_to_its_reason_and_by_filters(data_url: str, page: Page):
    page.goto(f"{data_url}?section=rejected")
    settle(page, "61 records are in quarantine", "Records 1-50 of 61.")
    box = page.get_by_label("Reason contains")
    box.fill("is not between")
    box.press("Enter")
    settle(page, f"Records 1-{2 * EACH} of {2 * EACH} (of 61 in all).")
    tick(page, 1, 0)
    settle(
        page, page.get_by_text("Every reason"), page.get_by_role("listitem").filter(has_text="is not between 0 and 1")
    )
    expect(page.get_by_text("Percentages must be divided by 100")).to_be_visible()
    assert "record=" in page.url and "reason=" in page.url
    address = page.url
    page.reload()
    settle(page, "Every reason", f"Records 1-{2 * EACH} of {2 * EACH}")
    assert page.url == address
    page.get_by_role("button", name="Close").click()
    settle(page, "Tick a record in the list")
    page.go_back()
    settle(page, "Every reason")


def test_downloads_are_the_file_to_mend_and_a_safe_list(data_url: str, page: Page, place: Path, tmp_path: Path):
    store = Store(place / "store")
    written = write_quarantine(store.folder(store.current().id) / "credit.duckdb", tmp_path / "written")
    page.goto(f"{data_url}?section=rejected")
    settle(page, "61 records are in quarantine", "Records 1-50 of 61.")
    for path in written:
        got = download(page, re.compile(f"^To mend: {re.escape(path.name)}"), tmp_path / path.name)
        assert got == path.read_bytes()
    download(page, "List with reasons as CSV", tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 61 and {row["scope"] for row in rows} == {"61 quarantined records"}


def test_what_a_corrected_file_would_change(data_url: str, page: Page, place: Path, tmp_path: Path):
    shown = Store(place / "store").current().id
    page.goto(f"{data_url}?section=rejected")
    settle(page, "61 records are in quarantine")
    to_mend = download(page, re.compile(r"^To mend: decisions\.mend\.csv"), tmp_path / "decisions.mend.csv")
    corrected = to_mend.replace(b",1.7,", b",0.7,").replace(b",-0.2,", b",0.2,").replace(b",phone,", b",assisted,")
    (tmp_path / "decisions.mend.csv").write_bytes(corrected)
    page.get_by_role("radiogroup").get_by_text("Try a corrected file").click()
    settle(page, "nothing is published")
    page.locator("input[type=file]").set_input_files(tmp_path / "decisions.mend.csv")
    start = page.get_by_role("button", name="Check", exact=True)
    expect(start).to_be_enabled()
    start.click()
    settle(page, page.get_by_text("If decisions.mend.csv were loaded"))
    sentence = page.get_by_text(re.compile(r"^60 records read: \d+ would be accepted")).inner_text()
    accepted, new, left = map(
        int, re.search(r"(\d+) would be accepted \((\d+) new.* (\d+) would be q", sentence).groups()
    )
    assert new >= 3 * EACH and accepted + left == 60
    assert f"{accepted} of 60 quarantined records of decisions would be settled" in sentence
    expect(page.get_by_text("--append --mended decisions decisions.mend.csv")).to_be_visible()
    assert Store(place / "store").current().id == shown
    assert list((place / "store" / "checks").iterdir()) == []


def test_a_check_can_be_cancelled(data_url: str, page: Page, place: Path, tmp_path: Path):
    page.goto(f"{data_url}?section=corrected")
    settle(page, "nothing is published")
    (tmp_path / "open.csv").write_text("case,what,at,answer\n" + "P-1,pending,,\n" * 200_000, encoding="utf-8")
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="open cases").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "open.csv")
    start = page.get_by_role("button", name="Check", exact=True)
    expect(start).to_be_enabled()
    start.click()
    page.get_by_role("button", name="Cancel").click()
    settle(page, "was cancelled after")
    assert list((place / "store" / "checks").iterdir()) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_every_section_is_accessible(data_url: str, page: Page, scheme: str, width: int):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    for section, content in SECTIONS.items():
        page.goto(f"{data_url}?section={section}")
        settle(page, "Finding", page.get_by_text(content).last)
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), section
