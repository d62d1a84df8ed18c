"""One chart on the page: title, picture, reading sentence, table and downloads; gives back what was clicked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from plotly.basedatatypes import BaseFigure

from analysis.charts.chart import Chart, Figure
from analysis.charts.escape import escape_markdown
from analysis.export import build_csv, encode_csv, name_file
from analysis.reading import Drill


def show_chart(
    chart: Chart, key: str, *, scope: str = "", snapshot: str = "", level: int = 4, empty: str = ""
) -> Drill | None:
    """Draw a chart and return the drill the reader chose, by click or from the list beside the table.

    key: must name the chart, the snapshot and the filters, so that a choice does not outlive them. scope, snapshot: go
    into every row of the CSV. level: of the heading. empty: said in the place of a chart without any mark.
    """
    st.markdown(f"{'#' * level} {escape_markdown(chart.title)}", anchors=False)
    if not chart.table:
        st.markdown(escape_markdown(empty or chart.reading))
        return None
    has_drills = bool(chart.drills)
    st.plotly_chart(
        _Drawn(chart.figure),
        theme=None,
        key=f"{key}-figure",
        height=chart.height,
        on_select=(lambda: _take_click(key)) if has_drills else "ignore",
        selection_mode="points",
        config=_config(chart.title),
        alt=chart.alt,
    )
    st.markdown(escape_markdown(chart.reading))
    _show_table(chart, key, scope, snapshot)
    return chart.drills.get(st.session_state.get(f"{key}-chosen") or "")


class _Drawn(BaseFigure):
    """A finished figure. Streamlit has every plain dictionary validated anew by Plotly, 20 ms a chart, on each rerun;
    the plot functions' tests validate theirs once."""

    def __init__(self, figure: Figure) -> None:
        self._drawn = figure

    def to_dict(self) -> Figure:
        return self._drawn


def clear_choice(key: str) -> None:
    """Forget what was clicked in a chart, for a button that closes its cases."""
    st.session_state[f"{key}-chosen"] = None


def find_clicked(selection: Mapping[str, Any]) -> str | None:
    """The drill id of the first selected mark; None where nothing, or a mark without cases, is selected."""
    for point in selection.get("points", ()):
        given = point.get("customdata")
        if isinstance(given, list | tuple):
            given = given[0] if given else None
        if isinstance(given, Mapping):
            given = given.get("0")
        if given:
            return str(given)
    return None


def _config(title: str) -> dict[str, Any]:
    """Only the image button, always visible; nothing is sent anywhere."""
    return {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "displaylogo": False,
        "showSendToCloud": False,
        "scrollZoom": False,
        "doubleClick": False,
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": name_file(title, "png").removesuffix(".png")},
    }


def _take_click(key: str) -> None:
    state = st.session_state[f"{key}-figure"]
    st.session_state[f"{key}-chosen"] = find_clicked(state["selection"])


def _take_choice(key: str) -> None:
    st.session_state[f"{key}-chosen"] = st.session_state[f"{key}-list"]


def _show_table(chart: Chart, key: str, scope: str, snapshot: str) -> None:
    """The same numbers as a table, as CSV, and as a list to choose cases from without a mouse."""
    with st.expander("Table and download", key=f"{key}-more", on_change="rerun", type="compact") as more:
        if not more.open:
            return
        frame = pd.DataFrame(list(chart.table))
        st.dataframe(
            frame, hide_index=True, column_config=_columns(frame), alt=f"Table of: {chart.title}", key=f"{key}-table"
        )
        st.download_button(
            "Download as CSV",
            encode_csv(build_csv(chart.table, scope=scope, snapshot=snapshot)),
            file_name=name_file(chart.title, "csv"),
            mime="text/csv",
            key=f"{key}-csv",
            on_click="ignore",
        )
        if chart.labels:
            st.selectbox(
                "Cases behind",
                options=list(chart.labels),
                index=None,
                format_func=lambda id_: chart.labels[id_],
                placeholder="Choose a mark of the chart",
                key=f"{key}-list",
                on_change=_take_choice,
                args=(key,),
            )


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    """Number columns with as many decimals as can be read; the CSV keeps them all."""
    return {
        name: st.column_config.NumberColumn(format="%.0f" if (frame[name].dropna() % 1 == 0).all() else "%.2f")
        for name in frame.columns
        if pd.api.types.is_numeric_dtype(frame[name])
    }
