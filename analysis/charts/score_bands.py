"""The final score report: what was decided in each score band, and how it turned out against what the score said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.charts.bars import draw_names_axis, draw_whiskers, measure_names, write_beside
from analysis.charts.chart import Chart, Row
from analysis.charts.escape import escape_html
from analysis.charts.frame import SMALL, TOOLS, build_figure, build_ticks, build_value_axis, write_note
from analysis.charts.words import align_rows, build_row, convert_raw, describe_point
from analysis.formats import format_count, format_value
from analysis.palette import Palette, choose_palette, fade
from analysis.reading import PROTECTED, Drill, Reading
from data.use_case import UseCase

_ROW, _FOOT, _KEY = 32, 28, 19  # _KEY: pixels of a line of the legend
_SPLIT = (0.55, 0.63)  # where the left panel ends and the right one begins

# From the left: all that was accepted, then all that was rejected; overrides meet in the middle.
_SHARES = (
    ("accepted", "{accepted} as recommended", "system"),
    ("low_side", "{accepted} against {reject}", "low_side"),
    ("high_side", "{rejected} against {accept}", "high_side"),
    ("rejected", "{rejected} as recommended", "system_reject"),
    ("other", "no override possible", "other"),
)


@dataclass(frozen=True)
class ScoreBand:
    """One score band: decisions by what was recommended and decided, the bad rate of the accepted, the expected rate.

    expected: mean score of the same cases, 0 to 1. other: neither, such as a refer or a policy rule. drills: by
    "accepted", "low_side", "high_side", "rejected", "other" and "bad_rate".
    """

    name: str
    accepted: int
    low_side: int
    high_side: int
    rejected: int
    bad_rate: Reading
    expected: float | None = None
    other: int = 0
    drills: Mapping[str, Drill] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.accepted + self.low_side + self.high_side + self.rejected + self.other


def plot_score_bands(
    title: str,
    bands: Sequence[ScoreBand],
    *,
    use_case: UseCase,
    dark: bool = False,
    reading: str = "",
    bad_label: str = "",
) -> Chart:
    """Per band, from the lowest score down: shares of what was decided, and beside them the bad rate with its interval.

    bad_label: of the right panel, "Default rate" say. Drill ids are "band-kind", "3-low_side" or "3-bad_rate".
    """
    palette = choose_palette(dark)
    words = _words(use_case)
    bad_label = bad_label or f"{use_case.word('bad').capitalize()} rate"
    rates = [v for b in bands for v in (b.bad_rate.value, b.bad_rate.low, b.bad_rate.high, b.expected) if v is not None]
    left, right = build_ticks([1.0], "share", use_case, wanted=2), build_ticks(rates, "share", use_case, wanted=3)
    key = _KEY * (5 if any(b.other for b in bands) else 4)
    margin = {"l": measure_names([b.name for b in bands]), "r": 58, "t": TOOLS + 8 + key, "b": _FOOT}
    height = margin["t"] + margin["b"] + max(1, len(bands)) * _ROW
    notes = [
        _head("Decisions (% of band)", -margin["l"], 0.0, margin, palette),
        _head(f"{bad_label} (%)", 0, _SPLIT[1], margin, palette),
        _rate_key(palette),
    ]
    for i, band in enumerate(bands):
        notes.append(write_beside(i, f"n {format_count(band.total, use_case)}", palette, font={"color": palette.muted}))
    figure = build_figure(
        [*_stacks(bands, words, use_case, palette), *_rates(bands, bad_label, use_case, palette, right.high)],
        palette,
        height=height,
        margin=margin,
        barmode="stack",
        showlegend=True,
        legend={
            "orientation": "v",
            "xref": "container",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 1 - (TOOLS - 4) / height,
            "yanchor": "top",
            "bgcolor": "rgba(0,0,0,0)",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": SMALL, "color": palette.text},
            "traceorder": "normal",
        },
        xaxis=build_value_axis(left, palette, domain=[0, _SPLIT[0]], range=[0, 1]),
        xaxis2=build_value_axis(right, palette, domain=[_SPLIT[1], 1], anchor="y"),
        yaxis=draw_names_axis([b.name for b in bands], palette),
        annotations=notes,
    )
    drills = {f"{i}-{kind}": d for i, b in enumerate(bands) for kind, d in b.drills.items() if _may(b, kind)}
    labels = {i: f"{bands[int(i.split('-')[0])].name}, {words.get(i.split('-')[1], bad_label)}" for i in drills}
    said = reading or describe_score_bands(bands, use_case=use_case)
    alt = f"Stacked bars of decisions by score band with {bad_label} beside the expected rate. {said}"
    return Chart(figure, title, said, alt, _table(bands, words, bad_label, use_case), drills, labels, height)


def describe_score_bands(bands: Sequence[ScoreBand], *, use_case: UseCase) -> str:
    """Both kinds of override over all bands, and in how many the expected rate lies outside the interval."""
    total = sum(b.total for b in bands)
    if not total:
        return "No decision with a score in this selection."
    low, high = (sum(getattr(b, side) for b in bands) for side in ("low_side", "high_side"))
    words = _words(use_case)
    first = (
        f"Of {format_count(total, use_case)} decisions with a score, "
        f"{format_value(low / total, 'share', use_case)} were {words['low_side']} and "
        f"{format_value(high / total, 'share', use_case)} {words['high_side']}."
    )
    known = [(b.expected, b.bad_rate.low, b.bad_rate.high) for b in bands if b.bad_rate.is_shown]
    told = [not low <= e <= high for e, low, high in known if e is not None and low is not None and high is not None]
    tail = (
        f" In {sum(told)} of {len(told)} bands the expected rate lies outside the 95\u00a0% interval." if told else ""
    )
    return first + tail.format(sum(told), len(told))


def _words(use_case: UseCase) -> dict[str, str]:
    given = {word: use_case.word(word) for word in ("accept", "accepted", "reject", "rejected")}
    return {kind: text.format(**given) for kind, text, _ in _SHARES}


def _may(band: ScoreBand, kind: str) -> bool:
    return band.bad_rate.refusal != PROTECTED if kind == "bad_rate" else getattr(band, kind) > 0


def _head(text: str, shift: int, at: float, margin: dict[str, int], palette: Palette) -> dict[str, Any]:
    place = {"xref": "paper", "x": at, "xanchor": "left", "xshift": shift, "yref": "paper", "y": 1, "yanchor": "top"}
    return write_note(escape_html(text), palette, **place, yshift=margin["t"] - 4)


def _rate_key(palette: Palette) -> dict[str, Any]:
    bad = palette.ink("bad")
    text = f'<span style="color:{bad.mark}">■</span> what happened<br><b>|</b> expected'
    place = {"xref": "paper", "x": _SPLIT[1], "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom"}
    return write_note(text, palette, **place, yshift=2)


def _stacks(
    bands: Sequence[ScoreBand], words: dict[str, str], use_case: UseCase, palette: Palette
) -> list[dict[str, Any]]:
    traces = []
    for kind, _, meaning in _SHARES:
        ink = palette.ink(meaning)
        at = [i for i, b in enumerate(bands) if getattr(b, kind) and b.total >= use_case.minimum_group_size]
        if kind == "other" and not at:
            continue
        counts = [getattr(bands[i], kind) for i in at]
        shares = [n / bands[i].total for n, i in zip(counts, at, strict=True)]
        hollow = kind in ("rejected", "other")
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": at,
                "x": shares,
                "width": 0.72,
                "name": escape_html(words[kind]),
                "marker": {
                    "color": fade(ink.mark, 0.12) if hollow else ink.mark,
                    "line": {"color": palette.background, "width": 1},
                    "pattern": {
                        "shape": ink.pattern,
                        "fgcolor": ink.mark if hollow else palette.background,
                        "bgcolor": fade(ink.mark, 0.12) if hollow else ink.mark,
                        "size": 5,
                        "solidity": 0.35,
                    },
                },
                "customdata": [[f"{i}-{kind}"] for i in at],
                "hoverinfo": "text",
                "hovertext": [
                    f"<b>{escape_html(bands[i].name)}</b> · {escape_html(words[kind])}<br>"
                    f"{format_value(s, 'share', use_case)}, "
                    f"{format_count(n, use_case)} of {format_count(bands[i].total, use_case)}"
                    for i, n, s in zip(at, counts, shares, strict=True)
                ],
                "unselected": {"marker": {"opacity": 0.5}},
            }
        )
    few = [i for i, b in enumerate(bands) if 0 < b.total < use_case.minimum_group_size]
    return [*traces, *([_name_few(few, palette)] if few else [])]


def _name_few(at: Sequence[int], palette: Palette) -> dict[str, Any]:
    """A share of a handful of decisions is a rumour: said in its place."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": [0.01] * len(at),
        "y": list(at),
        "text": ["<i>too few</i>"] * len(at),
        "textposition": "middle right",
        "textfont": {"color": palette.muted, "size": 12},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _rates(
    bands: Sequence[ScoreBand], label: str, use_case: UseCase, palette: Palette, high: float
) -> list[dict[str, Any]]:
    bad = palette.ink("bad")
    rates = [b.bad_rate for b in bands]
    shown, refused = [i for i, r in enumerate(rates) if r.is_shown], [i for i, r in enumerate(rates) if not r.is_shown]
    common = {"type": "scatter", "mode": "markers", "xaxis": "x2", "hoverinfo": "text", "showlegend": False}
    expected = [(i, b.expected) for i, b in enumerate(bands) if b.expected is not None]
    hovers = [describe_point(r, b.name, "share", use_case, of=label) for r, b in zip(rates, bands, strict=True)]
    return [
        {
            **common,
            "x": [e for _, e in expected],
            "y": [i for i, _ in expected],
            "cliponaxis": False,
            "marker": {"symbol": "line-ns", "size": 20, "line": {"width": 2, "color": palette.text}},
            "hovertext": [
                f"<b>{escape_html(bands[i].name)}</b><br>expected {format_value(e, 'share', use_case)}"
                for i, e in expected
            ],
        },
        {**draw_whiskers(rates, bad.mark, axis="x2"), "showlegend": False},
        {
            **common,
            "x": [high * 0.04] * len(refused),
            "y": refused,
            "hovertext": [hovers[i] for i in refused],
            "marker": {"symbol": "x-thin", "size": 9, "line": {"width": 1.5, "color": palette.hatch}},
        },
        {
            **common,
            "x": [rates[i].value for i in shown],
            "y": shown,
            "customdata": [[f"{i}-bad_rate"] for i in shown],
            "marker": {"symbol": bad.symbol, "size": 9, "color": bad.mark},
            "cliponaxis": False,
            "hovertext": [hovers[i] for i in shown],
            "unselected": {"marker": {"opacity": 0.5}},
        },
    ]


def _table(bands: Sequence[ScoreBand], words: dict[str, str], label: str, use_case: UseCase) -> tuple[Row, ...]:
    rows: list[Row] = []
    for band in bands:
        row: Row = {"score band": band.name, "decisions": band.total}
        row |= {words[kind]: getattr(band, kind) for kind, _, _ in _SHARES}
        row |= {"expected rate (%)": convert_raw(band.expected, "share", use_case)}
        row |= {
            f"{label}: {k}" if k in ("n", "why") else k: v
            for k, v in build_row(band.bad_rate, label, "share", use_case).items()
        }
        rows.append(row)
    return align_rows(rows)
