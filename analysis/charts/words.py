"""A reading in words for a hover, and in raw numbers for the table view."""

from __future__ import annotations

from analysis.charts.chart import Row
from analysis.charts.escape import escape_html
from analysis.formats import format_count, format_reading, format_value
from analysis.reading import PROTECTED, TOO_FEW, Reading
from data.use_case import UseCase

MATURE_FROM = 0.95  # share of a period's cases past their horizon from which its rate may carry a statement

# Table units: a share as percent, money in main units; the rest as stored.
_TABLE_UNITS = {"share": "%", "minutes": "minutes", "hours": "hours", "log_odds": "log-odds"}


def is_mature(reading: Reading) -> bool:
    """Waits for no outcome, or nearly all of its cases are past their horizon."""
    return reading.matured_share is None or reading.matured_share >= MATURE_FROM


def describe_refusal(reading: Reading) -> str:
    """A few words in the place of a number that is not shown."""
    if reading.refusal == PROTECTED:
        return "protected"
    if reading.refusal == TOO_FEW:
        return "too few"
    return "no cases" if reading.n == 0 and not reading.matured_share else "not shown"


def describe_point(reading: Reading, name: str, unit: str, use_case: UseCase, *, of: str = "", note: str = "") -> str:
    """The hover of one mark, as Plotly's HTML: name, value and interval, n, how much could be seen, and why not."""
    lines = [f"<b>{escape_html(name)}</b>" + (f" · {escape_html(of)}" if of else "")]
    lines.append(escape_html(format_reading(reading, unit, use_case)))
    if reading.refusal != PROTECTED:
        lines.append(_describe_n(reading, unit, use_case))
    if reading.matured_share is not None:
        lines.append(f"matured {format_value(reading.matured_share, 'share', use_case)}")
        if reading.observed_share is not None:
            lines[-1] += f", outcomes back {format_value(reading.observed_share, 'share', use_case)}"
    lines += [escape_html(words) for words in (reading.interval_why, note) if words and reading.is_shown]
    return "<br>".join(lines)


def _describe_n(reading: Reading, unit: str, use_case: UseCase) -> str:
    n = format_count(reading.n, use_case)
    if unit == "share" and reading.numerator is not None and reading.is_shown:
        return f"{format_count(round(reading.numerator), use_case)} of {n} {use_case.word('cases')}"
    return f"n {n}"


def build_row(reading: Reading, label: str, unit: str, use_case: UseCase) -> Row:
    """Raw columns of one reading: value, low, high under headers with units, n, matured and observed share, why."""
    words = describe_unit(unit, use_case)
    tail = f" ({words})" if words else ""
    row: Row = {f"{label}{tail}": convert_raw(reading.value, unit, use_case)}
    for bound, value in (("low", reading.low), ("high", reading.high)):
        row[f"{bound}, 95 % interval{tail}"] = convert_raw(value, unit, use_case)
    row["n"] = None if reading.refusal == PROTECTED else reading.n
    if reading.matured_share is not None:
        row["matured (%)"] = convert_raw(reading.matured_share, "share", use_case)
        row["outcomes back (%)"] = convert_raw(reading.observed_share, "share", use_case)
    row["why"] = reading.why or reading.interval_why
    return row


def describe_unit(unit: str, use_case: UseCase) -> str:
    """The unit of a raw column: "%", "EUR", "minutes"; "" for counts and ratios."""
    return use_case.currency if unit == "money" else _TABLE_UNITS.get(unit, "")


def convert_raw(value: float | None, unit: str, use_case: UseCase) -> float | None:
    """A stored value in the unit of its column, without rounding that could be seen."""
    if value is None:
        return None
    if unit == "share":
        return round(value * 100, 6)
    if unit == "money":
        return round(value / 10.0**use_case.minor_digits, use_case.minor_digits + 2)
    return round(value, 6)


def align_rows(rows: list[Row]) -> tuple[Row, ...]:
    """Rows with the same columns in the order they first appear, empty ones left out; "why" stays last."""
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "why"))
    if any(row.get("why") for row in rows):
        columns.append("why")
    return tuple({name: row.get(name) for name in columns} for row in rows)
