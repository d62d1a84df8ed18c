"""One case: what it was in one line, why the model said what it said, what the person did, what it was worth."""

from __future__ import annotations

import streamlit as st

from analysis.case_money import describe_money
from analysis.case_neighbours import find_neighbours
from analysis.case_search import search_nearby
from analysis.case_sections import (
    build_action,
    build_advice,
    build_facts,
    build_outcomes,
    build_timeline,
    describe_missing,
    describe_pace,
)
from analysis.case_story import Case, find_relatives, read_case
from analysis.case_words import describe_header, describe_outcome
from analysis.cases import count_cases
from analysis.charts import plot_timeline
from analysis.charts.escape import escape_markdown
from analysis.formats import format_count
from analysis.source import Source
from pages.ui.case_url import CASE_KEYS, Request, build_case_query, build_query, link_to_case, show_link
from pages.ui.case_why import show_why
from pages.ui.chart import show_chart
from pages.ui.guard import panel
from pages.ui.lines import show_lines
from pages.ui.panels import is_dark


def show_case(source: Source, request: Request) -> None:
    """The case the URL names, or what is there instead."""
    assert request.case_id is not None
    case = read_case(source, request.case_id, request.decision_no)
    if case is None:
        _show_not_found(source, request, request.case_id)
        _show_ways(source, request, None)
        return
    name, *rest = describe_header(source, case.row, len(case.decisions)).split(" · ")
    st.markdown(f"## {escape_markdown(name)}", anchors=False)
    st.markdown(f"**{escape_markdown(' · '.join(rest))}**")
    if request.decision_no is not None and request.decision_no != case.decision_no:
        st.warning(f"This {source.use_case.word('case')} has no decision {request.decision_no}; its last is shown.")
    _show_ways(source, request, case)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _show_panel("why the model said so", lambda: show_why(source, case))
        _show_panel("time line", lambda: _show_timeline(source, case))
        _show_panel("what became of it", lambda: _show_outcomes(source, case))
    with right:
        _show_panel("what the system said", lambda: _show_advice(source, case))
        _show_panel("what the person did", lambda: _show_action(source, case))
        _show_panel("what it was worth", lambda: _show_money(source, case))
        _show_panel("facts", lambda: _show_facts(source, case))
    _show_panel("related", lambda: _show_relatives(source, request, case))


def _show_panel(name: str, show) -> None:
    """One box of the page: if it fails, only it is lost."""
    with st.container(border=True), panel(name):
        show()


def _head(words: str) -> None:
    st.markdown(f"### {escape_markdown(words)}", anchors=False)


def _show_missing(source: Source, section: str) -> None:
    if words := describe_missing(source, section):
        st.caption(escape_markdown(words))


def _show_ways(source: Source, request: Request, case: Case | None) -> None:
    """Back to the list, to its neighbours, and the link to this case. Nothing is told of a protected list."""
    use_case = source.use_case
    with st.container(horizontal=True, vertical_alignment="center"):
        total = "" if request.refusal else f" of {format_count(count_cases(source, request.selection), use_case)}"
        show_link(f"Back to the list{total}", build_query(request.selection.filters, *CASE_KEYS))
        if case is None:
            return
        place = None if request.refusal else find_neighbours(source, request.selection, case.case_id, case.decision_no)
        if place is not None:
            for label, other in zip(("Previous in the list", "Next in the list"), place, strict=True):
                query = build_case_query(request.selection.filters, *other) if other else {}
                show_link(label, query, disabled=other is None)
        with st.popover("Copy link"):
            st.markdown(f"The address of this {use_case.word('case')}; it names the snapshot it was read in.")
            st.code(link_to_case(source, case.case_id, request.decision_no), language=None, wrap_lines=True)
    if place is None and not request.refusal:
        st.caption(f"This {use_case.word('case')} is not in the list of the filters above.")


def _show_advice(source: Source, case: Case) -> None:
    _head("What the system said")
    show_lines(build_advice(source, case))
    _show_missing(source, "advice")


def _show_action(source: Source, case: Case) -> None:
    _head("What the person did" if case.row["channel"] != "automated" else "What was decided")
    show_lines(build_action(source, case))
    _show_missing(source, "action")


def _show_money(source: Source, case: Case) -> None:
    _head("What it was worth")
    money = describe_money(source, case)
    if money.missing:
        columns = " and ".join(f"decisions.{name}" for name in money.missing)
        st.markdown(
            escape_markdown(f"No amounts are recorded: {columns} would show gain, loss and the break-even risk here.")
        )
        return
    st.markdown(escape_markdown(money.sentence))
    show_lines(money.lines)


def _show_facts(source: Source, case: Case) -> None:
    _head("Facts")
    lines = build_facts(source, case)
    if lines:
        show_lines(lines)
    else:
        st.markdown("Nothing beside the decision is recorded.")


def _show_timeline(source: Source, case: Case) -> None:
    steps = build_timeline(source, case)
    if steps:
        chart = plot_timeline(describe_pace(case), steps, use_case=source.use_case, dark=is_dark())
        key = f"timeline-{source.snapshot}-{case.case_id}-{case.decision_no}"
        show_chart(chart, key, scope=case.case_id, snapshot=source.snapshot, level=3)
        st.caption(f"Times in {escape_markdown(source.use_case.time_zone)}.")
    else:
        _head("Time line")
        st.markdown("This log has no times.")
    _show_missing(source, "timeline")


def _show_outcomes(source: Source, case: Case) -> None:
    _head("What became of it")
    st.markdown(f"Outcome: **{escape_markdown(describe_outcome(source, case.row, len(case.decisions)))}**.")
    if lines := build_outcomes(source, case):
        show_lines(lines)
    horizon = source.use_case.horizon_days
    st.caption(
        f"An outcome counts by {format_count(horizon, source.use_case)} days after booking, or after the decision "
        "where booking is not recorded."
    )
    _show_missing(source, "outcomes")


def _show_relatives(source: Source, request: Request, case: Case) -> None:
    _head("Related")
    relatives = find_relatives(source, case)
    for relative in relatives:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            number = "" if relative.case_id != case.case_id else f", decision {relative.decision_no}"
            query = build_case_query(request.selection.filters, relative.case_id, relative.decision_no)
            show_link(f"{relative.case_id}{number}", query)
            st.markdown(escape_markdown(f"{relative.relation}: {relative.words}"), width="stretch")
    if not relatives:
        st.markdown("No other decision on this case, and no other case tied to it.")
    _show_missing(source, "relatives")


def _show_not_found(source: Source, request: Request, case_id: str) -> None:
    """What was searched, where the record lies instead, the nearest ids, and what to do."""
    found = search_nearby(source, case_id)
    name = source.use_case.word("case")
    words = [f"**There is no {name} {escape_markdown(case_id)}.**", escape_markdown(found.searched)]
    words += [escape_markdown(sentence) for sentence in found.elsewhere]
    if not found.elsewhere:
        words.append(
            "Check the id; if it is new, it comes in with the next load. Another use case may hold it: choose it above."
        )
    st.warning("\n\n".join(words))
    if found.nearest:
        st.markdown("The nearest ids:")
        with st.container(horizontal=True):
            for other in found.nearest:
                show_link(other, build_case_query(request.selection.filters, other))
