"""What all charts with one row per name share: the names at the left, words at the right, lines across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.charts.escape import wrap, wrap_html
from analysis.charts.frame import Ticks, build_name_axis, measure_text, write_note
from analysis.palette import Palette, fade
from analysis.reading import Reading

NAME = 19  # characters of a line of a name; a name has two
_LINE = 15


@dataclass(frozen=True)
class Reference:
    """A vertical line across all rows, with its name above the plot; height: pixels the name takes."""

    shape: dict[str, Any]
    note: dict[str, Any]
    height: int


def measure_names(names: Sequence[str]) -> int:
    """Pixels of the left margin that the names need."""
    return 14 + round(max((measure_text(line) * 1.05 for name in names for line in wrap(name, NAME)), default=20.0))


def draw_names_axis(names: Sequence[str], palette: Palette) -> dict[str, Any]:
    """Rows from above, in the order given, each with its name over at most two lines."""
    texts = [wrap_html(name, NAME) for name in names]
    rows = {"tickvals": list(range(len(names))), "ticktext": texts, "range": [max(len(names), 1) - 0.5, -0.5]}
    return build_name_axis(palette, **rows, ticklabelstandoff=6)


def draw_fill(colour: str, pattern: str = "", *, size: int = 6) -> dict[str, Any]:
    """The marker of a bar: outlined and softly filled, or outlined and patterned on nothing."""
    if not pattern:
        return {"color": fade(colour, 0.55), "line": {"color": colour, "width": 1}}
    hatch = {"shape": pattern, "fgcolor": colour, "bgcolor": "rgba(0,0,0,0)", "size": size, "solidity": 0.25}
    return {"color": "rgba(0,0,0,0)", "line": {"color": colour, "width": 1}, "pattern": hatch}


def write_beside(row: int, text: str, palette: Palette, **more: Any) -> dict[str, Any]:
    """Words at the right of a row; `text` must be escaped."""
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "yref": "y", "y": row, "yanchor": "middle"}
    return write_note(text, palette, **({"font": {"color": palette.text}} | place | more))


def draw_reference(
    value: float, text: str, lines: int, dash: str, colour: str, palette: Palette, ticks: Ticks
) -> Reference:
    """A line at a value with an escaped text above it, to the side where there is room."""
    right = (value - ticks.low) / (ticks.high - ticks.low) > 0.55
    shape = {
        "type": "line",
        "xref": "x",
        "x0": value,
        "x1": value,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": colour, "width": 1 if dash == "solid" else 1.5, "dash": dash},
    }
    note = write_note(
        text,
        palette,
        font={"color": colour},
        align="right" if right else "left",
        xref="x",
        x=value,
        xanchor="right" if right else "left",
        xshift=5 if right else -5,
        yref="paper",
        y=1,
        yanchor="bottom",
    )
    return Reference(shape, note, lines * _LINE + 2)


def draw_whiskers(readings: Sequence[Reading], colour: str, *, shift: float = 0.0, axis: str = "x") -> dict[str, Any]:
    """The 95 % intervals of rows 0, 1, 2, ... as horizontal whiskers; none where there is no interval."""
    at = [(i, r.value, r.low, r.high) for i, r in enumerate(readings)]
    known = [(i, v, low, high) for i, v, low, high in at if v is not None and low is not None and high is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "hoverinfo": "skip",
        "xaxis": axis,
        "cliponaxis": False,
        "x": [v for _, v, _, _ in known],
        "y": [i + shift for i, *_ in known],
        "marker": {"size": 1, "color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "color": colour,
            "thickness": 1.5,
            "width": 4,
            "array": [high - v for _, v, _, high in known],
            "arrayminus": [v - low for _, v, low, _ in known],
        },
    }
