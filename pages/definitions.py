"""Definitions: what each number means, who owns it, how it is computed, what it is now, and where it is used."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import escape_markdown
from analysis.definitions import list_definitions
from analysis.uses import find_uses
from pages.ui.case_url import tell_address
from pages.ui.definition_list import ask, clear_search, list_owners, show_found, show_names, show_numbers, show_words
from pages.ui.definition_view import show_definition, show_unknown
from pages.ui.frame import current
from pages.ui.guard import panel

frame = current()
source, filters = frame.source, frame.filters
tell_address()
definitions = list_definitions(source.catalog)
owners = list_owners(source, definitions)
name = st.query_params.get("metric", "").strip()
if name != st.session_state.get("_definition"):  # a link was opened: it is shown first, not what was searched before
    clear_search()
st.session_state["_definition"] = name

st.title("Definitions", anchor=False)
st.markdown(
    f"{len(definitions)} numbers, each defined once. Readings are for "
    f"{escape_markdown(filters.sentence(source.use_case.word('cases')))}; snapshot as of {source.as_of_words}."
)
asked = ask(definitions, owners)
if asked.is_asked:
    with panel("search"):
        show_found(source, filters, definitions, owners, asked)
elif name in definitions:
    show_definition(source, filters, definitions[name], find_uses(tuple(definitions))[name])
elif name:
    show_unknown(source, filters, definitions, name)

if not asked.is_asked:
    with panel("numbers"):
        st.markdown("#### All numbers", anchors=False)
        if name in definitions:
            show_names(source, filters, tuple(definitions.values()))
        else:
            show_numbers(source, filters, tuple(definitions.values()), owners)
    with panel("words"):
        show_words()
