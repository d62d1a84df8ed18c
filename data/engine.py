"""DuckDB, opened so that a reader can only read one file: no other files, no network, no extensions.

Traps this file knows: one connection used by several threads raises, so each query has a cursor of its own;
a reader keeps a replaced file open, so snapshots are never changed in place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from data.errors import DamageError

Params = Mapping[str, Any]
Connection = duckdb.DuckDBPyConnection  # the type, for callers that may not import the engine
_DAMAGE = (duckdb.IOException, duckdb.FatalException)
_LOCKS = (
    "set python_enable_replacements = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
)


def connect_work(path: Path | str = ":memory:", memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A read-write connection for a load or build; order of rows need not be kept, which saves memory."""
    con = duckdb.connect(str(path))
    con.execute("set preserve_insertion_order = false")
    con.execute("set python_enable_replacements = false")
    con.execute("set TimeZone = 'UTC'")
    if memory:
        con.execute(f"set memory_limit = '{memory}'")
    return con


class Reader:
    """One use case of one snapshot, read-only. Safe to share between threads: every query has its own cursor."""

    def __init__(
        self, path: Path, seconds_limit: float = 30.0, on_damage: Callable[[DamageError], None] = lambda _: None
    ) -> None:
        self._path = path
        self._on_damage = on_damage  # told before the DamageError is raised, whoever catches that
        if not path.exists():
            raise DamageError(
                "This snapshot is not complete",
                f"The file {path.name} of snapshot {path.parent.name} is missing.",
                "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, or load the tables again.",
            )
        try:
            self._con = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            raise self._damaged(error) from error
        for statement in (
            *_LOCKS,
            "set TimeZone = 'UTC'",
            f"set threads = {max(1, min(4, os.cpu_count() or 1))}",
            "set enable_external_access = false",
            f"set max_execution_time = {int(seconds_limit * 1000)}",
            "set lock_configuration = true",
        ):
            try:
                self._con.execute(statement)
            except duckdb.InvalidInputException as error:  # the engine still has the file open as it was before
                raise self._damaged("it was changed while it was open") from error
        if not self.rows("select 1 from duckdb_tables() where table_name = 'facts'"):
            raise self._damaged("it holds no decisions")

    def columns(self, sql: str, params: Params | None = None) -> dict[str, np.ndarray]:
        """The answer as arrays by column name; empty cells of numeric columns are masked."""
        with self._executed(sql, params) as answer:
            found: dict[str, Any] = answer.fetchnumpy()
            return found

    def frame(self, sql: str, params: Params | None = None) -> pd.DataFrame:
        """The answer as a frame, for tables a person reads; not for hot paths."""
        with self._executed(sql, params) as answer:
            return answer.df()

    def rows(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """The answer as tuples, for small look-ups."""
        with self._executed(sql, params) as answer:
            return answer.fetchall()

    @contextmanager
    def _executed(self, sql: str, params: Params | None) -> Iterator[Connection]:
        """A query's answer, on a cursor of its own. A damaged block is found only when it is read: it is told here."""
        try:
            with self._con.cursor() as cursor:
                yield cursor.execute(sql, dict(params or {}))
        except duckdb.Error as error:
            if isinstance(error, _DAMAGE) or type(error) is duckdb.Error:  # the latter: a checksum does not match
                raise self._damaged(error) from error
            raise

    def _damaged(self, what: object) -> DamageError:
        error = DamageError(
            "This snapshot cannot be read",
            f"The file {self._path} is damaged or not a snapshot ({str(what).splitlines()[0]}).",
            "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, or load the tables again.",
        )
        self._on_damage(error)
        return error

    def close(self) -> None:
        self._con.close()
