"""The last load: the law that no record is lost, in numbers; each source; the files it was read from."""

from __future__ import annotations

from html import escape

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.formats import format_count
from analysis.loads import Loads, describe_source
from analysis.palette import choose_palette
from analysis.source import Source
from pages.ui.data_url import localize
from pages.ui.panels import is_dark

_STYLE = """
<style>
.ed-law { display: flex; flex-wrap: wrap; gap: 0.25rem 0.9rem; align-items: flex-end; margin: 0; padding: 0; }
div.ed-law dl { margin: 0; padding: 0; }
.ed-law div { display: flex; flex-direction: column-reverse; }
.ed-law dt { font-size: 0.875rem; font-weight: 400; }
.ed-law dd { margin: 0; font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.2; }
.ed-law .sign { font-size: 1.4rem; line-height: 1.2; padding-bottom: 1.4rem; }
.ed-fates { display: flex; height: 12px; margin-top: 0.5rem; gap: 2px; }
.ed-fates span { min-width: 3px; }
</style>
"""
_FATES = ("accepted", "waiting", "out_of_scope", "quarantined")


def show_law(source: Source, loads: Loads) -> None:
    """read = accepted + waiting + out of scope + quarantined, over all sources of the last load."""
    if not loads.reports:
        return
    ink = choose_palette(is_dark()).meanings
    hatch = f"repeating-linear-gradient(45deg, {ink['unknown'].mark} 0 2px, transparent 2px 6px)"
    fills = {
        "accepted": ink["system"].mark, "waiting": hatch, "out_of_scope": ink["neutral"].mark,
        "quarantined": ink["bad"].mark,
    }  # fmt: skip
    terms = [_term(source, "read", loads.total("read"))]
    for number, fate in enumerate(_FATES):
        terms.append(f'<span class="sign" aria-hidden="true">{"+" if number else "="}</span>')
        terms.append(_term(source, fate, loads.total(fate)))
    bar = "".join(
        f'<span style="flex: {loads.total(fate)} 1 0; background: {fills[fate]}"></span>'
        for fate in _FATES
        if loads.total(fate)
    )
    # dl takes only groups of dt and dd: the signs stand beside it in the same row.
    st.html(
        f'{_STYLE}<div class="ed-law" role="group" aria-label="Records of the last load">{"".join(terms)}</div>'
        f'<div class="ed-fates" aria-hidden="true">{bar}</div>'
    )


def _term(source: Source, fate: str, n: int) -> str:
    label = {"read": "records read"}.get(fate, fate.replace("_", " "))
    return f"<dl><div><dt>{escape(label)}</dt><dd>{escape(format_count(n, source.use_case))}</dd></div></dl>"


def show_loaded(source: Source, loads: Loads) -> None:
    """Each source as a sentence and a row; the files read so far."""
    if not loads.has_books:
        st.info(
            "The books of a load (what was read, from which files) are not in this snapshot. The next load has them."
        )
        return
    if loads.reports:
        st.markdown("#### Sources of the last load")
        st.markdown("\n".join(f"- {escape_markdown(describe_source(r, source.use_case))}" for r in loads.reports))
        st.dataframe(
            [
                {
                    "Source": clean(r.source), "Table": r.table, "Read": r.read, "Accepted": r.accepted,
                    "Waiting": r.waiting, "Out of scope": r.out_of_scope, "Quarantined": r.quarantined,
                    "Added": r.added, "Changed": r.changed,
                }
                for r in loads.reports
            ],
            hide_index=True, height="content", alt="Records of each source of the last load",
            column_config=localize("Read", "Accepted", "Waiting", "Out of scope", "Quarantined", "Added", "Changed"),
        )  # fmt: skip
    st.markdown("#### Files read so far")
    if not loads.files:
        st.markdown("None.")
        return
    st.dataframe(
        [
            {
                "Source": clean(f.source), "File": clean(f.file), "Records": f.records,
                "Encoding": f.encoding or "none needed", "Delimiter": _name_delimiter(f.delimiter),
                "Notes": clean(f.notes),
            }
            for f in loads.files
        ],
        hide_index=True, height="content" if len(loads.files) <= 20 else 420,
        alt="Files that records were read from, in this load and earlier ones", column_config=localize("Records"),
    )  # fmt: skip
    st.markdown("A record of a SELECT or of Parquet is placed by its row, one of CSV by its line.")


def _name_delimiter(delimiter: str) -> str:
    return {"\t": "tab", "": ""}.get(delimiter, delimiter)
