"""Pages visited one after the other by a client that speaks Streamlit's protocol: seeded views, first new, then seen.

Every visit is a session of its own that opens a deep link, as somebody who was sent it does. What came back must say
what was asked for: a fast page of something else counts as a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import numpy as np

from analysis.filters import COMPARE, NO_COMPARISON, Filters, shift_month
from analysis.source import Source
from benchmarks.percentiles import Summary, summarise
from benchmarks.protocol import Session, Timing

PAGES = ("overrides", "cases")
MOST_MONTHS = 12
_WARM_UPS = 3


@dataclass(frozen=True)
class Visit:
    """One deep link: the page's path, its query string, and the words the page must show for the visit to count."""

    page: str
    query_string: str
    proof: str


@dataclass(frozen=True)
class Measured:
    """One kind of visit: what it was, seconds, bytes received, and the page it belongs to."""

    page: str
    kind: str  # "new", "seen" or "one case"
    seconds: Summary
    bytes: Summary


def build_filters(source: Source, count: int, seed: int) -> list[Filters]:
    """`count` different selections that hold decisions: months, a comparison, teams, segments and the other groups."""
    rng = np.random.default_rng(seed)
    found: dict[Filters, None] = {}
    tries = 0
    while len(found) < count:
        tries += 1
        if tries > 100 * count:
            raise RuntimeError(f"Only {len(found)} different selections of this log hold decisions.")
        filters = _draw(source, rng)
        where, params = filters.where()
        held = source.rows(f"select coalesce(sum(decisions), 0) from rollup_month where {where}", params)[0][0]
        if held:
            found[filters] = None
    return list(found)


def _draw(source: Source, rng: np.random.Generator) -> Filters:
    filters = Filters(source.use_case.name)
    periods = source.options.periods
    if rng.random() < 0.8:
        months = int(rng.integers(1, MOST_MONTHS + 1))
        start = periods[int(rng.integers(0, len(periods)))]
        end = min(shift_month(start, months - 1), periods[-1])
        compare = str(rng.choice(list(COMPARE))) if rng.random() < 0.5 else NO_COMPARISON
        filters = replace(filters, start=start, end=end, compare=compare)
    groups: dict[str, Any] = {}
    for name, likely in (("team", 0.4), ("segment", 0.4), ("region", 0.2), ("product", 0.2), ("channel", 0.2)):
        values = source.options.values.get(name, ())
        if len(values) > 1 and rng.random() < likely:
            chosen = rng.choice(len(values), size=min(int(rng.integers(1, 4)), len(values) - 1), replace=False)
            groups[name] = tuple(values[i] for i in sorted(chosen))
    return replace(filters, **groups)


def build_visits(source: Source, page: str, count: int, seed: int) -> list[Visit]:
    """Different views of one page."""
    cases = source.use_case.word("cases")
    return [Visit(page, _query(f.to_url()), f.sentence(cases)) for f in build_filters(source, count, seed)]


def build_case_visits(source: Source, count: int, seed: int) -> list[Visit]:
    """Different scored cases whose inputs are there, so that each shows the contributions to its score."""
    ids = source.rows(
        "select distinct case_id from facts f where is_in_scope and score is not null and exists "
        "(select 1 from features x where x.case_id = f.case_id and x.decision_no = f.decision_no) order by case_id"
    )
    if not ids:
        raise RuntimeError("No scored case of this log has inputs on record: there is nothing to explain.")
    chosen = np.random.default_rng(seed).choice(len(ids), size=min(count, len(ids)), replace=False)
    name = source.use_case.name
    return [Visit("cases", _query({"use_case": [name], "case": [ids[i][0]]}), "Why the model said ") for i in chosen]


def _query(parameters: dict[str, list[str]]) -> str:
    return urlencode(parameters, doseq=True)


def measure_first(url: str, visit: Visit) -> Timing:
    """The first page somebody opens after the server's start."""
    return asyncio.run(_open(url, visit))


def measure_pages(url: str, source: Source, count: int, seed: int) -> list[Measured]:
    """New and seen views of every page; RuntimeError for a visit that shows an error or something else."""
    return [m for n, page in enumerate(PAGES) for m in asyncio.run(_measure(url, source, page, count, seed + n))]


async def _measure(url: str, source: Source, page: str, count: int, seed: int) -> list[Measured]:
    visits = build_visits(source, page, count + _WARM_UPS, seed)
    for visit in visits[count:]:  # what is loaded once per process is not what a filter costs
        await _open(url, visit)
    visits = visits[:count]
    new = [await _open(url, visit) for visit in visits]
    order = np.random.default_rng(seed).permutation(count)
    seen = [await _open(url, visits[i]) for i in order]
    return [_sum_up(page, "new", new), _sum_up(page, "seen", seen)]


def measure_cases(url: str, source: Source, count: int, seed: int) -> Measured:
    """One case opened with its contributions, each case for the first time."""
    return asyncio.run(_measure_cases(url, build_case_visits(source, count + _WARM_UPS, seed)))


async def _measure_cases(url: str, visits: Sequence[Visit]) -> Measured:
    for visit in visits[:_WARM_UPS]:
        await _open(url, visit)
    return _sum_up("cases", "one case", [await _open(url, visit) for visit in visits[_WARM_UPS:]])


async def _open(url: str, visit: Visit) -> Timing:
    async with Session(url) as session:
        timing = await session.open(visit.page, visit.query_string)
    if timing.exceptions:
        raise RuntimeError(f"/{visit.page}?{visit.query_string} shows an error: {'; '.join(timing.exceptions)}")
    shown = "\n".join(session.texts).replace("\\", "")
    if visit.proof not in shown:
        address = f"/{visit.page}?{visit.query_string}"
        raise RuntimeError(f"{address} does not show '{visit.proof}'. It shows:\n{shown[:2000]}")
    return timing


def _sum_up(page: str, kind: str, timings: Sequence[Timing]) -> Measured:
    seconds, sizes = summarise([t.seconds for t in timings]), summarise([float(t.bytes) for t in timings])
    return Measured(page, kind, seconds, sizes)
