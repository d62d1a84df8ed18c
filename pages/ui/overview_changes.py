"""What changed since the period before, by contribution, each sentence with the cases behind it."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import escape_markdown
from analysis.drivers import HIGH_SIDE, LOW_SIDE, Driver, Explained, Said
from analysis.filters import Filters
from analysis.formats import format_change_reading
from analysis.overview import Overview
from analysis.overview_words import describe_overview_changes, title_changes
from analysis.source import Source
from pages.ui.case_url import link_to_cases

_PLURALS = {"team": "teams", "segment": "segments", "region": "regions", "product": "products",
            "model_version": "model versions"}  # fmt: skip
_DIRECTIONS = {LOW_SIDE: "low-side", HIGH_SIDE: "high-side"}


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
    words = escape_markdown(said.text)
    if said.drill is None:
        st.markdown(words if is_first else f"- {words}")
        return
    text, link = st.columns([5, 1], gap="small", vertical_alignment="center")
    text.markdown(f"**{words}**" if is_first else f"- {words}")
    query = link_to_cases(said.filters or now, said.drill, "overview")
    link.page_link("cases.py", label=f"Open these {source.use_case.word('cases')}", query_params=query)


def _show_contributions(source: Source, page: Overview) -> None:
    """What each group added to the change, with its interval."""
    if not any(item.parts for item in page.what.items):
        return
    folded = st.expander("Contributions of the groups", key="overview-contributions", on_change="rerun")
    if not folded.open:
        return
    with folded:
        for item in page.what.items:
            if item.parts:
                card = source.catalog[item.name]
                st.markdown(f"**{escape_markdown(card.label)}**")
                rows = [_row(source, driver, card.unit) for driver in _list_drivers(item)]
                st.dataframe(
                    rows, hide_index=True, height="content", alt=f"Contributions to the change of {card.label}"
                )
        st.markdown(
            "Contributions of the groups and of their mix add up to the change, and so do those of the directions. "
            "In brackets 95 % intervals."
        )


def _list_drivers(item: Explained) -> list[Driver]:
    """The directions, the groups of one split, largest contribution first, and the mix of every split.

    The split the sentences name, else the first compared: contributions of several splits do not add up.
    """
    split = item.split or item.compared[0][0]
    groups = [driver for driver in item.parts if driver.split == split]
    groups.sort(key=lambda driver: -abs(driver.contribution.difference or 0.0))
    return [*item.directions, *groups, *(mix for mix in item.mixes if mix.split == split)]


def _row(source: Source, driver: Driver, unit: str) -> dict[str, str]:
    words = [_DIRECTIONS[driver.direction]] if driver.direction else []
    words.append(driver.part or (f"mix of {_PLURALS[driver.split]}" if driver.split else "altogether"))
    return {
        "What": ", ".join(words),
        "Contribution": format_change_reading(driver.contribution, unit, source.use_case),
        "Against the others": _compare(driver),
    }


def _compare(driver: Driver) -> str:
    """Of a group, its own change against everybody else's; of a direction or a mix, whether it is a part at all."""
    if not driver.part:
        return "clear part" if driver.excess.is_claimed else "no clear part"
    if not driver.excess.is_claimed:
        return "no clear difference"
    return "rose more or fell less" if (driver.excess.difference or 0.0) > 0 else "fell more or rose less"
