"""Does accepting against the recommendation pay? Bad rates against the rate at which it stops paying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.charts.bars import draw_fill, draw_names_axis, draw_whiskers, measure_names, write_beside
from analysis.charts.chart import Chart, Row
from analysis.charts.escape import escape_html
from analysis.charts.frame import TOOLS, build_figure, build_ticks, build_value_axis, write_axis_title, write_note
from analysis.charts.words import align_rows, build_row, convert_raw, describe_point, describe_refusal
from analysis.formats import format_count, format_reading, format_value
from analysis.palette import Palette, choose_palette
from analysis.reading import PROTECTED, Drill, Reading
from data.use_case import UseCase

_ROW, _FOOT = 56, 28


@dataclass(frozen=True)
class AgainstBreakEven:
    """One row: bad rate of low-side overrides, the break-even of the same cases, the rate of cases as recommended."""

    name: str
    bad_rate: Reading
    break_even: Reading
    as_recommended: Reading | None = None
    drill: Drill | None = None


def plot_value_against_break_even(
    title: str,
    rows: Sequence[AgainstBreakEven],
    *,
    label: str,
    use_case: UseCase,
    dark: bool = False,
    reading: str = "",
    low_side_name: str = "low-side overrides",
    split: str = "group",
) -> Chart:
    """A dot with its interval per row, a tall tick at break-even, a diamond for what was accepted as recommended.

    Left of the tick accepting paid, right of it it cost. Drill ids are positions in `rows`.
    """
    palette = choose_palette(dark)
    accepted = f"{use_case.word('accepted')} as recommended"
    readings = [r for row in rows for r in (row.bad_rate, row.break_even, row.as_recommended) if r is not None]
    ticks = build_ticks([v for r in readings for v in (r.value, r.low, r.high) if v is not None], "share", use_case)
    margin = {"l": measure_names([r.name for r in rows]), "r": 64, "t": TOOLS + 48, "b": _FOOT}
    height = margin["t"] + margin["b"] + max(1, len(rows)) * _ROW
    notes = [write_axis_title(label, "%", palette, margin), *_key(low_side_name, accepted, palette, margin)]
    for i, row in enumerate(rows):
        value = row.bad_rate.value
        first = (
            f"<i>{describe_refusal(row.bad_rate)}</i>"
            if value is None
            else f"<b>{format_value(value, 'share', use_case)}</b>"
        )
        second = "" if row.bad_rate.refusal == PROTECTED else f"<br>n {format_count(row.bad_rate.n, use_case)}"
        notes.append(write_beside(i, first + second, palette))
    figure = build_figure(
        _dots(rows, low_side_name, accepted, use_case, palette, ticks.high),
        palette,
        height=height,
        margin=margin,
        xaxis=build_value_axis(ticks, palette),
        yaxis=draw_names_axis([r.name for r in rows], palette),
        annotations=notes,
    )
    drills = {str(i): r.drill for i, r in enumerate(rows) if r.drill is not None and r.bad_rate.refusal != PROTECTED}
    words = reading or describe_break_even(rows, use_case=use_case)
    table: list[Row] = [_table_row(row, label, split, use_case) for row in rows]
    alt = f"Dot plot of {label} of {low_side_name} against break-even by {split}. {words}"
    return Chart(figure, title, words, alt, align_rows(table), drills, {i: rows[int(i)].name for i in drills}, height)


def describe_break_even(rows: Sequence[AgainstBreakEven], *, use_case: UseCase) -> str:
    """Each row's rate beside its break-even, and whether the interval lies on one side of it."""
    said = []
    for row in rows:
        rate, edge = row.bad_rate, row.break_even.value
        if not rate.is_shown or edge is None:
            continue
        side = "not told apart from it"
        if rate.high is not None and rate.high < edge:
            side = "below it: these paid"
        elif rate.low is not None and rate.low > edge:
            side = "above it: these cost money"
        said.append(
            f"{row.name}: {format_reading(rate, 'share', use_case)}, "
            f"break-even {format_value(edge, 'share', use_case)}, {side}"
        )
    return (
        f"{'; '.join(said)}."
        if said
        else "No row has enough outcomes to be set against break-even; the hover says why."
    )


def _key(low_side_name: str, accepted: str, palette: Palette, margin: dict[str, int]) -> list[dict[str, Any]]:
    """What the three signs mean, in words of their colour, one below the other at the upper left."""
    low, system = palette.ink("low_side"), palette.ink("system")
    lines = (
        f'<span style="color:{low.text}">● {escape_html(low_side_name)}, 95 % interval</span><br>'
        f'<span style="color:{system.text}">◆ {escape_html(accepted)}</span>   '
        f'<span style="color:{palette.limit}"><b>|</b> break-even</span>'
    )
    place = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -margin["l"]}
    return [write_note(lines, palette, **place, yref="paper", y=1, yanchor="bottom", yshift=8)]


def _dots(
    rows: Sequence[AgainstBreakEven],
    low_side_name: str,
    accepted: str,
    use_case: UseCase,
    palette: Palette,
    high: float,
) -> list[dict[str, Any]]:
    low = palette.ink("low_side")
    bads = [row.bad_rate for row in rows]
    refused = [i for i, r in enumerate(bads) if not r.is_shown]
    return [
        _points(
            rows, "break-even", [r.break_even for r in rows], "line-ns", palette.limit, use_case, size=34, line=2.5
        ),
        _points(
            rows,
            accepted,
            [r.as_recommended or Reading(None) for r in rows],
            "diamond",
            palette.ink("system").mark,
            use_case,
            shift=0.2,
            size=10,
        ),
        draw_whiskers([r.as_recommended or Reading(None) for r in rows], palette.ink("system").mark, shift=0.2),
        draw_whiskers(bads, low.mark),
        {
            "type": "bar",
            "orientation": "h",
            "y": refused,
            "x": [high * 0.08] * len(refused),
            "width": 0.3,
            "marker": draw_fill(palette.hatch, "x"),
            "hoverinfo": "text",
            "hovertext": [describe_point(bads[i], rows[i].name, "share", use_case, of=low_side_name) for i in refused],
        },
        {
            **_points(rows, low_side_name, bads, "circle", low.mark, use_case, size=12),
            "customdata": [[str(i)] for i, r in enumerate(bads) if r.is_shown],
            "selected": {"marker": {"size": 16}},
            "unselected": {"marker": {"opacity": 0.5}},
        },
    ]


def _points(
    rows: Sequence[AgainstBreakEven],
    name: str,
    readings: Sequence[Reading],
    symbol: str,
    colour: str,
    use_case: UseCase,
    *,
    shift: float = 0.0,
    size: int = 10,
    line: float = 0.0,
) -> dict[str, Any]:
    at = [i for i, r in enumerate(readings) if r.is_shown]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [readings[i].value for i in at],
        "y": [i + shift for i in at],
        "marker": {"symbol": symbol, "size": size, "color": colour, "line": {"width": line, "color": colour}},
        "hoverinfo": "text",
        "cliponaxis": False,
        "hovertext": [describe_point(readings[i], rows[i].name, "share", use_case, of=name) for i in at],
    }


def _table_row(row: AgainstBreakEven, label: str, split: str, use_case: UseCase) -> Row:
    one = {split: row.name, **build_row(row.bad_rate, label, "share", use_case)}
    why = one.pop("why")
    one["break-even (%)"] = convert_raw(row.break_even.value, "share", use_case)
    if row.as_recommended is not None:
        one["as recommended (%)"] = convert_raw(row.as_recommended.value, "share", use_case)
        one["as recommended, n"] = row.as_recommended.n
    return {**one, "why": why}
