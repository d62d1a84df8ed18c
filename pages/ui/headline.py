"""The top of a page: its finding, its scope, its tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from analysis.charts.escape import escape_markdown
from analysis.formats import format_count, format_reading_interval, format_value
from analysis.reading import Reading
from analysis.source import Source


@dataclass(frozen=True)
class Tile:
    """One number: its label, reading and unit, the change and the limit in words, a sparkline as SVG."""

    label: str
    reading: Reading
    unit: str
    change: str = ""
    limit: str = ""
    is_over_limit: bool = False
    sparkline: str = ""


_STYLE = """
<style>
.ed-tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 0.75rem; }
.ed-tile { border: 1px solid rgba(128, 128, 128, 0.45); border-radius: 6px; padding: 0.7rem 0.9rem;
  display: flex; flex-direction: column; gap: 0.15rem; min-height: 9.5rem; }
.ed-tile .label { font-size: 0.875rem; }
.ed-tile .value { font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.2; }
.ed-tile .why { font-size: 0.875rem; font-style: italic; }
.ed-tile .note { font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.ed-tile .over { font-weight: 600; }
.ed-tile .spark { margin-top: auto; padding-top: 0.3rem; }
.ed-tile .spark img { width: 100%; height: 34px; display: block; }
</style>
"""


def show_finding(sentences: Sequence[str]) -> None:
    """The page's finding, in the largest text after the title."""
    text = " ".join(escape_markdown(sentence) for sentence in sentences if sentence)
    with st.container(border=True):
        st.markdown(f"#### Finding\n{text}")


def show_scope(text: str) -> None:
    """The scope line: what is selected, n of N, matured, as of when."""
    st.markdown(escape_markdown(text))


def show_tiles(source: Source, tiles: Sequence[Tile]) -> None:
    """At most five tiles of the same height; one without enough data says why."""
    st.html(_STYLE + f'<div class="ed-tiles">{"".join(_tile(source, tile) for tile in tiles)}</div>')


def _tile(source: Source, tile: Tile) -> str:
    use_case = source.use_case
    lines = [f'<div class="label">{escape(tile.label)}</div>']
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
    if tile.sparkline:
        lines.append(f'<div class="spark">{tile.sparkline}</div>')
    return f'<div class="ed-tile">{"".join(lines)}</div>'
