"""What the Data page shows, in its URL: the section, what narrows its list, the page of the list, the record opened."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.formats import format_count
from analysis.intake_records import Choices, Narrow
from analysis.loads import Loads
from analysis.palette import choose_palette
from analysis.source import Source
from pages.ui.panels import is_dark

SECTIONS = ("loaded", "rejected", "waiting", "corrected", "columns", "snapshots")
# The theme's blue on the chosen part's own shade has 3.5 : 1 in the dark; the page's text colour has far more.
_STYLE = """<style>
.st-key-data_section button[data-selected="true"] p { color: %s; font-weight: 600; }
</style>"""
_LIST_KEYS = ("source", "table", "column", "reason", "page", "record")


def choose_section(source: Source, loads: Loads) -> str:
    """The section the URL asks for, with the control that changes it; the first where it asks for none of them."""
    asked = st.query_params.get("section", "")
    section = asked if asked in SECTIONS else SECTIONS[0]
    # The URL is the truth: written before the widget is made, it also follows the browser's back button.
    st.session_state["data_section"] = section

    def count(n: int) -> str:
        return format_count(n, source.use_case)

    labels = {
        "loaded": "Loaded",
        "rejected": f"Rejected ({count(loads.quarantined)})",
        "waiting": f"Waiting and out of scope ({count(loads.waiting + sum(n for _, n in loads.out_of_scope))})",
        "corrected": "Try a corrected file",
        "columns": "Columns",
        "snapshots": "Snapshots",
    }
    st.html(_STYLE % choose_palette(is_dark()).text)
    st.segmented_control(
        "Show", SECTIONS, key="data_section", format_func=lambda name: labels[name], required=True,
        on_change=_change_section, label_visibility="collapsed",
    )  # fmt: skip
    return section


def _change_section() -> None:
    forget(*_LIST_KEYS)
    put("section", str(st.session_state["data_section"]), SECTIONS[0])


def read_narrow(choices: Choices) -> Narrow:
    """What narrows the list; a value that does not occur in it is left out."""

    def one_of(name: str, offered: tuple[str, ...]) -> str:
        asked = st.query_params.get(name, "")
        return asked if asked in offered else ""

    return Narrow(
        one_of("source", choices.sources),
        one_of("table", choices.tables),
        one_of("column", choices.columns),
        st.query_params.get("reason", "").strip()[:200],
    )


def read_whole(name: str) -> int:
    """A whole number of the URL, 0 where it has none."""
    asked = st.query_params.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0


def take(name: str) -> None:
    """A control was touched: its value goes into the URL, and the list begins again at its first page."""
    forget("page", "record")
    put(name, str(st.session_state[f"data_{name}"] or ""), "")


def put(name: str, value: str, default: str = "") -> None:
    """Set one parameter; its default stays out of the URL."""
    if value == default:
        forget(name)
    else:
        st.query_params[name] = value


def forget(*names: str) -> None:
    for name in names:
        if name in st.query_params:
            del st.query_params[name]


def localize(*columns: str) -> dict[str, Any]:
    """Column settings of a table: these counts with the reader's own thousands mark."""
    return {name: st.column_config.NumberColumn(format="localized", step=1) for name in columns}
