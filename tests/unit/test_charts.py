"""Charts: what is drawn, what is never drawn, and that other people's names stay text."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from html import unescape
from itertools import combinations
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.charts import (
    AgainstBreakEven,
    Chart,
    Contribution,
    Mark,
    Part,
    Reason,
    ScoreBand,
    Series,
    Step,
    draw_sparkline,
    find_immature,
    plot_breakdown,
    plot_contributions,
    plot_pareto,
    plot_score_bands,
    plot_timeline,
    plot_trend,
    plot_value_against_break_even,
)
from analysis.charts.escape import escape_markdown, wrap
from analysis.charts.frame import build_ticks
from analysis.charts.overlays import draw_marks
from analysis.charts.spread import spread
from analysis.export import build_csv, name_file
from analysis.palette import DARK, DARK_BACKGROUNDS, LIGHT, LIGHT_BACKGROUNDS, MEANINGS, Palette, measure_contrast
from analysis.reading import PROTECTED, TOO_FEW, Drill, Reading
from data.use_case import Limit, UseCase
from pages.ui.chart import find_clicked

CREDIT = UseCase("credit", "Credit", time_zone="Europe/Berlin")
HOSTILE = "<script>alert(1)</script><b>x</b> %{x} & $y$"
MONTHS = [f"2025-{m:02d}" for m in range(1, 13)]
FEW = Reading(None, n=7, why="7 cases: fewer than 20.", refusal=TOO_FEW)
HIDDEN = Reading(None, n=6, why="Protected.", refusal=PROTECTED)


def rate(value: float, n: int = 500, matured: float | None = None) -> Reading:
    return Reading(value, value * 0.8, value * 1.2, n, matured, numerator=value * n)


def drill(value: str) -> Drill:
    return Drill("override_rate", "numerator", "team", value)


def a_trend(dark: bool = False, name: str = "Overrides", readings: list[Reading] | None = None) -> Chart:
    given = readings or [*(rate(0.1, matured=1.0) for _ in range(8)), FEW, *(rate(0.2, matured=0.3) for _ in range(3))]
    return plot_trend(
        "Title", MONTHS, [Series(name, "person", given, [drill(m) for m in MONTHS])], label=name, unit="share",
        use_case=CREDIT, dark=dark, limit=Limit(0.15, name), marks=[Mark("2025-03", name)],
        selected=("2025-04", "2025-06"), compare=("2025-01", "2025-03"),
    )  # fmt: skip


def a_breakdown(dark: bool = False, name: str = "North") -> Chart:
    parts = [
        Part(name, rate(0.1), drill(name), note=name),
        Part("Few", FEW, drill("Few")),
        Part("H", HIDDEN, drill("H")),
    ]
    return plot_breakdown(
        "Title", parts, label=name, unit="share", use_case=CREDIT, dark=dark, limit=Limit(0.15, name),
        overall=rate(0.12), overall_name=name, split="team",
    )  # fmt: skip


def a_pareto(dark: bool = False, name: str = "Relationship") -> Chart:
    reasons = [Reason(name, "judgement", 30, drill(name)), Reason("none", "blank", 60), Reason("Other", "other", 10)]
    return plot_pareto("Title", reasons, label=name, use_case=CREDIT, dark=dark)


def a_contribution(dark: bool = False, name: str = "Income") -> Chart:
    given = [Contribution(name, name, 0.5), *(Contribution(f"i{i}", "", -0.01 * i) for i in range(14))]
    return plot_contributions("Title", given, use_case=CREDIT, dark=dark)


def a_band(dark: bool = False, name: str = "0-2 %") -> Chart:
    bands = [
        ScoreBand(name, 90, 0, 10, 0, rate(0.01), 0.011, drills={"high_side": drill("a"), "bad_rate": drill("b")}),
        ScoreBand("80-100 %", 0, 5, 0, 95, FEW, 0.9, other=3, drills={"low_side": drill("c"), "rejected": drill("d")}),
    ]
    return plot_score_bands("Title", bands, use_case=CREDIT, dark=dark, bad_label=name)


def a_break_even(dark: bool = False, name: str = "All") -> Chart:
    rows = [
        AgainstBreakEven(name, rate(0.2), Reading(0.123, n=500), rate(0.05), drill(name)),
        AgainstBreakEven("Few", FEW, Reading(0.1, n=7)),
    ]
    return plot_value_against_break_even("Title", rows, label=name, use_case=CREDIT, dark=dark, low_side_name=name)


def a_timeline(dark: bool = False, name: str = "received") -> Chart:
    start = dt.datetime(2025, 3, 1, 9, 2)
    steps = [
        Step("decided", start + dt.timedelta(hours=3), "person"), Step(name, start), Step("opened", None, "person"),
    ]  # fmt: skip
    return plot_timeline("Title", steps, use_case=CREDIT, dark=dark)


ALL: list[Callable[..., Chart]] = [
    a_trend, a_breakdown, a_pareto, a_contribution, a_band, a_break_even, a_timeline,
]  # fmt: skip


def texts(node: Any) -> list[str]:
    """Every text of a figure."""
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else []
    return [text for child in children for text in texts(child)]


def ids(chart: Chart) -> set[str]:
    return {cell[0] for trace in chart.figure["data"] for cell in trace.get("customdata", [])}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("plot", ALL)
def test_every_chart_is_a_figure_plotly_accepts_and_json_can_carry(plot: Callable[..., Chart], dark: bool) -> None:
    chart = plot(dark)
    go.Figure(**chart.figure)  # raises for any property Plotly does not know
    json.dumps(chart.figure, allow_nan=False)
    assert chart.title and chart.reading and chart.alt and chart.table and chart.height > 0


@pytest.mark.parametrize("plot", ALL)
def test_names_stay_text(plot: Callable[..., Chart]) -> None:
    """Only the tags written here stand in a figure, whatever the names are; the name itself is there to be read."""
    allowed = r"</?(?:b|i|br)>|</?span(?: style=\"color:#[0-9A-Fa-f]{6}\")?>"
    for text in texts(plot(name=HOSTILE).figure):
        assert "<" not in re.sub(allowed, "", text), text
        assert "<script" not in text and "<b>x" not in text
    assert any("<script>" in unescape(text) for text in texts(plot(name=HOSTILE).figure))
    assert "hovertemplate" not in json.dumps(plot(name=HOSTILE).figure)  # %{x} would be filled in


@pytest.mark.parametrize("plot", ALL)
def test_every_drill_has_a_mark_and_words(plot: Callable[..., Chart]) -> None:
    chart = plot()
    assert set(chart.drills) == set(chart.labels)
    assert len(set(chart.labels.values())) == len(chart.labels)


@pytest.mark.parametrize("plot", [a_breakdown, a_pareto, a_band, a_break_even])
def test_every_drill_can_be_clicked(plot: Callable[..., Chart]) -> None:
    assert set(plot().drills) <= ids(plot())


@pytest.mark.parametrize("plot", ALL)
def test_nothing_is_written_smaller_than_twelve(plot: Callable[..., Chart]) -> None:
    sizes = re.findall(r'"(?:tick)?font": \{[^{}]*"size": (\d+)', json.dumps(plot().figure))
    assert sizes and min(map(int, sizes)) >= 12


def test_a_refused_month_is_a_gap_with_a_stub_and_never_a_zero() -> None:
    chart = a_trend()
    lines = [t for t in chart.figure["data"] if t.get("mode") == "lines" and "fill" not in t]
    assert all(line["y"][8] is None for line in lines)
    stubs = [t for t in chart.figure["data"] if t["type"] == "bar" and "hovertext" in t]
    assert stubs[0]["x"] == [8] and "7 cases: fewer than 20." in stubs[0]["hovertext"][0]
    assert chart.table[8]["Overrides (%)"] is None and chart.table[8]["why"] == "7 cases: fewer than 20."


def test_months_that_have_not_matured_are_hatched_and_left_out_of_the_sentence() -> None:
    chart = a_trend()
    hatch = next(t for t in chart.figure["data"] if t["type"] == "bar" and t.get("yaxis") == "y2")
    assert hatch["x"] == [9, 10, 11]
    solid = next(t for t in chart.figure["data"] if t.get("mode") == "lines" and t["line"]["width"] == 3)
    assert solid["y"][9:] == [None, None, None]
    assert chart.reading.startswith("Aug 2025: Overrides 10.0") and "20.0" not in chart.reading
    assert find_immature(MONTHS, [Series("x", "person", [rate(0.1) for _ in MONTHS])]) == frozenset()


def test_a_trend_refuses_series_that_do_not_fit_its_periods() -> None:
    with pytest.raises(ValueError, match="1 readings for 12 periods"):
        a_trend(readings=[rate(0.1)])


def test_a_trend_without_any_value_says_so() -> None:
    assert a_trend(readings=[FEW] * 12).reading.startswith("No period has enough cases")


def test_marks_outside_the_axis_are_left_out_and_names_do_not_overlap() -> None:
    marks = [Mark("2025-05", "Explanations"), Mark("2025-06-20", "Reason codes"), Mark("2031-01", "Later")]
    overlay = draw_marks(marks, MONTHS, LIGHT, 200)
    assert [a["text"] for a in overlay.annotations] == ["Reason codes", "Explanations"]
    assert overlay.annotations[0]["x"] == pytest.approx(5.129, abs=0.01)
    assert len({a["yshift"] for a in overlay.annotations}) == overlay.rows == 2


def test_nothing_to_draw_is_an_empty_table_and_no_error() -> None:
    share: dict[str, Any] = {"label": "Rate", "unit": "share", "use_case": CREDIT}
    charts = [
        plot_trend("T", [], [], **share),
        plot_breakdown("T", [], **share),
        plot_pareto("T", [], label="Share", use_case=CREDIT),
        plot_contributions("T", [], use_case=CREDIT),
        plot_score_bands("T", [], use_case=CREDIT),
        plot_value_against_break_even("T", [], label="Rate", use_case=CREDIT),
        plot_timeline("T", [], use_case=CREDIT),
    ]
    assert [chart.table for chart in charts] == [()] * len(charts)
    assert all(chart.reading for chart in charts)


def test_a_breakdown_keeps_the_order_given() -> None:
    parts = [Part(name, rate(value)) for name, value in (("b", 0.1), ("c", 0.3), ("a", 0.2))]
    chart = plot_breakdown("T", parts, label="Rate", unit="share", use_case=CREDIT, split="team")
    assert [row["team"] for row in chart.table] == ["b", "c", "a"]
    assert chart.figure["layout"]["yaxis"]["ticktext"] == ["b", "c", "a"]


def test_a_protected_part_shows_neither_count_nor_cases() -> None:
    chart = a_breakdown()
    row = next(r for r in chart.table if r["team"] == "H")
    assert row["n"] is None and row["why"] == "Protected."
    assert "2" not in chart.drills and "1" in chart.drills  # too few may still be opened
    assert not any("n 6" in text for text in texts(chart.figure))


def test_bars_and_axes_of_rates_and_money_start_at_zero() -> None:
    assert a_breakdown().figure["layout"]["xaxis"]["range"][0] == 0
    assert a_trend().figure["layout"]["yaxis"]["range"][0] == 0
    money = [Part("a", Reading(300_000, 200_000, 400_000, 50))]
    chart = plot_breakdown("T", money, label="Value", unit="money", use_case=CREDIT)
    assert chart.figure["layout"]["xaxis"]["range"][0] == 0
    assert chart.table[0]["Value (EUR)"] == 3000.0


def test_whiskers_are_the_interval_and_absent_where_there_is_none() -> None:
    parts = [Part("a", Reading(0.5, 0.25, 0.625, 90)), Part("b", Reading(0.5, n=90, interval_why="One decider."))]
    chart = plot_breakdown("T", parts, label="Rate", unit="share", use_case=CREDIT)
    whiskers = next(t["error_x"] for t in chart.figure["data"] if "error_x" in t)
    assert (whiskers["array"], whiskers["arrayminus"]) == ([0.125], [0.25])
    assert chart.table[1]["why"] == "One decider."


def test_a_pareto_adds_up_and_sets_blank_and_other_apart() -> None:
    chart = a_pareto()
    assert [row["n"] for row in chart.table] == [60, 30, 10]
    assert [row["running total (%)"] for row in chart.table] == [60.0, 90.0, 100.0]
    patterns = [t["marker"].get("pattern", {}).get("shape", "") for t in chart.figure["data"] if t["type"] == "bar"]
    assert len(set(patterns)) == 3
    assert "Blank: 60.0\u00a0%; other: 10.0\u00a0%" in chart.reading
    assert chart.drills == {"1": drill("Relationship")}


def test_contributions_show_ten_and_the_rest_adds_up() -> None:
    chart = a_contribution()
    shown = sum(len(t["x"]) for t in chart.figure["data"])
    assert shown == 11 and len(chart.table) == 15
    drawn = sum(x for t in chart.figure["data"] for x in t["x"])
    assert drawn == pytest.approx(0.5 - 0.01 * sum(range(14)))
    assert chart.table[0]["effect"] == "raises risk" and chart.table[1]["effect"] == "lowers risk"


def test_score_bands_add_up_to_one_and_count_bands_off_their_score() -> None:
    chart = a_band()
    for band in (0, 1):
        shares = [t["x"][t["y"].index(band)] for t in chart.figure["data"] if t["type"] == "bar" and band in t["y"]]
        assert sum(shares) == pytest.approx(1.0)
    assert "In 0 of 1 bands" in chart.reading
    assert set(chart.drills) == {"0-high_side", "0-bad_rate", "1-low_side", "1-rejected"}


def test_break_even_tells_apart_only_what_the_interval_does() -> None:
    edge = Reading(0.123, n=100)
    rows = [
        AgainstBreakEven("cost", Reading(0.2, 0.15, 0.25, 100), edge),
        AgainstBreakEven("paid", Reading(0.05, 0.02, 0.1, 100), edge),
        AgainstBreakEven("open", Reading(0.13, 0.09, 0.17, 100), edge),
    ]
    words = plot_value_against_break_even("T", rows, label="Bad rate", use_case=CREDIT).reading
    assert [part.rpartition(", ")[2] for part in words.rstrip(".").split("; ")] == [
        "above it: these cost money", "below it: these paid", "not told apart from it",
    ]  # fmt: skip


def test_a_timeline_is_in_order_of_time_in_the_use_cases_zone() -> None:
    chart = a_timeline()
    assert [row["step"] for row in chart.table] == ["received", "opened", "decided"]
    assert chart.table[0]["time (Europe/Berlin)"] == "2025-03-01 10:02:00"
    assert chart.table[-1]["since the step before (minutes)"] == 180.0
    assert "Not recorded: opened." in chart.reading


def test_a_sparkline_describes_itself_and_leaves_gaps() -> None:
    readings = [rate(0.06), rate(0.12), FEW, rate(0.1), rate(0.3, matured=0.2)]
    image = draw_sparkline(MONTHS[:5], readings, label=HOSTILE, unit="share", use_case=CREDIT, limit=0.15)
    svg = base64.b64decode(image.split("base64,")[1].split('"')[0]).decode()
    alt = unescape(image.split('alt="')[1].split('"')[0])
    assert alt.startswith("<script>") and "last 10.0\u00a0% in Apr 2025" in alt and "highest 12.0" in alt
    assert "<script" not in image and "<script" not in svg and "<title>" in svg
    assert svg.count(f'stroke="{LIGHT.ink("person").mark}"') == 3  # Jan-Feb, Apr-May, the dot: nothing across March
    assert draw_sparkline(MONTHS[:1], [rate(0.1)], label="x", unit="share", use_case=CREDIT) == ""


def test_ticks_are_round_few_and_contain_zero() -> None:
    for high in (0.0003, 0.013, 0.07, 0.142, 0.5, 1.0):
        ticks = build_ticks([high], "share", CREDIT)
        assert ticks.texts[0].strip("0.") == "" and 3 <= len(ticks.values) <= 7
        assert len(set(ticks.texts)) == len(ticks.texts) and ticks.high >= high
    below = build_ticks([-60_000, 20_000], "money", CREDIT)
    assert 0.0 in below.values and below.low < -60_000


def test_labels_are_spread_without_overlap() -> None:
    centres = spread([10, 12, 90, 11], [20, 20, 20, 20], 0, 200)
    assert all(abs(a - b) >= 20 - 1e-9 for a, b in combinations(centres, 2))
    assert spread([50.0], [20], 0, 200) == [50.0]


def test_long_names_are_wrapped_and_shortened() -> None:
    lines = wrap("Customer acquisition unit for the north-eastern region", 18, 2)
    assert lines[0] == "Customer" and lines[1].endswith("…") and all(len(line) <= 18 for line in lines)
    assert wrap("a\u202eb\x00c\nd") == ["a b c d"]


def test_markdown_in_a_title_stays_text() -> None:
    escaped = escape_markdown("*a* [b](c) :red[d] `e` $f$ <g> 14.2\u00a0%")
    assert not re.search(r"(?<!\\)[*\[\]()`$<>:]", escaped) and "\u00a0" in escaped


@pytest.mark.parametrize(("palette", "backgrounds"), [(LIGHT, LIGHT_BACKGROUNDS), (DARK, DARK_BACKGROUNDS)])
def test_contrast_of_text_and_marks(palette: Palette, backgrounds: tuple[str, str]) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for marks, against the page and the raised panel."""
    assert set(palette.meanings) == set(MEANINGS)
    assert measure_contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert measure_contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    for background in (*backgrounds, palette.hover, palette.shade):
        for colour in (palette.text, palette.muted, palette.limit, *(ink.text for ink in palette.meanings.values())):
            assert measure_contrast(colour, background) >= 4.5
    for background in backgrounds:
        for colour in (palette.hatch, palette.axis, *(ink.mark for ink in palette.meanings.values())):
            assert measure_contrast(colour, background) >= 3


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def lab(colour: str, matrix: np.ndarray) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", sorted(BLINDNESS))
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_meanings_are_told_apart_by_colour_blind_readers(palette: Palette, sight: str) -> None:
    """CIE 1976 distances of marks: 15 among system, person and bad; 10 to unknown, which is always hatched as well."""
    for one, two in combinations(("system", "person", "bad", "unknown"), 2):
        first, second = (lab(palette.ink(meaning).mark, BLINDNESS[sight]) for meaning in (one, two))
        assert float(np.linalg.norm(first - second)) >= (10 if two == "unknown" else 15), (one, two)
    assert palette.ink("unknown").pattern and not palette.ink("bad").pattern
    low, high = palette.ink("low_side"), palette.ink("high_side")
    assert low.pattern != high.pattern and low.symbol != high.symbol and low.dash != high.dash
    assert measure_contrast(low.mark, high.mark) >= 1.5


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_csv_cell_is_never_a_formula(start: str) -> None:
    text = build_csv([{start: start, "n": -3}], scope=start, snapshot="s1")
    header, row = list(csv.reader(io.StringIO(text, newline="")))
    assert header == [f"'{start}", "n", "scope", "snapshot"]
    assert row == [f"'{start}", "-3", f"'{start}", "s1"]  # a real number stays one


def test_a_csv_keeps_every_row_and_says_what_it_is_of() -> None:
    rows = [{"a": 1.5, "why": ""}, {"a": None, "why": 'too few, "7"', "b": float("nan")}]
    read = list(csv.DictReader(io.StringIO(build_csv(rows, scope="applications", snapshot="2026"), newline="")))
    assert read[0] == {"a": "1.5", "why": "", "b": "", "scope": "applications", "snapshot": "2026"}
    assert read[1]["a"] == "" and read[1]["why"] == 'too few, "7"' and read[1]["b"] == ""


def test_file_names_are_plain() -> None:
    assert name_file("Overrides: 14.2 % / <b>", "csv") == "overrides-14-2-b.csv"
    assert name_file("…", "png") == "chart.png"


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ([{"customdata": ["0-3"]}], "0-3"),
        ([{"customdata": "0-3"}], "0-3"),
        ([{"customdata": {"0": "0-3"}}], "0-3"),
        ([{"x": 1}, {"customdata": ["2"]}], "2"),  # a mark without cases, then one with
        ([{"customdata": []}], None),
        ([], None),
    ],
)
def test_a_click_names_its_drill(points: list[dict[str, Any]], found: str | None) -> None:
    assert find_clicked({"points": points}) == found
