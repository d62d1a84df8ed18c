"""From text to the contract's types, in SQL: each column becomes a value and, where it fails, a reason in words.

Everything here builds expressions over x, the stripped text of one source column (NULL where empty). A value that
fails is NULL and its reason says what was received and what the rule is; nothing is rounded or guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from data.load.words import quote_name, quote_text
from data.schema import OUT_OF_SCOPE_DISPOSITIONS, Column

BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
FIRST_DATE = date(1990, 1, 1)
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class Rules:
    """What the casts need to know besides the column: clock, money and how the source writes numbers."""

    time_zone: str
    minor_digits: int
    now: datetime  # UTC; a date more than a day later is impossible
    decimal: str = "."
    timestamp_format: str | None = None
    format_has_zone: bool = False


def strip_text(expression: str, stripped: bool = False) -> str:
    """Stripped text; empty becomes NULL. `stripped` says that only the second is still to be done."""
    return f"nullif({expression}, '')" if stripped else f"nullif(trim({expression}, {BLANKS}), '')"


def map_values(expression: str, pairs: dict[str, str]) -> str:
    """The mapping's own value for a source value; others stay. The key '' stands for an empty value."""
    if not pairs:
        return expression
    tests = {theirs: f"= {quote_text(theirs)}" if theirs else "IS NULL" for theirs in pairs}
    whens = (f"WHEN {expression} {tests[theirs]} THEN {_text_or_null(ours)}" for theirs, ours in pairs.items())
    return f"CASE {' '.join(whens)} ELSE {expression} END"


def _text_or_null(text: str) -> str:
    return quote_text(text) if text else "NULL"


def cast_value(column: Column, x: str, rules: Rules) -> str:
    """SQL for the typed value of `x`, NULL where it cannot be read; ranges are judged by `reason_for`."""
    number = x if rules.decimal == "." else f"CASE WHEN contains({x}, '.') THEN NULL ELSE replace({x}, ',', '.') END"
    match column.kind:
        case "text":
            return x
        case "integer":
            return f"CASE WHEN regexp_full_match({number}, '[+-]?[0-9]+([.]0*)?') THEN try_cast({number} AS BIGINT) END"
        case "number" | "share":
            double = f"try_cast({number} AS DOUBLE)"
            return f"CASE WHEN isfinite({double}) AND NOT contains({x}, '_') THEN {double} END"
        case "boolean":
            return f"CASE WHEN lower({x}) IN {_list(TRUE)} THEN true WHEN lower({x}) IN {_list(FALSE)} THEN false END"
        case "timestamp":
            return _cast_timestamp(x, rules)
        case _:
            return _cast_money(number, rules.minor_digits)


def _list(texts: tuple[str, ...]) -> str:
    return f"({', '.join(map(quote_text, texts))})"


def _cast_money(number: str, digits: int) -> str:
    # Zeros beyond the minor unit are exact; any other digit there would have to be rounded, so it is refused.
    exact = f"regexp_full_match({number}, '[+-]?([0-9]+[.]?[0-9]{{0,{digits}}}0*|[.][0-9]{{1,{max(digits, 1)}}}0*)')"
    minor = f"CAST(try_cast({number} AS DECIMAL(18, {digits})) * {10**digits} AS BIGINT)"
    return f"CASE WHEN {exact} THEN {minor} END"


def to_utc(naive: str, rules: Rules) -> str:
    """SQL for a time in the source's zone as UTC without a zone."""
    # An hour that stands twice in autumn is read as standard time; one that is skipped in spring moves on by it.
    return naive if rules.time_zone == "UTC" else f"timezone('UTC', timezone({quote_text(rules.time_zone)}, {naive}))"


def _cast_timestamp(x: str, rules: Rules) -> str:
    if rules.timestamp_format:
        parsed = f"try_strptime({x}, {quote_text(rules.timestamp_format)})"
        return f"timezone('UTC', {parsed})" if rules.format_has_zone else to_utc(parsed, rules)
    # After the date only an offset has these signs. A cast to TIMESTAMP would drop the offset without a word.
    has_offset = f"regexp_matches(substr({x}, 11), '[-+zZ]')"
    return (
        f"CASE WHEN {has_offset} THEN timezone('UTC', try_cast({x} AS TIMESTAMPTZ)) "
        f"ELSE {to_utc(f'try_cast({x} AS TIMESTAMP)', rules)} END"
    )


def reason_for(column: Column, x: str, value: str, rules: Rules, required: str | None) -> str:
    """SQL for the reason why the column fails, NULL where it does not.

    `required` is SQL that is true where an empty value is not allowed (None: always allowed).
    """
    whens = [f"WHEN {x} IS NOT NULL AND {value} IS NULL THEN {_say(column, x, _unreadable(column, rules))}"]
    if required:
        whens.insert(0, f"WHEN {x} IS NULL AND ({required}) THEN {quote_text(f'{column.name}: is empty and required')}")
    whens += [f"WHEN {test} THEN {_say(column, x, words)}" for test, words in list_limits(column, value, rules)]
    return f"CASE {' '.join(whens)} END"


def _say(column: Column, x: str, words: str) -> str:
    shown = f"left({x}, 100)"
    quoted = (
        shown
        if words.startswith("is not between") or words.startswith(("is below", "is above"))
        else f"'''' || {shown} || ''''"
    )
    return f"{quote_text(column.name + ': ')} || {quoted} || {quote_text(' ' + words)}"


def _unreadable(column: Column, rules: Rules) -> str:
    hint = f"(map it under [source.values.{column.name}])"
    comma = " with a decimal comma" if rules.decimal == "," else ""
    match column.kind:
        case "integer":
            return f"is not a whole number{comma}"
        case "boolean":
            return f"is not one of {', '.join((*TRUE, *FALSE))} {hint}"
        case "timestamp" if rules.timestamp_format:
            return f"is not a date and time of the form {rules.timestamp_format}"
        case "timestamp":
            return "is not a date and time (ISO 8601, such as 2026-07-12T14:30:00+02:00; or set timestamp_format)"
        case "money":
            return f"is not an amount with at most {rules.minor_digits} decimals{comma}"
        case _:
            return f"is not a number{comma}"


def list_limits(column: Column, value: str, rules: Rules) -> list[tuple[str, str]]:
    """(SQL that is true where a value breaks a rule of its column, the rule in words)."""
    if column.values:
        hint = f"(map it under [source.values.{column.name}])"
        return [(f"{value} NOT IN {_list(column.values)}", f"is not one of {', '.join(column.values)} {hint}")]
    if column.kind == "timestamp":
        latest = rules.now + timedelta(days=1)
        return [
            (f"{value} < DATE {quote_text(str(FIRST_DATE))}", f"is before {FIRST_DATE}, an impossible date"),
            (f"{value} > TIMESTAMP {quote_text(str(latest))}", "is more than a day in the future, an impossible date"),
        ]
    low, high = column.low, column.high
    if low is not None and high is not None:
        return [(f"{value} NOT BETWEEN {low} AND {high}", f"is not between {low:g} and {high:g}")]
    tests = [(f"{value} < {low}", f"is below {low:g}")] if low is not None else []
    return tests + ([(f"{value} > {high}", f"is above {high:g}")] if high is not None else [])


def required_when(
    needed: bool, required: str, name: str, table: str, has_disposition: bool, has_cohort: bool
) -> str | None:
    """SQL that is true where an empty value of the column is a fault; None where it never is.

    Columns required 'in scope' may be empty where the case is pending or withdrawn; `decided_at` also where a
    cohort stands in for the date.
    """
    stands_in = table == "decisions" and name == "decided_at" and has_cohort
    if not needed and not stands_in:
        return None
    tests = []
    if required == "in scope" and table == "decisions" and has_disposition:
        tests.append(f"coalesce({quote_name('x_disposition')}, '') NOT IN {_list(OUT_OF_SCOPE_DISPOSITIONS)}")
    if stands_in:
        tests.append(f"{quote_name('x_cohort')} IS NULL")
    return " AND ".join(tests) or "true"
