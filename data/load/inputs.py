"""The files behind a source: found, opened far enough to know their columns, and checked against the mapping."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from data.errors import UserError
from data.load.csv_records import Header, read_header
from data.load.mapping import REST, Mapping, Source
from data.load.mapping_checks import is_reserved
from data.load.sql_source import SQL_FILE, write_sql_rows
from data.load.words import nearest, quote_name, quote_text
from data.schema import TABLES

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


@dataclass(frozen=True)
class Input:
    """One file to read. Of Parquet, `kinds` are its columns' types, `texts` gives SQL for each as text; `floats` and
    `booleans` are its columns of those types."""

    path: Path
    shown: str  # as people read it: relative to the mapping's base
    columns: tuple[str, ...]
    header: Header | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    floats: frozenset[str] = frozenset()
    booleans: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()  # what a SQL source read, in words

    @property
    def is_csv(self) -> bool:
        return self.header is not None


def open_inputs(con: duckdb.DuckDBPyConnection, mapping: Mapping, source: Source, scratch: Path) -> list[Input]:
    """The source's inputs in a fixed order; UserError where there is none or a mapped column is missing."""
    if source.sql is not None:
        path, notes = write_sql_rows(source.sql, mapping, source.name, scratch)
        found = [_open_parquet(con, path, f"{source.name} {SQL_FILE}", notes)]
    else:
        found = [_open(con, path, mapping, source) for path in find_files(mapping, source)]
    for one in found:
        _check_columns(mapping, source, one)
    return found


def find_files(mapping: Mapping, source: Source) -> list[Path]:
    """Files matched by the source's patterns, sorted within each pattern, none twice."""
    paths: dict[Path, None] = {}
    for pattern in source.files:
        matched = sorted(glob.glob(str(mapping.base / pattern), recursive=True))
        files = [Path(p).resolve() for p in matched if Path(p).is_file()]
        if not files:
            folder = (mapping.base / pattern).parent
            there = sorted(p.name for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
            raise UserError(
                "No file was found",
                f"{mapping.path}, source '{source.name}': {pattern!r} matches nothing in {mapping.base}; "
                f"the folder has {', '.join(there[:20]) or 'no files'}{nearest(Path(pattern).name, there)}.",
                "Change 'files', or 'base', which relative paths start from.",
            )
        paths.update(dict.fromkeys(files))
    return list(paths)


def _open(con: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping, source: Source) -> Input:
    base = mapping.base
    shown = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    suffix = path.suffix.lower()
    if suffix in CSV_SUFFIXES:
        header = read_header(path, source.delimiter, source.encoding)
        return Input(path, shown, header.names, header)
    if suffix in PARQUET_SUFFIXES:
        return _open_parquet(con, path, shown, ())
    raise UserError(
        "This kind of file is not known",
        f"{path}: files end in {', '.join(CSV_SUFFIXES + PARQUET_SUFFIXES)}.",
        "Save it as CSV or Parquet, or read it with sql = \"select * from read_json('...')\".",
    )


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, shown: str, notes: tuple[str, ...]) -> Input:
    try:
        rows = con.execute(f"DESCRIBE SELECT * FROM read_parquet({quote_text(str(path))})").fetchall()
    except duckdb.Error as error:
        raise UserError(
            "The Parquet file cannot be read", f"{path}: {error}.", "Write it again, or leave it out."
        ) from error
    types = {str(name): str(kind) for name, kind, *_ in rows}
    texts = {name: text_of(quote_name(name), kind) for name, kind in types.items()}
    floats = frozenset(name for name, kind in types.items() if kind in ("FLOAT", "DOUBLE"))
    booleans = frozenset(name for name, kind in types.items() if kind == "BOOLEAN")
    return Input(path, shown, tuple(types), None, types, texts, floats, booleans, notes)


def text_of(column: str, kind: str) -> str:
    """SQL for a typed column as text: NaN is empty, 3.0 is '3', times with a zone are UTC and say so."""
    if kind in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN NOT isnan({column}) THEN regexp_replace(CAST({column} AS VARCHAR), '[.]0$', '') END"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"(CAST(timezone('UTC', {column}) AS VARCHAR) || '+00')"
    return f"CAST({column} AS VARCHAR)"


def is_number(one: Input, column: str) -> bool:
    """Whether a column of the input is a number whose text would give the same number again."""
    return one.kinds.get(column, "") in (*WHOLE, "DOUBLE", "BOOLEAN")


def _check_columns(mapping: Mapping, source: Source, one: Input) -> None:
    mapped = [name for name in source.columns if name != REST]
    for name in [*mapped, *([source.currency_column] if source.currency_column else [])]:
        if name not in one.columns:
            raise UserError(
                "A mapped column is not in the source",
                f"{mapping.path}, source '{source.name}': {one.shown} has no column {name!r}"
                f"{nearest(name, one.columns)}; its columns are {', '.join(one.columns)}.",
                "Change the name under [source.columns], or leave the column out.",
            )


def rest_columns(source: Source, one: Input) -> list[str]:
    """Features: the input's columns that are not mapped by name, to be taken under their own names.

    UserError where one of them would be taken for a column of ours.
    """
    if not source.takes_rest:
        return []
    names = [n for n in one.columns if n and n not in source.columns and n != source.currency_column]
    taken = {n.lower() for n in (*TABLES[source.table].names, *source.provided)}
    for name in names:
        if name.lower() in taken or is_reserved(name):
            raise UserError(
                "A column's own name is already taken",
                f"Source '{source.name}': {one.shown} has a column {name!r}, which '*' would take under that name.",
                f'Give it another name under [source.columns]: {name!r} = "...".',
            )
        taken.add(name.lower())
    return names
