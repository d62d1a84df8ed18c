"""Pictures from readings: pure functions that give a Chart (a Plotly figure as plain dictionaries, and its words)."""

from analysis.charts.breakdown import describe_breakdown, plot_breakdown
from analysis.charts.chart import Chart, Mark, Part, Series, build_parts, build_series
from analysis.charts.trend import describe_trend, find_immature, plot_trend
from analysis.charts.words import is_mature

__all__ = [
    "Chart", "Mark", "Part", "Series",
    "build_parts", "build_series", "describe_breakdown", "describe_trend", "find_immature", "is_mature",
    "plot_breakdown", "plot_trend",
]  # fmt: skip
