"""The top of a page: its finding, its scope, its tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlencode

import streamlit as st

from analysis.answer import Answer
from analysis.charts import draw_sparkline
from analysis.charts.escape import escape_markdown
from analysis.findings import describe_change
from analysis.formats import format_count, format_reading_interval, format_value
from analysis.limits import describe_held, hold_against_limit
from analysis.owners import describe_owner
from analysis.reading import ChangeReading, Reading
from analysis.source import Source
from pages.ui.frame import current
from pages.ui.panels import is_dark


@dataclass(frozen=True)
class Tile:
    """One number: its label, reading and unit, the change and the limit in words, a sparkline as SVG.

    name: the metric's, by which the label leads to its definition. owner: who answers for it, in words. period: the
    months it speaks of, where they are not the page's.
    """

    label: str
    reading: Reading
    unit: str
    change: str = ""
    limit: str = ""
    is_over_limit: bool = False
    sparkline: str = ""
    name: str = ""
    owner: str = ""
    period: str = ""


_STYLE = """
<style>
.ed-tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(155px, 1fr)); gap: 0.75rem; }
@media (max-width: 640px) { .ed-tiles { grid-template-columns: 1fr; } }
.ed-tile { border: 1px solid rgba(128, 128, 128, 0.45); border-radius: 6px; padding: 0.7rem 0.9rem;
  display: flex; flex-direction: column; gap: 0.15rem; min-height: 9.5rem; }
.ed-tile .label { font-size: 0.875rem; }
.ed-tile .label a { color: inherit; text-decoration: underline; text-decoration-style: dotted;
  text-underline-offset: 3px; }
.ed-tile .label a:hover, .ed-tile .label a:focus-visible { text-decoration-style: solid; }
.ed-tile .value { font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.2; }
.ed-tile .why { font-size: 0.875rem; font-style: italic; }
.ed-tile .note { font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.ed-tile .over { font-weight: 600; }
.ed-tile .spark { margin-top: auto; padding-top: 0.3rem; }
.ed-tile .spark img { width: 100%; height: 34px; display: block; }
</style>
"""


def show_finding(sentences: Sequence[str], *, apart: bool = False) -> None:
    """The page's finding, in the largest text after the title. apart: each sentence on a line of its own."""
    told = [escape_markdown(sentence) for sentence in sentences if sentence]
    text = "\n".join(f"- {sentence}" for sentence in told) if apart and len(told) > 1 else " ".join(told)
    with st.container(border=True):
        st.markdown(f"#### Finding\n{text}")


def show_scope(text: str) -> None:
    """The scope line: what is selected, n of N, matured, as of when."""
    st.markdown(escape_markdown(text))


def build_tile(
    source: Source, answer: Answer, changes: Sequence[ChangeReading], trend: Answer, *, meaning: str = "person",
    period: str = "",
) -> Tile:  # fmt: skip
    """The tile of one number: its answer over the page's period, its change, and its line over all periods."""
    card, reading = answer.card, answer.reading()
    limit = source.use_case.limits.get(card.name)
    held = hold_against_limit(card, limit, reading) if limit else None
    periods = source.options.periods if source.options.is_dated else ()
    spark = draw_sparkline(
        periods, [trend.reading(p) for p in periods], label=card.label, unit=card.unit, use_case=source.use_case,
        dark=is_dark(), meaning=meaning, limit=limit.value if limit else None,
    )  # fmt: skip
    return Tile(
        card.label, reading, card.unit, describe_change(changes[0], card.unit, source) if changes else "",
        describe_held(source, held) if held else "", held is not None and held.is_over, spark, card.name,
        describe_owner(source, card), period,
    )  # fmt: skip


def show_tiles(source: Source, tiles: Sequence[Tile]) -> None:
    """At most five tiles of the same height; one without enough data says why."""
    st.html(_STYLE + f'<div class="ed-tiles">{"".join(_tile(source, tile) for tile in tiles)}</div>')


def _tile(source: Source, tile: Tile) -> str:
    use_case = source.use_case
    lines = [f'<div class="label">{_label(tile)}</div>']
    if tile.period:
        lines.append(f'<div class="note">{escape(tile.period)}</div>')
    if tile.reading.value is None:
        lines.append(f'<div class="why">{escape(tile.reading.why)}</div>')
    else:
        lines.append(f'<div class="value">{escape(format_value(tile.reading.value, tile.unit, use_case))}</div>')
        interval = format_reading_interval(tile.reading, tile.unit, use_case)
        about = f"95 % interval {interval}; n = " if interval else "n = "
        lines.append(f'<div class="note">{escape(about + format_count(tile.reading.n, use_case))}</div>')
    if tile.change:
        lines.append(f'<div class="note">{escape(tile.change)}</div>')
    if tile.limit:
        over = " over" if tile.is_over_limit else ""
        lines.append(f'<div class="note{over}">{escape(tile.limit)}</div>')
    if tile.owner:
        lines.append(f'<div class="note">{escape(tile.owner)}</div>')
    if tile.sparkline:
        lines.append(f'<div class="spark">{tile.sparkline}</div>')
    return f'<div class="ed-tile">{"".join(lines)}</div>'


def _label(tile: Tile) -> str:
    if not tile.name:
        return escape(tile.label)
    return f'<a href="{link_to_definition(tile.name)}">{escape(tile.label)}</a>'


def link_to_definition(name: str) -> str:
    """The address of a metric's definition with the selection kept, for an attribute of HTML.

    Relative, since only the browser knows below which path the dashboard is served; every page lies beside the others.
    """
    return link_to_page("definitions", metric=name)


def link_to_page(path: str, **query: str) -> str:
    """The address of another page with the selection kept, relative, for an attribute of HTML.

    The selection whole, also where it is everything: a page opened without it adds it, and the back button would lead
    to the page opened instead of this one.
    """
    frame = current()
    selection = replace(frame.filters, snapshot=frame.source.snapshot).to_url()
    return escape(f"{path}?{urlencode({**query, **selection}, doseq=True)}")
