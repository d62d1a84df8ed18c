"""The pieces a definition is shown with, on its own page and in every page's "How is this measured?"."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from analysis.case_story import Line
from analysis.charts.escape import escape_markdown
from analysis.definitions import (
    DIRECTIONS,
    UNITS,
    Definition,
    build_definition_sql,
    describe_helpers,
    list_measure_sql,
)
from analysis.filters import Filters
from analysis.formats import format_date
from analysis.owners import find_owner
from analysis.query import Query
from analysis.source import Source
from analysis.worked import Worked
from pages.ui.lines import show_lines

# Counted rows are told by the words in their last columns; the tint only helps the eye.
_STYLE = """
<style>
.ed-worked { overflow-x: auto; }
.ed-worked table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.ed-worked th, .ed-worked td { border: 1px solid rgba(128, 128, 128, 0.45); padding: 0.25rem 0.6rem; text-align: left;
  white-space: nowrap; }
.ed-worked th { font-weight: 600; }
.ed-worked tr.counts td { background: rgba(86, 180, 233, 0.14); }
/* Streamlit's blue and grey of SQL are too faint on its code's background; bold tells the words of SQL as well. */
[data-testid="stCode"] .token { color: inherit; }
[data-testid="stCode"] .token.keyword, [data-testid="stCode"] .token.function { color: inherit; font-weight: 600; }
[data-testid="stCode"] .token.comment { color: inherit; }
.ed-worked:focus-visible { outline: 2px solid currentColor; }
</style>
"""

_TERMS = """
<style>
@media (min-width: 700px) {
  [class*="st-key-terms_"] dl.ed-lines { grid-template-columns: minmax(7.5rem, 15rem) 1fr; }
}
[class*="st-key-terms_"] dt { font-weight: 600; }
[class*="st-key-terms_"] dd { font-weight: 400; }
</style>
"""


def build_link(source: Source, filters: Filters, name: str) -> dict[str, list[str]]:
    """Query parameters of one number's definition, for this selection: `st.page_link("definitions.py", ...)`."""
    return {**filters.to_url(), "snapshot": [source.snapshot], "metric": [name]}


def show_definition_link(source: Source, filters: Filters, definition: Definition, label: str = "") -> None:
    """A link to one number's definition that carries the selection along."""
    words = escape_markdown(label or definition.label)
    st.page_link("definitions.py", label=words, query_params=build_link(source, filters, definition.name))


def show_meaning(source: Source, definition: Definition) -> None:
    """What the number is and how to read it, then who answers for it, its unit, source and changes."""
    st.markdown(
        f"{escape_markdown(definition.definition)}\n\n**How to read it.** {escape_markdown(definition.reading)}"
    )
    changes = "; ".join(f"{format_date(change.on)}: {change.why}" for change in definition.changed)
    show_lines(
        [
            Line("Owner", describe_definition_owner(source, definition)),
            Line("Unit", UNITS[definition.unit]),
            Line("Direction", DIRECTIONS[definition.direction]),
            Line("Source", definition.source),
            Line("Changes", changes),
        ]
    )


def describe_definition_owner(source: Source, definition: Definition) -> str:
    """Who answers for a number here, or whom its definition suggests."""
    return find_owner(source, definition.name) or f"{definition.owner} (suggested; this use case names nobody)"


def show_example(definition: Definition) -> None:
    """The worked example: its table with what each row adds, the way to the answer, and the classic mistake."""
    worked = definition.work()
    st.markdown("**Worked example**")
    st.html(_STYLE + _build_table(definition.label, worked))
    steps = "\n".join(f"{i}. {escape_markdown(step)}" for i, step in enumerate(worked.steps, 1))
    st.markdown(f"{steps}\n\n{escape_markdown(definition.example_why)}")
    if worked.hurried:
        st.markdown("In a hurry somebody would write it with:")
        st.code("\n".join(worked.hurried), language="sql", wrap_lines=True)
    st.markdown(escape_markdown(worked.mistake))


def _build_table(label: str, worked: Worked) -> str:
    """The table as HTML: it scrolls within itself on a phone, and by the arrow keys."""
    name = escape(f"Worked example of {label}", quote=True)
    head = "".join(f'<th scope="col">{escape(column.replace("_", " "))}</th>' for column in worked.header)
    body = "".join(_build_row(row, counts) for row, counts in zip(worked.rows, worked.counts, strict=True))
    return (
        f'<div class="ed-worked" role="region" tabindex="0" aria-label="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _build_row(row: Sequence[str], counts: bool) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
    return f'<tr class="counts">{cells}</tr>' if counts else f"<tr>{cells}</tr>"


def show_computation(definition: Definition, query: Query) -> None:
    """The SQL that ran for this selection, what its sums were made from, and the helper columns in words."""
    st.markdown("**The SQL that ran** for this selection, over sums made when the snapshot was built")
    st.code(query.readable(), language="sql", wrap_lines=True)
    made = list_measure_sql(definition, query)
    if definition.statistic is not None:
        computed = build_definition_sql(definition).removeprefix("-- ")
        st.markdown(f"From what it returns the number is {escape_markdown(computed)}.")
    else:
        st.markdown("Each sum was made from the decisions as:" if made else "By definition, over the decisions, it is:")
        st.code("\n".join(made) or build_definition_sql(definition), language="sql", wrap_lines=True)
    helpers = describe_helpers(definition)
    if helpers:
        st.markdown("The helper columns in it, in words:")
        show_terms([Line(name, sentence) for name, sentence in helpers])


def show_terms(lines: Sequence[Line]) -> None:
    """Words and their sentences: the word is what the eye looks for."""
    with st.container(key=f"terms_{abs(hash(tuple(lines)))}"):
        show_lines(lines)
    st.html(_TERMS)
