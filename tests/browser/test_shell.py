"""The launcher around the pages: every way of starting it, the very first visit, headers, readiness and failures.

The pages here are three small ones of their own, so that what fails is the shell. It starts in another folder than the
project's and over an empty store.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from screen import check_accessible, settle
from server import ROOT, find_free_port, run_server, serve

from benchmarks.protocol import Session, Timing, visit_together

T = TypeVar("T")

PAGES = {
    "_main.py": """
import streamlit as st
pages = [
    st.Page("first.py", title="First", default=True),
    st.Page("second.py", title="Second", url_path="second"),
    st.Page("mendable.py", title="Mendable", url_path="mendable"),
    st.Page("broken.py", title="Broken", url_path="broken"),
]
st.navigation(pages).run()
""",
    "first.py": """
import streamlit as st
st.title("The first page")
st.caption("A caption under the title")
st.sidebar.caption("A caption at the side")
st.multiselect("Segment", ["retail", "business"], default=["retail"])
st.button("Do it", type="primary")
st.expander("How is this measured?", expanded=True).caption("A caption in a box")
st.markdown(":red[red] :orange[orange] :yellow[yellow] :green[green] :blue[blue] :violet[violet] :gray[gray]")
for say in (st.info, st.success, st.warning, st.error):
    say("A message with a [link](/second)")
""",
    "second.py": """
import streamlit as st
st.title("The second page")
number = st.number_input("Number", 0, 9, 3, key="number")
st.write(f"case {st.query_params.get('case', 'unknown')}, number {number}")
""",
    "mendable.py": """
from analysis.errors import UserError
raise UserError("A column is missing", "The score is not mapped.", "Map it.")
""",
    "broken.py": """
raise ValueError("the secret 4711")
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the launcher, its configuration and the packages below it, with small pages."""
    folder = tmp_path_factory.mktemp("project")
    for package in ("analysis", "data", "models", "pages/ui"):
        ignored = shutil.ignore_patterns("store", "__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    shutil.copy(ROOT / "app.py", folder)
    for name, source in PAGES.items():
        (folder / "pages" / name).write_text(source, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "server.log"


@pytest.fixture(scope="module")
def shell(project: Path, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server over the small pages and an empty store."""
    with serve(tmp_path_factory.mktemp("empty"), log, project) as address:
        yield address


def _get(address: str) -> tuple[int, Mapping[str, str], str]:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode("utf-8", "replace")


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: the browser of other tests of this worker keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _visit(url: str, page: str, query: str = "") -> tuple[Timing, list[str]]:
    async def visit() -> tuple[Timing, list[str]]:
        async with Session(url) as session:
            return await session.open(page, query), session.texts

    return _run(visit())


def _ask_for_websocket(url: str, host: str) -> int:
    """The status of a websocket's opening under this host name: 101 is agreement, 403 refusal."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    opening = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    for name, value in opening.items():
        connection.putheader(name, value)
    connection.endheaders()
    with closing(connection):
        return connection.getresponse().status


def _streamlit(app: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]


def _uvicorn(app: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(app.parent), "--port", str(port)]


def _python(app: Path, _: int) -> list[str]:
    return [sys.executable, str(app)]


@pytest.mark.parametrize("command", [_streamlit, _uvicorn, _python])
def test_every_way_of_starting_serves_a_deep_link_first(
    command: Callable[[Path, int], list[str]], project: Path, tmp_path: Path
) -> None:
    """The very first request asks for the second page; it must run through _main.py, with the project's settings."""
    port = find_free_port()
    variables = {"EXECUTION_DEBT_STORE": str(tmp_path), "STREAMLIT_SERVER_PORT": str(port)}
    with run_server(command(project / "app.py", port), port, tmp_path / "log", tmp_path, variables) as url:
        status, headers, html = _get(f"{url}/second?case=7")
        assert (status, "<title>" in html) == (200, True)
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        timing, texts = _visit(url, "second", "case=7")
        assert timing.exceptions == ()
        assert texts == ["case 7, number 3"]
        assert _get(f"{url}/ready")[0] == 503
        # Which names may be used comes from .streamlit/config.toml beside app.py, not from the current folder.
        assert _ask_for_websocket(url, f"127.0.0.1:{port}") == 101
        assert _ask_for_websocket(url, "attacker.example") == 403


def test_readiness_tells_in_words_that_there_is_no_snapshot(shell: str) -> None:
    status, _, words = _get(f"{shell}/ready")
    assert status == 503
    assert "snapshot" in words.lower()


def test_readiness_names_the_snapshot(url: str, store: Path) -> None:
    status, _, body = _get(f"{url}/ready")
    assert status == 200
    assert json.loads(body)["snapshot"] in (store / "current.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["/", "/second", "/ready", "/_stcore/health", "/static/none.js", "/favicon.png"])
def test_every_answer_carries_the_security_headers(shell: str, path: str) -> None:
    headers = _get(shell + path)[1]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_failure_is_told_by_a_reference_that_the_log_explains(shell: str, log: Path) -> None:
    timing, texts = _visit(shell, "broken")
    shown = " ".join([*timing.exceptions, *texts])
    assert "4711" not in shown
    assert "ValueError" not in shown
    reference = re.search(r"`([0-9a-f]{8})`", shown)
    assert reference is not None, shown
    said = log.read_text(encoding="utf-8")
    assert "ValueError: the secret 4711" in said.split(f"Reference {reference.group(1)}")[1]


def test_what_a_person_can_mend_is_told_in_words(shell: str) -> None:
    timing, _ = _visit(shell, "mendable")
    assert timing.exceptions == ("**A column is missing.**\n\nThe score is not mapped.\n\nMap it.",)


def test_the_protocol_client_sets_widgets_and_tells_a_missing_page(shell: str) -> None:
    async def visit() -> list[str]:
        async with Session(shell) as session:
            await session.open("second", "case=1")
            seen = list(session.texts)
            await session.rerun(widgets={"number": 8})
            seen += session.texts
            await session.rerun("case=2")
            seen += session.texts
            return [*seen, *(await session.open("nowhere")).exceptions]

    seen = _run(visit())
    assert seen[:3] == ["case 1, number 3", "case 1, number 8", "case 2, number 8"]
    assert seen[3].startswith("Page not found")


def test_visitors_together_each_get_their_page(shell: str) -> None:
    visits = [[("second", f"case={visitor}"), ("second", "")] for visitor in range(8)]
    timings = _run(visit_together(shell, visits))
    assert [len(steps) for steps in timings] == [2] * 8
    assert all(timing.exceptions == () and timing.bytes > 0 for steps in timings for timing in steps)


def test_messages_leave_at_once(project: Path) -> None:
    """On a socket bound the way Streamlit binds its own, asyncio leaves Nagle's algorithm on; the shell must not."""
    script = """
import asyncio, socket, uvicorn
from websockets.asyncio.client import connect
from app import SendAtOnce

async def tell(scope, receive, send):
    connection = send.__self__.transport.get_extra_info("socket")
    await receive()
    await send({"type": "websocket.accept"})
    said = str(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
    await send({"type": "websocket.send", "text": said})

async def ask(app):
    bound = socket.socket(socket.AF_INET)
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="websockets-sansio", log_level="error"))
    running = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        await asyncio.sleep(0.01)
    async with connect(f"ws://127.0.0.1:{bound.getsockname()[1]}/") as client:
        print(await client.recv())
    server.should_exit = True
    await running

asyncio.run(ask(SendAtOnce(tell)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project, env=os.environ, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.split() == ["True"], done.stderr


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_readable(shell: str, page: Page, scheme: str) -> None:
    """Captions, messages, tags, buttons and coloured words against axe-core's contrast rules."""
    page.emulate_media(color_scheme=scheme)
    page.goto(shell)
    settle(page, "A caption under the title", "A caption in a box", page.get_by_role("button", name="Do it"))
    background = page.get_by_test_id("stApp").evaluate("node => getComputedStyle(node).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 22, 26)"}[scheme]
    check_accessible(page)


def test_the_first_visit_of_all_may_be_a_deep_link(project: Path, page: Page, tmp_path: Path) -> None:
    with serve(tmp_path, tmp_path / "server.log", project) as url:
        page.goto(f"{url}/second?case=9")
        settle(page, "case 9, number 3")
        expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(4)
        page.close()
