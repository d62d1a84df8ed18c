"""Staging: every record of a table, cast to the contract's types, with the reasons why it fails, if it does.

A staged row is one record. `record_id` is its number over all loads; `_line` is where it starts in its file;
`_fresh` is false for a record that waited since an earlier load. Columns that failed are NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.load.cast import Rules, cast_value, map_values, reason_for, required_when, strip_text
from data.load.inputs import Input, is_number, rest_columns
from data.load.mapping import Mapping, Source
from data.load.required import is_needed
from data.load.words import quote_name, quote_text
from data.schema import Column, Table

META = {
    "record_id": "BIGINT", "_source_no": "INTEGER", "_file_no": "INTEGER", "_line": "BIGINT", "_byte_offset": "BIGINT",
    "_byte_length": "BIGINT", "_fresh": "BOOLEAN", "_columns": "VARCHAR", "_reasons": "VARCHAR",
}  # fmt: skip

_CURRENCY = "_currency"  # not a column of ours: judged, then dropped


@dataclass(frozen=True)
class Stage:
    """Where one table's records are staged, and its further columns (features, group_*) with the types they have there.

    `rows` is the table that records are written to, `name` the view of all: those rows, and the records that stay in
    their Parquet files because they need no judging (typed.py).
    """

    table: Table
    kinds: dict[str, str]

    @property
    def name(self) -> str:
        return f"staging.{quote_name(self.table.name)}"

    @property
    def rows(self) -> str:
        return f"staging.{quote_name(self.table.name + ' rows')}"

    @property
    def doubted(self) -> str:
        """The table of the numbers of records that text must judge, of those that could have stayed in their files."""
        return f"staging.{quote_name(self.table.name + ' doubted')}"

    @property
    def extras(self) -> tuple[str, ...]:
        return tuple(self.kinds)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.table.names, *self.extras)

    def ddl(self) -> str:
        columns = {**META, **{c.name: c.sql_type for c in self.table.columns}, **self.kinds}
        return f"CREATE OR REPLACE TABLE {self.rows} ({', '.join(f'{quote_name(n)} {k}' for n, k in columns.items())})"

    def view(self, typed: Iterable[str]) -> str:
        """The statement that makes the view, given the SELECTs of records that stay in their files."""
        return f"CREATE OR REPLACE VIEW {self.name} AS " + " UNION ALL ".join([f"SELECT * FROM {self.rows}", *typed])


def find_extras(table: Table, opened: Iterable[tuple[Source, Input]], known: Iterable[str]) -> tuple[str, ...]:
    """The table's further columns: earlier loads' first, then as sources bring them; case does not tell them apart."""
    extras = {name.lower(): name for name in known}
    for source, one in opened:
        names = [name for name in (*source.targets, *source.constants) if not table.column(name)]
        for name in [*names, *rest_columns(source, one)]:
            extras.setdefault(name.lower(), name)
    return tuple(extras.values())


def choose_kinds(
    table: Table, opened: Sequence[tuple[Source, Input]], extras: Iterable[str], kept: dict[str, str], has_waiting: bool
) -> dict[str, str]:
    """The types further columns are staged with: DOUBLE where every input has them as numbers, else text.

    kept: the types they have in the table so far. Records that wait since earlier loads are kept as text.
    """
    return {
        name: "DOUBLE" if table.open_ended and not has_waiting and _all_typed(opened, name, kept) else "VARCHAR"
        for name in extras
    }


def _all_typed(opened: Sequence[tuple[Source, Input]], name: str, kept: dict[str, str]) -> bool:
    if kept.get(name, "DOUBLE") != "DOUBLE":
        return False
    found = []
    for source, one in opened:
        if any(constant.lower() == name.lower() for constant in source.constants) or source.decimal != ".":
            return False
        targets = {**source.targets, **{rest: rest for rest in rest_columns(source, one)}}
        found += [
            (source.values.get(ours), one, theirs) for ours, theirs in targets.items() if ours.lower() == name.lower()
        ]
    return bool(found) and all(not pairs and is_number(one, theirs) for pairs, one, theirs in found)


def used_columns(source: Source, one: Input) -> list[str]:
    """The input's columns that are read at all."""
    names = [*source.targets.values(), *rest_columns(source, one)]
    return list(dict.fromkeys([*names, *([source.currency_column] if source.currency_column else [])]))


def build_cast_select(
    mapping: Mapping, source: Source, one: Input, stage: Stage, rules: Rules, numbers: tuple[int, int], relation: str
) -> str:
    """SELECT of staged rows from a relation of records as text.

    The relation has record_id, line, byte_offset, byte_length and the source's columns as c0, c1, ... in the order of
    `used_columns`. `numbers` are the source's and the file's.
    """
    x = _texts(source, one, stage, rules)
    reasons = {c.name: r for c in stage.table.columns if (r := _reason(mapping, stage.table, c, x, rules))}
    if source.currency_column:
        reasons[_CURRENCY] = _other_currency(source.currency_column, mapping.use_case.currency)
        x[_CURRENCY] = strip_text(_text(source, one, source.currency_column, ""), one.is_csv)
    labels = {_CURRENCY: source.currency_column or ""}
    typed = {c.name: c for c in stage.table.columns}
    value_of = {n: cast_value(typed[n], quote_name(f"x_{n}"), rules) if n in typed else quote_name(f"x_{n}") for n in x}
    layer1 = ", ".join(f"{text} AS {quote_name(f'x_{n}')}" for n, text in x.items())
    layer2 = ", ".join(f"{value} AS {quote_name(f't_{n}')}" for n, value in value_of.items())
    layer3 = ", ".join(f"{reason} AS {quote_name(f'r_{n}')}" for n, reason in reasons.items()) or "NULL AS nothing"
    some = f"coalesce({', '.join(quote_name(f'r_{n}') for n in reasons)}, NULL) IS NOT NULL"
    which = ", ".join(
        f"CASE WHEN {quote_name(f'r_{n}')} IS NOT NULL THEN {quote_text(labels.get(n, n))} END" for n in reasons
    )
    why = ", ".join(quote_name(f"r_{n}") for n in reasons)
    outputs = [
        f"record_id, {numbers[0]}, {numbers[1]}, line, byte_offset, byte_length, true",
        f"CASE WHEN {some} THEN concat_ws(', ', {which}) END" if reasons else "NULL",
        f"CASE WHEN {some} THEN concat_ws('; ', {why}) END" if reasons else "NULL",
        *(_output(c, x, reasons) for c in stage.table.columns),
        *(_extra_value(n, stage) if n in x else "NULL" for n in stage.extras),
    ]
    place = "record_id, line, byte_offset, byte_length"
    return (
        f"SELECT {', '.join(outputs)} FROM (SELECT *, {layer3} FROM (SELECT *, {layer2} FROM "
        f"(SELECT {place}, {layer1} FROM {relation})))"
    )


def _texts(source: Source, one: Input, stage: Stage, rules: Rules) -> dict[str, str]:
    """Ours -> SQL of the stripped text with the value map applied."""
    targets = {**source.targets, **{name: name for name in rest_columns(source, one)}}
    x = {name: quote_text(value) for name, value in source.constants.items() if value.strip()}
    for ours, theirs in targets.items():
        column = stage.table.column(ours)
        text = strip_text(_text(source, one, theirs, column.kind if column else "feature"), one.is_csv)
        x[_extra_name(ours, stage)] = map_values(text, source.values.get(ours, {}))
        if column is None and stage.table.open_ended and rules.decimal == ",":
            done = x[_extra_name(ours, stage)]
            x[_extra_name(ours, stage)] = (
                f"CASE WHEN regexp_full_match({done}, '[+-]?[0-9]+,[0-9]+') THEN replace({done}, ',', '.') "
                f"ELSE {done} END"
            )
    return x


def _extra_name(ours: str, stage: Stage) -> str:
    return next((name for name in stage.extras if name.lower() == ours.lower()), ours)


def _extra_value(name: str, stage: Stage) -> str:
    value = quote_name(f"t_{name}")
    return value if stage.kinds[name] == "VARCHAR" else f"try_cast({value} AS {stage.kinds[name]})"


def _text(source: Source, one: Input, theirs: str, kind: str) -> str:
    number = used_columns(source, one).index(theirs)
    if kind == "money" and theirs in one.floats:
        return f"m{number}"
    return f"f{number}" if kind == "feature" and theirs in one.booleans else f"c{number}"


def build_parquet_relation(source: Source, one: Input, first_id: int, where: str = "true") -> str:
    """The records of a Parquet file as text, in the form `build_cast_select` reads; line is the row's number.

    where: which of the file's rows, by `file_row_number`.
    """
    texts = []
    for number, name in enumerate(used_columns(source, one)):
        column = quote_name(name)
        texts.append(f"{one.texts[name]} AS c{number}")
        if name in one.floats:  # a double is never exact: six digits are, and more than cents among them are refused
            texts.append(
                f"CASE WHEN NOT isnan({column}) THEN format('{{:.6f}}', CAST({column} AS DOUBLE)) END AS m{number}"
            )
        if name in one.booleans:
            texts.append(f"CAST(CAST({column} AS INTEGER) AS VARCHAR) AS f{number}")
    place = f"{first_id} + file_row_number AS record_id, file_row_number + 1 AS line"
    columns = ", ".join([place, "NULL AS byte_offset, NULL AS byte_length", *texts])
    # The rows are chosen before anything of them becomes text, which is what costs.
    rows = f"SELECT * FROM read_parquet({quote_text(str(one.path))}, file_row_number = true) WHERE {where}"
    return f"(SELECT {columns} FROM ({rows}))"


def _reason(mapping: Mapping, table: Table, column: Column, x: dict[str, str], rules: Rules) -> str | None:
    needed = is_needed(mapping, table.name, column)
    required = required_when(needed, column.required, column.name, table.name, "disposition" in x, "cohort" in x)
    if column.name not in x:
        return (
            f"CASE WHEN {required} THEN {quote_text(f'{column.name}: is empty and required')} END" if required else None
        )
    if column.kind == "text" and not column.values and not required:
        return None
    return reason_for(column, quote_name(f"x_{column.name}"), quote_name(f"t_{column.name}"), rules, required)


def _other_currency(column: str, currency: str) -> str:
    x, name = quote_name(f"x_{_CURRENCY}"), quote_text(f"{column}: ")
    return (
        f"CASE WHEN {x} IS DISTINCT FROM {quote_text(currency)} "
        f"THEN {name} || coalesce('''' || {x} || '''', 'empty') || "
        f"{quote_text(f' is not {currency} (mixed currencies)')} END"
    )


def _output(column: Column, x: dict[str, str], reasons: dict[str, str]) -> str:
    default = 1 if column.name == "decision_no" else None
    if column.name not in x:
        return f"CAST({default or 'NULL'} AS {column.sql_type})"
    value = quote_name(f"t_{column.name}")
    if column.name in reasons:
        value = f"CASE WHEN {quote_name(f'r_{column.name}')} IS NULL THEN {value} END"
    return f"coalesce({value}, {default})" if default else value
