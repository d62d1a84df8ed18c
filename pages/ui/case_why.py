"""Why the model said so: one sentence, the strongest inputs, and what such an explanation does not say."""

from __future__ import annotations

import streamlit as st

from analysis.case_story import Case
from analysis.case_words import format_score
from analysis.charts import plot_contributions
from analysis.charts.escape import escape_markdown
from analysis.errors import UserError
from analysis.jobs.explain import describe_explanation, explain_case
from analysis.source import Source
from pages.ui.chart import show_chart
from pages.ui.guard import show_error
from pages.ui.panels import is_dark

CAVEAT = (
    "This explains the model, not the world: it says what moved this score, not what causes the outcome, nor that "
    "changing an input would change the risk. An input with little effect here may still be used elsewhere."
)


def show_why(source: Source, case: Case) -> None:
    """The explanation, or in words why there is none; nothing else on the page depends on it."""
    row = case.row
    if row["score"] is None:
        st.markdown("### Why the model said so", anchors=False)
        st.markdown(f"This {source.use_case.word('case')} was not scored, so there is nothing to explain.")
        return
    title = f"Why the model said {format_score(row['score'], source.use_case)}"
    try:
        found = explain_case(source, case.case_id, case.decision_no)
    except UserError as error:
        st.markdown(f"### {escape_markdown(title)}", anchors=False)
        show_error(error)
        return
    words = describe_explanation(source, found)
    chart = plot_contributions(title, found.contributions, use_case=source.use_case, dark=is_dark(), reading=words)
    key = f"why-{source.snapshot}-{case.case_id}-{case.decision_no}"
    show_chart(chart, key, scope=case.case_id, snapshot=source.snapshot, level=3)
    st.caption(f"Model version {escape_markdown(found.model_version)}. {CAVEAT}")
