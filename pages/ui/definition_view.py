"""One definition in full: its meaning, its reading now, its worked example, its SQL, its columns and its uses."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st
from streamlit.errors import StreamlitAPIException

from analysis.case_story import Line
from analysis.charts.escape import escape_markdown
from analysis.definitions import Definition, Need, answer_definition, describe_limit, describe_needs, find_nearest
from analysis.filters import Filters
from analysis.formats import format_count, format_reading_interval, format_value
from analysis.query import Query
from analysis.reading import Drill, Reading
from analysis.source import Source
from analysis.uses import Page
from pages.ui.case_url import link_to_cases
from pages.ui.definition_parts import (
    build_link,
    show_computation,
    show_definition_link,
    show_example,
    show_meaning,
    show_terms,
)
from pages.ui.guard import panel
from pages.ui.lines import show_lines


def show_definition(source: Source, filters: Filters, definition: Definition, uses: tuple[Page, ...]) -> None:
    """Everything about one number, each part a panel of its own."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {escape_markdown(definition.label)}", anchors=False)
        with st.popover("Copy link"):
            st.markdown("The address of this definition, for the selection above.")
            st.code(_build_address(source, filters, definition), language=None, wrap_lines=True)
    found: list[tuple[Reading, Query]] = []
    left, right = st.columns([3, 2], gap="large")
    with left, panel("meaning"):
        show_meaning(source, definition)
    with right, panel("reading"):
        found.append(answer_definition(source, definition, filters))
        _show_reading(source, filters, definition, found[0][0])
        _show_uses(filters, uses)
    with panel("worked example"):
        show_example(definition)
    with panel("computation"):
        if found:
            show_computation(definition, found[0][1])
    with panel("columns"):
        _show_needs(source, definition)


def show_unknown(source: Source, filters: Filters, definitions: Mapping[str, Definition], asked: str) -> None:
    """A link to a number that does not exist: said in words, with the nearest names."""
    near = find_nearest(definitions, asked)
    ending = "The nearest:" if near else "All there are stand below."
    st.warning(f"There is no number called '{escape_markdown(asked[:80])}'. {ending}")
    for definition in near:
        show_definition_link(source, filters, definition)


def _build_address(source: Source, filters: Filters, definition: Definition) -> str:
    query = urlencode(build_link(source, filters, definition.name), doseq=True)
    address = (st.context.url or "").partition("?")[0]
    return f"{address or '/definitions'}?{query}"


def _show_reading(source: Source, filters: Filters, definition: Definition, reading: Reading) -> None:
    """The number now, with interval, n and limit; or why it is not shown."""
    use_case = source.use_case
    st.markdown(f"**Now**, for {escape_markdown(filters.sentence(use_case.word('cases')))}")
    lines: list[Line] = []
    if reading.value is None:
        lines.append(Line("Not shown", reading.why))
    else:
        lines.append(Line("Value", format_value(reading.value, definition.unit, use_case)))
        interval = format_reading_interval(reading, definition.unit, use_case)
        lines.append(Line("95 % interval", interval or "none", "" if interval else reading.interval_why))
    if reading.n or reading.value is not None:
        lines.append(Line(f"n, {use_case.word('cases')} counted", format_count(reading.n, use_case)))
    if reading.matured_share is not None:
        lines.append(Line("Matured", format_value(reading.matured_share, "share", use_case)))
    if reading.observed_share is not None:
        lines.append(Line("Of these, outcome back", format_value(reading.observed_share, "share", use_case)))
    lines.append(Line("Limit agreed", describe_limit(source, definition, reading) or "none in this use case"))
    show_lines(lines)
    if definition.card is not None and definition.card.kind in ("ratio", "mean") and reading.n:
        query = link_to_cases(filters, Drill(definition.name, "denominator"), "definitions")
        cases = use_case.word("cases")
        st.page_link("cases.py", label=escape_markdown(f"The {cases} it counts"), query_params=query)


def _show_uses(filters: Filters, uses: tuple[Page, ...]) -> None:
    """The pages that use it, with the selection carried along."""
    if not uses:
        st.markdown("**Used on** no page yet.")
        return
    st.markdown("**Used on**")
    with st.container(horizontal=True):
        for page in uses:
            try:
                st.page_link(f"{page.script}.py", label=escape_markdown(page.title), query_params=filters.to_url())
            except StreamlitAPIException:  # a page that exists but is not in this reader's navigation
                st.markdown(f"{escape_markdown(page.title)} (not open to you)")


def _show_needs(source: Source, definition: Definition) -> None:
    """The contract columns behind the number, and whether this log maps them."""
    needs = describe_needs(definition, source.mapped)
    missing = [need for need in needs if not need.is_mapped]
    required = [need.column for need in missing if need.is_required]
    if required:
        said = f"This log does not map {', '.join(required)}: without it the number cannot be shown."
    elif missing:
        said = f"This log maps {len(needs) - len(missing)} of {len(needs)}; the others count as empty."
    else:
        said = "This log maps all of them."
    st.markdown(f"**The columns of the data it is read from.** {escape_markdown(said)}")
    show_terms([Line(need.column, _describe_need(need), need.sentence) for need in needs])


def _describe_need(need: Need) -> str:
    return f"{'mapped' if need.is_mapped else 'not mapped'}{', required' if need.is_required else ''}"
