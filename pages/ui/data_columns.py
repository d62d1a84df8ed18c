"""Which columns of the contract the log maps, what would use the others, and how to map one."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.intake_columns import ContractColumn, build_mapping_lines, describe_missing, list_tables
from analysis.source import Source


def show_columns(source: Source) -> None:
    """One table of the contract at a time; then the lines that bring a missing column in."""
    tables = list_tables(source)
    st.markdown(escape_markdown(describe_missing(tables)))
    labels = {t.table: f"{t.table} ({len(t.mapped)} of {len(t.columns)} mapped)" for t in tables}
    name = st.selectbox("Table", list(labels), format_func=lambda one: labels[one], key="data_columns_table", width=320)
    table = next(t for t in tables if t.table == name)
    st.markdown(escape_markdown(table.sentence))
    st.dataframe(
        [_row(column) for column in sorted(table.columns, key=lambda c: (c.is_mapped, not c.used_by))],
        hide_index=True, height=min(len(table.columns) + 1, 16) * 35 + 3,
        alt=f"Columns of {table.table}: which are mapped, and which numbers use them",
    )  # fmt: skip
    if table.more:
        st.markdown(f"Further columns of this log: {escape_markdown(', '.join(table.more))}.")
    _show_how(table.missing)


def _row(column: ContractColumn) -> dict[str, object]:
    return {
        "Column": column.name,
        "Mapped": "yes" if column.is_mapped else "no",
        "Numbers that need it": ", ".join(column.used_by),
        "Kind": column.kind,
        "What it is": clean(column.sentence),
        "Values": ", ".join(column.values),
    }


def _show_how(missing: tuple[ContractColumn, ...]) -> None:
    if not missing:
        return
    st.markdown("#### How to map a column")
    names = {column.name: column for column in sorted(missing, key=lambda c: not c.used_by)}
    column = names[st.selectbox("Column not mapped", list(names), key="data_how", width=320)]
    for label in column.used_by:
        st.markdown(f"- {escape_markdown(label)} would be shown with it.")
    st.markdown("Add to the mapping's source of this table (or give the column a source of its own), then load again:")
    st.code(build_mapping_lines(column), language="toml")
