"""A real server and a real browser for the tests of this folder.

`url` is one server for the whole run over the demo; `fresh_url` a new one for a single test, for what only the very
first request shows. `page` fails its test at the end if the browser logged an error or asked anything outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chromium import find_chromium
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebSocket, sync_playwright
from server import build_store, serve

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROBES = ("/_stcore/health", "/_stcore/host-config")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under xdist all tests of this folder share one worker, and so one server and one browser."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store the server reads: a demo built for this run, so that no test depends on what a person has loaded."""
    built = tmp_path_factory.mktemp("store")
    build_store(built)
    return built


@pytest.fixture(scope="session")
def url(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server that all tests of the run share."""
    with serve(store, tmp_path_factory.mktemp("server") / "server.log") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run; without one the tests fail, they are not skipped."""
    path = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of so far. A test that provokes an error removes it from here."""
    return []


@pytest.fixture
def context(browser: Browser, complaints: list[str]) -> Iterator[BrowserContext]:
    """A visitor of their own, with a laptop's screen; open more pages in it for more tabs."""
    visitor = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    visitor.on("page", lambda opened: _listen(opened, complaints))
    yield visitor
    visitor.close()


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """An empty tab. At the end of the test nothing may have gone wrong in it, and nothing asked outside."""
    opened = context.new_page()
    yield opened
    assert not complaints, "The browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def fresh_url(store: Path, tmp_path: Path, context: BrowserContext) -> Iterator[str]:
    """The address of a server nobody has visited yet."""
    with serve(store, tmp_path / "server.log") as address:
        yield address
        for opened in context.pages:  # before the server goes, or the page would complain of its absence
            opened.close()


def _listen(page: Page, complaints: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        asked = message.location.get("url", "")
        # On a deep link Streamlit first looks for itself below the page's own path; the browser logs each miss.
        is_probe = "404" in message.text and urlsplit(asked).path.endswith(PROBES)
        if message.type == "error" and not is_probe:
            complaints.append(f"console: {message.text} ({asked})")

    def on_address(asked: Request | WebSocket) -> None:
        address = urlsplit(asked.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname != "127.0.0.1":
            complaints.append(f"asked outside: {asked.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("request", on_address)
    page.on("websocket", on_address)
