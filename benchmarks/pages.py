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
from benchmarks.views import PAGES, Page, build_case_visits, build_visits
from benchmarks.visit import Visit, find_wrong

ROUNDS = 3  # how often each view is seen again
_WARM_UPS = 3


@dataclass(frozen=True)
class Measured:
    """One kind of visit: what it was, seconds, bytes received, and the page it belongs to."""

    page: str
    kind: str  # "new", "seen" or "one case"
    seconds: Summary
    bytes: Summary


def measure_first(url: str, visit: Visit) -> Timing:
    """The first page somebody opens after the server's start."""
    return asyncio.run(_open(url, visit))


def measure_pages(url: str, source: Source, count: int, seed: int) -> list[Measured]:
    """New and seen views of every page; RuntimeError for a visit that shows an error or something else."""
    return [m for n, page in enumerate(PAGES) for m in asyncio.run(_measure(url, source, page, count, seed + n))]


async def _measure(url: str, source: Source, page: Page, count: int, seed: int) -> list[Measured]:
    visits = build_visits(source, page, count + _WARM_UPS, seed)
    for visit in visits[count:]:  # what is loaded once per process is not what a filter costs
        await _open(url, visit)
    visits = visits[:count]
    new = [await _open(url, visit) for visit in visits]
    rng = np.random.default_rng(seed)
    order = [i for _ in range(ROUNDS) for i in rng.permutation(count)]
    seen = [await _open(url, visits[i]) for i in order]
    return [_sum_up(page.name, "new", new), _sum_up(page.name, "seen", seen)]


def measure_cases(url: str, source: Source, count: int, seed: int) -> list[Measured]:
    """One case opened with its contributions, each case for the first time; nothing where no case can be explained."""
    visits = build_case_visits(source, count + _WARM_UPS, seed)
    return [asyncio.run(_measure_cases(url, visits))] if len(visits) > _WARM_UPS else []


async def _measure_cases(url: str, visits: Sequence[Visit]) -> Measured:
    for visit in visits[:_WARM_UPS]:
        await _open(url, visit)
    return _sum_up("cases", "one case", [await _open(url, visit) for visit in visits[_WARM_UPS:]])


async def _open(url: str, visit: Visit) -> Timing:
    async with Session(url) as session:
        timing = await session.open(visit.path, visit.query_string)
    if wrong := find_wrong(visit, timing, session):
        raise RuntimeError(wrong)
    return timing


def _sum_up(page: str, kind: str, timings: Sequence[Timing]) -> Measured:
    seconds, sizes = summarise([t.seconds for t in timings]), summarise([float(t.bytes) for t in timings])
    return Measured(page, kind, seconds, sizes)
