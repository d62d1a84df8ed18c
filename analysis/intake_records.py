"""Records that did not come in: those in quarantine and those that wait, narrowed, counted by reason, listed, opened.

Both books are read in one form: record, source, table, file, line, columns, reasons, raw text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from analysis.loads import list_columns
from analysis.source import Source

Book = Literal["quarantine", "waiting"]

PAGE_SIZE = 50
LISTED_TEXT = 200  # characters of a raw text in a list; the record itself shows more
SHOWN_TEXT = 10_000

_BOOKS = {
    "quarantine": "select record_id, source, table_name, file, line, coalesce(columns, '') as columns, "
    "reasons, coalesce(raw, '') as raw from quarantine",
    "waiting": "select record_id, source, table_name, file, line, 'case_id' as columns, "
    "'case_id: no decision on case ''' || left(case_id, 100) || '''' || {number} || ' has come' as reasons, "
    "coalesce(raw, '') as raw from waiting",
}


@dataclass(frozen=True)
class Narrow:
    """What narrows a list of records; empty means all. text: part of a reason, upper and lower case alike."""

    source: str = ""
    table: str = ""
    column: str = ""
    text: str = ""

    def where(self) -> tuple[str, dict[str, Any]]:
        """The condition, with its values bound."""
        tests, params = ["true"], {}
        for name, value, test in (
            ("source", self.source, "source = $source"),
            ("table", self.table, "table_name = $table"),
            ("column", self.column, "list_contains(string_split(columns, ', '), $column)"),
            ("text", self.text.strip(), "contains(lower(reasons), lower($text))"),
        ):
            if value:
                tests.append(test)
                params[name] = value
        return " and ".join(tests), params


@dataclass(frozen=True)
class Cause:
    """Records of one source that fail in the same columns: how many, where the first stands and its reason."""

    count: int
    source: str
    table: str
    columns: str
    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Record:
    """One record that did not come in. reasons: each in words. length: characters of the raw text; `raw` may be cut."""

    record_id: int
    source: str
    table: str
    file: str
    line: int
    columns: str
    reasons: tuple[str, ...]
    raw: str
    length: int

    @property
    def is_cut(self) -> bool:
        return len(self.raw) < self.length


@dataclass(frozen=True)
class Choices:
    """What a list of records can be narrowed to."""

    sources: tuple[str, ...]
    tables: tuple[str, ...]
    columns: tuple[str, ...]


def count_records(source: Source, book: Book, narrow: Narrow = Narrow()) -> int:
    """How many records of the book match."""
    where, params = narrow.where()
    return int(source.rows(f"select count(*) from ({_select(source, book)}) where {where}", params)[0][0])


def count_causes(source: Source, book: Book, narrow: Narrow = Narrow()) -> list[Cause]:
    """Records by source and the columns at fault, the commonest first: the groups that a load prints."""
    where, params = narrow.where()
    rows = source.rows(
        "select count(*), source, any_value(table_name), columns, arg_min(file, record_id), arg_min(line, record_id), "
        f"arg_min(reasons, record_id) from ({_select(source, book)}) where {where} "
        "group by source, columns order by 1 desc, source, columns",
        params,
    )
    return [Cause(*row) for row in rows]


def list_records(
    source: Source, book: Book, narrow: Narrow = Narrow(), *, page: int = 1, size: int = PAGE_SIZE
) -> list[Record]:
    """One page of the records that match, in the order they were read; raw texts are cut to LISTED_TEXT."""
    where, params = narrow.where()
    rows = source.rows(
        f"select record_id, source, table_name, file, line, columns, reasons, left(raw, {LISTED_TEXT}), length(raw) "
        f"from ({_select(source, book)}) where {where} order by record_id limit $size offset $skipped",
        {**params, "size": size, "skipped": (page - 1) * size},
    )
    return [_record(row) for row in rows]


def find_record(source: Source, book: Book, record_id: int) -> Record | None:
    """One record with its raw text, cut to SHOWN_TEXT; None where the book has none of that number."""
    rows = source.rows(
        f"select record_id, source, table_name, file, line, columns, reasons, left(raw, {SHOWN_TEXT}), length(raw) "
        f"from ({_select(source, book)}) where record_id = $record",
        {"record": record_id},
    )
    return _record(rows[0]) if rows else None


def list_choices(source: Source, book: Book) -> Choices:
    """The sources, tables and columns that occur in the book."""
    rows = source.rows(f"select distinct source, table_name, columns from ({_select(source, book)})")
    columns = {name for _, _, many in rows for name in str(many).split(", ") if name}
    return Choices(
        tuple(sorted({str(row[0]) for row in rows})),
        tuple(sorted({str(row[1]) for row in rows})),
        tuple(sorted(columns)),
    )


def split_reasons(text: str, columns: str) -> tuple[str, ...]:
    """The reasons that a load joined with "; ". Only before a column at fault: a record's value may hold one too."""
    names = "|".join(re.escape(name) for name in columns.split(", ") if name)
    heads = rf"(?:{names}): |" if names else ""
    return tuple(re.split(rf"; (?=(?:{heads}wrong encoding at column |a NUL byte at column |a duplicate: ))", text))


def _select(source: Source, book: Book) -> str:
    if book == "quarantine":
        return _BOOKS[book]
    has_values = "row_values" in list_columns(source).get("waiting", frozenset())
    number = (
        "coalesce(case when table_name = 'features' then ', decision ' || json_extract_string(row_values, "
        "'/decision_no') end, '')"
    )
    return _BOOKS[book].replace("{number}", number if has_values else "''")


def _record(row: tuple[Any, ...]) -> Record:
    record_id, source, table, file, line, columns, reasons, raw, length = row
    return Record(record_id, source, table, file, line, columns, split_reasons(reasons, columns), raw, length)
