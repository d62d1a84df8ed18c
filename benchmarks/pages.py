"""Pages visited one after the other by a client that speaks Streamlit's protocol: seeded views, first new, then seen.

Every visit is a session of its own that opens a deep link, as somebody who was sent it does. What came back must say
what was asked for: a fast page of something else counts as a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.source import Source
from benchmarks.percentiles import Summary, summarise
from benchmarks.protocol import Session, Timing
from benchmarks.server import Server
from benchmarks.views import PAGES, Page, build_case_visits, build_visits
from benchmarks.visit import Visit, find_wrong

ROUNDS = 3  # how often each view is seen again
_WARM_UPS = 3


@dataclass(frozen=True)
class Measured:
    """One kind of visit: what it was, seconds, bytes received, and the page it belongs to.

    processor: the server's processor seconds a visit, the mean; None where the system does not tell.
    """

    page: str
    kind: str  # "new", "seen" or "one case"
    seconds: Summary
    bytes: Summary
    processor: float | None = None


def measure_first(server: Server, visit: Visit) -> Timing:
    """The first page somebody opens after the server's start."""
    return asyncio.run(_open(server.url, visit))


def measure_pages(server: Server, source: Source, count: int, seed: int) -> list[Measured]:
    """New and seen views of every page; RuntimeError for a visit that shows an error or something else."""
    return [m for n, page in enumerate(PAGES) for m in asyncio.run(_measure(server, source, page, count, seed + n))]


async def _measure(server: Server, source: Source, page: Page, count: int, seed: int) -> list[Measured]:
    visits = build_visits(source, page, count + _WARM_UPS, seed)
    for visit in visits[count:]:  # what is loaded once per process is not what a filter costs
        await _open(server.url, visit)
    visits = visits[:count]
    new = await _open_all(server, page.name, "new", visits)
    rng = np.random.default_rng(seed)
    order = [i for _ in range(ROUNDS) for i in rng.permutation(count)]
    return [new, await _open_all(server, page.name, "seen", [visits[i] for i in order])]


def measure_cases(server: Server, source: Source, count: int, seed: int) -> list[Measured]:
    """One case opened with its contributions, each case for the first time; nothing where no case can be explained."""
    visits = build_case_visits(source, count + _WARM_UPS, seed)
    return [asyncio.run(_measure_cases(server, visits))] if len(visits) > _WARM_UPS else []


async def _measure_cases(server: Server, visits: Sequence[Visit]) -> Measured:
    for visit in visits[:_WARM_UPS]:
        await _open(server.url, visit)
    return await _open_all(server, "cases", "one case", visits[_WARM_UPS:])


async def _open_all(server: Server, page: str, kind: str, visits: Sequence[Visit]) -> Measured:
    before = server.processor_seconds
    timings = [await _open(server.url, visit) for visit in visits]
    after = server.processor_seconds
    seconds, sizes = summarise([t.seconds for t in timings]), summarise([float(t.bytes) for t in timings])
    processor = None if before is None or after is None else (after - before) / len(visits)
    return Measured(page, kind, seconds, sizes, processor)


async def _open(url: str, visit: Visit) -> Timing:
    async with Session(url) as session:
        timing = await session.open(visit.path, visit.query_string)
    if wrong := find_wrong(visit, timing, session):
        raise RuntimeError(wrong)
    return timing
