"""A source written as one SELECT over files: run on a connection of its own, its rows kept as one Parquet file.

What each file gave is counted and said, so that a join that loses rows is seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import sqlglot
from sqlglot import exp

from data.errors import UserError
from data.load.words import quote_text

if TYPE_CHECKING:
    from data.load.mapping import Mapping

SQL_FILE = "(sql)"


def write_sql_rows(sql: str, mapping: Mapping, name: str, scratch: Path) -> tuple[Path, tuple[str, ...]]:
    """The rows of the SELECT in a Parquet file, in a fixed order, and the input counts in words."""
    place = f"{mapping.path}, source '{name}', field 'sql'"
    path = scratch / f"{name.encode().hex()}.parquet"
    with duckdb.connect(":memory:") as con:
        # One thread: rows come in the same order each time, so line numbers stay true.
        con.execute("SET threads = 1")
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("SET autoload_known_extensions = false")
        con.execute(f"SET file_search_path = {quote_text(str(mapping.base))}")
        _check_one_select(con, sql, place)
        text = sql.strip().rstrip(";")
        try:
            con.execute(f"COPY (SELECT * FROM (\n{text}\n)) TO {quote_text(str(path))} (FORMAT parquet)")
            found = con.execute(f"SELECT count(*) FROM read_parquet({quote_text(str(path))})").fetchall()
            notes = _count_inputs(con, text)
        except duckdb.Error as error:
            raise UserError("The source's SQL does not run", f"{place}: {error}.", "Mend the query.") from error
    return path, (*notes, f"{found[0][0]:,} rows out")


def _check_one_select(con: duckdb.DuckDBPyConnection, sql: str, place: str) -> None:
    try:
        kinds = [statement.type for statement in con.extract_statements(sql)]
        trees = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]
    except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
        raise UserError("The source's SQL cannot be read", f"{place}: {error}.", "Mend the query.") from error
    # DuckDB calls SHOW and SUMMARIZE selects as well; the second parser tells them apart.
    if kinds != [duckdb.StatementType.SELECT] or len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise UserError(
            "The source's SQL must be one SELECT",
            f"{place}: received {len(kinds)} statement(s), {sql.strip()[:80]!r}.",
            "Write exactly one SELECT over files.",
        )


def _count_inputs(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """'file: n rows in' for each file the query names."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    named = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    readers: dict[str, None] = {}
    for table in tree.find_all(exp.Table):
        is_reader = not isinstance(table.this, exp.Identifier)
        if is_reader or (table.name not in named and "." in table.name):
            bare = table.copy()
            bare.set("alias", None)
            bare.set("joins", None)
            readers[bare.sql(dialect="duckdb")] = None
    notes = []
    for reader in readers:
        try:
            counts = con.execute(f"SELECT filename, count(*) FROM {reader} GROUP BY ALL ORDER BY ALL").fetchall()
            notes += [f"{Path(file).name}: {rows:,} rows in" for file, rows in counts]
        except duckdb.Error:  # a table function that is no file, such as range(3), has no filename
            rows = con.execute(f"SELECT count(*) FROM {reader}").fetchall()[0][0]
            notes.append(f"{reader}: {rows:,} rows in")
    return tuple(notes)
