"""Two pictures over one time axis, and marks that are numbered where there is no room for names."""

from __future__ import annotations

import plotly.graph_objects as go

from analysis.catalog import read_catalog
from analysis.charts import Mark, Series, align_charts, plot_trend
from analysis.limits import hold_against_limit
from analysis.reading import Reading
from data.use_case import Limit, UseCase

CREDIT = UseCase("credit", "Credit")
MONTHS = [f"2025-{m:02d}" for m in range(1, 13)]
MARKS = [Mark("2025-03", "Explanations in all branches", short="1"), Mark("2025-03", "Reason codes", short="2")]


def trend(unit, value, label, marks=()):
    readings = [Reading(value, value * 0.9, value * 1.1, 500)] * 12
    return plot_trend(
        "T", MONTHS, [Series(label, "person", readings)], label="what it shows", unit=unit, use_case=CREDIT, marks=marks
    )  # fmt: skip


def title_of(chart):
    return next(n for n in chart.figure["layout"]["annotations"] if n["text"].startswith("what it shows"))


def test_aligned_charts_have_their_months_at_the_same_places():
    """A share with a short name, and money with a long one and names of marks above it: nothing is alike before."""
    before = trend("share", 0.1, "all"), trend("money", -123_456_789.0, "per low-side override", MARKS)
    one, two = (chart.figure["layout"] for chart in before)
    assert one["margin"]["l"] != two["margin"]["l"] and one["margin"]["r"] != two["margin"]["r"]
    assert before[0].height != before[1].height
    after = align_charts(before)
    left, right = (chart.figure["layout"] for chart in after)
    assert left["margin"] == right["margin"] and left["height"] == right["height"]
    assert [c.height for c in after] == [left["height"]] * 2
    assert left["xaxis"]["range"] == right["xaxis"]["range"]
    # The plots keep the height they were drawn for, so that labels beside the lines stay beside them.
    plots = {
        c.height - c.figure["layout"]["margin"]["t"] - c.figure["layout"]["margin"]["b"] for c in (*before, *after)
    }
    assert len(plots) == 1
    for chart in after:
        assert title_of(chart)["xshift"] == -chart.figure["layout"]["margin"]["l"]
        assert title_of(chart)["yshift"] == chart.figure["layout"]["margin"]["t"] - 4
        go.Figure(**chart.figure)  # raises for any property Plotly does not know
    assert title_of(before[0])["xshift"] == -one["margin"]["l"]  # what was given is not changed


def test_a_numbered_mark_shows_its_number_on_the_flag_and_its_name_on_hover():
    figure = trend("share", 0.1, "all", MARKS).figure
    written = [note["text"] for note in figure["layout"]["annotations"]]
    assert "1" in written and "2" in written and not any("Explanations" in text for text in written)
    hovers = [text for trace in figure["data"] for text in trace.get("hovertext") or ()]
    assert any("Explanations in all branches" in text for text in hovers)


def test_a_limit_is_broken_by_the_number_and_surely_by_its_whole_interval():
    card = read_catalog()["adoption"]
    upper, lower = Limit(0.15, "Head"), Limit(0.95, "Head", "lower")
    held = [
        hold_against_limit(card, limit, reading)
        for limit, reading in (
            (upper, Reading(0.16, 0.14, 0.18)), (upper, Reading(0.17, 0.155, 0.18)), (upper, Reading(0.15, 0.1, 0.2)),
            (lower, Reading(0.94, 0.92, 0.96)), (lower, Reading(0.90, 0.88, 0.92)), (lower, Reading(None, why="none")),
        )
    ]  # fmt: skip
    assert [h.is_over for h in held] == [True, True, False, True, True, False]
    assert [h.is_sure for h in held] == [False, True, False, False, True, False]
