"""Lines over time with their intervals, a limit, what happened, and what has not matured yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from analysis.charts.chart import Chart, Mark, Row, Series
from analysis.charts.escape import wrap_html
from analysis.charts.frame import (
    SMALL,
    TOOLS,
    build_figure,
    build_name_axis,
    build_ticks,
    build_value_axis,
    measure_text,
    write_axis_title,
)
from analysis.charts.overlays import FLAG, Overlay, draw_immature, draw_limit, draw_marks, draw_span
from analysis.charts.trend_lines import draw_series, draw_stubs, find_last, measure_labels, name_lines
from analysis.charts.words import align_rows, build_row, is_mature
from analysis.formats import format_period, format_reading
from analysis.palette import Palette, choose_palette
from analysis.reading import Drill
from data.use_case import Limit, UseCase

_FOOT = 38  # pixels below the plot


def plot_trend(
    title: str, periods: Sequence[str], series: Sequence[Series], *, label: str, unit: str, use_case: UseCase,
    dark: bool = False, reading: str = "", limit: Limit | None = None, marks: Sequence[Mark] = (),
    immature: Collection[str] | None = None, selected: tuple[str, str] | None = None,
    compare: tuple[str, str] | None = None, height: int = 300,
) -> Chart:  # fmt: skip
    """One to four measures of one unit over the same periods (months, ISO weeks or cohorts, in order).

    label: what the value axis shows. immature: periods to hatch; None takes those in which a reading has not matured.
    selected, compare: first and last period of the page's choice. A refused reading is a gap with a hatched stub that
    says why. Drill ids are "series-position". ValueError where a series has not one reading per period.
    """
    for one in series:
        if len(one.readings) != len(periods):
            raise ValueError(f"series {one.label!r} has {len(one.readings)} readings for {len(periods)} periods")
    palette = choose_palette(dark)
    hatched = find_immature(periods, series) if immature is None else frozenset(immature)
    ticks = build_ticks(_values(series, limit), unit, use_case)
    overlays = _draw_ground(hatched, selected, compare, limit, periods, unit, use_case, palette)
    flags = draw_marks(marks, periods, palette, height - TOOLS - _FOOT)
    height += flags.rows * FLAG  # names of marks stand above the plot, they do not squeeze it
    margin = {
        "l": 8 + round(max(measure_text(t) for t in ticks.texts)),
        "r": measure_labels(series, unit, use_case),
        "t": TOOLS + flags.rows * FLAG,
        "b": _FOOT,
    }
    plot_height = height - margin["t"] - margin["b"]
    overlays += [flags, name_lines(series, hatched, periods, ticks, plot_height, unit, use_case, palette)]
    traces = [trace for overlay in overlays for trace in overlay.traces]
    traces += [draw_stubs(periods, series, ticks, unit, use_case, palette)]
    for number, one in enumerate(series):
        traces += draw_series(number, one, periods, hatched, unit, use_case, palette)
    figure = build_figure(
        traces,
        palette,
        height=height,
        margin=margin,
        xaxis=_period_axis(periods, palette),
        yaxis=build_value_axis(ticks, palette),
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        shapes=[s for o in overlays for s in o.shapes],
        annotations=[
            write_axis_title(label, ticks.scale.unit, palette, margin),
            *(a for o in overlays for a in o.annotations),
        ],
    )
    drills, labels = _drills(series, periods)
    words = reading or describe_trend(periods, series, unit=unit, use_case=use_case, immature=hatched)
    alt = f"Line chart of {label}, {format_period(periods[0], periods[-1]) if periods else 'no periods'}. {words}"
    return Chart(figure, title, words, alt, _table(periods, series, label, unit, use_case), drills, labels, height)


def _draw_ground(
    hatched: Collection[str], selected: tuple[str, str] | None, compare: tuple[str, str] | None, limit: Limit | None,
    periods: Sequence[str], unit: str, use_case: UseCase, palette: Palette,
) -> list[Overlay]:  # fmt: skip
    """What lies under the lines: periods not matured, the two periods chosen, the agreed limit."""
    spans = enumerate(((compare, "compared with"), (selected, "selected")))
    return [
        draw_immature(hatched, periods, palette),
        *(draw_span(span, name, periods, palette, row=row) for row, (span, name) in spans if span),
        *([draw_limit(limit, unit, use_case, palette)] if limit else []),
    ]


def find_immature(periods: Sequence[str], series: Sequence[Series]) -> frozenset[str]:
    """Periods in which some reading waits for outcomes that are not due yet."""
    return frozenset(p for i, p in enumerate(periods) if any(not is_mature(one.readings[i]) for one in series))


def describe_trend(
    periods: Sequence[str], series: Sequence[Series], *, unit: str, use_case: UseCase, immature: Collection[str] = ()
) -> str:
    """What the last matured period shows, and what bands and hatches mean. Claims no change."""
    said = []
    for one in series:
        last = find_last(one, immature, periods)
        if last is not None:
            said.append((periods[last], one.label, format_reading(one.readings[last], unit, use_case)))
    if not said:
        return "No period has enough cases to show a value; the hover says why."
    at = said[0][0]
    values = "; ".join(f"{name} {words}" + ("" if p == at else f" in {format_period(p)}") for p, name, words in said)
    tail = " Bands are 95\u00a0% intervals." + (" Hatched periods have not matured." if immature else "")
    return f"{format_period(at)}: {values}.{tail}"


def _values(series: Sequence[Series], limit: Limit | None) -> list[float]:
    shown = [v for one in series for r in one.readings for v in (r.value, r.low, r.high) if v is not None]
    return [*shown, *([limit.value] if limit else [])]


def _period_axis(periods: Sequence[str], palette: Palette) -> dict[str, Any]:
    """At most six names, evenly apart and from January where there is one; the year stands below."""
    count = len(periods)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if count / s <= 6), max(1, count // 6))
    start = next((i for i, p in enumerate(periods) if p.endswith("-01") and i < step), 0) % step
    at = list(range(start, count, step))
    names = [_short_period(periods[i], first=i == at[0]) for i in at]
    more = {"tickvals": at, "ticktext": names, "range": [-0.5, max(count, 1) - 0.5], "tickangle": 0}
    return build_name_axis(palette, **more) | {
        "showline": True,
        "linecolor": palette.axis,
        "tickfont": {"size": SMALL, "color": palette.muted},
    }


def _short_period(period: str, *, first: bool) -> str:
    """Mar 2025 as "Mar", with the year below where it begins; weeks and cohorts as they are."""
    name = format_period(period)
    if name != period and len(period) == 7 and period[4] == "-":
        return f"{name[:3]}<br>{name[4:]}" if first or period.endswith("-01") else name[:3]
    return wrap_html(period, 10, 2)


def _drills(series: Sequence[Series], periods: Sequence[str]) -> tuple[dict[str, Drill], dict[str, str]]:
    drills, labels = {}, {}
    for number, one in enumerate(series):
        for i, drill in enumerate(one.drills):
            if drill is not None:
                drills[f"{number}-{i}"] = drill
                labels[f"{number}-{i}"] = f"{one.label}, {format_period(periods[i])}"
    return drills, labels


def _table(
    periods: Sequence[str], series: Sequence[Series], label: str, unit: str, use_case: UseCase
) -> tuple[Row, ...]:
    rows: list[Row] = []
    for i, period in enumerate(periods):
        for one in series:
            rows.append({"period": period, "measure": one.label, **build_row(one.readings[i], label, unit, use_case)})
    return align_rows(rows)
