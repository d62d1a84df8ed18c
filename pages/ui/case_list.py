"""The list of cases: what narrows it, its order, a page of it, its download, and what to undo when it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from analysis.case_drill import DRILL_KEYS, describe_drill
from analysis.case_export import export_cases
from analysis.cases import (
    ALL,
    EXPORT_LIMIT,
    MONEY,
    PAGE_SIZE,
    QUICK,
    ListedCase,
    Selection,
    count_cases,
    describe_sort,
    find_undos,
    list_cases,
    list_sorts,
    widen,
)
from analysis.charts.escape import escape_markdown
from analysis.formats import format_count, format_n_of
from analysis.source import Source
from pages.ui.case_url import Request, build_query, open_case, put, show_link


def show_list(source: Source, request: Request) -> None:
    """The list the URL asks for; where its cases are protected, the reason in its place."""
    if request.refusal:
        _show_refusal(source, request)
        return
    selection = request.selection
    total = count_cases(source, selection)
    _show_scope(source, request, total)
    _show_controls(source, selection, total)
    if total == 0:
        _show_empty(source, selection)
        return
    pages = -(-total // PAGE_SIZE)
    page = min(request.page, pages)
    rows = list_cases(source, selection, page=page)
    _show_table(source, selection, rows, page)
    _show_pager(source, selection, page, pages, total)


def _show_refusal(source: Source, request: Request) -> None:
    st.warning(f"**These cases are not listed.** {escape_markdown(request.refusal)}")
    show_link(f"Show all {source.use_case.word('cases')} of the filters instead", _without_drill(request.selection))
    _show_way_back(request)


def _show_scope(source: Source, request: Request, total: int) -> None:
    """One sentence: which cases these are, and how many of all."""
    selection, use_case = request.selection, source.use_case
    what = selection.filters.sentence(use_case.word("cases"))
    of_all = format_n_of(total, source.decisions, use_case)
    narrowed = "" if selection.quick == ALL else f", only {selection.quick}"
    if selection.drill is None:
        sentence = f"{of_all} decisions: {what}{narrowed}."
    else:
        count = format_count(total, use_case)
        behind = describe_drill(source, selection.drill)
        word = use_case.word("cases" if total != 1 else "case")
        sentence = f"The {count} {word} behind: {behind}. Selected: {what}{narrowed}."
    st.markdown(f"{escape_markdown(sentence)} Snapshot as of {source.as_of_words}.")
    if selection.drill is not None:
        with st.container(horizontal=True):
            show_link(f"Show all {use_case.word('cases')} of the filters", _without_drill(selection))
            _show_way_back(request)
    elif request.came_from:
        _show_way_back(request)


def _without_drill(selection: Selection) -> dict[str, list[str]]:
    return build_query(selection.filters, *DRILL_KEYS, "page")


def _show_way_back(request: Request) -> None:
    """A link to the page the list was opened from, with the same filters."""
    if request.came_from is None:
        return
    label = f"Back to {request.came_from.replace('_', ' ').capitalize()}"
    try:
        st.page_link(f"{request.came_from}.py", label=label, query_params=request.selection.filters.to_url())
    except StreamlitAPIException:  # a page that exists but is not in this reader's navigation
        st.markdown("The page this link came from is not open to you.")


def _show_controls(source: Source, selection: Selection, total: int) -> None:
    """Quick filter, order and download, in one row."""
    sorts = list_sorts(source)
    # The URL is the truth: written before the widget is made, it also follows the browser's back button.
    st.session_state["show_box"], st.session_state["sort_box"] = selection.quick, selection.sort
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Show", list(QUICK), key="show_box", width=240, on_change=_take, args=("show", ALL), help="Overrides are "
            "eligible cases in which the decision differs from the recommendation; low-side means the system would "
            "have said no.",
        )  # fmt: skip
        st.selectbox("Order by", sorts, key="sort_box", width=180, on_change=_take, args=("sort", sorts[0]))
        if total:
            st.download_button(
                "Download as CSV",
                data=lambda: export_cases(source, selection),
                file_name=f"cases-{source.use_case.name}-{source.snapshot}.csv",
                mime="text/csv",
                on_click="ignore",
                key="download",
            )
    if words := describe_sort(source, selection.sort):
        st.markdown(escape_markdown(words))


def _take(name: str, default: str) -> None:
    put(name, str(st.session_state[f"{name}_box"]), default)


def _show_table(source: Source, selection: Selection, rows: Sequence[ListedCase], page: int) -> None:
    """One page of the list; a ticked row opens its case. The key names what is listed, so that no tick outlives it."""
    key = f"list-{source.snapshot}-{hash((selection, page))}"
    ids = [(row.case_id, row.decision_no) for row in rows]
    st.dataframe(
        _frame(source, rows),
        key=key,
        hide_index=True,
        height=min(len(rows) + 1, 21) * 35 + 3,
        on_select=lambda: _open_ticked(key, ids),
        selection_mode="single-row",
        column_config=_columns(source),
        placeholder="",
        alt=f"{len(rows)} {source.use_case.word('cases')}, ordered by {selection.sort}",
    )


def _open_ticked(key: str, ids: Sequence[tuple[str, int]]) -> None:
    ticked = st.session_state[key]["selection"]["rows"]
    if ticked:
        open_case(*ids[ticked[0]])


def _frame(source: Source, rows: Sequence[ListedCase]) -> pd.DataFrame:
    units = 10.0**source.use_case.minor_digits
    has_stake = MONEY in list_sorts(source)

    def money(minor: int | None) -> float | None:
        return None if minor is None else minor / units

    columns: dict[str, list[object]] = {
        "case": [row.case_id for row in rows],
        "no": [row.decision_no for row in rows],
        "decided": [row.decided for row in rows],
        "decision": [row.decision for row in rows],
        "recommendation": [row.recommendation for row in rows],
        "kind": [row.kind for row in rows],
        "score": [None if row.score is None else row.score * 100 for row in rows],
        "money": [money(row.money_at_stake if has_stake else row.exposure) for row in rows],
        "outcome": [row.outcome for row in rows],
        "team": [row.team for row in rows],
        "reason": [row.reason for row in rows],
    }
    if all(no == 1 for no in columns["no"]):
        del columns["no"]
    kept = {name: values for name, values in columns.items() if any(value not in (None, "") for value in values)}
    return pd.DataFrame(kept)


def _columns(source: Source) -> dict[str, Any]:
    use_case, column = source.use_case, st.column_config
    stake = "At stake" if MONEY in list_sorts(source) else "Exposure"
    return {
        "case": column.TextColumn(use_case.word("case").capitalize(), pinned=True),
        "no": column.NumberColumn("No.", help="Which decision on the case this is", format="%d"),
        "decided": column.DateColumn("Decided", format="D MMM YYYY") if source.options.is_dated else "Decided",
        "decision": column.TextColumn("Decision"),
        "recommendation": column.TextColumn("System said"),
        "kind": column.TextColumn("What it was"),
        "score": column.NumberColumn("Score", help=f"Probability of {use_case.word('bad')}", format="%.1f %%"),
        "money": column.NumberColumn(f"{stake}, {use_case.currency}", format="localized", step=1),
        "outcome": column.TextColumn("Outcome"),
        "team": column.TextColumn(use_case.word("team").capitalize()),
        "reason": column.TextColumn("Reason given"),
    }


def _show_pager(source: Source, selection: Selection, page: int, pages: int, total: int) -> None:
    """Where in the list this page stands, and the ways on."""
    use_case = source.use_case
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, total)
    span = f"{format_count(first, use_case)}-{format_count(last, use_case)} of {format_count(total, use_case)}"
    words = [f"{use_case.word('cases').capitalize()} {span}, by {selection.sort}.", "Tick a row to open it."]
    if total > EXPORT_LIMIT:
        words.append(f"The download holds the first {EXPORT_LIMIT:,} of this order.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(escape_markdown(" ".join(words)))
        if pages > 1:
            show_link("Previous page", build_query(selection.filters, page=str(page - 1)), disabled=page == 1)
            show_link("Next page", build_query(selection.filters, page=str(page + 1)), disabled=page == pages)


def _show_empty(source: Source, selection: Selection) -> None:
    """Which filter emptied the list, with a button to undo each one that did."""
    cases = source.use_case.word("cases")
    if not source.decisions:
        st.info(f"This snapshot holds no decisions of {escape_markdown(source.use_case.label)}: load some first.")
        return
    undos = find_undos(source, selection)
    if undos:
        st.info(f"No {cases} match all of this. Each of these alone empties the list; leave one out:")
        for undo in undos:
            count = format_count(undo.cases, source.use_case)
            word = cases if undo.cases != 1 else source.use_case.word("case")
            gone = {"show": ("show",), "drill": DRILL_KEYS}.get(undo.name, ())
            query = build_query(undo.selection.filters, *gone, "page")
            show_link(f"Leave out {undo.words}: {count} {word}", query)
        return
    widest = widen(selection)
    every = format_count(count_cases(source, widest), source.use_case)
    st.info(f"No {cases} match all of this, and no single filter alone is the reason.")
    show_link(f"Leave out all of them: {every} {cases}", build_query(widest.filters, *DRILL_KEYS, "show", "page"))
