"""A line the size of a word, as an image with its own description."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from html import escape
from itertools import pairwise

from analysis.charts.escape import clean
from analysis.charts.words import is_mature
from analysis.formats import format_period, format_value
from analysis.palette import Palette, choose_palette
from analysis.reading import Reading
from data.use_case import UseCase

WIDTH, HEIGHT = 160, 34
_EDGE = 3.0


def draw_sparkline(
    periods: Sequence[str],
    readings: Sequence[Reading],
    *,
    label: str,
    unit: str,
    use_case: UseCase,
    dark: bool = False,
    meaning: str = "person",
    limit: float | None = None,
    immature: Collection[str] | None = None,
) -> str:
    """An HTML image: values from zero up, gaps where a reading is refused, periods not matured dotted, a thin limit.

    As SVG inside <img alt>, since Streamlit takes bare SVG out of a page's HTML. It fills the width it is given.
    "" where fewer than two readings are shown: a line through one point says nothing.
    """
    late = (
        {p for p, r in zip(periods, readings, strict=True) if not is_mature(r)} if immature is None else set(immature)
    )
    shown = [(i, r.value, periods[i] in late) for i, r in enumerate(readings) if r.value is not None]
    if len(shown) < 2:
        return ""
    words = escape(describe_sparkline(periods, [s for s in shown if not s[2]] or shown, label, unit, use_case))
    svg = _draw(shown, len(readings), choose_palette(dark), meaning, limit, words)
    source = base64.b64encode(svg.encode()).decode()
    style = f"width:100%;height:{HEIGHT}px;display:block"
    return f'<img alt="{words}" src="data:image/svg+xml;base64,{source}" style="{style}">'


def _draw(
    shown: Sequence[tuple[int, float, bool]],
    count: int,
    palette: Palette,
    meaning: str,
    limit: float | None,
    words: str,
) -> str:
    colour = palette.ink(meaning).mark
    values = [v for _, v, _ in shown] + ([limit] if limit is not None else [])
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0

    def place(i: int, value: float) -> tuple[float, float]:
        x = _EDGE + i * (WIDTH - 2 * _EDGE) / max(count - 1, 1)
        return x, HEIGHT - _EDGE - (value - low) / span * (HEIGHT - 2 * _EDGE)

    def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float, dash: str = "") -> str:
        # Strokes keep their width however the image is stretched; a line without length is a round dot.
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return (
            f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" stroke-width="{width}"{dashed} '
            'stroke-linecap="round" vector-effect="non-scaling-stroke"/>'
        )

    zero = place(0, 0)[1]
    pieces = [line(0, zero, WIDTH, zero, palette.grid, 1)]
    if limit is not None:
        at = place(0, limit)[1]
        pieces.append(line(0, at, WIDTH, at, palette.limit, 0.75))
    for (i, one, _), (j, two, is_late) in pairwise(shown):
        if j == i + 1:  # a gap stays a gap
            width, dash = (1.0, "1 3") if is_late else (1.75, "")
            pieces.append(line(*place(i, one), *place(j, two), colour, width, dash))
    last = ([s for s in shown if not s[2]] or list(shown))[-1]
    pieces.append(line(*place(last[0], last[1]), *place(last[0], last[1]), colour, 6))
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{words}</title>{"".join(pieces)}</svg>'
    )


def describe_sparkline(
    periods: Sequence[str], shown: Sequence[tuple[int, float, bool]], label: str, unit: str, use_case: UseCase
) -> str:
    """First, lowest, highest and last matured value in words."""
    first, last = shown[0], shown[-1]
    lowest, highest = min(shown, key=lambda s: s[1]), max(shown, key=lambda s: s[1])
    said = ", ".join(
        f"{word} {format_value(value, unit, use_case)} in {format_period(periods[i])}"
        for word, (i, value, _) in (("first", first), ("lowest", lowest), ("highest", highest), ("last", last))
    )
    return f"{clean(label)} by period: {said}."
