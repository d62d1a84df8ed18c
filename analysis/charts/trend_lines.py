"""The lines of a trend: each with its band, its points, its name at the end; stubs where a reading is refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from analysis.charts.bars import draw_fill
from analysis.charts.chart import Series
from analysis.charts.escape import escape_html, wrap
from analysis.charts.frame import Ticks, measure_text, write_note
from analysis.charts.overlays import Overlay
from analysis.charts.spread import spread
from analysis.charts.words import describe_point
from analysis.formats import format_period, format_value
from analysis.palette import Palette, fade
from analysis.reading import Reading
from data.use_case import UseCase

_BAND = 0.14  # opacity of an interval
_LINE = 15  # pixels of a line of a direct label


def draw_series(
    number: int,
    one: Series,
    periods: Sequence[str],
    immature: Collection[str],
    unit: str,
    use_case: UseCase,
    palette: Palette,
) -> list[dict[str, Any]]:
    """One series as traces: interval, line, faint line over periods not matured, and the points that can be clicked."""
    ink = palette.ink(one.meaning)
    shown = [r.value for r in one.readings]
    bare = {"type": "scatter", "hoverinfo": "skip", "mode": "lines", "x": list(range(len(periods)))}
    late = [i for i, p in enumerate(periods) if p in immature]
    solid = [None if i in late else v for i, v in enumerate(shown)]
    faint = [v if i in late or i + 1 in late else None for i, v in enumerate(shown)]
    traces: list[dict[str, Any]] = [
        _band(one, immature, periods, fade(ink.mark, _BAND)),
        {
            **bare,
            "y": solid,
            "line": {"color": ink.mark, "width": 3 if one.meaning == "person" else 2, "dash": ink.dash},
        },
    ]
    if late:
        traces.append({**bare, "y": faint, "line": {"color": fade(ink.mark, 0.7), "width": 1, "dash": "dot"}})
    at = [i for i, r in enumerate(one.readings) if r.is_shown]
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": at,
            "y": [shown[i] for i in at],
            "name": escape_html(one.label),
            "customdata": [[f"{number}-{i}"] for i in at],
            "hoverinfo": "text",
            "hovertext": [
                describe_point(one.readings[i], format_period(periods[i]), unit, use_case, of=one.label) for i in at
            ],
            "marker": {
                "color": [palette.background if i in late else ink.mark for i in at] if late else ink.mark,
                "symbol": ink.symbol.removesuffix("-open"),
                "size": 7 if len(periods) <= 24 else 6,
                "line": {"color": ink.mark, "width": 1.5},
            },
            "unselected": {"marker": {"opacity": 0.5}},
            "selected": {"marker": {"size": 11}},
        }
    )
    return traces


def _band(one: Series, immature: Collection[str], periods: Sequence[str], colour: str) -> dict[str, Any]:
    """Intervals as filled areas, one per unbroken run of matured readings with an interval."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    run: list[tuple[float, float, float]] = []
    for i, r in enumerate([*one.readings, Reading(None)]):
        if i < len(periods) and r.low is not None and r.high is not None and r.is_shown and periods[i] not in immature:
            run.append((i, r.low, r.high))
        elif run:
            if len(run) == 1:  # a single period would be an area without width
                run = [(run[0][0] + d, run[0][1], run[0][2]) for d in (-0.2, 0.2)]
            xs += [*(x for x, _, _ in run), *(x for x, _, _ in reversed(run)), None]
            ys += [*(high for _, _, high in run), *(low for _, low, _ in reversed(run)), None]
            run = []
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def draw_stubs(
    periods: Sequence[str], series: Sequence[Series], ticks: Ticks, unit: str, use_case: UseCase, palette: Palette
) -> dict[str, Any]:
    """A hatched stub on the axis where a reading is refused: a gap is not a zero."""
    at = [i for i in range(len(periods)) if any(not one.readings[i].is_shown for one in series)]
    texts = [
        "<br>".join(
            describe_point(one.readings[i], format_period(periods[i]), unit, use_case, of=one.label)
            for one in series
            if not one.readings[i].is_shown
        )
        for i in at
    ]
    return {
        "type": "bar",
        "x": at,
        "y": [ticks.high * 0.05] * len(at),
        "width": 0.7,
        "hoverinfo": "text",
        "hovertext": texts,
        "marker": draw_fill(palette.hatch, "x", size=5),
        "unselected": {"marker": {"opacity": 1}},
    }


def find_last(one: Series, immature: Collection[str], periods: Sequence[str]) -> int | None:
    """Position of the last reading that is shown, in a matured period if there is one."""
    shown = [i for i, r in enumerate(one.readings) if r.is_shown]
    mature = [i for i in shown if periods[i] not in immature]
    return max(mature or shown, default=None)


def name_lines(
    series: Sequence[Series],
    immature: Collection[str],
    periods: Sequence[str],
    ticks: Ticks,
    plot_height: float,
    unit: str,
    use_case: UseCase,
    palette: Palette,
) -> Overlay:
    """Name and last matured value beside each line's end, kept apart."""
    labels: list[tuple[str, str, float, float]] = []
    for one in series:
        last = find_last(one, immature, periods)
        value = one.readings[last].value if last is not None else None
        end = next((r.value for r in reversed(one.readings) if r.value is not None), None)
        lines = [escape_html(line) for line in _label_lines(one)]
        lines.append(f"<b>{format_value(value, unit, use_case)}</b>" if value is not None else "not shown")
        at = ((end or 0.0) - ticks.low) / (ticks.high - ticks.low) * plot_height
        labels.append(("<br>".join(lines), palette.ink(one.meaning).text, at, len(lines) * _LINE + 4.0))
    centres = spread([at for *_, at, _ in labels], [h for *_, h in labels], 0, plot_height)
    notes = [
        write_note(
            text,
            palette,
            font={"color": colour},
            xref="paper",
            x=1,
            xanchor="left",
            xshift=6,
            yref="paper",
            y=centre / plot_height,
            yanchor="middle",
        )
        for (text, colour, _, _), centre in zip(labels, centres, strict=True)
    ]
    return Overlay(annotations=notes)


def measure_labels(series: Sequence[Series], unit: str, use_case: UseCase) -> int:
    """Pixels for the direct labels at the right."""
    texts = [line for one in series for line in _label_lines(one)]
    texts += [format_value(r.value, unit, use_case) for one in series for r in one.readings[-1:] if r.value is not None]
    return 14 + round(max((measure_text(t) for t in texts), default=0))


def _label_lines(one: Series) -> list[str]:
    return wrap(one.label, 15, 2)
