"""Pictures from readings: pure functions that give a Chart (a Plotly figure as plain dictionaries, and its words)."""

from analysis.charts.break_even import AgainstBreakEven, describe_break_even, plot_value_against_break_even
from analysis.charts.breakdown import describe_breakdown, plot_breakdown
from analysis.charts.chart import Chart, Mark, Part, Series, build_parts, build_series
from analysis.charts.contributions import Contribution, describe_contributions, plot_contributions
from analysis.charts.paired import align_charts
from analysis.charts.pareto import Reason, describe_pareto, plot_pareto
from analysis.charts.score_bands import ScoreBand, describe_score_bands, plot_score_bands
from analysis.charts.sparkline import draw_sparkline
from analysis.charts.timeline import Step, describe_timeline, plot_timeline
from analysis.charts.trend import describe_trend, find_immature, plot_trend
from analysis.charts.words import is_mature

__all__ = [
    "AgainstBreakEven",
    "Chart",
    "Contribution",
    "Mark",
    "Part",
    "Reason",
    "ScoreBand",
    "Series",
    "Step",
    "align_charts",
    "build_parts",
    "build_series",
    "describe_break_even",
    "describe_breakdown",
    "describe_contributions",
    "describe_pareto",
    "describe_score_bands",
    "describe_timeline",
    "describe_trend",
    "draw_sparkline",
    "find_immature",
    "is_mature",
    "plot_breakdown",
    "plot_contributions",
    "plot_pareto",
    "plot_score_bands",
    "plot_timeline",
    "plot_trend",
    "plot_value_against_break_even",
]
