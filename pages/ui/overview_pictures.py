"""The Overview's tiles and its one picture: how people decide, beside what their decisions were worth."""

from __future__ import annotations

import streamlit as st

from analysis.charts import Chart, Mark, Part, align_charts, build_series, plot_breakdown, plot_trend
from analysis.charts.escape import escape_markdown
from analysis.filters import Filters, name_month
from analysis.marks import Event
from analysis.overview import DIRECTIONS, OUTCOMES, TILES, Overview
from analysis.overview_words import name_span, title_directions, title_worth
from analysis.reading import Drill
from analysis.source import Source
from pages.ui.headline import build_tile, show_tiles
from pages.ui.panels import is_dark, list_period, show_panel

_MEANINGS = {"override_rate": "person", "low_side_override_rate": "low_side", "high_side_override_rate": "high_side",
             "low_side_value": "low_side", "outcome_coverage": "neutral"}  # fmt: skip
_SHORT = {"override_rate": "all overrides", "low_side_override_rate": "low-side",
          "high_side_override_rate": "high-side"}  # fmt: skip


def show_overview_tiles(source: Source, page: Overview, _: str) -> None:
    """Five tiles, each with its months where the reader chose none."""
    tiles = []
    for name in TILES:
        span = page.spans.outcomes if name in OUTCOMES else page.spans.behaviour
        period = "" if page.spans.is_chosen else name_span(span.now)
        tiles.append(
            build_tile(
                source,
                page.whole[name],
                page.claims.of(f"change:{name}"),
                page.trend[name],
                meaning=_MEANINGS.get(name, "person"),
                period=period,
            )
        )
    show_tiles(source, tiles)


def show_pictures(source: Source, page: Overview, scope: str) -> None:
    """Two panels over the same months, side by side where there is room."""
    has_value = any(reading.is_shown for reading in page.trend["low_side_value"].readings)
    if not source.options.is_dated:
        show_panel(source, page.filters, _plot_directions(source, page), "overview-directions", scope, "overview")
        _tell_value(page)
        return
    if not has_value:
        show_panel(source, page.everything, _plot_trend(source, page), "overview-trend", scope, "overview")
        _tell_value(page)
    else:
        both = align_charts((_plot_trend(source, page), _plot_worth(source, page)))
        names = ("overview-trend", "overview-worth")
        for column, chart, name in zip(st.columns(2, gap="large"), both, names, strict=True):
            with column:
                show_panel(source, page.everything, chart, name, scope, "overview")
    _tell_marks(source, page)


def _plot_trend(source: Source, page: Overview) -> Chart:
    """Override rate, low-side and high-side, month by month."""
    periods = source.options.periods
    series = [
        build_series(page.trend[name], periods, label=_SHORT[name], meaning=_MEANINGS[name]) for name in DIRECTIONS
    ]
    span = page.spans.behaviour
    return plot_trend(
        title_directions(source, page), periods, series, label="share of eligible decisions", unit="share",
        use_case=source.use_case, dark=is_dark(), limit=source.use_case.limits.get("override_rate"),
        marks=_marks(source, page), selected=list_period(span.now), compare=_list_before(span.before),
    )  # fmt: skip


def _plot_worth(source: Source, page: Overview) -> Chart:
    """Value per low-side override, month by month; months that have not matured are hatched."""
    periods = source.options.periods
    series = build_series(
        page.trend["low_side_value"], periods, label="per low-side override", meaning="low_side", part="denominator"
    )
    span = page.spans.outcomes
    return plot_trend(
        title_worth(source, page), periods, [series], label="value over rejecting, per low-side override",
        unit="money", use_case=source.use_case, dark=is_dark(), limit=source.use_case.limits.get("low_side_value"),
        marks=_marks(source, page), selected=list_period(span.now), compare=_list_before(span.before),
    )  # fmt: skip


def _plot_directions(source: Source, page: Overview) -> Chart:
    """The same rates of a log without dates."""
    parts = [Part(_SHORT[name], page.whole[name].reading(), Drill(name)) for name in DIRECTIONS]
    return plot_breakdown(
        title_directions(source, page), parts, label="share of eligible decisions", unit="share",
        use_case=source.use_case, dark=is_dark(), split="direction",
        limit=source.use_case.limits.get("override_rate"),
    )  # fmt: skip


def _marks(source: Source, page: Overview) -> list[Mark]:
    """Numbered: names over two narrow pictures would take more room than the pictures."""
    return [Mark(event.at, event.name, event.kind, str(i)) for i, event in _number(source, page)]


def _number(source: Source, page: Overview) -> list[tuple[int, Event]]:
    """What happened in the months shown, in order."""
    return list(enumerate((event for event in page.marks if event.at in source.options.periods), start=1))


def _tell_marks(source: Source, page: Overview) -> None:
    """The names of the numbers on the pictures, and what each was."""
    numbered = _number(source, page)
    if not numbered:
        return
    names = [f"**{i}** {escape_markdown(f'{event.name}, {name_month(event.at)}')}" for i, event in numbered]
    st.markdown("Marks: " + " · ".join(names))
    with st.expander("What the marks mean"):
        st.markdown("\n".join(f"{i}. {escape_markdown(event.sentence)}" for i, event in numbered))


def _list_before(before: Filters | None) -> tuple[str, str] | None:
    return list_period(before) if before else None


def _tell_value(page: Overview) -> None:
    """Why there is no picture of value."""
    reading = page.whole["low_side_value"].reading()
    if not reading.is_shown:
        st.markdown(f"#### Value of low-side overrides\n{escape_markdown(reading.why)}", anchors=False)
