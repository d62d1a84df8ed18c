"""Records that did not come in: by reason, as a list that can be narrowed, one of them opened, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.formats import format_count
from analysis.intake_export import LIST_LIMIT, export_list, export_to_mend, list_mend_files
from analysis.intake_records import (
    PAGE_SIZE,
    Book,
    Cause,
    Choices,
    Narrow,
    Record,
    count_causes,
    count_records,
    list_choices,
    list_records,
)
from analysis.loads import Loads
from analysis.source import Source
from pages.ui.data_record import show_record
from pages.ui.data_url import forget, localize, put, read_narrow, read_whole, take

_CAUSES_SHOWN = 12
_ROWS_SHOWN = 12  # of a page of the list; the rest scrolls, so that the record opened beside it stays in sight


def show_waiting(source: Source, loads: Loads) -> None:
    """Decisions out of scope by disposition, and the records that wait."""
    st.markdown("#### Out of scope")
    if loads.out_of_scope:
        total = format_count(sum(n for _, n in loads.out_of_scope), source.use_case)
        parts = [f"{format_count(n, source.use_case)} {name}" for name, n in loads.out_of_scope]
        st.markdown(escape_markdown(f"{total} decisions are kept and in no reading: {', '.join(parts)}."))
    else:
        st.markdown("No decision is pending or withdrawn.")
    st.markdown("#### Waiting")
    show_records(source, "waiting", loads.waiting)


def show_records(source: Source, book: Book, held: int) -> None:
    """The records of one book; where there are none, that in words."""
    if not held:
        none = "Nothing was rejected: no record is in quarantine."
        st.success(none if book == "quarantine" else "No record waits for its decision.")
        return
    choices = list_choices(source, book)
    narrow = read_narrow(choices)
    causes = count_causes(source, book)
    _show_causes(source, book, causes, held)
    _show_controls(choices, narrow)
    total = count_records(source, book, narrow)
    _show_downloads(source, book, narrow, total)
    if not total:
        st.info("No record matches all of this.")
        st.button("Show all records", on_click=forget, args=("source", "table", "column", "reason", "page", "record"))
        return
    pages = -(-total // PAGE_SIZE)
    page = min(max(read_whole("page"), 1), pages)
    listed, opened = st.columns([3, 2])
    with listed:
        _show_list(source, book, narrow, page)
        _show_pager(source, page, pages, total, held)
    with opened:
        show_record(source, book)


def _show_causes(source: Source, book: Book, causes: Sequence[Cause], held: int) -> None:
    every = format_count(held, source.use_case)
    what = "in quarantine" if book == "quarantine" else "waiting"
    records = "record is" if held == 1 else "records are"
    st.markdown(
        f"{every} {records} {what}, those of earlier loads included. By source and column at fault, commonest first:"
    )
    st.dataframe(
        [
            {
                "Records": c.count, "Source": clean(c.source), "Column": clean(c.columns) or "the record",
                "The first reason": clean(c.reason), "First in": clean(c.file), "Line": c.line,
            }
            for c in causes
        ],
        hide_index=True, height=min(len(causes) + 1, _CAUSES_SHOWN) * 35 + 3,
        alt=f"{len(causes)} causes, with the number of records of each", column_config=localize("Records", "Line"),
    )  # fmt: skip


def _show_controls(choices: Choices, narrow: Narrow) -> None:
    """What narrows the list; the URL is the truth, written before the controls are made."""
    offered = (
        ("source", "Source", narrow.source, choices.sources),
        ("table", "Table", narrow.table, choices.tables),
        ("column", "Column at fault", narrow.column, choices.columns),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, label, value, values in offered:
            if len(values) > 1:
                st.session_state[f"data_{name}"] = value
                st.selectbox(
                    label, ["", *values], key=f"data_{name}", on_change=take, args=(name,), width=190,
                    format_func=lambda one: clean(one) or "all",
                )  # fmt: skip
        st.session_state["data_reason"] = narrow.text
        st.text_input(
            "Reason contains", key="data_reason", on_change=take, args=("reason",), width=260, type="search",
            placeholder="Part of a reason", max_chars=200,
        )  # fmt: skip


def _show_list(source: Source, book: Book, narrow: Narrow, page: int) -> None:
    """One page of the records; a ticked row opens it. The key names what is listed, so that no tick outlives it."""
    records = list_records(source, book, narrow, page=page)
    key = f"data-{book}-{source.snapshot}-{hash((narrow, page))}"
    st.dataframe(
        [_row(record) for record in records],
        key=key, hide_index=True, height=min(len(records) + 1, _ROWS_SHOWN) * 35 + 3,
        on_select=partial(_open_ticked, key, [record.record_id for record in records]), selection_mode="single-row",
        alt=f"{len(records)} records in the order they were read", column_config=localize("Line"),
    )  # fmt: skip


def _row(record: Record) -> dict[str, object]:
    return {
        "File": clean(record.file),
        "Line": record.line,
        "Column": clean(record.columns) or "the record",
        "Reasons": clean("; ".join(record.reasons)),
        "Raw text": clean(record.raw) + ("…" if record.is_cut else ""),
    }


def _open_ticked(key: str, ids: Sequence[int]) -> None:
    ticked = st.session_state[key]["selection"]["rows"]
    if ticked:
        put("record", str(ids[ticked[0]]))
    else:
        forget("record")


def _show_pager(source: Source, page: int, pages: int, total: int, held: int) -> None:
    def count(n: int) -> str:
        return format_count(n, source.use_case)

    last = min(page * PAGE_SIZE, total)
    narrowed = "" if total == held else f" (of {count(held)} in all)"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Records {count((page - 1) * PAGE_SIZE + 1)}-{count(last)} of {count(total)}{narrowed}. "
            "Tick a row to open its record."
        )
        if pages > 1:
            st.button("Previous page", disabled=page == 1, on_click=_turn, args=(page - 1,))
            st.button("Next page", disabled=page == pages, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    forget("record")
    put("page", str(page), "1")


def _show_downloads(source: Source, book: Book, narrow: Narrow, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if total:
            st.download_button(
                "List with reasons as CSV", data=lambda: export_list(source, book, narrow), on_click="ignore",
                file_name=f"{book}-{source.use_case.name}-{source.snapshot}.csv", mime="text/csv", key="data-list",
            )  # fmt: skip
        files = list_mend_files(source) if book == "quarantine" else []
        for file in files:
            st.download_button(
                f"To mend: {clean(file.name)} ({format_count(file.records, source.use_case)})",
                data=partial(export_to_mend, source, file), file_name=file.name, mime="text/csv", on_click="ignore",
                key=f"data-mend-{file.name}",
            )  # fmt: skip
    if files:
        st.markdown(
            "The list holds what the filters leave and is safe to open in a spreadsheet. A file to mend holds **all** "
            "records of its source as they were read, to be corrected and loaded again: its text is that of your own "
            "file, so formulas in it stay as they are. Correct it in a text editor rather than in a spreadsheet."
        )
    if total > LIST_LIMIT:
        st.markdown(f"The list holds the first {LIST_LIMIT:,} of {total:,} records, and says so.")
