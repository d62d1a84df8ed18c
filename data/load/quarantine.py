"""What did not come in: quarantined and waiting records with their place and text, kept to be mended or to wait."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import duckdb

from data.load.intake import File, read_raws
from data.load.relations import QUARANTINED, WAITING, key_text, surviving
from data.load.staging import Stage
from data.load.words import quote_name, quote_text

MEND_SUFFIX = ".mend.csv"


def keep_apart(con: duckdb.DuckDBPyConnection, files: list[File], stage: Stage) -> None:
    """Write the table's quarantined and waiting records, with their raw text, to the books."""
    kept = f"staging.fate f JOIN {stage.name} s USING (record_id) WHERE f.fate IN ('{QUARANTINED}', '{WAITING}')"
    place = "s.record_id, s._file_no AS file_no, s._line AS line"
    where = "s._byte_offset AS byte_offset, s._byte_length AS byte_length"
    broken = "SELECT record_id, file_no, line, byte_offset, byte_length FROM staging.broken"
    read_raws(con, files, f"SELECT {place}, {where} FROM {kept} AND s._fresh UNION ALL {broken}")
    table = quote_text(stage.table.name)
    con.execute(
        f"""INSERT INTO main.quarantine
        SELECT record_id, o.source, {table}, o.file, q.line, q.columns, q.reasons, r.raw, q.key_values FROM (
            SELECT {place}, f.columns, f.reasons, {key_text(stage, "s")} AS key_values
            FROM staging.fate f JOIN {stage.name} s USING (record_id) WHERE f.fate = '{QUARANTINED}'
            UNION ALL SELECT record_id, file_no, line, nullif(columns, ''), reasons, NULL FROM staging.broken
        ) q JOIN staging.origins o USING (file_no) JOIN staging.raws r USING (record_id) ORDER BY record_id"""
    )
    if "case_id" not in stage.columns:
        return
    values = ", ".join(f"{quote_text(n)}: s.{quote_name(n)}" for n in stage.columns)
    con.execute(
        f"""INSERT INTO main.waiting
        SELECT record_id, o.source, {table}, o.file, s._line, s.case_id, r.raw, CAST(to_json({{{values}}}) AS VARCHAR)
        FROM staging.fate f JOIN {stage.name} s USING (record_id) JOIN staging.origins o ON o.file_no = s._file_no
        JOIN staging.raws r USING (record_id) WHERE f.fate = '{WAITING}' ORDER BY record_id"""
    )


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
        f"INSERT INTO {stage.name} "
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


def count_reasons(con: duckdb.DuckDBPyConnection, limit: int = 10) -> list[str]:
    """The commonest causes of quarantine, one line each: how many, where, which columns, and one reason in full."""
    rows = con.execute(
        "SELECT source, columns, count(*), arg_min(reasons, record_id), arg_min(file, record_id), min(line) "
        "FROM quarantine GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT ?",
        [limit],
    ).fetchall()
    return [
        f"{count:,} of {source} in {columns or 'the record'}; the first in {file}, line {line}: {reason}"
        for source, columns, count, reason, file, line in rows
    ]


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
    groups = con.execute(
        "SELECT DISTINCT q.source, f.header, f.encoding, f.delimiter FROM main.quarantine q "
        "JOIN main.load_files f USING (source, file) ORDER BY ALL"
    ).fetchall()
    written: list[Path] = []
    for source, header, encoding, delimiter in groups:
        rows = con.execute(
            "SELECT q.raw FROM main.quarantine q JOIN main.load_files f USING (source, file) WHERE q.source = ? "
            "AND f.header IS NOT DISTINCT FROM ? AND f.encoding IS NOT DISTINCT FROM ? ORDER BY q.record_id",
            [source, header, encoding],
        ).fetchall()
        raws = [row[0] for row in rows]
        text = "\n".join([header, *raws]) + "\n" if header is not None else _as_csv(raws, delimiter)
        name = re.sub(r"[^\w.-]+", "_", source)
        path = folder / f"{name}{MEND_SUFFIX}"
        for number in range(2, len(groups) + 1):
            path = folder / f"{name}.{number}{MEND_SUFFIX}" if path in written else path
        path.write_bytes(text.encode(encoding, "backslashreplace"))
        written.append(path)
    return written


def _as_csv(raws: list[str], delimiter: str) -> str:
    records = [json.loads(raw) for raw in raws]
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
