"""How is this measured? Definition, owner, source, worked example and the SQL that ran, folded."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.answer import Answer
from analysis.charts.escape import escape_markdown
from analysis.measures import build_measures
from analysis.query import Query
from analysis.statistics import Statistic

_DIRECTIONS = {
    "higher_is_better": "Higher is better.",
    "lower_is_better": "Lower is better.",
    "context": "Neither high nor low is good by itself.",
}


def show_measured(answers: Sequence[Answer], statistics: Sequence[tuple[Statistic, Query]] = ()) -> None:
    """One folded panel for everything a page counted."""
    with st.expander("How is this measured?"):
        names = [a.card.label for a in answers] + [s.label for s, _ in statistics]
        chosen = st.selectbox("Number", names, key="measured")
        for answer in answers:
            if answer.card.label == chosen:
                _show_card(answer)
        for statistic, query in statistics:
            if statistic.label == chosen:
                _show_statistic(statistic, query)


def _show_card(answer: Answer) -> None:
    card = answer.card
    st.markdown(
        f"**{escape_markdown(card.label)}.** {escape_markdown(card.definition)}\n\n"
        f"*How to read it:* {escape_markdown(card.reading)} {_DIRECTIONS[card.direction]}\n\n"
        f"*Owner:* {escape_markdown(card.owner)}. *Source:* {escape_markdown(card.source)}."
    )
    st.markdown(f"**Worked example.** {escape_markdown(card.example.why)}")
    st.code(card.example.table.strip(), language=None)
    st.markdown("**The SQL that ran**, over sums made when the snapshot was built:")
    st.code(answer.query.readable(), language="sql")
    measures = build_measures(card).all()
    if measures:
        st.markdown("Each of those sums was made from the decisions as:")
        st.code("\n".join(f"{m.name} = {m.sql}" for m in measures), language="sql")
    st.markdown(
        "**Changes.** " + "; ".join(f"{change.on:%Y-%m-%d}: {escape_markdown(change.why)}" for change in card.changed)
    )


def _show_statistic(statistic: Statistic, query: Query) -> None:
    example = statistic.example
    st.markdown(
        f"**{escape_markdown(statistic.label)}.** {escape_markdown(statistic.definition)}\n\n"
        f"*How to read it:* {escape_markdown(statistic.reading)}\n\n"
        f"*Owner:* {escape_markdown(statistic.owner)}. *Source:* {escape_markdown(statistic.source)}."
    )
    st.markdown(f"**Worked example.** {escape_markdown(example.why)}")
    rows = "\n".join(f"{score:<6} | {bad}" for score, bad in zip(example.score, example.bad, strict=True))
    st.code(f"score  | bad\n{rows}\nanswer: {example.answer:.4f}", language=None)
    st.markdown("**The SQL that ran:**")
    st.code(query.readable(), language="sql")
