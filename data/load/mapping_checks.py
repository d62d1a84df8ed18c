"""The rules of one `[[source]]`: its options, and that every target is a column of the contract."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UserError
from data.load.words import nearest
from data.schema import TABLES, Table

if TYPE_CHECKING:
    from data.load.mapping import Source


def mapping_error(path: Path, name: str, rule: str, received: object) -> UserError:
    """The one form of a mapping's error: file, field, rule, received."""
    return UserError(
        "The mapping breaks a rule",
        f"{path}, field '{name}': {rule}; received {received!r}.",
        "Change that field.",
    )


def check_source(path: Path, where: str, source: Source) -> None:
    """UserError for the first rule the source breaks."""
    table = TABLES.get(source.table)
    if table is None:
        rule = f"the tables are {', '.join(TABLES)}{nearest(source.table, TABLES)}"
        raise mapping_error(path, f"{where}.table", rule, source.table)
    if bool(source.files) == (source.sql is not None):
        raise mapping_error(path, where, "needs either files or sql", "both" if source.files else "neither")
    _check_options(path, where, source)
    _check_targets(path, where, source, table)
    _check_values(path, where, source, table)


def _check_options(path: Path, where: str, source: Source) -> None:
    if len(source.delimiter) != 1 or not source.delimiter.isascii() or source.delimiter in '"\r\n\0':
        raise mapping_error(path, f"{where}.delimiter", "must be one ASCII character, not a quote", source.delimiter)
    if source.decimal not in (".", ","):
        raise mapping_error(path, f"{where}.decimal", "must be '.' or ','", source.decimal)
    try:
        plain = bytes(range(128)).decode(codecs.lookup(source.encoding).name) == "".join(map(chr, range(128)))
    except (LookupError, UnicodeError):
        plain = False
    if not plain:
        rule = "must be an encoding that extends ASCII, such as utf-8, cp1252 or latin-1 (save other files as UTF-8)"
        raise mapping_error(path, f"{where}.encoding", rule, source.encoding)


def _check_targets(path: Path, where: str, source: Source, table: Table) -> None:
    seen: dict[str, str] = {}
    pairs = [(ours, f"columns.{theirs!r}") for theirs, many in source.columns.items() for ours in many]
    for ours, place in [*pairs, *((ours, f"constants.{ours}") for ours in source.constants)]:
        spot = f"{where}.{place}"
        rest = place == "columns.'*'"
        if rest or ours == "*":
            if not (rest and ours == "*" and table.open_ended):
                raise mapping_error(path, spot, "'*' = '*' (take all other columns) is for features only", ours)
            continue
        if not _is_target(table, ours):
            more = f", and any column named {', '.join(p + '...' for p in table.prefixes)}" if table.prefixes else ""
            rule = f"{table.name} has no column of this name; it has {', '.join(table.names)}{more}"
            raise mapping_error(path, spot, rule + nearest(ours, table.names), ours)
        if ours.lower() in seen:
            raise mapping_error(path, spot, f"is already filled by {seen[ours.lower()]}", ours)
        seen[ours.lower()] = place


def _is_target(table: Table, name: str) -> bool:
    if table.column(name) or any(name.startswith(p) and len(name) > len(p) for p in table.prefixes):
        return True
    taken = {n.lower() for n in table.names}
    return table.open_ended and name.lower() not in taken and not is_reserved(name)


def is_reserved(name: str) -> bool:
    """Names the load needs for itself beside a record's own columns."""
    return name.startswith("_") or name.lower() == "record_id"


def _check_values(path: Path, where: str, source: Source, table: Table) -> None:
    for ours, pairs in source.values.items():
        if ours not in source.targets:
            rule = f"no source column is mapped to it; mapped are {', '.join(source.targets)}"
            raise mapping_error(path, f"{where}.values.{ours}", rule + nearest(ours, source.targets), ours)
        column = table.column(ours)
        for theirs, value in pairs.items():
            if column and column.values and value and value not in column.values:
                rule = f"must be one of {', '.join(column.values)}"
                raise mapping_error(
                    path, f"{where}.values.{ours}.{theirs!r}", rule + nearest(value, column.values), value
                )
