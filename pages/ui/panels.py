"""One chart as a panel: drawn, with the cases behind what was clicked opened in place."""

from __future__ import annotations

import streamlit as st

from analysis.charts.chart import Chart
from analysis.filters import Filters
from analysis.source import Source
from pages.ui.behind import show_behind
from pages.ui.chart import show_chart


def is_dark() -> bool:
    """Whether the reader's theme is dark."""
    return st.context.theme.type == "dark"


def list_period(filters: Filters) -> tuple[str, str] | None:
    """First and last month of a selection, for a shaded period on a time axis; None where it is open."""
    return (filters.start, filters.end) if filters.start and filters.end else None


def show_panel(
    source: Source, filters: Filters, chart: Chart, name: str, scope: str, came_from: str = "overrides"
) -> None:
    """Draw a chart; a click, or a choice from its list, opens the cases behind it under the chart.

    came_from: the page's file without .py, to come back to. The key names snapshot and selection, so that what was
    clicked does not outlive them.
    """
    key = f"{name}-{source.snapshot}-{hash(filters)}"
    drill = show_chart(chart, key, scope=scope, snapshot=source.snapshot)
    show_behind(source, filters, drill, key, came_from)
