"""The sheet a chart is drawn on: type, colours, margins and axes, set explicitly so that exports look the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.charts.chart import Figure
from analysis.charts.escape import escape_html
from analysis.formats import Scale, build_axis_scale
from analysis.palette import Palette
from data.use_case import UseCase

FONT = '"Source Sans", "Source Sans Pro", sans-serif'
SIZE = 13  # of labels
SMALL = 12  # nothing is smaller
TOOLS = 30  # pixels at the top for the axis title and the image button
_CHARACTER = 6.6  # average width of a character at 12 px


def measure_text(text: str) -> float:
    """About how wide a text is, in pixels."""
    return _CHARACTER * len(text)


def build_figure(
    traces: list[dict[str, Any]], palette: Palette, *, height: int, margin: dict[str, int], **layout: Any
) -> Figure:
    """A figure as plain dictionaries. Ranges are fixed: a drag scrolls the page, and a click means its cases."""
    font = {"family": FONT, "size": SIZE, "color": palette.text}
    base: dict[str, Any] = {
        "template": {"layout": {}},
        "autosize": True,
        "height": height,
        "margin": {"pad": 0, "autoexpand": False, **margin},
        # The page's own colour, not none: an exported image would have light words on whatever lies behind it.
        "paper_bgcolor": palette.background,
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": palette.hover, "bordercolor": palette.axis, "font": font, "align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.text},
        "showlegend": False,
        "bargap": 0.0,
    }
    return {"data": traces, "layout": {**base, **layout}}


@dataclass(frozen=True)
class Ticks:
    """Where an axis has its numbers, what stands there, and what the unit is."""

    values: list[float]
    texts: list[str]
    scale: Scale
    low: float
    high: float


def build_ticks(values: Sequence[float], unit: str, use_case: UseCase, *, wanted: int = 4, room: float = 1.06) -> Ticks:
    """About `wanted` round steps from zero over all values; the axis always contains zero."""
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    if low == high:
        high = {"share": 0.01}.get(unit, 1.0)
    scale = build_axis_scale((low, high), unit, use_case)
    step = _round_step((high - low) / scale.divisor / wanted)
    decimals = next((d for d in range(6) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 6)
    first, last = math.ceil(low / scale.divisor / step - 1e-9), math.floor(high * room / scale.divisor / step + 1e-9)
    plain = Scale(scale.divisor, decimals, thousands=scale.thousands, decimal_mark=scale.decimal_mark)
    at = [i * step * scale.divisor for i in range(first, last + 1)]
    full = 1.0 if unit == "share" and high <= 1.0 else math.inf
    return Ticks(at, [plain.write(v) for v in at], scale, low * room, min(high * room, full * 1.02))


def _round_step(step: float) -> float:
    """1, 2, 2.5 or 5 times a power of ten, the nearest above."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= step * (1 - 1e-9))


def build_value_axis(ticks: Ticks, palette: Palette, **more: Any) -> dict[str, Any]:
    """An axis of numbers: few light grid lines, the zero line drawn."""
    return {
        "tickvals": ticks.values,
        "ticktext": ticks.texts,
        "range": [ticks.low, ticks.high],
        "fixedrange": True,
        "showgrid": True,
        "gridcolor": palette.grid,
        "gridwidth": 1,
        "zeroline": True,
        "zerolinecolor": palette.axis,
        "zerolinewidth": 1,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": SMALL, "color": palette.muted},
        **more,
    }


def build_name_axis(palette: Palette, **more: Any) -> dict[str, Any]:
    """An axis of names or periods at positions 0, 1, 2, ...: no grid."""
    return {
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": SIZE, "color": palette.text},
        **more,
    }


def write_note(text: str, palette: Palette, **more: Any) -> dict[str, Any]:
    """A layout annotation without an arrow; `text` must be escaped."""
    font = {"family": FONT, "size": SMALL, "color": palette.muted} | more.pop("font", {})
    return {"text": text, "showarrow": False, "font": font, "align": "left", **more}


def write_axis_title(label: str, unit: str, palette: Palette, margin: dict[str, int]) -> dict[str, Any]:
    """The name and unit of the value axis, written flat in the sheet's upper left corner."""
    text = escape_html(f"{label} ({unit})" if unit else label)
    corner = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -margin["l"]}
    return write_note(text, palette, **corner, yref="paper", y=1, yanchor="top", yshift=margin["t"] - 4)
