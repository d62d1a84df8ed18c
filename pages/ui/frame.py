"""The frame around every page: which use case, period and groups it speaks of. The URL is the view.

The selection is kept here and written into the URL, not bound widget by widget: a bound widget that is folded away
loses its parameter when the reader goes to another page, and drops a value that does not exist without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from analysis.charts.escape import escape_markdown
from analysis.filters import COMPARE, NO_COMPARISON, Filters, check_filters, name_month
from analysis.source import Source
from analysis.store import Shown, open_shown, read_shown

_LABELS = {"segment": "Segment", "region": "Region", "product": "Product", "channel": "Channel",
           "model_version": "Model version", "team": "Team"}  # fmt: skip
_URL_KEYS = frozenset(f.name for f in fields(Filters))
# The page begins where the browser does; the image button of a chart shows its focus in both themes. A table's own CSV
# button is left out: it writes names from other people's tables as they are, and a spreadsheet would run "=...".
_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 1.5rem; padding-bottom: 3rem; }
[data-testid="stElementToolbar"] button[aria-label^="Download as CSV"] { display: none; }
.modebar-btn:focus-visible { outline: 2px solid currentColor; }
@media print { .st-key-navigation, .st-key-filter_bar, [data-testid="stExpander"], .modebar { display: none; } }
</style>"""
_ALL = "all"  # a select box needs a value for "no month chosen"


@dataclass(frozen=True)
class Frame:
    """What the page speaks of: the open source and the selection. is_arrival: the reader came from another page."""

    source: Source
    filters: Filters
    is_arrival: bool = False


def current() -> Frame:
    """The frame of this run; pages call it once."""
    frame: Frame = st.session_state["_frame"]
    return frame


def ask_for(filters: Filters) -> None:
    """Show another selection from the next run on; for callbacks."""
    st.session_state["_asked"] = filters


def show_navigation(pages: Sequence[StreamlitPage]) -> None:
    """A link to every page that carries the selection along, so that it also opens in another tab."""
    filters: Filters | None = st.session_state.get("_filters")
    query = st.session_state["_written"] if filters else {}
    for page in pages:
        st.page_link(page, query_params=query)
    st.html(_STYLE)


def show_frame(page: str) -> None:
    """Show the filter bar and set the frame of this run; UserError where there is no snapshot to show.

    page: the address path of the page shown, by which a click in the navigation is told from the back button.
    """
    st.session_state.pop("_frame", None)  # a snapshot that cannot be shown any more is not to be kept open by it
    names = list(read_shown().manifest.parts)
    is_arrival = page != st.session_state.get("_page")
    asked, problems = _find_asked(page, names)
    shown, source = open_shown(asked.use_case)
    asked, missing = check_filters(asked, source.options)
    filters = _show_bar(source, {name: part.label for name, part in shown.manifest.parts.items()}, asked)
    _show_problems([*problems, *missing], filters)
    _show_trouble(shown, source)
    _note_snapshot(source)
    _write_url(source, filters, page, next(iter(shown.manifest.parts)))
    st.session_state["_frame"] = Frame(source, filters, is_arrival)


def _find_asked(page: str, names: list[str]) -> tuple[Filters, list[str]]:
    """The selection to show: what a button asked for, what a new URL says, or what was shown before."""
    button: Filters | None = st.session_state.pop("_asked", None)
    before: Filters | None = st.session_state.get("_filters")
    query = {key: st.query_params.get_all(key) for key in st.query_params if key in _URL_KEYS}
    is_own = query == st.session_state.get("_written")
    is_navigation = not query and page != st.session_state.get("_page")
    if button is not None and button.use_case in names:
        return button, []
    if before is not None and before.use_case in names and (is_own or is_navigation):
        return before, []
    asked = Filters.from_url(query, names[0])
    problems: list[str] = []
    if asked.use_case not in names:
        problems.append(f"There is no use case '{asked.use_case}' in this snapshot; there is {', '.join(names)}.")
        asked = replace(asked, use_case=names[0])
    return replace(asked, snapshot=None), problems


def _show_bar(source: Source, labels: dict[str, str], asked: Filters) -> Filters:
    """The filter bar with `asked` in it; what it says after the reader's last touch."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filter_bar"):
        _set("use_case", asked.use_case)
        st.selectbox(
            "Use case", list(labels), key="filter_use_case", format_func=lambda name: labels[name], width=270,
            on_change=_change_use_case,
        )  # fmt: skip
        filters = _show_period(source, asked)
        return _show_groups(source, filters)


def _set(name: str, value: object) -> None:
    """Give a filter widget its value. A touch of the reader's ran `_take` before this run and is in it already."""
    st.session_state[f"filter_{name}"] = value


def _take(name: str) -> None:
    """A filter was touched: the selection shown before, with this one changed."""
    before: Filters = st.session_state["_filters"]
    value = st.session_state[f"filter_{name}"]
    if name in ("start", "end"):
        changed: object = None if value == _ALL else value
    else:
        changed = tuple(value) if isinstance(value, list) else value
    st.session_state["_asked"] = replace(before, **{name: changed})  # type: ignore[arg-type]


def _change_use_case() -> None:
    """Another use case has other groups and periods: what was chosen for the last one goes."""
    st.session_state["_asked"] = Filters(st.session_state["filter_use_case"])


def _show_period(source: Source, asked: Filters) -> Filters:
    periods = list(source.options.periods)
    if source.options.is_dated and periods:
        for name, label, edge in (("start", "From", periods[0]), ("end", "To", periods[-1])):
            _set(name, getattr(asked, name) if getattr(asked, name) in periods else _ALL)
            st.selectbox(
                label, [_ALL, *periods], key=f"filter_{name}", on_change=_take, args=(name,), width=150,
                format_func=partial(_name_choice, edge),
            )  # fmt: skip
        _set("compare", asked.compare)
        st.selectbox("Compare with", list(COMPARE), key="filter_compare", on_change=_take, args=("compare",), width=170)
        if asked.compare != NO_COMPARISON and not (asked.start and asked.end):
            st.markdown("Choose both months to compare.")
    elif len(periods) > 1:
        _set("cohort", list(asked.cohort))
        st.multiselect("Cohort", periods, key="filter_cohort", on_change=_take, args=("cohort",), width=260)
    return asked


def _name_choice(edge: str, month: str) -> str:
    """A month in words; "all" by the month it begins or ends with, and told apart from that month."""
    return f"{name_month(edge)} (all)" if month == _ALL else name_month(month)


def _show_groups(source: Source, filters: Filters) -> Filters:
    offered = {name: values for name, values in source.options.values.items() if len(values) > 1}
    count = sum(1 for name in offered if getattr(filters, name))
    with st.popover(f"Groups ({count} filtered)" if count else "Groups", width=170):
        for name, values in offered.items():
            _set(name, list(getattr(filters, name)))
            st.multiselect(_LABELS[name], list(values), key=f"filter_{name}", on_change=_take, args=(name,))
        if not offered:
            st.write("This log has no groups to filter by.")
    return filters


def _show_problems(problems: list[str], filters: Filters) -> None:
    """Keep the words on the screen until the reader changes the selection."""
    if problems:
        st.session_state["_problems"] = (problems, filters)
    kept, when = st.session_state.get("_problems", ([], None))
    if kept and when == filters:
        st.warning("\n\n".join(escape_markdown(problem) for problem in kept))


def _show_trouble(shown: Shown, source: Source) -> None:
    """Say it where the snapshot shown is not the one chosen, because that is damaged or gone."""
    if words := shown.describe(source.as_of_words):
        st.warning(escape_markdown(words))


def _note_snapshot(source: Source) -> None:
    """Say when a link was made from other numbers."""
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


def _write_url(source: Source, filters: Filters, page: str, first: str) -> None:
    """Make the URL say what is shown, leaving the page's own parameters alone.

    A bare address that shows everything stays bare, so that the back button leaves the dashboard from there.
    """
    others = {key: st.query_params.get_all(key) for key in st.query_params if key not in _URL_KEYS}
    own = replace(filters, snapshot=source.snapshot).to_url()
    is_bare = not st.query_params and filters == Filters(first)
    if is_bare:
        own = {}
    if {key: st.query_params.get_all(key) for key in st.query_params} != {**own, **others}:
        st.query_params.from_dict({**own, **others})
    st.session_state.update(_filters=filters, _written=own, _page=page)
