"""Lines over time with their intervals, a limit, what happened, and what has not matured yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from analysis.charts.chart import Chart, Mark, Row, Series
from analysis.charts.escape import escape_html, wrap, wrap_html
from analysis.charts.frame import (
    SMALL,
    TOOLS,
    Ticks,
    build_figure,
    build_name_axis,
    build_ticks,
    build_value_axis,
    measure_text,
    write_axis_title,
    write_note,
)
from analysis.charts.overlays import FLAG, Overlay, draw_immature, draw_limit, draw_marks, draw_span
from analysis.charts.spread import spread
from analysis.charts.words import align_rows, build_row, describe_point, is_mature
from analysis.formats import format_period, format_reading, format_value
from analysis.palette import Palette, choose_palette, fade
from analysis.reading import Drill, Reading
from data.use_case import Limit, UseCase

_BAND = 0.14  # opacity of an interval
_FOOT = 38  # pixels below the plot
_LINE = 15  # pixels of a line of a direct label


def plot_trend(
    title: str, periods: Sequence[str], series: Sequence[Series], *, label: str, unit: str, use_case: UseCase,
    dark: bool = False, reading: str = "", limit: Limit | None = None, marks: Sequence[Mark] = (),
    immature: Collection[str] | None = None, selected: tuple[str, str] | None = None,
    compare: tuple[str, str] | None = None, height: int = 340,
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
    overlays = [
        draw_immature(hatched, periods, palette),
        *(draw_span(span, name, periods, palette, row=row)
          for row, (span, name) in enumerate(((compare, "compared with"), (selected, "selected"))) if span),
        *([draw_limit(limit, unit, use_case, palette)] if limit else []),
    ]  # fmt: skip
    flags = draw_marks(marks, periods, palette, height - TOOLS - _FOOT)
    if flags.rows:  # once more, now that the rows they take are known
        flags = draw_marks(marks, periods, palette, height - TOOLS - _FOOT - flags.rows * FLAG)
    margin = {"l": 8 + round(max(measure_text(t) for t in ticks.texts)), "r": _label_width(series, unit, use_case),
              "t": TOOLS + flags.rows * FLAG, "b": _FOOT}  # fmt: skip
    plot_height = height - margin["t"] - margin["b"]
    overlays += [flags, _name_lines(series, hatched, periods, ticks, plot_height, unit, use_case, palette)]
    traces = [trace for overlay in overlays for trace in overlay.traces]
    traces += [_stubs(periods, series, ticks, unit, use_case, palette)]
    for number, one in enumerate(series):
        traces += _draw_series(number, one, periods, hatched, unit, use_case, palette)
    figure = build_figure(
        traces, palette, height=height, margin=margin, xaxis=_period_axis(periods, palette),
        yaxis=build_value_axis(ticks, palette),
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        shapes=[s for o in overlays for s in o.shapes],
        annotations=[write_axis_title(label, ticks.scale.unit, palette, margin), *(a for o in overlays for a in o.annotations)],
    )  # fmt: skip
    drills, labels = _drills(series, periods)
    words = reading or describe_trend(periods, series, unit=unit, use_case=use_case, immature=hatched)
    alt = f"Line chart of {label}, {format_period(periods[0], periods[-1]) if periods else 'no periods'}. {words}"
    return Chart(figure, title, words, alt, _table(periods, series, label, unit, use_case), drills, labels, height)


def find_immature(periods: Sequence[str], series: Sequence[Series]) -> frozenset[str]:
    """Periods in which some reading waits for outcomes that are not due yet."""
    return frozenset(p for i, p in enumerate(periods) if any(not is_mature(one.readings[i]) for one in series))


def describe_trend(
    periods: Sequence[str], series: Sequence[Series], *, unit: str, use_case: UseCase, immature: Collection[str] = ()
) -> str:
    """What the last matured period shows, and what bands and hatches mean. Claims no change."""
    said = []
    for one in series:
        last = _last(one, immature, periods)
        if last is not None:
            said.append((periods[last], one.label, format_reading(one.readings[last], unit, use_case)))
    if not said:
        return "No period has enough cases to show a value; the hover says why."
    at = said[0][0]
    values = "; ".join(f"{name} {words}" + ("" if p == at else f" in {format_period(p)}") for p, name, words in said)
    tail = " Bands are 95 % intervals." + (" Hatched periods have not matured." if immature else "")
    return f"{format_period(at)}: {values}.{tail}"


def _values(series: Sequence[Series], limit: Limit | None) -> list[float]:
    shown = [v for one in series for r in one.readings for v in (r.value, r.low, r.high) if v is not None]
    return [*shown, *([limit.value] if limit else [])]


def _last(one: Series, immature: Collection[str], periods: Sequence[str]) -> int | None:
    """Position of the last reading that is shown, in a matured period if there is one."""
    shown = [i for i, r in enumerate(one.readings) if r.is_shown]
    mature = [i for i in shown if periods[i] not in immature]
    return (mature or shown or [None])[-1]


def _period_axis(periods: Sequence[str], palette: Palette) -> dict[str, Any]:
    """At most six names, evenly apart and from January where there is one; the year stands below."""
    count = len(periods)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if count / s <= 6), max(1, count // 6))
    start = next((i for i, p in enumerate(periods) if p.endswith("-01") and i < step), 0) % step
    at = list(range(start, count, step))
    names = [_short_period(periods[i], first=i == at[0]) for i in at]
    more = {"tickvals": at, "ticktext": names, "range": [-0.5, max(count, 1) - 0.5], "tickangle": 0}
    return build_name_axis(palette, **more) | {"showline": True, "linecolor": palette.axis,
                                               "tickfont": {"size": SMALL, "color": palette.muted}}  # fmt: skip


def _short_period(period: str, *, first: bool) -> str:
    """Mar 2025 as "Mar", with the year below where it begins; weeks and cohorts as they are."""
    name = format_period(period)
    if name != period and len(period) == 7 and period[4] == "-":
        return f"{name[:3]}<br>{name[4:]}" if first or period.endswith("-01") else name[:3]
    return wrap_html(period, 10, 2)


def _draw_series(
    number: int, one: Series, periods: Sequence[str], immature: Collection[str], unit: str, use_case: UseCase, palette: Palette
) -> list[dict[str, Any]]:
    ink = palette.ink(one.meaning)
    shown = [r.value for r in one.readings]
    bare = {"type": "scatter", "hoverinfo": "skip", "mode": "lines", "x": list(range(len(periods)))}
    late = [i for i, p in enumerate(periods) if p in immature]
    solid = [None if i in late else v for i, v in enumerate(shown)]
    faint = [v if i in late or i + 1 in late else None for i, v in enumerate(shown)]
    traces: list[dict[str, Any]] = [
        _band(one, immature, periods, fade(ink.mark, _BAND)),
        {**bare, "y": solid, "line": {"color": ink.mark, "width": 3 if one.meaning == "person" else 2, "dash": ink.dash}},
    ]
    if late:
        traces.append({**bare, "y": faint, "line": {"color": fade(ink.mark, 0.7), "width": 1, "dash": "dot"}})
    at = [i for i, r in enumerate(one.readings) if r.is_shown]
    traces.append(
        {
            "type": "scatter", "mode": "markers", "x": at, "y": [shown[i] for i in at], "name": escape_html(one.label),
            "customdata": [[f"{number}-{i}"] for i in at], "hoverinfo": "text",
            "hovertext": [describe_point(one.readings[i], format_period(periods[i]), unit, use_case, of=one.label) for i in at],
            "marker": {
                "color": [palette.background if i in late else ink.mark for i in at],
                "symbol": ink.symbol.removesuffix("-open"), "size": 7 if len(periods) <= 24 else 6,
                "line": {"color": ink.mark, "width": 1.5},
            },
            "unselected": {"marker": {"opacity": 0.5}}, "selected": {"marker": {"size": 11}},
        }
    )  # fmt: skip
    return traces


def _band(one: Series, immature: Collection[str], periods: Sequence[str], colour: str) -> dict[str, Any]:
    """Intervals as filled areas, one per unbroken run of matured readings with an interval."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    run: list[tuple[int, float, float]] = []
    for i, r in enumerate([*one.readings, Reading(None)]):
        if i < len(periods) and r.low is not None and r.high is not None and r.is_shown and periods[i] not in immature:
            run.append((i, r.low, r.high))
        elif run:
            forth = run if len(run) > 1 else [(run[0][0] + d, *run[0][1:]) for d in (-0.2, 0.2)]  # type: ignore[list-item]
            xs += [*(x for x, _, _ in forth), *(x for x, _, _ in reversed(forth)), None]
            ys += [*(high for _, _, high in forth), *(low for _, low, _ in reversed(forth)), None]
            run = []
    return {
        "type": "scatter", "mode": "lines", "x": xs, "y": ys, "fill": "toself", "fillcolor": colour,
        "line": {"width": 0}, "hoverinfo": "skip",
    }  # fmt: skip


def _stubs(
    periods: Sequence[str], series: Sequence[Series], ticks: Ticks, unit: str, use_case: UseCase, palette: Palette
) -> dict[str, Any]:
    """A hatched stub on the axis where a reading is refused: a gap is not a zero."""
    at = [i for i in range(len(periods)) if any(not one.readings[i].is_shown for one in series)]
    texts = [
        "<br>".join(
            describe_point(one.readings[i], format_period(periods[i]), unit, use_case, of=one.label)
            for one in series if not one.readings[i].is_shown
        )
        for i in at
    ]  # fmt: skip
    return {
        "type": "bar", "x": at, "y": [ticks.high * 0.05] * len(at), "width": 0.7, "hoverinfo": "text", "hovertext": texts,
        "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 1, "color": palette.hatch},
                   "pattern": {"shape": "x", "fgcolor": palette.hatch, "bgcolor": "rgba(0,0,0,0)", "size": 5}},
    }  # fmt: skip


def _label_lines(one: Series) -> list[str]:
    return wrap(one.label, 15, 2)


def _label_width(series: Sequence[Series], unit: str, use_case: UseCase) -> int:
    """Pixels for the direct labels at the right."""
    texts = [line for one in series for line in _label_lines(one)]
    texts += [format_value(r.value, unit, use_case) for one in series for r in one.readings[-1:] if r.value is not None]
    return 14 + round(max((measure_text(t) for t in texts), default=0))


def _name_lines(
    series: Sequence[Series], immature: Collection[str], periods: Sequence[str], ticks: Ticks, plot_height: float,
    unit: str, use_case: UseCase, palette: Palette,
) -> Overlay:  # fmt: skip
    """Name and last matured value beside each line's end, kept apart."""
    labels: list[tuple[str, str, float, float]] = []
    for one in series:
        last = _last(one, immature, periods)
        value = one.readings[last].value if last is not None else None
        end = next((r.value for r in reversed(one.readings) if r.value is not None), None)
        lines = [escape_html(line) for line in _label_lines(one)]
        lines.append(f"<b>{format_value(value, unit, use_case)}</b>" if value is not None else "not shown")
        at = ((end or 0.0) - ticks.low) / (ticks.high - ticks.low) * plot_height
        labels.append(("<br>".join(lines), palette.ink(one.meaning).text, at, len(lines) * _LINE + 4.0))
    centres = spread([at for *_, at, _ in labels], [h for *_, h in labels], 0, plot_height)
    notes = [
        write_note(
            text, palette, font={"color": colour}, xref="paper", x=1, xanchor="left", xshift=6, yref="paper",
            y=centre / plot_height, yanchor="middle",
        )
        for (text, colour, _, _), centre in zip(labels, centres, strict=True)
    ]  # fmt: skip
    return Overlay(annotations=notes)


def _drills(series: Sequence[Series], periods: Sequence[str]) -> tuple[dict[str, Drill], dict[str, str]]:
    drills, labels = {}, {}
    for number, one in enumerate(series):
        for i, drill in enumerate(one.drills):
            if drill is not None:
                drills[f"{number}-{i}"] = drill
                labels[f"{number}-{i}"] = f"{one.label}, {format_period(periods[i])}"
    return drills, labels


def _table(periods: Sequence[str], series: Sequence[Series], label: str, unit: str, use_case: UseCase) -> tuple[Row, ...]:
    rows: list[Row] = []
    for i, period in enumerate(periods):
        for one in series:
            rows.append({"period": period, "measure": one.label, **build_row(one.readings[i], label, unit, use_case)})
    return align_rows(rows)
