"""What happened to one case, in order, with the time between the steps; not to scale, since a year follows a minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from analysis.charts.chart import Chart, Row
from analysis.charts.escape import wrap_html
from analysis.charts.frame import build_figure, build_name_axis, write_note
from analysis.formats import format_date, format_elapsed
from analysis.palette import Palette, choose_palette
from data.use_case import UseCase

_HEIGHT = 214


@dataclass(frozen=True)
class Step:
    """One step of a case: its name, naive UTC time or None where none is on record, and whose step it is.

    meaning: system, person, bad, neutral, ...
    """

    name: str
    at: dt.datetime | None
    meaning: str = "neutral"


def plot_timeline(
    title: str, steps: Sequence[Step], *, use_case: UseCase, dark: bool = False, reading: str = ""
) -> Chart:
    """Steps as points evenly apart, in the order they happened, names alternately above and below. Times are local.

    A step without a time keeps its place in the order given and is hollow: "not recorded".
    """
    palette = choose_palette(dark)
    ordered = order_steps(steps)
    zone = ZoneInfo(use_case.time_zone)
    points = list(range(len(ordered)))
    notes = [_name_step(i, step, zone, palette) for i, step in enumerate(ordered)]
    notes += _between(ordered, palette)
    words = reading or describe_timeline(ordered)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": points,
            "y": [0] * len(points),
            "hoverinfo": "skip",
            "line": {"color": palette.axis, "width": 1.5},
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": points,
            "y": [0] * len(points),
            "hoverinfo": "text",
            "cliponaxis": False,
            "hovertext": [
                f"<b>{wrap_html(s.name, 40)}</b><br>{_describe_time(s.at, zone, seconds=True)}" for s in ordered
            ],
            "marker": {
                "size": 13,
                "color": [palette.background if s.at is None else palette.ink(s.meaning).mark for s in ordered],
                "symbol": [palette.ink(s.meaning).symbol.removesuffix("-open") for s in ordered],
                "line": {
                    "width": 2,
                    "color": [palette.hatch if s.at is None else palette.ink(s.meaning).mark for s in ordered],
                },
            },
        },
    ]
    ends = [-0.5, max(len(points), 1) - 0.5]
    figure = build_figure(
        traces,
        palette,
        height=_HEIGHT,
        margin={"l": 12, "r": 12, "t": 32, "b": 0},
        xaxis=build_name_axis(palette, range=ends, visible=False),
        yaxis=build_name_axis(palette, range=[-0.9, 1.1], visible=False),
        annotations=notes,
    )
    alt = f"Time line of the case. {words}"
    return Chart(figure, title, words, alt, _table(ordered, zone), height=_HEIGHT)


def order_steps(steps: Sequence[Step]) -> list[Step]:
    """Known steps by time; an unknown one directly after the step it follows in the order given."""
    known = sorted((s for s in steps if s.at is not None), key=lambda s: s.at or dt.datetime.min)
    ordered = list(known)
    for i, step in enumerate(steps):
        if step.at is None:
            before = steps[i - 1] if i else None
            ordered.insert(ordered.index(before) + 1 if before is not None else 0, step)
    return ordered


def describe_timeline(ordered: Sequence[Step]) -> str:
    """From first to last known step, and what is not on record."""
    known = [(s.name, s.at) for s in ordered if s.at is not None]
    missing = [s.name for s in ordered if s.at is None]
    if not known:
        return "No time of this case is on record."
    (first, start), (last, end) = known[0], known[-1]
    span = f"{format_elapsed(end - start)} from {first} to {last}. " if len(known) > 1 else ""
    gap = f" Not recorded: {', '.join(missing)}." if missing else ""
    return f"{span}Steps are evenly apart, not to scale.{gap}"


def _describe_time(at: dt.datetime | None, zone: ZoneInfo, *, seconds: bool = False) -> str:
    if at is None:
        return "not recorded"
    local = _local(at, zone)
    return (
        f"{format_date(local.date())}, {local:%H:%M:%S}" if seconds else f"{format_date(local.date())}<br>{local:%H:%M}"
    )


def _local(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return at.replace(tzinfo=dt.UTC).astimezone(zone)


def _name_step(i: int, step: Step, zone: ZoneInfo, palette: Palette) -> dict[str, Any]:
    up = i % 2 == 0
    colour = palette.muted if step.at is None else palette.ink(step.meaning).text
    time = "not<br>recorded" if step.at is None else _describe_time(step.at, zone)
    text = f"<b>{wrap_html(step.name, 14)}</b><br>{time}"
    return write_note(
        text,
        palette,
        font={"color": colour},
        align="center",
        xref="x",
        x=i,
        xanchor="center",
        yref="y",
        y=0,
        yanchor="bottom" if up else "top",
        yshift=26 if up else -12,  # above the line is a lane for the time between
    )


def _between(ordered: Sequence[Step], palette: Palette) -> list[dict[str, Any]]:
    """The time from one known step to the next, just above the line between them."""
    notes = []
    known = [i for i, s in enumerate(ordered) if s.at is not None]
    for one, two in pairwise(known):
        start, end = ordered[one].at, ordered[two].at
        if start is None or end is None:
            continue
        notes.append(
            write_note(
                format_elapsed(end - start),
                palette,
                align="center",
                xref="x",
                x=(one + two) / 2,
                xanchor="center",
                yref="y",
                y=0,
                yanchor="bottom",
                yshift=5,
            )
        )
    return notes


def _table(ordered: Sequence[Step], zone: ZoneInfo) -> tuple[Row, ...]:
    rows: list[Row] = []
    before: dt.datetime | None = None
    for step in ordered:
        minutes = None if step.at is None or before is None else round((step.at - before).total_seconds() / 60, 3)
        stamp = None if step.at is None else f"{_local(step.at, zone):%Y-%m-%d %H:%M:%S}"
        rows.append({"step": step.name, f"time ({zone.key})": stamp, "since the step before (minutes)": minutes})
        before = step.at or before
    return tuple(rows)
