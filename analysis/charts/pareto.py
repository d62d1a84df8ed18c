"""Reasons by how often they were given, with the running total; a blank is no reason and does not look like one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.charts.bars import draw_fill, draw_names_axis, measure_names, write_beside
from analysis.charts.chart import Chart, Row
from analysis.charts.escape import escape_html
from analysis.charts.frame import TOOLS, build_figure, build_ticks, build_value_axis, write_axis_title, write_note
from analysis.charts.words import align_rows, convert_raw
from analysis.formats import format_count, format_value
from analysis.palette import Palette, choose_palette
from analysis.reading import Drill
from data.use_case import UseCase

BLANK, OTHER = "blank", "other"
_ROW, _FOOT = 40, 28


@dataclass(frozen=True)
class Reason:
    """One reason and how many decisions gave it. category: policy, data, judgement, other, or blank for none given."""

    label: str
    category: str
    count: int
    drill: Drill | None = None


def plot_pareto(
    title: str,
    reasons: Sequence[Reason],
    *,
    label: str,
    use_case: UseCase,
    dark: bool = False,
    reading: str = "",
    meaning: str = "person",
) -> Chart:
    """Bars from the most frequent reason down, as shares of all, and the running total as a line on the same axis.

    label: what is counted ("Share of overrides"). Blank and other are grey and patterned. Drill ids are positions in
    the drawn order.
    """
    palette = choose_palette(dark)
    ranked = sorted((r for r in reasons if r.count > 0), key=lambda r: (-r.count, r.label))
    total = sum(r.count for r in ranked)
    shares = [r.count / total for r in ranked]
    running = [sum(shares[: i + 1]) for i in range(len(shares))]
    ticks = build_ticks([1.0], "share", use_case)
    beside = [f"<b>{format_value(s, 'share', use_case)}</b>" for s in shares]
    margin = {"l": measure_names([r.label for r in ranked]), "r": 70, "t": TOOLS + 18, "b": _FOOT}
    height = margin["t"] + margin["b"] + max(1, len(ranked)) * _ROW
    notes = [write_axis_title(label, "%", palette, margin)]
    for i, (reason, text) in enumerate(zip(ranked, beside, strict=True)):
        count = f'<br><span style="color:{palette.muted}">n {format_count(reason.count, use_case)}</span>'
        notes.append(write_beside(i, text + count, palette))
    notes += _name_line(running, palette)
    traces = [*_bars(ranked, shares, running, use_case, palette, meaning), _line(running, palette)]
    figure = build_figure(
        traces,
        palette,
        height=height,
        margin=margin,
        xaxis=build_value_axis(ticks, palette),
        yaxis=draw_names_axis([r.label for r in ranked], palette),
        annotations=notes,
        barmode="overlay",
    )
    drills = {str(i): r.drill for i, r in enumerate(ranked) if r.drill is not None}
    words = reading or describe_pareto(ranked, use_case=use_case)
    table: list[Row] = [
        {
            "reason": r.label,
            "category": r.category,
            "n": r.count,
            f"{label} (%)": convert_raw(s, "share", use_case),
            "running total (%)": convert_raw(c, "share", use_case),
        }
        for r, s, c in zip(ranked, shares, running, strict=True)
    ]
    alt = f"Bar chart of {label} by reason with the running total. {words}"
    return Chart(
        figure, title, words, alt, align_rows(table), drills, {i: ranked[int(i)].label for i in drills}, height
    )


def describe_pareto(reasons: Sequence[Reason], *, use_case: UseCase) -> str:
    """How many reasons make up half, and how much has none or only "other"."""
    total = sum(r.count for r in reasons)
    if not total:
        return "No reason is on record in this selection."
    running, needed = 0, 0
    for reason in sorted(reasons, key=lambda r: -r.count):
        running, needed = running + reason.count, needed + 1
        if running * 2 >= total:
            break
    empty = {c: sum(r.count for r in reasons if r.category == c) / total for c in (BLANK, OTHER)}
    most = "The most frequent entry makes" if needed == 1 else f"The {needed} most frequent entries make"
    return (
        f"{most} up {format_value(running / total, 'share', use_case)} of {format_count(total, use_case)}. Blank: "
        f"{format_value(empty[BLANK], 'share', use_case)}; other: {format_value(empty[OTHER], 'share', use_case)}."
    )


def _bars(
    ranked: Sequence[Reason],
    shares: Sequence[float],
    running: Sequence[float],
    use_case: UseCase,
    palette: Palette,
    meaning: str,
) -> list[dict[str, Any]]:
    texts = [
        f"<b>{escape_html(r.label)}</b> · {escape_html(r.category)}<br>{format_count(r.count, use_case)}, "
        f"{format_value(s, 'share', use_case)}<br>running total {format_value(c, 'share', use_case)}"
        for r, s, c in zip(ranked, shares, running, strict=True)
    ]
    looks = {"": palette.ink(meaning), OTHER: palette.ink("other"), BLANK: palette.ink("unknown")}
    traces = []
    for look, ink in looks.items():
        at = [i for i, r in enumerate(ranked) if (r.category if r.category in (BLANK, OTHER) else "") == look]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [shares[i] for i in at],
                "y": at,
                "width": 0.5,
                "marker": draw_fill(ink.mark, ink.pattern if look else ""),
                "customdata": [[str(i)] for i in at],
                "hoverinfo": "text",
                "hovertext": [texts[i] for i in at],
                "unselected": {"marker": {"opacity": 0.5}},
            }
        )
    return traces


def _line(running: Sequence[float], palette: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(running),
        "y": list(range(len(running))),
        "hoverinfo": "skip",
        "line": {"color": palette.text, "width": 1.5},
        "marker": {"size": 6, "color": palette.text},
        "cliponaxis": False,
    }


def _name_line(running: Sequence[float], palette: Palette) -> list[dict[str, Any]]:
    """The line's name above its first point, on the side where it does not leave the sheet."""
    if not running:
        return []
    right = running[0] > 0.5
    place = {"xref": "x", "x": running[0], "xanchor": "right" if right else "left"}
    font = {"color": palette.text}
    return [write_note("running total", palette, font=font, **place, yref="paper", y=1, yanchor="bottom")]
