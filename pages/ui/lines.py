"""Facts as a list of label and value: one grid, aligned, read aloud as pairs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from analysis.case_story import Line

_STYLE = """
<style>
div dl.ed-lines { display: grid; grid-template-columns: minmax(7.5rem, 2fr) 3fr; gap: 0.3rem 0.9rem;
  margin: 0; padding: 0; font-size: 0.9375rem; font-variant-numeric: tabular-nums; line-height: 1.4; }
.ed-lines dt, .ed-lines dd { margin: 0; padding: 0; overflow-wrap: anywhere; }
.ed-lines dd { font-weight: 600; white-space: pre-wrap; }
.ed-lines dd small { display: block; font-size: 0.8125rem; font-weight: 400; }
</style>
"""


def show_lines(lines: Sequence[Line]) -> None:
    """Lines as they are, nothing in them read as markup."""
    st.html(_STYLE + f'<dl class="ed-lines">{"".join(_line(line) for line in lines)}</dl>')


def _line(line: Line) -> str:
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    return f"<dt>{escape(line.label)}</dt><dd>{escape(line.value)}{note}</dd>"
