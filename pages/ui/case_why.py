"""Why the model said so: one sentence, the strongest inputs, and what such an explanation does not say."""

from __future__ import annotations

import streamlit as st

from analysis.case_story import Case
from analysis.case_words import format_score
from analysis.charts.escape import escape_markdown
from analysis.errors import UserError
from analysis.formats import format_value
from analysis.jobs.explain import Explanation, describe_explanation, explain_case
from analysis.source import Source
from pages.ui.guard import show_error

CAVEAT = (
    "This explains the model, not the world: it says what moved this score, not what causes the outcome, nor that "
    "changing an input would change the risk. An input with little effect here may still be used elsewhere."
)


def show_why(source: Source, case: Case) -> None:
    """The explanation, or in words why there is none; nothing else on the page depends on it."""
    row = case.row
    score = format_score(row["score"], source.use_case) if row["score"] is not None else ""
    st.markdown(f"### {escape_markdown(f'Why the model said {score}' if score else 'Why the model said so')}", anchors=False)
    if row["score"] is None:
        st.markdown("It was not scored, so there is nothing to explain.")
        return
    try:
        found = explain_case(source, case.case_id, case.decision_no)
    except UserError as error:
        show_error(error)
        return
    st.markdown(escape_markdown(describe_explanation(source, found)))
    _show_contributions(source, found)
    st.caption(CAVEAT)


def _show_contributions(source: Source, found: Explanation) -> None:
    """The ten strongest inputs as a table: what they were, and what each added to the log-odds."""
    lines = ["| Input | Value | Effect on the log-odds |", "|---|---|---:|"]
    for part in found.contributions:
        effect = format_value(part.log_odds, "log_odds", source.use_case)
        lines.append(f"| {escape_markdown(part.words)} | {escape_markdown(part.value)} | {escape_markdown(effect)} |")
    st.markdown("\n".join(lines))
