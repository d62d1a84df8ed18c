"""The frame around every page: which use case, period and groups it speaks of. The URL is the view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from analysis.filters import COMPARE, DIMENSIONS, NO_COMPARISON, Filters, check_filters
from analysis.source import Source
from analysis.store import open_source, read_manifest

_LABELS = {"segment": "Segment", "region": "Region", "product": "Product", "channel": "Channel",
           "model_version": "Model version", "team": "Team"}  # fmt: skip
_FILTER_KEYS = ("start", "end", "compare", "cohort", *DIMENSIONS)


@dataclass(frozen=True)
class Frame:
    """What the page speaks of: the open source and the selection."""

    source: Source
    filters: Filters


def current() -> Frame:
    """The frame of this run; pages call it once."""
    frame: Frame = st.session_state["_frame"]
    return frame


def show_frame() -> bool:
    """Show the filter bar and set the frame of this run; UserError where there is no snapshot to show."""
    manifest = read_manifest()
    names = list(manifest.parts)
    asked_name = st.query_params.get("use_case", names[0])
    source = open_source(asked_name if asked_name in names else names[0])
    problems = _find_problems(source, asked_name, names)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filter_bar"):
        name = st.selectbox(
            "Use case", names, key="use_case", bind="query-params", on_change=_forget_filters, width=160
        )  # the option itself, not a label, stands in the URL
        source = open_source(name)
        filters = _show_filters(source)
    _show_problems(problems, filters)
    _note_snapshot(source)
    st.session_state["_frame"] = Frame(source, filters)
    return True


def _show_filters(source: Source) -> Filters:
    options = source.options
    filters = Filters(source.use_case.name)
    if options.is_dated:
        periods = list(options.periods)
        start = st.selectbox(
            "From", periods, index=None, key="start", bind="query-params", placeholder=periods[0], width=140
        )
        end = st.selectbox(
            "To", periods, index=None, key="end", bind="query-params", placeholder=periods[-1], width=140
        )
        compare = st.selectbox("Compare with", list(COMPARE), key="compare", bind="query-params", width=170)
        filters = replace(filters, start=start, end=end, compare=compare or NO_COMPARISON)
    elif len(options.periods) > 1:
        chosen = st.multiselect("Cohort", list(options.periods), key="cohort", bind="query-params", width=260)
        filters = replace(filters, cohort=tuple(chosen))
    return _show_groups(source, filters)


def _show_groups(source: Source, filters: Filters) -> Filters:
    offered = {name: values for name, values in source.options.values.items() if len(values) > 1}
    chosen = {name: tuple(st.session_state.get(name, ())) for name in offered}
    count = sum(1 for values in chosen.values() if values)
    with st.popover(f"Groups ({count} filtered)" if count else "Groups", width=170):
        for name, values in offered.items():
            picked = st.multiselect(_LABELS[name], list(values), key=name, bind="query-params")
            filters = replace(filters, **{name: tuple(picked)})
        if not offered:
            st.write("This log has no groups to filter by.")
    return filters


def _forget_filters() -> None:
    """Another use case has other groups and periods: what was chosen for the last one goes."""
    for key in _FILTER_KEYS:
        st.session_state.pop(key, None)


def _find_problems(source: Source, asked_name: str, names: list[str]) -> list[str]:
    """What the URL asks for and the snapshot does not have, in words; widgets would drop it without a word."""
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    problems = check_filters(Filters.from_url(query, source.use_case.name), source.options)[1]
    if asked_name not in names:
        problems.insert(0, f"There is no use case '{asked_name}' in this snapshot; there is {', '.join(names)}.")
    return problems


def _show_problems(problems: list[str], filters: Filters) -> None:
    """Keep the words on the screen until the reader changes a filter."""
    if problems:
        st.session_state["_problems"] = (problems, filters)
    kept, when = st.session_state.get("_problems", ([], None))
    if kept and when == filters:
        st.warning("\n\n".join(kept).replace("[", "\\[").replace("<", "\\<"))


def _note_snapshot(source: Source) -> None:
    """Say when a link was made from other numbers, then make this view's URL cite the snapshot it shows."""
    cited = st.query_params.get("snapshot")
    if cited and cited != source.snapshot:
        st.session_state["_restated"] = (cited, source.snapshot)
    made_from, shown = st.session_state.get("_restated", ("", ""))
    if made_from and shown == source.snapshot:
        safe = "".join(c for c in made_from if c.isalnum() or c == "-")[:40]
        st.info(
            f"This link was made from snapshot {safe}. Numbers were restated since: "
            f"this page shows snapshot {source.snapshot}, as of {source.as_of_words}."
        )
    if cited != source.snapshot:
        st.query_params["snapshot"] = source.snapshot
