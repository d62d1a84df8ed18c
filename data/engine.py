"""DuckDB, opened so that a reader can only read one file: no other files, no network, no extensions.

Traps this file knows: one connection used by several threads raises, so each query has a cursor of its own;
a reader keeps a replaced file open, so snapshots are never changed in place.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from data.errors import DamageError, UserError

Params = Mapping[str, Any]
Connection = duckdb.DuckDBPyConnection  # the type, for callers that may not import the engine
MEMORY = "EXECUTION_DEBT_MEMORY"
# A reader keeps what it read in memory up to this; the operating system keeps the rest of the file better.
_READER_MEMORY = "512MB"
_DAMAGE = (duckdb.IOException, duckdb.FatalException)
_LOCKS = (
    "set python_enable_replacements = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
)


def connect_work(path: Path | str = ":memory:", memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A read-write connection for a load or build; order of rows need not be kept, which saves memory.

    memory: what the engine may hold before it writes to files beside `path`; else EXECUTION_DEBT_MEMORY ("4GB"), else
    four fifths of what the machine has. UserError where the engine does not understand it.
    """
    con = duckdb.connect(str(path))
    con.execute("set preserve_insertion_order = false")
    con.execute("set python_enable_replacements = false")
    con.execute("set TimeZone = 'UTC'")
    limit = memory or os.environ.get(MEMORY)
    if limit:
        try:
            con.execute("set memory_limit = $limit", {"limit": limit})
        except duckdb.Error as error:
            con.close()
            raise UserError(
                "This is not an amount of memory", f"{MEMORY}: received {limit!r} ({error}).", "Write it as 4GB."
            ) from error
    return con


class Reader:
    """One use case of one snapshot, read-only. Safe to share between threads: every query has its own cursor.

    Closed while nobody asks it anything, it opens itself again at the next question, if the file is still there.
    """

    def __init__(
        self, path: Path, seconds_limit: float = 30.0, on_damage: Callable[[DamageError], None] = lambda _: None
    ) -> None:
        self._path = path
        self._seconds_limit = seconds_limit
        self._on_damage = on_damage  # told before the DamageError is raised, whoever catches that
        self._lock = threading.Lock()
        self._used = time.monotonic()
        self._con: Connection | None = self._connect()
        if not self.rows("select 1 from duckdb_tables() where table_name = 'facts'"):
            raise self._damaged("it holds no decisions")

    def _connect(self) -> Connection:
        if not self._path.exists():
            raise DamageError(
                "This snapshot is not complete",
                f"The file {self._path.name} of snapshot {self._path.parent.name} is missing.",
                "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, or load the tables again.",
            )
        try:
            con = duckdb.connect(str(self._path), read_only=True)
        except duckdb.Error as error:
            raise self._damaged(error) from error
        for statement in (
            *_LOCKS,
            "set TimeZone = 'UTC'",
            f"set threads = {max(1, min(4, os.cpu_count() or 1))}",
            f"set memory_limit = '{_READER_MEMORY}'",
            "set enable_external_access = false",
            f"set max_execution_time = {int(self._seconds_limit * 1000)}",
            "set lock_configuration = true",
        ):
            try:
                con.execute(statement)
            except duckdb.InvalidInputException as error:  # the engine still has the file open as it was before
                raise self._damaged("it was changed while it was open") from error
        return con

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
            with self._open_cursor() as cursor:
                yield cursor.execute(sql, dict(params or {}))
        except duckdb.Error as error:
            if isinstance(error, _DAMAGE) or type(error) is duckdb.Error:  # the latter: a checksum does not match
                raise self._damaged(error) from error
            raise

    def _open_cursor(self) -> Connection:
        with self._lock:
            self._used = time.monotonic()
            if self._con is None:
                self._con = self._connect()
            return self._con.cursor()

    def _damaged(self, what: object) -> DamageError:
        error = DamageError(
            "This snapshot cannot be read",
            f"The file {self._path} is damaged or not a snapshot ({str(what).splitlines()[0]}).",
            "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, or load the tables again.",
        )
        self._on_damage(error)
        return error

    def close(self, idle_seconds: float = 0.0) -> None:
        """Let go of the file, unless somebody asked something within `idle_seconds`; queries that run end as ever."""
        with self._lock:
            if self._con is not None and time.monotonic() - self._used >= idle_seconds:
                self._con.close()
                self._con = None
