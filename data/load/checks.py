"""Checks across columns and rows: one `.sql` file each in data/checks, found by being there.

The form of a file is described in data/load/__init__.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.errors import UserError
from data.load.words import quote_name, quote_text
from data.schema import TABLES

FOLDER = Path(__file__).parent.parent / "checks"
_HEAD = re.compile(
    r"\A-- (?P<sentence>[^\n]+)\n-- table: (?P<table>\w+)\n-- columns: (?P<columns>[^\n]+)\n(?P<sql>.+)\Z", re.S
)


@dataclass(frozen=True)
class Check:
    """Rows that should not exist: the sentence that says why, the columns concerned, the SELECT that finds them."""

    name: str
    sentence: str
    table: str
    columns: tuple[str, ...]
    sql: str

    @property
    def reason(self) -> str:
        """SQL for the sentence with the record's own values in place of {column}."""
        parts = re.split(r"\{(\w+)\}", self.sentence)
        words = [
            f"coalesce(CAST(s.{quote_name(part)} AS VARCHAR), 'empty')" if n % 2 else quote_text(part)
            for n, part in enumerate(parts)
        ]
        return " || ".join(words)


def read_checks(folder: Path = FOLDER) -> list[Check]:
    """The checks in a folder, by name; UserError for a file that has not the form."""
    return [_read_check(path) for path in sorted(folder.glob("*.sql"))]


def _read_check(path: Path) -> Check:
    found = _HEAD.match(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
    if not found or found["table"] not in TABLES:
        raise UserError(
            "A check has not the right form",
            f"{path}: the first three lines are '-- <the reason>', '-- table: <one of {', '.join(TABLES)}>' and "
            "'-- columns: <ours, separated by commas>'.",
            "Mend its head; any other check shows how.",
        )
    columns = tuple(name.strip() for name in found["columns"].split(","))
    return Check(path.stem, found["sentence"].strip(), found["table"], columns, found["sql"].strip().rstrip(";"))


def find_failures(con: duckdb.DuckDBPyConnection, checks: list[Check], table: str, stage: str, zone: str) -> None:
    """Write (record_id, columns, reason) of every record that a check of the table finds to staging.failures."""
    local = f"timezone({quote_text(zone)}, timezone('UTC', {{0}}))"
    day, other = (f"date_trunc('day', {local.format(c)})" for c in ("a", "b"))
    whole_day = f"{local.format('a')} = {day} AND {day} = {other}"
    con.execute(
        f"CREATE OR REPLACE TEMP MACRO is_before(a, b) AS CASE WHEN a < b THEN NOT ({whole_day}) ELSE false END"
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM {stage}")
    for check in checks:
        if check.table == table:
            columns = quote_text(", ".join(check.columns))
            con.execute(
                f"INSERT INTO staging.failures SELECT s.record_id, {columns}, {check.reason} "
                f"FROM staged s WHERE s.record_id IN ({check.sql})"
            )
    con.execute("DROP VIEW staged")
