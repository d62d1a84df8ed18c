"""The cases behind a mark, opened in place under its chart, with the way to the Cases page."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.case_drill import describe_drill, refuse_drill
from analysis.cases import Selection, count_cases, list_cases
from analysis.charts.escape import escape_markdown
from analysis.filters import Filters
from analysis.formats import format_count, format_value
from analysis.reading import Drill
from analysis.source import Source
from pages.ui.case_url import link_to_cases
from pages.ui.chart import clear_choice

SHOWN = 8


def show_behind(source: Source, filters: Filters, drill: Drill | None, key: str, came_from: str = "overrides") -> None:
    """A few of the cases behind `drill`, those with most at stake first; nothing where no mark was chosen."""
    if drill is None:
        return
    refusal = refuse_drill(source, drill, filters)
    if refusal:
        st.info(escape_markdown(refusal))
        return
    selection = Selection(filters, drill)
    total = count_cases(source, selection)
    use_case = source.use_case
    with st.container(border=True):
        st.markdown(
            f"**{escape_markdown(describe_drill(source, drill))}**: "
            f"{min(SHOWN, total)} of {format_count(total, use_case)} {use_case.word('cases')}, most at stake first"
        )
        rows = [
            {
                "Case": case.case_id,
                "Decided": str(case.decided or ""),
                "What happened": case.kind,
                "Score": "" if case.score is None else format_value(case.score, "share", use_case),
                "At stake": "" if case.money_at_stake is None else format_value(case.money_at_stake, "money", use_case),
                "Outcome": case.outcome,
            }
            for case in list_cases(source, selection, size=SHOWN)
        ]
        st.dataframe(rows, hide_index=True, height="content", alt="The cases behind the mark chosen")
        query = link_to_cases(replace(filters, snapshot=source.snapshot), drill, came_from)
        with st.container(horizontal=True):
            st.page_link("cases.py", label=f"Open all {format_count(total, use_case)} in Cases", query_params=query)
            st.button("Close", key=f"{key}-close", on_click=clear_choice, args=(key,))
