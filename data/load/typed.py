"""Parquet whose columns have the contract's types already: looked over first, then read as they are.

A text round trip costs ten times what reading does, and nearly every record is sound. So a file is looked over once:
from its statistics and its texts it is known which columns hold anything doubtful. Records that are in doubt go the
way of text (staging.py), which judges them and says why; all others are a SELECT over the file, and are never copied.
A doubt may be mistaken, never missing: what is not in doubt has the value and the judgement that text would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from data.load.cast import Rules, cast_value, list_limits, map_values, required_when, strip_text, to_utc
from data.load.inputs import WHOLE, Input, rest_columns
from data.load.mapping import Mapping, Source
from data.load.required import is_needed
from data.load.words import quote_name, quote_text
from data.schema import Column, Table

_NO_BREAK = "chr(160)"
_LARGEST = 10**8  # a double up to here holds cents with room to spare; a larger one is read as text


@dataclass(frozen=True)
class Lane:
    """How one column of ours is read without text: SQL over the file's columns.

    doubt: true where the value may not be what text would give, "" where it always is. texts: the file's column where
    it is text, which is stripped only if it `is_untidy`.
    """

    value: str
    doubt: str = ""
    text: str = ""


@dataclass(frozen=True)
class Survey:
    """A file looked over: ours -> SQL of the value, and the conditions (over x_ours) of the columns in doubt."""

    values: dict[str, str]
    doubts: tuple[str, ...]


def plan_lanes(
    source: Source, one: Input, table: Table, extras: dict[str, str], rules: Rules
) -> dict[str, Lane] | None:
    """The lane of every mapped column; None where some column must be read as text.

    extras: the table's further columns and the types they are staged with.
    """
    if one.is_csv or rules.decimal != "." or source.currency_column:
        return None
    lanes: dict[str, Lane] = {}
    named = {name.lower(): name for name in extras}
    targets = {**source.targets, **{name: name for name in rest_columns(source, one)}}
    for ours, theirs in targets.items():
        column = table.column(ours)
        name = ours if column else named[ours.lower()]
        pairs = source.values.get(ours, {})
        lane = _plan(column, one, theirs, pairs, rules) if column else _plan_extra(one, theirs, pairs, extras[name])
        if lane is None:
            return None
        lanes[name] = lane
    for name, text in source.constants.items():
        if text.strip():
            column = table.column(name)
            x = quote_text(text)
            lanes[name if column else named[name.lower()]] = Lane(cast_value(column, x, rules) if column else x)
    return lanes


def _plan(column: Column, one: Input, theirs: str, pairs: dict[str, str], rules: Rules) -> Lane | None:
    q, kind = quote_name(theirs), one.kinds[theirs]
    if column.kind == "text":
        is_text = kind == "VARCHAR" and not pairs
        return Lane(q, text=q) if is_text else Lane(map_values(strip_text(one.texts[theirs]), pairs))
    if pairs:
        return None
    if column.kind == "money":
        return _plan_money(q, kind, rules.minor_digits)
    if column.kind == "timestamp":
        return None if rules.timestamp_format else _plan_time(q, kind, rules)
    lanes = {"boolean": {"BOOLEAN": Lane(q)}, "integer": {}}
    found = lanes.get(column.kind, {"DOUBLE": Lane(_not_nan(q), f"isinf({q})")}).get(kind)
    return Lane(f"CAST({q} AS {column.sql_type})") if kind in WHOLE and column.kind != "boolean" else found


def _plan_time(q: str, kind: str, rules: Rules) -> Lane | None:
    if kind == "TIMESTAMP":
        return Lane(to_utc(q, rules))
    return Lane(f"timezone('UTC', {q})") if kind == "TIMESTAMP WITH TIME ZONE" else None


def _plan_money(q: str, kind: str, digits: int) -> Lane | None:
    unit = 10**digits
    if kind in WHOLE:
        inside = f"{q} BETWEEN {-(10**15)} AND {10**15}"
        return Lane(f"CASE WHEN {inside} THEN CAST({q} AS BIGINT) * {unit} END", f"NOT ({inside})")
    if kind == "DOUBLE":  # as text it is written with six digits, of which those beyond the minor unit must be 0
        near = f"abs({q}) < {_LARGEST} AND abs({q} * {unit} - round({q} * {unit})) < {unit} * 4e-7"
        return Lane(
            f"CASE WHEN {near} THEN CAST(round({q} * {unit}) AS BIGINT) END", f"NOT isnan({q}) AND NOT ({near})"
        )
    if kind.startswith("DECIMAL("):
        width, scale = (int(part) for part in kind[8:-1].split(","))
        if scale <= digits and width - scale + digits <= 18:
            return Lane(f"CAST({q} * {unit} AS BIGINT)")
    return None


def _plan_extra(one: Input, theirs: str, pairs: dict[str, str], staged: str) -> Lane:
    """A further column: a number where it is staged as one, else as text."""
    q, kind = quote_name(theirs), one.kinds[theirs]
    if staged == "DOUBLE":
        return Lane(_not_nan(q) if kind == "DOUBLE" else f"CAST({q} AS DOUBLE)")
    if kind == "VARCHAR" and not pairs:
        return Lane(q, text=q)
    plain = f"CAST(CAST({q} AS INTEGER) AS VARCHAR)" if kind == "BOOLEAN" else one.texts[theirs]
    return Lane(map_values(strip_text(plain), pairs))


def _not_nan(q: str) -> str:
    return f"CASE WHEN NOT isnan({q}) THEN {q} END"


def survey_file(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, table: Table, lanes: dict[str, Lane], one: Input, rules: Rules
) -> Survey:
    """Look the file over: which texts need stripping, and which columns hold anything in doubt."""
    untidy = _find_untidy(con, lanes, one)
    values = {name: strip_text(lane.value) if name in untidy else lane.value for name, lane in lanes.items()}
    doubts = _list_doubts(mapping, table, lanes, rules)
    conditions = [f"({test})" for name, tests in doubts.items() for test in tests if name in values]
    missing = [f"({test})" for name, tests in doubts.items() for test in tests if name not in values]
    if not conditions:
        return Survey(values, tuple(missing))
    fired = con.execute(
        f"SELECT {', '.join(f'count_if({test})' for test in conditions)} FROM ({_inner(values, lanes, one)})"
    ).fetchall()[0]
    return Survey(values, tuple([*missing, *(t for t, count in zip(conditions, fired, strict=True) if count)]))


def _find_untidy(con: duckdb.DuckDBPyConnection, lanes: dict[str, Lane], one: Input) -> set[str]:
    """Text columns with an empty value or one that begins or ends with a blank (or holds a no-break space)."""
    texts = {name: lane.text for name, lane in lanes.items() if lane.text}
    if not texts:
        return set()
    # The first and the last character are compared as bytes: all blanks but one come before '!'.
    tests = (f"count_if({q} < '!' OR reverse({q}) < '!' OR contains({q}, {_NO_BREAK}))" for q in texts.values())
    found = con.execute(f"SELECT {', '.join(tests)} FROM read_parquet({quote_text(str(one.path))})").fetchall()[0]
    return {name for name, count in zip(texts, found, strict=True) if count}


def _list_doubts(mapping: Mapping, table: Table, lanes: dict[str, Lane], rules: Rules) -> dict[str, list[str]]:
    """Ours -> conditions over x_ours (and u_ours, the lane's own doubt) under which text must judge the record."""
    doubts: dict[str, list[str]] = {}
    for column in table.columns:
        x = quote_name(f"x_{column.name}")
        tests = [quote_name(f"u_{column.name}")] if column.name in lanes and lanes[column.name].doubt else []
        needed = is_needed(mapping, table.name, column)
        required = required_when(
            needed, column.required, column.name, table.name, "disposition" in lanes, "cohort" in lanes
        )
        if column.name in lanes:
            tests += [test for test, _ in list_limits(column, x, rules)]
            tests += [f"{x} IS NULL AND ({required})"] if required else []
        elif required:
            tests.append(required)
        if tests:
            doubts[column.name] = tests
    return doubts


def _inner(values: dict[str, str], lanes: dict[str, Lane], one: Input) -> str:
    listed = [f"{value} AS {quote_name(f'x_{name}')}" for name, value in values.items()]
    listed += [f"{lane.doubt} AS {quote_name(f'u_{name}')}" for name, lane in lanes.items() if lane.doubt]
    return (
        f"SELECT file_row_number, {', '.join(listed)} "
        f"FROM read_parquet({quote_text(str(one.path))}, file_row_number = true)"
    )


def build_doubted_select(survey: Survey, lanes: dict[str, Lane], one: Input) -> str:
    """SELECT of the numbers (from 0) of the file's rows that text must judge."""
    return f"SELECT file_row_number FROM ({_inner(survey.values, lanes, one)}) WHERE {' OR '.join(survey.doubts)}"


def build_typed_select(
    table: Table, extras: dict[str, str], survey: Survey, one: Input, numbers: tuple[int, int], first_id: int,
    doubted: str,
) -> str:  # fmt: skip
    """SELECT of staged rows, typed, of every record of the file that is not in the table `doubted`.

    `numbers` are the source's and the file's; the file's records are numbered from `first_id` on.
    """
    values = [_output(column, survey.values) for column in table.columns]
    values += [
        f"{survey.values.get(name, f'CAST(NULL AS {kind})')} AS {quote_name(name)}" for name, kind in extras.items()
    ]
    place = f"{first_id} + file_row_number"
    kept = f" p ANTI JOIN {doubted} d ON d.record_id = {first_id} + p.file_row_number" if survey.doubts else ""
    return (
        f"SELECT {place} AS record_id, {numbers[0]} AS _source_no, {numbers[1]} AS _file_no, "
        "file_row_number + 1 AS _line, CAST(NULL AS BIGINT) AS _byte_offset, CAST(NULL AS BIGINT) AS _byte_length, "
        "true AS _fresh, CAST(NULL AS VARCHAR) AS _columns, CAST(NULL AS VARCHAR) AS _reasons, "
        f"{', '.join(values)} FROM read_parquet({quote_text(str(one.path))}, file_row_number = true){kept}"
    )


def _output(column: Column, values: dict[str, str]) -> str:
    default = "1" if column.name == "decision_no" else "NULL"
    value = values.get(column.name)
    if value is None:
        value = f"CAST({default} AS {column.sql_type})"
    elif default != "NULL":
        value = f"coalesce({value}, {default})"
    return f"{value} AS {quote_name(column.name)}"
