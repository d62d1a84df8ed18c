"""Horizontal bars with intervals, in the caller's order: groups are compared with a limit and the whole, not ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.charts.bars import (
    draw_fill,
    draw_names_axis,
    draw_reference,
    draw_whiskers,
    measure_names,
    write_beside,
)
from analysis.charts.chart import Chart, Part, Row
from analysis.charts.escape import escape_html, shorten
from analysis.charts.frame import (
    TOOLS,
    Ticks,
    build_figure,
    build_ticks,
    build_value_axis,
    measure_text,
    write_axis_title,
)
from analysis.charts.overlays import describe_limit
from analysis.charts.words import align_rows, build_row, describe_point, describe_refusal
from analysis.formats import format_count, format_reading, format_value
from analysis.palette import Palette, choose_palette
from analysis.reading import PROTECTED, Reading
from data.use_case import Limit, UseCase

ROW = 40  # pixels of a bar with its two lines of words
_FOOT = 28


def plot_breakdown(
    title: str, parts: Sequence[Part], *, label: str, unit: str, use_case: UseCase, dark: bool = False,
    meaning: str = "person", reading: str = "", limit: Limit | None = None, overall: Reading | None = None,
    overall_name: str = "all", split: str = "group",
) -> Chart:  # fmt: skip
    """One bar per part. split: what a part is ("team"), for alt text and the table.

    A refused part is a hatched stub with the reason; a protected one has neither n nor a way to its cases. Drill ids
    are positions in `parts`.
    """
    palette = choose_palette(dark)
    values = [v for p in parts for v in (p.reading.value, p.reading.low, p.reading.high) if v is not None]
    values += [limit.value] if limit else []
    values += [overall.value] if overall is not None and overall.value is not None else []
    ticks = build_ticks(values, unit, use_case)
    beside = [_describe_beside(p.reading, unit, use_case, palette) for p in parts]
    references = _references(limit, overall, overall_name, unit, use_case, palette, ticks)
    margin = {
        "l": measure_names([p.name for p in parts]),
        "r": 12 + round(max((w for _, w in beside), default=40.0)),
        "t": TOOLS + sum(r.height for r in references),
        "b": _FOOT,
    }
    height = margin["t"] + margin["b"] + max(1, len(parts)) * ROW
    notes = [write_axis_title(label, ticks.scale.unit, palette, margin), *_stack_notes(references)]
    notes += [write_beside(i, text, palette) for i, (text, _) in enumerate(beside)]
    figure = build_figure(
        [
            _bars(parts, unit, use_case, palette, meaning),
            draw_whiskers([p.reading for p in parts], palette.text),
            _refused(parts, unit, use_case, palette, ticks),
        ],
        palette,
        height=height,
        margin=margin,
        bargap=0.45,
        barmode="overlay",
        xaxis=build_value_axis(ticks, palette),
        yaxis=draw_names_axis([p.name for p in parts], palette),
        shapes=[reference.shape for reference in references],
        annotations=notes,
    )
    drills = {str(i): p.drill for i, p in enumerate(parts) if p.drill is not None and p.reading.refusal != PROTECTED}
    labels = {str(i): p.name for i, p in enumerate(parts) if str(i) in drills}
    words = reading or describe_breakdown(
        parts, unit=unit, use_case=use_case, overall=overall, overall_name=overall_name
    )
    rows = _tabulate(parts, split, label, unit, use_case)
    alt = f"Bar chart of {label} by {split}, {len(parts)} bars with 95\u00a0% intervals. {words}"
    return Chart(figure, title, words, alt, align_rows(rows), drills, labels, height)


def _stack_notes(references: Sequence[Any]) -> list[dict[str, Any]]:
    """The names of the reference lines, one above the other."""
    notes, raised = [], 0
    for reference in references:
        notes.append({**reference.note, "yshift": raised})
        raised += reference.height
    return notes


def _tabulate(parts: Sequence[Part], split: str, label: str, unit: str, use_case: UseCase) -> list[Row]:
    """One row per bar; a column of notes only where a bar has one."""
    rows: list[Row] = [
        {split: p.name, **build_row(p.reading, label, unit, use_case), "note": p.note or None} for p in parts
    ]
    if any(p.note for p in parts):
        return rows
    return [{k: v for k, v in row.items() if k != "note"} for row in rows]


def describe_breakdown(
    parts: Sequence[Part], *, unit: str, use_case: UseCase, overall: Reading | None = None, overall_name: str = "all"
) -> str:
    """How many parts are shown, between which values, against the whole. Claims no difference."""
    shown = [p.reading.value for p in parts if p.reading.value is not None]
    hidden = len(parts) - len(shown)
    tail = f" {hidden} of {len(parts)} not shown: the hover says why." if hidden else ""
    if not shown:
        return f"None of {len(parts)} has enough cases to show a value; the hover says why."
    low, high = (format_value(v, unit, use_case) for v in (min(shown), max(shown)))
    span = f"From {low} to {high}" if len(shown) > 1 else low
    whole = (
        f", {overall_name} {format_reading(overall, unit, use_case)}"
        if overall is not None and overall.is_shown
        else ""
    )
    how = "Whiskers are 95\u00a0% intervals; where they overlap widely, groups cannot be told apart."
    return f"{span}{whole}. {how}{tail}"


def _bars(parts: Sequence[Part], unit: str, use_case: UseCase, palette: Palette, meaning: str) -> dict[str, Any]:
    ink = palette.ink(meaning)
    at = [i for i, p in enumerate(parts) if p.reading.is_shown]
    shown = [parts[i].reading for i in at]
    return {
        "type": "bar",
        "orientation": "h",
        "y": at,
        "x": [r.value for r in shown],
        "width": 0.5,
        "marker": draw_fill(ink.mark, ink.pattern),
        "customdata": [[str(i)] for i in at],
        "hoverinfo": "text",
        "hovertext": [describe_point(parts[i].reading, parts[i].name, unit, use_case, note=parts[i].note) for i in at],
        "unselected": {"marker": {"opacity": 0.5}},
    }


def _refused(parts: Sequence[Part], unit: str, use_case: UseCase, palette: Palette, ticks: Ticks) -> dict[str, Any]:
    at = [i for i, p in enumerate(parts) if not p.reading.is_shown]
    return {
        "type": "bar",
        "orientation": "h",
        "y": at,
        "x": [(ticks.high - ticks.low) * 0.08] * len(at),
        "width": 0.5,
        "marker": draw_fill(palette.hatch, "x"),
        "customdata": [[str(i)] for i in at],
        "hoverinfo": "text",
        "hovertext": [describe_point(parts[i].reading, parts[i].name, unit, use_case, note=parts[i].note) for i in at],
    }


def _describe_beside(reading: Reading, unit: str, use_case: UseCase, palette: Palette) -> tuple[str, float]:
    """Value and n to the right of a bar, and their width; of a protected part neither."""
    if reading.value is None:
        first = describe_refusal(reading)
        text = f"<i>{first}</i>"
    else:
        first = format_value(reading.value, unit, use_case)
        text = f"<b>{first}</b>"
    second = "" if reading.refusal == PROTECTED else f"n {format_count(reading.n, use_case)}"
    wide = max(measure_text(first), measure_text(second))
    return (f'{text}<br><span style="color:{palette.muted}">{second}</span>' if second else text), wide


def _references(
    limit: Limit | None,
    overall: Reading | None,
    overall_name: str,
    unit: str,
    use_case: UseCase,
    palette: Palette,
    ticks: Ticks,
) -> list[Any]:
    found = []
    if overall is not None and overall.value is not None:
        text = f"{escape_html(shorten(overall_name, 24))} {format_value(overall.value, unit, use_case)}"
        found.append(draw_reference(overall.value, text, 1, "dot", palette.muted, palette, ticks))
    if limit is not None:
        text = describe_limit(limit, unit, use_case, between="<br>")
        found.append(draw_reference(limit.value, text, 2, "solid", palette.limit, palette, ticks))
    return found
