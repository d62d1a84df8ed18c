"""The list of cases as a CSV file: every column a reader of the page may see, nothing cut without saying so."""

from __future__ import annotations

from analysis.case_search import list_groups
from analysis.cases import EXPORT_LIMIT, Selection, build_condition, build_order, count_cases, describe_selection
from analysis.export import build_csv, encode_csv
from analysis.source import Source
from data import schema

_PEOPLE = ("decider", "approver")
_HELPERS = (
    "decided_on", "period", "is_override_eligible", "is_override", "is_low_side", "is_high_side", "is_matured", "bad",
    "realised_value", "money_at_stake", "decision_minutes",
)  # fmt: skip


def list_export_columns(source: Source) -> list[str]:
    """Mapped columns of the decisions and the helper columns; people and protected groups only where they are shown."""
    use_case = source.use_case
    names = [c.name for c in schema.decisions.columns if f"decisions.{c.name}" in source.mapped]
    if not use_case.show_deciders:
        names = [name for name in names if name not in _PEOPLE]
    groups = list_groups(source) if use_case.show_groups else []
    return list(dict.fromkeys(["case_id", "decision_no", *names, *_HELPERS, *groups]))


def export_cases(source: Source, selection: Selection) -> bytes:
    """The listed decisions in the list's order as CSV, money in minor units and times in UTC, as stored.

    Up to EXPORT_LIMIT rows; the scope written into every row says so when the list is longer.
    """
    columns = list_export_columns(source)
    where, params = build_condition(source, selection)
    total = count_cases(source, selection)
    listed = ", ".join(f'"{name}"' for name in columns)
    found = source.rows(
        f"select {listed} from facts where {where}\norder by {build_order(selection.sort)} limit {EXPORT_LIMIT}", params
    )
    scope = describe_selection(source, selection)
    if total > EXPORT_LIMIT:
        scope = f"the first {EXPORT_LIMIT:,} of {total:,} {scope}, by {selection.sort}"
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    return encode_csv(build_csv(rows, scope=scope, snapshot=source.snapshot))
