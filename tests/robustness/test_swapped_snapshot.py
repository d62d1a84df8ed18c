"""Twenty people read while snapshots are published, chosen and pruned without a pause: each page is of one of them.

The server is the real one; the readers speak its protocol. Every published snapshot is a copy of one of two, so each
page must be word for word what it is when nothing but that one is shown. The list of definitions, which has no
numbers, and the Data page, which lists the store's snapshots, have no such answer and must only not fail.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from analysis.store import _KEPT
from benchmarks.protocol import Session
from data.snapshots import NewPart, Store
from tests.browser.server import serve
from tests.unit.aside import run_aside
from tests.unit.stores import publish_random

READERS, VISITS = 20, 3
PAGES = ("", "overrides", "cases")
NAMING = ("", "overrides")  # these say on their scope line which snapshot they show
OTHERS = ("definitions", "data")
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
MORE_MEMORY = 500 * 2**20  # bytes a server may grow by in all this; an open snapshot takes a few MB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the server's open files are counted in /proc"),
]


class Swapper(threading.Thread):
    """Publishes, chooses and prunes, over and over, until told to stop; `kinds` says which of the two each id is."""

    def __init__(self, store: Store, kinds: dict[str, int]) -> None:
        super().__init__()
        self.store, self.kinds = store, kinds
        self.stopped = threading.Event()
        self.swaps = self.pruned = 0
        self.error: Exception | None = None

    def run(self) -> None:
        rng = np.random.default_rng(1)
        models = [self.store.folder(name) for name in self.kinds]
        parts = [self.store.manifest(name).parts["credit"] for name in self.kinds]
        copies = [self.store.root.parent / f"{n}.duckdb" for n in (0, 1)]
        for folder, copy in zip(models, copies, strict=True):
            shutil.copy(folder / "credit.duckdb", copy)
        try:
            while not self.stopped.wait(0.05):
                self.swaps += 1
                if self.swaps % 4 == 0:
                    kind = int(rng.integers(0, 2))
                    self._publish(copies[kind], parts[kind], kind)
                elif self.swaps % 10 == 9:
                    self.pruned += len(self.store.prune(keep=3))
                else:
                    self.store.use(str(rng.choice(self.store.ids())))
        except Exception as error:  # told by the test
            self.error = error

    def _publish(self, file: Path, part, kind: int) -> None:
        toml = (self.store.folder(self.store.current().id) / "credit.toml").read_text(encoding="utf-8")
        with self.store.writing() as work:
            copy = work / "credit.duckdb"
            shutil.copy(file, copy)
            as_of = dt.datetime.fromisoformat(part.as_of)
            new = NewPart("credit", part.label, toml, as_of, copy, part.rows, part.mapping, None, part.definitions)
            # Known before it can be read.
            made = self.store._next_id

            def next_id(now):
                name = made(now)
                self.kinds[name] = kind
                return name

            self.store._next_id = next_id
            try:
                self.store.publish(new)
            finally:
                del self.store._next_id


def normalise(session: Session) -> tuple[set[str], str]:
    """The snapshots a page names, and all it says with their ids left out."""
    said = "\n".join([session.heading, *session.texts]).replace("\\", "")
    return set(ID.findall(said)), ID.sub("SNAPSHOT", said)


async def read_alone(url: str, page: str) -> str:
    async with Session(url) as session:
        timing = await session.open(page)
        assert timing.exceptions == ()
        return normalise(session)[1]


def find_server(url: str) -> Path:
    """The folder in /proc of the server that answers at `url`: the process that this one started on its port."""
    port = url.rpartition(":")[2].encode()
    tasks = Path("/proc/self/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    servers = [c for c in children if port in Path(f"/proc/{c}/cmdline").read_bytes().split(b"\0")]
    assert len(servers) == 1
    return Path("/proc") / servers[0]


def count_open(server: Path) -> set[str]:
    found = set()
    for handle in (server / "fd").iterdir():
        try:
            found.add(os.readlink(handle))
        except FileNotFoundError:  # closed meanwhile
            continue
    return {path for path in found if ".duckdb" in path}


def read_memory(server: Path) -> int:
    line = next(line for line in (server / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_twenty_readers_of_snapshots_that_are_swapped_without_a_pause(tmp_path):
    store = Store((tmp_path / "store").resolve())
    first = publish_random(store.root, 900, seed=1)
    second = publish_random(store.root, 1_400, seed=2)
    kinds = {first.id: 0, second.id: 1}
    with serve(store.root, tmp_path / "server.log") as url:
        expected: dict[tuple[str, int], str] = {}
        for name, kind in list(kinds.items()):
            store.use(name)
            for page in PAGES:
                expected[page, kind] = run_aside(asyncio.run, read_alone(url, page))
        for page in PAGES:
            assert expected[page, 0] != expected[page, 1], f"'{page}' cannot tell the two apart"
        server = find_server(url)
        memory = read_memory(server)
        swapper = Swapper(store, kinds)
        swapper.start()
        try:
            seen = run_aside(asyncio.run, read_together(url, kinds, expected, swapper))
        finally:
            swapper.stopped.set()
            swapper.join()
        assert swapper.error is None
        assert swapper.swaps > 40 and swapper.pruned > 3 and len(seen) > 4, (swapper.swaps, swapper.pruned, seen)
        opened = count_open(server)
        # Beside those kept open, a session may still hold the last one it saw; idle for a minute, that is closed too.
        assert len(opened) <= _KEPT + READERS, opened
        assert read_memory(server) - memory < MORE_MEMORY
    log = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert "Traceback" not in log and "reference" not in log.lower(), log[-3000:]


async def read_together(url, kinds, expected, swapper) -> set[str]:
    """All readers, each with its own order of pages; the ids they saw. In the end all look once more, undisturbed."""
    seen: set[str] = set()

    def check(page: str, session: Session) -> None:
        named, said = normalise(session)
        assert len(named) == (page in NAMING), f"'{page}' speaks of {named}"
        seen.update(named)
        which = {kinds[name] for name in named} or {0, 1}
        right = [expected[page, kind] for kind in which]
        different = [sorted(set(said.splitlines()) ^ set(other.splitlines())) for other in right]
        assert said in right, f"'{page}' is of neither snapshot, or of both: {min(different, key=len)}"

    async with asyncio.TaskGroup() as group:
        sessions = [await Session(url).__aenter__() for _ in range(READERS)]

        async def read(number: int, session: Session) -> None:
            rng = np.random.default_rng([2, number])
            for page in rng.choice([*PAGES, *OTHERS], VISITS):
                timing = await session.open(str(page))
                assert timing.exceptions == (), timing.exceptions
                if page in PAGES:
                    check(str(page), session)

        readers = [group.create_task(read(number, session)) for number, session in enumerate(sessions)]
        await asyncio.gather(*readers)
        swapper.stopped.set()
        await asyncio.to_thread(swapper.join)
        for session in sessions:
            await session.open("")
            check("", session)
        for session in sessions:
            await session.__aexit__(None, None, None)
    return seen
