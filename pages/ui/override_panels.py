"""The panels of the Overrides page, from the top of the page to its foot."""

from __future__ import annotations

import streamlit as st

from analysis.answer import Answer
from analysis.charts import (
    Mark,
    Part,
    Series,
    build_parts,
    build_series,
    plot_breakdown,
    plot_trend,
)  # fmt: skip
from analysis.charts.escape import escape_markdown
from analysis.findings import title_split, title_trend
from analysis.formats import format_value
from analysis.overrides import DIRECTIONS, TILES, Overrides
from analysis.reading import Drill
from analysis.source import Source
from pages.ui.headline import build_tile, show_tiles
from pages.ui.panels import is_dark, list_period, show_panel

_MEANINGS = {"override_rate": "person", "low_side_override_rate": "low_side", "high_side_override_rate": "high_side"}
_SHORT = {
    "override_rate": "all overrides",
    "low_side_override_rate": "low-side",
    "high_side_override_rate": "high-side",
}
_SPLIT_NAMES = {"model_version": "model version", "period": "cohort"}


def show_override_tiles(source: Source, page: Overrides, _: str) -> None:
    """Five tiles: value, interval, change with its own uncertainty, limit."""
    tiles = [
        build_tile(
            source, page.whole[name], page.claims.of(f"change:{name}"), page.trend[name],
            meaning=_MEANINGS.get(name, "person"),
        )
        for name in TILES
    ]  # fmt: skip
    show_tiles(source, tiles)


def show_direction_trend(source: Source, page: Overrides, scope: str) -> None:
    """The one picture: override rate with low-side and high-side, month by month, marks and limit."""
    if not source.options.is_dated:
        _show_directions(source, page, scope)
        return
    periods = source.options.periods
    series: list[Series] = [
        build_series(page.trend[name], periods, label=_SHORT[name], meaning=_MEANINGS[name]) for name in DIRECTIONS
    ]
    earlier = page.filters.earlier()
    chart = plot_trend(
        title_trend(source, page), periods, series, label="share of eligible decisions", unit="share",
        use_case=source.use_case, dark=is_dark(), limit=source.use_case.limits.get("override_rate"),
        marks=[Mark(mark.at, mark.name, mark.kind) for mark in page.marks],
        selected=list_period(page.filters), compare=list_period(earlier) if earlier else None,
    )  # fmt: skip
    show_panel(source, page.filters, chart, "trend", scope)
    if page.marks:
        with st.expander("What the marks mean"):
            st.markdown("\n".join(f"- {escape_markdown(mark.sentence)}" for mark in page.marks))


def _show_directions(source: Source, page: Overrides, scope: str) -> None:
    """The same three rates of a log without dates, whose cohorts have no order a line could follow."""
    parts = [Part(_SHORT[name], page.whole[name].reading(), Drill(name)) for name in DIRECTIONS]
    chart = plot_breakdown(
        title_trend(source, page), parts, label="share of eligible decisions", unit="share", use_case=source.use_case,
        dark=is_dark(), split="direction", limit=source.use_case.limits.get("override_rate"),
    )  # fmt: skip
    show_panel(source, page.filters, chart, "directions", scope)


def show_splits(source: Source, page: Overrides, scope: str) -> None:
    """Override rate by team, segment, product, region and model version, two beside each other."""
    columns = st.columns(2, gap="large")
    for i, (split, answers) in enumerate(page.splits.items()):
        with columns[i % 2]:
            _show_split(source, page, split, answers["override_rate"], scope)


def _show_split(source: Source, page: Overrides, split: str, answer: Answer, scope: str) -> None:
    order = sorted(part for part in answer.parts if answer.reading(part).n)
    parts = build_parts(answer, order)
    reading = ""
    if split == "team":
        parts = tuple(_with_expected(source, page, part) for part in parts)
        reading = (
            "Raw rates; the note of each bar says what its mix of cases would lead to expect. "
            "Teams are in order of their names."
        )
    chart = plot_breakdown(
        title_split(source, page, split), parts, label="override rate", unit="share", use_case=source.use_case,
        dark=is_dark(), overall=page.whole["override_rate"].reading(), split=_SPLIT_NAMES.get(split, split),
        limit=source.use_case.limits.get("override_rate"), reading=reading,
    )  # fmt: skip
    show_panel(source, page.filters, chart, f"split-{split}", scope)


def _with_expected(source: Source, page: Overrides, part: Part) -> Part:
    adjusted = page.adjusted.get(part.name)
    if adjusted is None or adjusted.expected_rate is None or not part.reading.is_shown:
        return part
    expected = format_value(adjusted.expected_rate, "share", source.use_case)
    return Part(part.name, part.reading, part.drill, f"its cases: {expected} expected")


def show_deciders(source: Source, page: Overrides, scope: str) -> None:
    """Override rate by decider, in order of their ids and only where the use case permits it."""
    answer = page.deciders
    if answer is None:
        return
    named = [name for name in sorted(answer.parts, key=_natural) if name]
    if not named:
        return
    deciders = source.use_case.word("deciders")
    refused = next((r.why for r in answer.readings if r.refusal == "protected" and r.n == 0), "")
    if refused:
        st.markdown(f"#### Override rate by {source.use_case.word('decider')}\n{escape_markdown(refused)}")
        return
    if len(named) > 60:
        st.markdown(
            f"#### Override rate by {source.use_case.word('decider')}\n{len(named)} {deciders} in this selection: "
            "choose a team to see its members. They are never ranked."
        )
        return
    chart = plot_breakdown(
        f"Override rate by {source.use_case.word('decider')}, in order of their ids", build_parts(answer, named),
        label="override rate", unit="share", use_case=source.use_case, dark=is_dark(),
        overall=page.whole["override_rate"].reading(), split=source.use_case.word("decider"),
        reading="Intervals are wide and raw rates move with the cases a person gets: a difference is a question, "
        "not a finding.",
    )  # fmt: skip
    show_panel(source, page.filters, chart, "deciders", scope)


def _natural(name: str) -> tuple[object, ...]:
    """Names with numbers in them in the order people expect: #2 before #10."""
    digits = "".join(c if c.isdigit() else " " for c in name).split()
    return ("".join(c for c in name if not c.isdigit()), *(int(d) for d in digits))
