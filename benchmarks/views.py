"""What is asked for: the pages there are, seeded selections that hold decisions, and what each view must say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import numpy as np

from analysis.filters import COMPARE, NO_COMPARISON, Filters, shift_month
from analysis.loads import read_loads
from analysis.source import Source
from benchmarks.visit import Visit

MOST_MONTHS = 12
Parameters = Mapping[str, list[str]]
# Sections of the Data page, and a heading that only this one has.
_SECTIONS = {"loaded": "#### Files read so far", "waiting": "#### Out of scope", "snapshots": "#### One snapshot"}
_NO_BOOKS = "The books of a load"  # of a snapshot that was not made by a load


def _say_selection(source: Source, filters: Filters, own: Parameters) -> tuple[str, ...]:
    return (filters.sentence(source.use_case.word("cases")),)


def _say_metric(source: Source, filters: Filters, own: Parameters) -> tuple[str, ...]:
    """The selection and, where the address names a number, its label as the heading of its part."""
    return (*_say_selection(source, filters, own), *(f"### {source.catalog[n].label}" for n in own.get("metric", [])))


def _say_load(source: Source, filters: Filters, own: Parameters) -> tuple[str, ...]:
    """The Data page speaks of the whole load whatever is selected: the snapshot, and a heading of the section."""
    section = own.get("section", ["loaded"])[0]
    words = _SECTIONS[section] if section != "loaded" or read_loads(source).has_books else _NO_BOOKS
    return (f"snapshot {source.snapshot}", words)


def _draw_metric(source: Source, rng: np.random.Generator) -> Parameters:
    return {"metric": [str(rng.choice(sorted(source.catalog)))]}


def _draw_section(source: Source, rng: np.random.Generator) -> Parameters:
    return {"section": [str(rng.choice(sorted(_SECTIONS)))]}


def _draw_nothing(source: Source, rng: np.random.Generator) -> Parameters:
    return {}


@dataclass(frozen=True)
class Page:
    """One page of the dashboard: its address path, its heading, the words that prove a view of it, and parameters of
    its own that a deep link may carry beside the selection."""

    name: str
    path: str
    title: str
    say: Callable[[Source, Filters, Parameters], tuple[str, ...]] = _say_selection
    draw: Callable[[Source, np.random.Generator], Parameters] = _draw_nothing


# Every page that is measured. The first is the one at /.
PAGES = (
    Page("overview", "", "Overview"),
    Page("overrides", "overrides", "Overrides"),
    Page("cases", "cases", "Cases"),
    Page("definitions", "definitions", "Definitions", _say_metric, _draw_metric),
    Page("data", "data", "Data", _say_load, _draw_section),
)


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


def build_visit(source: Source, page: Page, filters: Filters, own: Parameters | None = None) -> Visit:
    """One view of a page. own: parameters beside the selection."""
    url, own = filters.to_url(), own or {}
    return Visit(
        page.name, page.path, _query({**url, **own}), page.title, _query(url), page.say(source, filters, own)
    )  # fmt: skip


def build_visits(source: Source, page: Page, count: int, seed: int) -> list[Visit]:
    """Different views of one page, as deep links."""
    rng = np.random.default_rng(seed)
    chosen = build_filters(source, count, seed)
    return [build_visit(source, page, filters, page.draw(source, rng)) for filters in chosen]


def build_case_visits(source: Source, count: int, seed: int) -> list[Visit]:
    """Different scored cases with their inputs and their model on record, so that each shows the contributions to its
    score; none where this log has no such case."""
    ids = source.rows(
        "select distinct case_id from facts f where is_in_scope and score is not null and exists "
        "(select 1 from features x where x.case_id = f.case_id and x.decision_no = f.decision_no) and exists "
        "(select 1 from model_versions v where v.model_version = f.model_version and v.artifact is not null) "
        "order by case_id"
    )
    chosen = np.random.default_rng(seed).permutation(len(ids))[:count]
    return [_build_case_visit(source, str(ids[i][0])) for i in chosen]


def _build_case_visit(source: Source, case_id: str) -> Visit:
    page = next(page for page in PAGES if page.name == "cases")
    selection = {"use_case": [source.use_case.name]}
    query = _query({**selection, "case": [case_id]})
    return Visit(page.name, page.path, query, page.title, _query(selection), ("Why the model said ", case_id))


def _query(parameters: Mapping[str, Sequence[str]]) -> str:
    return urlencode(parameters, doseq=True)
