"""What the Cases page is asked for, and asks for, in its URL: a case, a chart's cases, an order, a page of the list.

These parameters belong to no widget: written, each is a step the browser's back button takes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from analysis.case_drill import DRILL_KEYS, read_drill, refuse_drill
from analysis.cases import ALL, QUICK, Selection, list_sorts
from analysis.charts.escape import escape_markdown
from analysis.filters import Filters
from analysis.reading import Drill
from analysis.source import Source
from pages.ui.frame import current

CASE_KEYS = ("case", "decision")
_OWN_KEYS = (*CASE_KEYS, *DRILL_KEYS, "show", "sort", "page", "from")
_PAGES = Path(__file__).parent.parent


@dataclass(frozen=True)
class Request:
    """What the URL asks for: the list, and within it a page, or one case. refusal: why the drill is protected."""

    selection: Selection
    page: int
    case_id: str | None
    decision_no: int | None
    came_from: str | None
    problems: tuple[str, ...]
    refusal: str


def read_request(source: Source, filters: Filters) -> Request:
    """The URL as a request; what it asks for and does not exist is told in `problems`, and left out."""
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    drill, problems = read_drill(source, query)
    refusal = refuse_drill(source, drill, filters) if drill else ""
    offered = list_sorts(source)
    show = _choose("show", ALL, list(QUICK), problems)
    sort = _choose("sort", offered[0], offered, problems)
    case_id = st.query_params.get("case", "").strip() or None
    came_from = st.query_params.get("from", "")
    return Request(
        Selection(filters, drill, show, sort),
        _whole("page") or 1,
        case_id,
        _whole("decision"),
        came_from if _is_page(came_from) else None,
        tuple(problems),
        refusal,
    )


def link_to_cases(filters: Filters, drill: Drill | None, came_from: str) -> dict[str, list[str]]:
    """Query parameters for `st.switch_page("cases.py", query_params=...)`; came_from: the page's file without .py."""
    return {**filters.to_url(), **(drill.to_url() if drill else {}), "from": [came_from]}


def link_to_case(source: Source, case_id: str, decision_no: int | None) -> str:
    """The URL of one case, whole where the browser told its address."""
    query = {"use_case": source.use_case.name, "case": case_id, "snapshot": source.snapshot}
    if decision_no is not None:
        query["decision"] = str(decision_no)
    address = (st.context.url or "").partition("?")[0]
    return f"{address or '/cases'}?{urlencode(query)}"


def build_query(filters: Filters, *without: str, **instead: str) -> dict[str, list[str]]:
    """This view's URL with these filters, without some parameters and with others instead; the rest stays as it is."""
    kept = {key: st.query_params.get_all(key) for key in _OWN_KEYS if key in st.query_params and key not in without}
    return {**filters.to_url(), **kept, **{key: [value] for key, value in instead.items()}}


def show_link(label: str, query: dict[str, list[str]], *, disabled: bool = False) -> None:
    """A link within this page. A link, not a button: one step for the browser's back button, and open to a new tab."""
    st.page_link("cases.py", label=escape_markdown(label), query_params=query, disabled=disabled)


def tell_address() -> None:
    """Send this view's parameters to the browser: after a link within one page its address would be the last view's.

    It takes a step in its history only where the address differs. Not on arrival from another page: the browser has
    the parameters then, but may not have the path yet, and would take a step to the other page with them.
    """
    if not current().is_arrival:
        st.query_params.from_dict({key: st.query_params.get_all(key) for key in st.query_params})


def build_case_query(filters: Filters, case_id: str, decision_no: int | None = None) -> dict[str, list[str]]:
    """Another case's URL that keeps the filters and the list this one was opened from."""
    number = {} if decision_no is None else {"decision": str(decision_no)}
    return build_query(filters, *CASE_KEYS, case=case_id, **number)


def open_case(case_id: str, decision_no: int | None = None) -> None:
    """Go to one case, keeping the list it was opened from; for what happens without a link. One step in the history."""
    params = {"case": case_id}
    if decision_no is not None:
        params["decision"] = str(decision_no)
    elif "decision" in st.query_params:
        del st.query_params["decision"]
    st.query_params.update(params)


def put(name: str, value: str, default: str) -> None:
    """Set what is shown or its order; its default stays out of the URL. The list starts again at its first page."""
    forget("page")
    if value == default:
        forget(name)
    else:
        st.query_params[name] = value


def forget(*names: str) -> None:
    for name in names:
        if name in st.query_params:
            del st.query_params[name]


def _choose(name: str, default: str, offered: list[str], problems: list[str]) -> str:
    asked = st.query_params.get(name, default)
    if asked in offered:
        return asked
    problems.append(f"There is no {name} '{asked}' here; there is {', '.join(offered)}. It was left out.")
    return default


def _whole(name: str) -> int | None:
    asked = st.query_params.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 10 and int(asked) else None


def _is_page(name: str) -> bool:
    """A page of the dashboard, by its file's name; anything else in `from` is not followed."""
    return name.isidentifier() and not name.startswith("_") and name != "cases" and (_PAGES / f"{name}.py").is_file()
