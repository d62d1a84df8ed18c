"""What is drawn over a time axis: things that happened, the agreed limit, chosen periods, periods not matured."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.charts.chart import Mark
from analysis.charts.escape import escape_html, shorten
from analysis.charts.frame import measure_text, write_note
from analysis.formats import format_value
from analysis.palette import Palette, fade
from data.use_case import Limit, UseCase

FLAG = 16  # pixels of one row of names above the plot
_ASSUMED = 300.0  # plot width the names are kept apart for: between a telephone and half a laptop
_DAY = re.compile(r"^(\d{4}-\d{2})-(\d{2})$")
_DASHES = {"intervention": "dash", "launch": "dot", "definition": "dashdot"}
_WORDS = {"intervention": "Intervention", "launch": "Model launch", "definition": "Definition changed"}


@dataclass
class Overlay:
    """Pieces of a layout to add to a figure, and the rows of names they take above the plot."""

    shapes: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0


def locate(at: str, periods: Sequence[str]) -> float | None:
    """Position of a period, or of a day within its month, on the axis 0, 1, 2, ...; None outside it."""
    if at in periods:
        return float(periods.index(at))
    day = _DAY.match(at)
    if day and day[1] in periods:
        return periods.index(day[1]) - 0.5 + (int(day[2]) - 0.5) / 31
    return None


def draw_marks(marks: Sequence[Mark], periods: Sequence[str], palette: Palette, plot_height: float) -> Overlay:
    """Thin dashed lines with short names on flags above the plot, in rows so that no two names overlap."""
    overlay = Overlay()
    placed = sorted(
        {(x, m) for m in marks if (x := locate(m.at, periods)) is not None}, key=lambda p: (p[0], p[1].name)
    )
    per_period = _ASSUMED / max(len(periods), 1)
    taken: list[list[tuple[float, float]]] = []
    for x, mark in reversed(placed):  # the later the lower: no line then runs through an earlier name
        name = mark.short or shorten(mark.name, 22)
        width = measure_text(name) + 12
        at = (x + 0.5) * per_period
        left = at + width > _ASSUMED + 90  # would run over the sheet's edge: written to the left of its line
        span = (at - width, at) if left else (at, at + width)
        row = max((i + 1 for i, row in enumerate(taken) if any(span[0] < b and a < span[1] for a, b in row)), default=0)
        if row == len(taken):
            taken.append([])
        taken[row].append(span)
        _draw_flag(overlay, x, mark, name, row, left, palette, plot_height)
    overlay.rows = len(taken)
    if placed:
        overlay.traces.append(_hovers(placed, palette))
    return overlay


def _draw_flag(
    overlay: Overlay, x: float, mark: Mark, name: str, row: int, left: bool, palette: Palette, plot_height: float
) -> None:
    colour = palette.ink("system").text if mark.kind == "launch" else palette.muted
    top = 1 + (row + 1) * FLAG / plot_height
    overlay.shapes.append(
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": x,
            "x1": x,
            "y0": 0,
            "y1": top,
            "layer": "below",
            "line": {"color": colour, "width": 1, "dash": _DASHES.get(mark.kind, "dash")},
        }
    )
    overlay.annotations.append(
        write_note(
            escape_html(name),
            palette,
            font={"color": colour},
            xref="x",
            x=x,
            xanchor="right" if left else "left",
            xshift=-2 if left else 2,
            yref="paper",
            y=1,
            yanchor="bottom",
            yshift=row * FLAG - 1,
        )
    )


def _hovers(placed: Sequence[tuple[float, Mark]], palette: Palette) -> dict[str, Any]:
    """Small ticks at the top of the plot that say the full name of what happened."""
    texts = [
        f"<b>{escape_html(m.name)}</b><br>{_WORDS.get(m.kind, escape_html(m.kind))}, {escape_html(m.at)}"
        for _, m in placed
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in placed],
        "y": [1.0] * len(placed),
        "yaxis": "y2",
        "marker": {"symbol": "line-ns", "size": 7, "line": {"width": 1, "color": palette.muted}},
        "hoverinfo": "text",
        "hovertext": texts,
        "cliponaxis": False,
    }


def draw_limit(limit: Limit, unit: str, use_case: UseCase, palette: Palette) -> Overlay:
    """The agreed limit as a thin line across, with its name and owner."""
    line = {"color": palette.limit, "width": 1}
    shape = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": limit.value,
        "y1": limit.value,
        "line": line,
    }
    note = write_note(
        describe_limit(limit, unit, use_case),
        palette,
        font={"color": palette.limit},
        bgcolor=fade(palette.background, 0.75),
        borderpad=0,
        xref="paper",
        x=0,
        xanchor="left",
        yref="y",
        y=limit.value,
        yanchor="bottom",
    )
    return Overlay([shape], [note])


def describe_limit(limit: Limit, unit: str, use_case: UseCase, *, between: str = " · ") -> str:
    """ "limit 15.0 % · Head of Credit Risk", escaped."""
    side = "limit" if limit.side == "upper" else "at least"
    return f"{side} {format_value(limit.value, unit, use_case)}{between}{escape_html(shorten(limit.owner, 28))}"


def draw_span(span: tuple[str, str], name: str, periods: Sequence[str], palette: Palette, *, row: int = 0) -> Overlay:
    """A chosen period as a pale area with its name at the foot, so many rows up; nothing where it is off the axis."""
    inside = [i for i, p in enumerate(periods) if span[0] <= p <= span[1]]
    if not inside:
        return Overlay()
    first, last = inside[0] - 0.5, inside[-1] + 0.5
    shape = {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": first,
        "x1": last,
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "fillcolor": palette.shade,
        "line": {"width": 0},
    }
    note = write_note(
        escape_html(name),
        palette,
        xref="x",
        x=(first + last) / 2,
        xanchor="center",
        yref="paper",
        y=0,
        yanchor="bottom",
        yshift=row * 15,
    )
    return Overlay([shape], [note])


def draw_immature(immature: Collection[str], periods: Sequence[str], palette: Palette) -> Overlay:
    """Hatched columns over periods whose outcomes are not all due yet, named once."""
    at = [i for i, period in enumerate(periods) if period in immature]
    if not at:
        return Overlay()
    hatch = {
        "type": "bar",
        "x": at,
        "y": [1.0] * len(at),
        "yaxis": "y2",
        "width": 1.0,
        "hoverinfo": "skip",
        "marker": {
            "color": "rgba(0,0,0,0)",
            "line": {"width": 0},
            "pattern": {
                "shape": "/",
                "fgcolor": fade(palette.hatch, 0.45),
                "bgcolor": "rgba(0,0,0,0)",
                "size": 7,
                "solidity": 0.12,
            },
        },
    }
    right = at[0] > len(periods) / 2
    note = write_note(
        "not matured",
        palette,
        bgcolor=fade(palette.background, 0.85),
        xref="x",
        x=at[-1] + 0.5 if right else at[0] - 0.5,
        xanchor="right" if right else "left",
        yref="paper",
        y=1,
        yanchor="top",
    )
    return Overlay([], [note], [hatch])
