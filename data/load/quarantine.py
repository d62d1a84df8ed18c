"""What did not come in: quarantined and waiting records with their place and text, kept to be mended or to wait."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from data.load.inputs import text_of
from data.load.intake import File, read_raws
from data.load.relations import QUARANTINED, WAITING, WAITS_FOR, key_text, surviving
from data.load.staging import Stage
from data.load.words import quote_name, quote_text

MEND_SUFFIX = ".mend.csv"
# A row is one file to mend: a source's quarantined records under one header.
MEND_GROUPS = """SELECT q.source, f.header, f.encoding, f.delimiter, count(*) AS records
FROM main.quarantine q JOIN main.load_files f USING (source, file) GROUP BY ALL ORDER BY ALL"""


def keep_apart(con: duckdb.DuckDBPyConnection, files: list[File], stage: Stage) -> None:
    """Write the table's quarantined and waiting records, with their raw text, to the books."""
    # One pass over the staged records takes out the few that are wanted here.
    con.execute(
        "CREATE OR REPLACE TABLE staging.apart AS "
        f"SELECT {_apart_columns(stage)}, f.fate AS _fate, f.columns AS _why_columns, f.reasons AS _why "
        f"FROM {stage.name} s JOIN staging.fate f USING (record_id) WHERE f.fate IN ('{QUARANTINED}', '{WAITING}')"
    )
    place = "s.record_id, s._file_no AS file_no, s._line AS line"
    where = "s._byte_offset AS byte_offset, s._byte_length AS byte_length"
    broken = "SELECT record_id, file_no, line, byte_offset, byte_length FROM staging.broken"
    read_raws(con, files, f"SELECT {place}, {where} FROM staging.apart s WHERE s._fresh UNION ALL {broken}")
    table = quote_text(stage.table.name)
    con.execute(
        f"""INSERT INTO main.quarantine
        SELECT record_id, o.source, {table}, o.file, q.line, q.columns, q.reasons, r.raw, q.key_values FROM (
            SELECT {place}, s._why_columns AS columns, s._why AS reasons, {key_text(stage, "s")} AS key_values
            FROM staging.apart s WHERE s._fate = '{QUARANTINED}'
            UNION ALL SELECT record_id, file_no, line, nullif(columns, ''), reasons, NULL FROM staging.broken
        ) q JOIN staging.origins o USING (file_no) JOIN staging.raws r USING (record_id) ORDER BY record_id"""
    )
    if stage.table.name not in WAITS_FOR:
        return
    values = ", ".join(f"{quote_text(n)}: {_kept_value(n, stage)}" for n in stage.columns)
    con.execute(
        f"""INSERT INTO main.waiting
        SELECT record_id, o.source, {table}, o.file, s._line, s.case_id, r.raw, CAST(to_json({{{values}}}) AS VARCHAR)
        FROM staging.apart s JOIN staging.origins o ON o.file_no = s._file_no
        JOIN staging.raws r USING (record_id) WHERE s._fate = '{WAITING}' ORDER BY record_id"""
    )


def _apart_columns(stage: Stage) -> str:
    """All of a record that may wait; of others the place and the key, for their text is read from their file."""
    if stage.table.name in WAITS_FOR:
        return "s.*"
    meta = ("record_id", "_file_no", "_line", "_byte_offset", "_byte_length", "_fresh")
    return ", ".join(f"s.{quote_name(name)}" for name in (*meta, *stage.table.key))


def _kept_value(name: str, stage: Stage) -> str:
    """A further column that was staged as a number is kept as the text it would be, for it may be text one day."""
    column = f"s.{quote_name(name)}"
    return text_of(column, "DOUBLE") if stage.kinds.get(name) == "DOUBLE" else column


def stage_waiting(con: duckdb.DuckDBPyConnection, stage: Stage) -> int:
    """Move the table's records that wait since earlier loads back into staging, to be judged again; how many."""
    table = quote_text(stage.table.name)
    con.execute(f"INSERT INTO staging.raws SELECT record_id, raw FROM main.waiting WHERE table_name = {table}")
    con.execute(
        "INSERT INTO staging.origins "
        "SELECT (SELECT least(min(file_no), 0) FROM staging.origins) - row_number() OVER (ORDER BY source, file), "
        f"source, file, false FROM (SELECT DISTINCT source, file FROM main.waiting WHERE table_name = {table})"
    )
    kinds = {c.name: c.sql_type for c in stage.table.columns}
    values = ", ".join(
        f"CAST(json_extract_string(w.row_values, {quote_text(_pointer(n))}) AS {kinds.get(n, 'VARCHAR')})"
        for n in stage.columns
    )
    con.execute(
        f"INSERT INTO {stage.rows} "
        f"SELECT w.record_id, NULL, o.file_no, w.line, NULL, NULL, false, NULL, NULL, {values} "
        f"FROM main.waiting w JOIN (SELECT source, file, min(file_no) AS file_no FROM staging.origins "
        "WHERE NOT fresh GROUP BY ALL) o "
        f"USING (source, file) WHERE w.table_name = {table}"
    )
    deleted = con.execute(f"DELETE FROM main.waiting WHERE table_name = {table}").fetchall()
    return int(deleted[0][0])


def waiting_extras(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Names of the values kept with waiting records of a table."""
    query = "SELECT DISTINCT unnest(json_keys(row_values)) AS name FROM main.waiting WHERE table_name = ? ORDER BY name"
    return [row[0] for row in con.execute(query, [table]).fetchall()]


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def settle_earlier(con: duckdb.DuckDBPyConnection, stage: Stage, sources: list[str], first_id: int) -> None:
    """Drop earlier quarantined records that this load settles.

    They are settled when their file is read again, when a file to mend (`*.mend.csv`, which holds all of a source's
    quarantined records) is read for their source, or when a record with their key has come.
    """
    old = f"record_id < {first_id} AND table_name = {quote_text(stage.table.name)}"
    if not con.execute(f"SELECT 1 FROM main.quarantine WHERE {old} LIMIT 1").fetchall():
        return
    names = ", ".join(map(quote_text, sources)) or "NULL"
    fresh = f"SELECT source, file FROM staging.origins WHERE fresh AND source IN ({names})"
    con.execute(f"DELETE FROM main.quarantine WHERE {old} AND (source, file) IN ({fresh})")
    mended = f"SELECT source FROM ({fresh}) WHERE ends_with(file, '{MEND_SUFFIX}')"
    con.execute(f"DELETE FROM main.quarantine WHERE {old} AND source IN ({mended})")
    con.execute(
        f"DELETE FROM main.quarantine WHERE {old} "
        f"AND key_values IN (SELECT {key_text(stage, 's')} FROM {surviving(stage)})"
    )


@dataclass(frozen=True)
class Cause:
    """Quarantined records of one source with the same columns at fault; file, line and reason are the first one's."""

    source: str
    columns: str
    count: int
    reason: str
    file: str
    line: int


def list_causes(con: duckdb.DuckDBPyConnection, first_id: int = 0, limit: int | None = None) -> list[Cause]:
    """The causes of quarantine, the commonest first; of the records from number `first_id` on."""
    rows = con.execute(
        "SELECT source, coalesce(columns, ''), count(*), arg_min(reasons, record_id), arg_min(file, record_id), "
        "arg_min(line, record_id) FROM quarantine WHERE record_id >= ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?",
        [first_id, limit],
    ).fetchall()
    return [Cause(*row) for row in rows]


def count_reasons(con: duckdb.DuckDBPyConnection, limit: int = 10) -> list[str]:
    """The commonest causes of quarantine, one line each: how many, where, which columns, and one reason in full."""
    return [
        f"{c.count:,} of {c.source} in {c.columns or 'the record'}; the first in {c.file}, line {c.line}: {c.reason}"
        for c in list_causes(con, limit=limit)
    ]


def read_held(path: Path) -> tuple[dict[str, int], int]:
    """Of an earlier load's database: records in quarantine by source, and the number the next record will have."""
    with duckdb.connect(str(path), read_only=True) as con:
        held = con.execute("SELECT source, count(*) FROM quarantine GROUP BY 1 ORDER BY 1").fetchall()
        ids = "SELECT record_id FROM quarantine UNION ALL SELECT record_id FROM waiting"
        next_id = con.execute(f"SELECT coalesce(max(record_id), 0) + 1 FROM ({ids})").fetchall()[0][0]
    return dict(held), int(next_id)


def write_quarantine(con_or_path: duckdb.DuckDBPyConnection | Path, folder: Path) -> list[Path]:
    """The quarantined records as CSV files, one per source and header, to be mended and loaded again by --append.

    A CSV source's records stand under its own header as they were read; those of Parquet and SQL as columns of text.
    """
    if isinstance(con_or_path, duckdb.DuckDBPyConnection):
        return _write_all(con_or_path, folder)
    with duckdb.connect(str(con_or_path), read_only=True) as con:
        return _write_all(con, folder)


def _write_all(con: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    groups = con.execute(MEND_GROUPS).fetchall()
    written: list[Path] = []
    for name, (source, header, encoding, delimiter, _) in zip(name_mend_files(groups), groups, strict=True):
        rows = con.execute(
            "SELECT q.raw FROM main.quarantine q JOIN main.load_files f USING (source, file) WHERE q.source = ? "
            "AND f.header IS NOT DISTINCT FROM ? AND f.encoding IS NOT DISTINCT FROM ? "
            "AND f.delimiter IS NOT DISTINCT FROM ? ORDER BY q.record_id",
            [source, header, encoding, delimiter],
        ).fetchall()
        raws = [row[0] for row in rows]
        text = "\n".join([header, *raws]) + "\n" if header is not None else _as_csv(raws, delimiter)
        (folder / name).write_bytes(text.encode(encoding, "backslashreplace"))
        written.append(folder / name)
    return written


def name_mend_files(groups: Sequence[tuple[Any, ...]]) -> list[str]:
    """The names of the files to mend, for the rows of MEND_GROUPS: the source's name, numbered where it has several."""
    names: list[str] = []
    for source, *_ in groups:
        stem = re.sub(r"[^\w.-]+", "_", source)
        tries = (f"{stem}{'' if n == 1 else f'.{n}'}{MEND_SUFFIX}" for n in range(1, len(groups) + 1))
        names.append(next(name for name in tries if name not in names))
    return names


def _as_csv(raws: list[str], delimiter: str) -> str:
    records = [json.loads(raw) for raw in raws]
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
