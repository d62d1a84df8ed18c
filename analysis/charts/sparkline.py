"""A line the size of a word, as SVG text with its own description."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from analysis.charts.escape import clean
from analysis.charts.words import is_mature
from analysis.formats import format_period, format_value
from analysis.palette import choose_palette
from analysis.reading import Reading
from data.use_case import UseCase

WIDTH, HEIGHT = 160, 34
_EDGE = 3.0


def draw_sparkline(
    periods: Sequence[str], readings: Sequence[Reading], *, label: str, unit: str, use_case: UseCase, dark: bool = False,
    meaning: str = "person", limit: float | None = None, immature: Collection[str] | None = None,
) -> str:  # fmt: skip
    """Inline SVG: the values from zero up, gaps where a reading is refused, periods not matured dotted, a thin limit.

    "" where fewer than two readings are shown: a line through one point says nothing.
    """
    late = {p for p, r in zip(periods, readings, strict=True) if not is_mature(r)} if immature is None else set(immature)
    shown = [(i, r.value, periods[i] in late) for i, r in enumerate(readings) if r.value is not None]
    if len(shown) < 2:
        return ""
    ink, palette = choose_palette(dark).ink(meaning), choose_palette(dark)
    values = [v for _, v, _ in shown] + ([limit] if limit is not None else [])
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0

    def place(i: int, value: float) -> tuple[float, float]:
        x = _EDGE + i * (WIDTH - 2 * _EDGE) / max(len(readings) - 1, 1)
        return x, HEIGHT - _EDGE - (value - low) / span * (HEIGHT - 2 * _EDGE)

    pieces = [f'<line x1="0" x2="{WIDTH}" y1="{place(0, 0)[1]:.1f}" y2="{place(0, 0)[1]:.1f}" stroke="{palette.grid}"/>']
    if limit is not None:
        at = place(0, limit)[1]
        pieces.append(f'<line x1="0" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}" stroke="{palette.limit}" stroke-width="0.75"/>')
    for (i, one, _), (j, two, not_yet) in zip(shown, shown[1:], strict=False):
        if j != i + 1:
            continue  # a gap stays a gap
        (x1, y1), (x2, y2) = place(i, one), place(j, two)
        style = 'stroke-width="1" stroke-dasharray="2 2"' if not_yet else 'stroke-width="1.75"'
        pieces.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{ink.mark}" {style} stroke-linecap="round"/>')
    mature = [s for s in shown if not s[2]] or shown
    x, y = place(mature[-1][0], mature[-1][1])
    pieces.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{ink.mark}"/>')
    words = escape(describe_sparkline(periods, mature, label, unit, use_case))
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'preserveAspectRatio="none" xmlns="http://www.w3.org/2000/svg"><title>{words}</title>{"".join(pieces)}</svg>'
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
