"""How is this measured? Definition, owner, source, worked example and the SQL that ran, folded."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.answer import Answer
from analysis.definitions import Definition, describe_card, describe_statistic
from analysis.query import Query
from analysis.statistics import Statistic
from pages.ui.definition_parts import show_computation, show_definition_link, show_example, show_meaning
from pages.ui.frame import current
from pages.ui.guard import panel


def show_measured(answers: Sequence[Answer], statistics: Sequence[tuple[Statistic, Query]] = ()) -> None:
    """One folded panel for everything a page counted; what is in it is made when it is opened."""
    measured = [(describe_card(answer.card), answer.query) for answer in answers]
    measured += [(describe_statistic(statistic), query) for statistic, query in statistics]
    _show_folded(measured)


@st.fragment
def _show_folded(measured: Sequence[tuple[Definition, Query]]) -> None:
    folded = st.expander("How is this measured?", key="measured_panel", on_change="rerun")
    if not folded.open:
        return
    with folded, panel("how measured"):
        by_label = {definition.label: (definition, query) for definition, query in measured}
        definition, query = by_label[st.selectbox("Number", list(by_label), key="measured")]
        frame = current()
        show_meaning(frame.source, definition)
        show_definition_link(frame.source, frame.filters, definition, "Its whole definition, and where it is used")
        with panel("worked example"):
            show_example(definition)
        show_computation(definition, query)
