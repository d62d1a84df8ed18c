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


_MONEY = {c.name for c in schema.decisions.columns if c.kind == "money"} | {"realised_value", "money_at_stake"}
_TIMES = {c.name for c in schema.decisions.columns if c.kind == "timestamp"}


def _head(source: Source, name: str) -> str:
    if name in _MONEY:
        return f"{name} ({source.use_case.currency})"
    return f"{name} (UTC)" if name in _TIMES else name


def list_export_columns(source: Source) -> list[str]:
    """Mapped columns of the decisions and the helper columns; people and protected groups only where they are shown."""
    use_case = source.use_case
    names = [c.name for c in schema.decisions.columns if f"decisions.{c.name}" in source.mapped]
    if not use_case.show_deciders:
        names = [name for name in names if name not in _PEOPLE]
    groups = list_groups(source) if use_case.show_groups else []
    return list(dict.fromkeys(["case_id", "decision_no", *names, *_HELPERS, *groups]))


def export_cases(source: Source, selection: Selection) -> bytes:
    """The listed decisions in the list's order as CSV; the header says the currency, and that times are UTC.

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
    heads = [_head(source, name) for name in columns]
    unit = 10**source.use_case.minor_digits
    money = [name in _MONEY for name in columns]
    rows = [
        {
            head: value / unit if is_money and value is not None else value
            for head, is_money, value in zip(heads, money, row, strict=True)
        }
        for row in found
    ]
    return encode_csv(build_csv(rows, scope=scope, snapshot=source.snapshot))
