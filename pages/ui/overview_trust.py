"""Can these numbers be trusted? The checks as a table, each with the page where it is acted on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape

import streamlit as st

from analysis.charts.escape import escape_markdown
from analysis.overview import BEHAVIOUR, OUTCOMES, Overview
from analysis.source import Source
from analysis.store import read_manifest
from analysis.trust import GOOD, LOOK, UNKNOWN, Check, Shown, build_checks, describe_checks
from pages.ui.headline import link_to_page

_SYMBOLS = {GOOD: "✓", LOOK: "▲", UNKNOWN: "○"}
_PAGES = {"data": "Data", "definitions": "Definitions"}
_STYLE = """
<style>
div table.ed-trust { width: 100%; border-collapse: collapse; font-size: 0.9375rem; line-height: 1.4; margin: 0; }
.ed-trust th, .ed-trust td { text-align: left; vertical-align: top; padding: 0.35rem 0.9rem 0.35rem 0;
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
.ed-trust th { font-weight: 600; }
.ed-trust td.state, .ed-trust td.number, .ed-trust tbody th { white-space: nowrap; }
.ed-trust td.number { font-variant-numeric: tabular-nums; }
.ed-trust tr.look td.state { font-weight: 600; }
.ed-trust .symbol { display: inline-block; width: 1.25em; }
.ed-trust a { color: inherit; }
.ed-checks summary { cursor: pointer; padding: 0.5rem 0; font-size: 0.9375rem; }
@media (max-width: 640px) {
  .ed-trust thead { position: absolute; left: -9999px; }
  .ed-trust tr { display: grid; grid-template-columns: 1fr 1fr; padding: 0.4rem 0;
    border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
  .ed-trust th, .ed-trust td { border-bottom: 0; padding: 0.1rem 0.6rem 0.1rem 0; }
  .ed-trust td.meaning { grid-column: 1 / -1; }
}
</style>
"""


def show_trust(source: Source, page: Overview, _: str) -> None:
    """The table, what needs a look first."""
    checks = build_checks(source, _list_shown(source, page))
    st.markdown(f"#### {escape_markdown(describe_checks(checks))}", anchors=False)
    st.html(_STYLE + f'<div class="ed-checks">{_tables(checks)}</div>')
    st.markdown(
        "Outcomes and definitions: the selection. Records and their fields: the whole log. Age is counted to today, "
        "maturity to the snapshot's date."
    )


def _list_shown(source: Source, page: Overview) -> Shown:
    part = read_manifest().parts[source.use_case.name]
    periods = source.options.periods if source.options.is_dated else ()
    return Shown(
        coverage=page.coverage,
        by_month=page.trend["outcome_coverage"],
        filters=page.filters,
        months=(periods[0], periods[-1]) if periods else None,
        cards=[source.catalog[name] for name in (*BEHAVIOUR, *OUTCOMES)],
        published=dt.datetime.fromisoformat(part.built_at),
        today=dt.datetime.now(dt.UTC).date(),
    )


def _tables(checks: Sequence[Check]) -> str:
    """What needs a look in sight, what is in order folded."""
    open_, closed = [c for c in checks if c.state != GOOD], [c for c in checks if c.state == GOOD]
    if not closed:
        return _table(open_)
    count = f"{len(closed)} check{'' if len(closed) == 1 else 's'} in order"
    folded = f"<details><summary>{_SYMBOLS[GOOD]} {count}</summary>{_table(closed)}</details>"
    return (_table(open_) if open_ else "") + folded


def _table(checks: Sequence[Check]) -> str:
    names = ("Check", "State", "Number", "What it means, and what to do")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<table class="ed-trust"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(_row(check) for check in checks)}</tbody></table>"
    )


def _row(check: Check) -> str:
    query = {"metric": check.metric} if check.metric else {}
    link = f'<a href="{link_to_page(check.page, **query)}">{_PAGES[check.page]}</a>'
    symbol = f'<span class="symbol" aria-hidden="true">{_SYMBOLS[check.state]}</span>'
    return (
        f'<tr class="{"look" if check.state == LOOK else "rest"}"><th scope="row">{escape(check.name)}</th>'
        f'<td class="state">{symbol}{escape(check.state)}</td>'
        f'<td class="number">{escape(check.number)}</td>'
        f'<td class="meaning">{escape(check.meaning)} {link}</td></tr>'
    )
