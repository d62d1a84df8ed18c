"""Several sessions against a real server: each keeps its websocket, changes pages and selections, and is checked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.source import Source
from analysis.store import open_source
from benchmarks.pages import measure_pages
from benchmarks.server import Server, serve
from benchmarks.sessions import build_plan, run_plan
from benchmarks.views import PAGES
from benchmarks.visitors import Action
from tests.unit.aside import run_aside
from tests.unit.stores import publish_random

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Source]]:
    root = tmp_path_factory.mktemp("store")
    publish_random(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        with serve(root, root / "server.log") as server:
            yield server, open_source("credit")


def test_every_page_shows_what_a_link_asks_for(running: tuple[Server, Source]) -> None:
    server, source = running
    found = run_aside(measure_pages, server, source, 2, seed=8)
    assert [(m.page, m.kind, m.seconds.n) for m in found] == [
        (page.name, kind, n) for page in PAGES for kind, n in (("new", 2), ("seen", 6))
    ]


def test_sessions_do_what_was_planned_and_tell_what_is_wrong(running: tuple[Server, Source]) -> None:
    server, source = running
    plan = replace(build_plan(server.url, source, seed=2, sessions=3, length=10), before=[])
    told = plan.actions[1][2]
    plan.actions[1][2] = Action(told.kind, replace(told.visit, title="Another page"))
    done, lost = run_plan(plan)
    assert lost == []
    assert len(done) == 15
    wrong = [one.wrong for one in done if one.wrong]
    assert len(wrong) == 1 and "not 'Another page'" in wrong[0]
    assert {one.page for one in done} <= {page.name for page in PAGES}


def test_a_lost_connection_is_told(running: tuple[Server, Source], tmp_path: Path) -> None:
    _, source = running
    with serve(Path(source.reader._path).parents[2], tmp_path / "server.log") as server:
        plan = build_plan(server.url, source, seed=2, sessions=1, length=2)
    with pytest.raises(RuntimeError, match="ended with 1"):
        run_plan(replace(plan, before=[]))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process's memory this way")
def test_the_servers_memory_is_read(running: tuple[Server, Source]) -> None:
    server, _ = running
    assert server.resident_bytes is not None and server.resident_bytes > 50_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the processor time of a process that runs")
def test_the_servers_processor_time_is_read(running: tuple[Server, Source]) -> None:
    server, source = running
    before = server.processor_seconds
    measured = run_aside(measure_pages, server, source, 1, seed=9)
    assert before is not None and server.processor_seconds is not None and server.processor_seconds > before > 0
    assert all(m.processor is not None for m in measured)
