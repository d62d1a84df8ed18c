"""Two charts over one time axis, beside or below each other: a month is at the same place in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analysis.charts.chart import Chart


def align_charts(charts: Sequence[Chart]) -> tuple[Chart, ...]:
    """The same charts on sheets of one height with the same margins, so that a month is at one place in all of them.

    What stands in a margin is anchored to the plot and stays; the title of the value axis stands at the sheet's edge
    and moves with it.
    """
    margins = [chart.figure["layout"]["margin"] for chart in charts]
    common = {side: max(margin[side] for margin in margins) for side in ("l", "r", "t", "b")}
    # Plots of one height: names of marks, whose rows make a chart higher, stand in the margin above it.
    inner = max(c.height - m["t"] - m["b"] for c, m in zip(charts, margins, strict=True))
    height = inner + common["t"] + common["b"]
    return tuple(_fit(chart, common, height) for chart in charts)


def _fit(chart: Chart, common: dict[str, int], height: int) -> Chart:
    layout = chart.figure["layout"]
    own = layout["margin"]
    notes = [_move_title(note, own, common) for note in layout.get("annotations", ())]
    fitted = {**layout, "margin": {**own, **common}, "height": height, "annotations": notes}
    return replace(chart, figure={**chart.figure, "layout": fitted}, height=height)


def _move_title(note: dict[str, Any], own: dict[str, int], common: dict[str, int]) -> dict[str, Any]:
    """The axis title, the one note anchored to the sheet's upper left corner."""
    if note.get("xshift") != -own["l"] or note.get("yshift") != own["t"] - 4:
        return note
    return {**note, "xshift": -common["l"], "yshift": common["t"] - 4}
