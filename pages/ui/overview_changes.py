"""What changed since the period before, by contribution, each sentence with the cases behind it."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import escape_markdown
from analysis.drivers import Driver, Said
from analysis.filters import Filters
from analysis.formats import format_change_reading
from analysis.overview import Overview
from analysis.overview_words import describe_overview_changes, title_changes
from analysis.source import Source
from pages.ui.case_url import link_to_cases

_SPLITS = {"model_version": "model version"}
_DIRECTIONS = {"low_side": "low-side", "high_side": "high-side", "": ""}


def show_changes(source: Source, page: Overview, _: str) -> None:
    """Sentences, each with a way to its cases; the contributions of all groups folded below."""
    st.markdown(f"#### {escape_markdown(title_changes(page))}", anchors=False)
    span = page.spans.behaviour
    if span.before is None:
        st.markdown(escape_markdown(span.why))
        return
    with st.container(gap="xsmall", key="overview-changes"):
        card = ""
        for said in describe_overview_changes(source, page):
            _say(source, said, page.what.now, is_first=said.card != card)
            card = said.card
    _show_contributions(source, page)


def _say(source: Source, said: Said, now: Filters, *, is_first: bool) -> None:
    """One sentence with the way to its cases; what explains a change stands below its size."""
    text, link = st.columns([5, 1], gap="small", vertical_alignment="center")
    words = escape_markdown(said.text)
    if is_first:
        text.markdown(f"**{words}**" if said.drill is not None else words)
    else:
        text.markdown(f"- {words}")
    if said.drill is not None:
        query = link_to_cases(said.filters or now, said.drill, "overview")
        link.page_link("cases.py", label=f"Open these {source.use_case.word('cases')}", query_params=query)


def _show_contributions(source: Source, page: Overview) -> None:
    """Every group that was inspected: what it added to the change, with its interval."""
    if not any(item.parts for item in page.what.items):
        return
    folded = st.expander("Contributions of all groups", key="overview-contributions", on_change="rerun")
    if not folded.open:
        return
    with folded:
        for item in page.what.items:
            if item.parts:
                card = source.catalog[item.name]
                st.markdown(f"**{escape_markdown(card.label)}**")
                rows = [_row(source, driver, card.unit) for driver in (*item.directions, *item.parts, *item.mixes)]
                st.dataframe(rows, hide_index=True, alt=f"Contributions to the change of {card.label}")


def _row(source: Source, driver: Driver, unit: str) -> dict[str, str]:
    split = _SPLITS.get(driver.split, driver.split)
    group = driver.part or (f"mix of {split}s" if split else "all")
    return {
        "Direction": _DIRECTIONS.get(driver.direction, driver.direction),
        "By": split,
        "Group": group,
        "Contribution (95 % interval)": format_change_reading(driver.contribution, unit, source.use_case),
        "Stands out": "yes" if driver.excess.is_claimed else "no clear difference",
    }
