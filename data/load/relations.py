"""What a record means beside others: duplicates, and outcomes or features whose decision has not come.

`staging.fate` holds every staged record that does not go into its table, and why.
"""

from __future__ import annotations

import duckdb

from data.load.staging import Stage
from data.load.words import quote_name, quote_text

QUARANTINED, WAITING, SUPERSEDED = "quarantined", "waiting", "superseded"
WAITS_FOR = {
    "features": ("case_id", "decision_no"),
    "outcomes": ("case_id",),
}  # table -> columns that find the decision


def same_key(stage: Stage, left: str, right: str) -> str:
    """SQL that is true where two rows have one key; empty parts are equal."""
    pairs = ((f"{left}.{quote_name(k)}", f"{right}.{quote_name(k)}") for k in stage.table.key)
    return " AND ".join(f"{a} IS NOT DISTINCT FROM {b}" for a, b in pairs)


def key_text(stage: Stage, row: str) -> str:
    """SQL for a record's key in words, NULL where its first part could not be read."""
    parts = [f"coalesce(CAST({row}.{quote_name(k)} AS VARCHAR), '')" for k in stage.table.key]
    return f"CASE WHEN {row}.{quote_name(stage.table.key[0])} IS NOT NULL THEN concat_ws(' | ', {', '.join(parts)}) END"


def surviving(stage: Stage) -> str:
    """FROM clause of the staged rows `s` that go into the table."""
    # An anti join, not NOT EXISTS: for that the engine first makes a distinct list of all record numbers.
    return f"(SELECT s.* FROM {stage.name} s ANTI JOIN staging.fate f ON f.record_id = s.record_id) s WHERE true"


def judge_records(con: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """Fill staging.fate from reasons, failed checks, duplicates and missing decisions, in that order."""
    con.execute(
        f"""CREATE OR REPLACE TABLE staging.fate AS
        SELECT s.record_id, {quote_text(QUARANTINED)} AS fate,
               nullif(concat_ws(', ', s._columns, f.columns), '') AS columns,
               concat_ws('; ', s._reasons, f.reasons) AS reasons
        FROM (SELECT record_id FROM {stage.name} WHERE _reasons IS NOT NULL
              UNION SELECT record_id FROM staging.failures)
        JOIN {stage.name} s USING (record_id) LEFT JOIN (
            SELECT record_id, string_agg(columns, ', ' ORDER BY reason) AS columns,
                   string_agg(reason, '; ' ORDER BY reason) AS reasons
            FROM staging.failures GROUP BY record_id) f USING (record_id)"""
    )
    _judge_duplicates(con, stage)
    if stage.table.name in WAITS_FOR:
        _judge_waiting(con, stage)


def _judge_duplicates(con: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """The first record of a key stays; a later one of this load is a duplicate, an earlier load's is superseded."""
    keys = ", ".join(quote_name(k) for k in stage.table.key)
    con.execute(
        f"CREATE OR REPLACE TABLE staging.twice AS SELECT {keys} FROM (SELECT s.* FROM {surviving(stage)}) "
        "GROUP BY ALL HAVING count(*) > 1"
    )
    named = "concat_ws(', ', " + ", ".join(
        f"{quote_text(k + ' ')} || coalesce('''' || CAST({quote_name(k)} AS VARCHAR) || '''', 'empty')"
        for k in stage.table.key
    ) + ")"  # fmt: skip
    con.execute(
        f"""INSERT INTO staging.fate
        SELECT record_id, CASE WHEN _fresh THEN {quote_text(QUARANTINED)} ELSE {quote_text(SUPERSEDED)} END,
               {quote_text(", ".join(stage.table.key))},
               'a duplicate: ' || {named} || ' came first in line ' || first_line || ' of ' || o.file
        FROM (
            SELECT s.*, row_number() OVER w AS place, first_value(s._line) OVER w AS first_line,
                   first_value(s._file_no) OVER w AS first_file
            FROM (SELECT s.* FROM {surviving(stage)}) s JOIN staging.twice t ON {same_key(stage, "s", "t")}
            WINDOW w AS (PARTITION BY {", ".join("s." + quote_name(k) for k in stage.table.key)}
                         ORDER BY s._fresh DESC, s.record_id)
        ) d JOIN staging.origins o ON o.file_no = d.first_file
        WHERE place > 1"""
    )


def _judge_waiting(con: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    match = " AND ".join(f"d.{c} = s.{c}" for c in WAITS_FOR[stage.table.name])
    con.execute(
        f"INSERT INTO staging.fate SELECT record_id, {quote_text(WAITING)}, NULL, NULL "
        f"FROM (SELECT s.* FROM {surviving(stage)}) s WHERE NOT EXISTS (SELECT 1 FROM main.decisions d WHERE {match})"
    )
