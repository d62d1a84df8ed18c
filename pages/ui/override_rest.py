"""The foot of the Overrides page: what stands beside the overrides, how all of it is measured, and the empty page."""

from __future__ import annotations

import streamlit as st

from analysis.answer import Answer, answer_cards
from analysis.charts.escape import escape_markdown
from analysis.filters import DIMENSIONS, Filters
from analysis.formats import format_count, format_n_of, format_reading
from analysis.overrides import BESIDE, OUTCOMES, TILES, Overrides
from analysis.reading import Reading
from analysis.source import Source
from analysis.statistics import STATISTICS
from pages.ui.frame import ask_for
from pages.ui.measured import show_measured


def show_beside(source: Source, page: Overrides, _: str) -> None:
    """Numbers an override rate is read with: adoption, bypass, time, outcomes, and the model and people together."""
    use_case = source.use_case
    rows = [
        _row(source, page.whole[name].card.label, page.whole[name].reading(), page.whole[name].card.unit, page)
        for name in BESIDE
    ]
    auc, automated, ratio = (page.scores[n].reading() for n in ("roc_auc", "roc_auc_automated", "observed_expected"))
    rows += [
        _row(source, "ROC AUC, model and people together", auc, "ratio", page),
        _row(source, "ROC AUC, automated cases only", automated, "ratio", page),
        _row(source, "Observed over expected bads, accepted cases", ratio, "ratio", page),
    ]
    st.markdown("#### What stands beside the overrides", anchors=False)
    st.dataframe(rows, hide_index=True, height="content", alt="Numbers an override rate is read with")
    st.markdown(
        f"Each of {format_n_of(page.decisions, source.decisions, use_case)} decisions counts where its definition says "
        "so; n is what it is divided by."
    )


def _row(source: Source, label: str, reading: Reading, unit: str, page: Overrides) -> dict[str, str]:
    return {
        "Number": label,
        "Value (95 % interval)": format_reading(reading, unit, source.use_case),
        "n": format_count(reading.n, source.use_case),
    }


def show_how_measured(source: Source, page: Overrides, _: str) -> None:
    """Every number of the page, folded."""
    answers: list[Answer] = [page.whole[name] for name in dict.fromkeys((*TILES, *OUTCOMES, *BESIDE))]
    statistics = [
        (STATISTICS["roc_auc"], page.scores["roc_auc"].query),
        (STATISTICS["observed_expected"], page.scores["observed_expected"].query),
    ]
    show_measured(answers, statistics)


def show_empty(source: Source, filters: Filters) -> None:
    """No decision in the selection: which filter emptied it, and a way to undo that one."""
    cases = source.use_case.word("cases")
    st.info(f"There are no {cases} in this selection: {escape_markdown(filters.sentence(cases))}.")
    for name in ("start", "end", "cohort", *DIMENSIONS):
        if not getattr(filters, name):
            continue
        wider = filters.without(name)
        found = sum(answer_cards(source, ["accept_rate"], wider)["accept_rate"].decisions)
        if found:
            value = getattr(filters, name)
            words = value if isinstance(value, str) else ", ".join(value)
            st.button(
                f"Leave out {name.replace('_', ' ')} {words}: {format_count(found, source.use_case)} {cases}",
                key=f"undo-{name}", on_click=ask_for, args=(wider,),
            )  # fmt: skip
    st.button("Show everything", key="undo-all", on_click=ask_for, args=(Filters(filters.use_case),))
