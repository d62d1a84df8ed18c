"""Pictures from readings: pure functions that give a Chart (a Plotly figure as plain dictionaries, and its words)."""

from analysis.charts.chart import Chart, Mark, Part, Series, build_parts, build_series
from analysis.charts.trend import describe_trend, find_immature, plot_trend
from analysis.charts.words import is_mature

__all__ = [
    "Chart", "Mark", "Part", "Series",
    "build_parts", "build_series", "describe_trend", "find_immature", "is_mature",
    "plot_trend",
]  # fmt: skip
