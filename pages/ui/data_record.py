"""One record that did not come in: its place, every reason, its raw text, and what to do."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.formats import format_count
from analysis.intake_advice import WAITS, advise_all
from analysis.intake_records import SHOWN_TEXT, Book, find_record
from analysis.intake_text import reveal
from analysis.source import Source
from pages.ui.data_url import forget, read_whole


def show_record(source: Source, book: Book) -> None:
    """The record the URL names; an invitation where it names none."""
    number = read_whole("record")
    record = find_record(source, book, number) if number else None
    with st.container(border=True):
        if record is None:
            if number:
                st.warning(f"There is no record {number} here now: it may have been settled since.")
            st.markdown("Tick a record in the list: its reasons, its text and what to do stand here then.")
            return
        place = f"{clean(record.file)}, line {format_count(record.line, source.use_case)}"
        st.markdown(f"##### {escape_markdown(place)}")
        table = f"{record.source} ({record.table})" if record.source != record.table else record.table
        st.markdown(f"Source {escape_markdown(table)} · column {escape_markdown(record.columns or 'the whole record')}")
        waits = book == "waiting"
        st.markdown(f"**{'What it waits for' if waits else 'Every reason'}**")
        st.markdown("\n".join(f"- {escape_markdown(reason)}" for reason in record.reasons))
        st.markdown("**What to do**")
        st.markdown("\n".join(f"- {words}" for words in ([WAITS] if waits else advise_all(record.reasons))))
        st.markdown("**As it was read**")
        st.code(reveal(record.raw) or "(empty)", language=None, wrap_lines=True)
        if record.is_cut:
            total = format_count(record.length, source.use_case)
            st.markdown(f"The first {SHOWN_TEXT:,} of {total} characters; the file to mend holds all of them.")
        st.button("Close", on_click=forget, args=("record",), key="data-close")
