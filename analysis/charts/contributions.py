"""Why the model said what it said: what raised and what lowered the risk of one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.charts.bars import draw_fill, draw_names_axis, measure_names, write_beside
from analysis.charts.chart import Chart, Row
from analysis.charts.escape import clean, escape_html, shorten
from analysis.charts.frame import TOOLS, build_figure, build_ticks, build_value_axis, write_axis_title, write_note
from analysis.formats import build_scale
from analysis.palette import Palette, choose_palette
from data.use_case import UseCase

STRONGEST = 10
_ROW, _FOOT = 42, 28
RAISES, LOWERS = "raises risk", "lowers risk"


@dataclass(frozen=True)
class Contribution:
    """One input of a case: its name and value in words, and what it added to the log-odds of a bad outcome."""

    name: str
    value: str
    amount: float


def plot_contributions(
    title: str,
    contributions: Sequence[Contribution],
    *,
    use_case: UseCase,
    dark: bool = False,
    reading: str = "",
) -> Chart:
    """The ten strongest contributions by size, each to the side it pushes; all others as one bar. In log-odds."""
    palette = choose_palette(dark)
    ranked = sorted(contributions, key=lambda c: -abs(c.amount))
    shown, rest = ranked[:STRONGEST], ranked[STRONGEST:]
    names = [c.name for c in shown] + ([f"{len(rest)} other inputs"] if rest else [])
    values = [c.value for c in shown] + ([""] if rest else [])
    amounts = [c.amount for c in shown] + ([sum(c.amount for c in rest)] if rest else [])
    ticks = build_ticks(amounts, "log_odds", use_case, wanted=4)
    scale = build_scale(1.0, "log_odds", use_case)
    margin = {"l": measure_names(names), "r": 112, "t": TOOLS + 20, "b": _FOOT}
    height = margin["t"] + margin["b"] + max(1, len(names)) * _ROW
    notes = [write_axis_title("Contribution to the score", "log-odds", palette, margin), *_name_sides(palette)]
    for i, (value, amount) in enumerate(zip(values, amounts, strict=True)):
        given = (
            f'<br><span style="color:{palette.muted}">{escape_html(shorten(value, 16))}</span>' if clean(value) else ""
        )
        notes.append(write_beside(i, f"<b>{scale.write(amount, sign=True)}</b>{given}", palette))
    figure = build_figure(
        _bars(names, values, amounts, bool(rest), use_case, palette),
        palette,
        height=height,
        margin=margin,
        barmode="overlay",
        xaxis=build_value_axis(ticks, palette, range=_both_sides(ticks.low, ticks.high)),
        yaxis=draw_names_axis(names, palette),
        annotations=notes,
    )
    table: list[Row] = [
        {
            "input": c.name,
            "value": c.value,
            "contribution (log-odds)": round(c.amount, 6),
            "effect": describe_side(c.amount),
        }
        for c in ranked
    ]
    words = reading or describe_contributions(contributions)
    alt = f"Bar chart of the {len(shown)} strongest contributions to this case's score. {words}"
    return Chart(figure, title, words, alt, tuple(table), height=height)


def describe_contributions(contributions: Sequence[Contribution]) -> str:
    """The strongest input on each side. An attribution says what the model used, not what caused what."""
    said = []
    for raises in (True, False):
        side = [c for c in contributions if (c.amount > 0) == raises and c.amount]
        if side:
            most = max(side, key=lambda c: abs(c.amount))
            value = f" ({most.value})" if clean(most.value) else ""
            said.append(f"{most.name}{value} {'raised' if raises else 'lowered'} the model's risk most")
    tail = "This shows what the model used, not what caused the outcome."
    return f"{'; '.join(said)}. {tail}" if said else f"No input moved this score. {tail}"


def describe_side(amount: float) -> str:
    return RAISES if amount > 0 else LOWERS if amount < 0 else "no effect"


def _both_sides(low: float, high: float) -> list[float]:
    """Zero is always inside with room on either side, so that a side without bars is seen to be empty."""
    width = max(high, -low)
    return [min(low, -0.15 * width), max(high, 0.15 * width)]


def _name_sides(palette: Palette) -> list[dict[str, Any]]:
    common = {"xref": "x", "x": 0, "yref": "paper", "y": 1, "yanchor": "bottom"}
    return [
        write_note(
            f"◂ {LOWERS}", palette, font={"color": palette.ink("system").text}, xanchor="right", xshift=-6, **common
        ),
        write_note(f"{RAISES} ▸", palette, font={"color": palette.ink("bad").text}, xanchor="left", xshift=6, **common),
    ]


def _bars(
    names: Sequence[str],
    values: Sequence[str],
    amounts: Sequence[float],
    has_rest: bool,
    use_case: UseCase,
    palette: Palette,
) -> list[dict[str, Any]]:
    scale = build_scale(1.0, "log_odds", use_case)
    texts = [
        f"<b>{escape_html(name)}</b>{f' · {escape_html(value)}' if clean(value) else ''}<br>"
        f"{scale.write(amount, sign=True)} log-odds: {describe_side(amount)}"
        for name, value, amount in zip(names, values, amounts, strict=True)
    ]
    own = len(amounts) - has_rest
    looks = (
        ([i for i in range(own) if amounts[i] > 0], palette.ink("bad").mark, ""),
        ([i for i in range(own) if amounts[i] <= 0], palette.ink("system").mark, "/"),
        (list(range(own, len(amounts))), palette.ink("other").mark, palette.ink("other").pattern),
    )
    return [
        {
            "type": "bar",
            "orientation": "h",
            "x": [amounts[i] for i in at],
            "y": at,
            "width": 0.5,
            "marker": draw_fill(colour, pattern),
            "hoverinfo": "text",
            "hovertext": [texts[i] for i in at],
        }
        for at, colour, pattern in looks
    ]
