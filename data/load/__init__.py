"""The load: from a person's files to the tables of the contract, losing no record.

    mapping.py      what a source column means        csv_records.py  physical records of CSV
    inputs.py       the files behind a source         sql_source.py   one SELECT over files
    staging.py      records cast, with reasons        cast.py         text to type, in SQL
    typed.py        Parquet read as it is             words.py        names and texts in SQL
    checks.py       data/checks/*.sql                 relations.py    duplicates, waiting
    store.py        upsert, carry over                quarantine.py   kept apart, to be mended
    run.py          the order of it all               report.py       counts and their law

Law, per source: read = accepted + waiting + out of scope + quarantined, counted from the tables after the load.

**A check is one file** in data/checks/, found by being there:

    -- booked_at: {booked_at} (UTC) is before the decision, decided_at {decided_at}
    -- table: decisions
    -- columns: booked_at, decided_at
    SELECT record_id FROM staged WHERE is_before(booked_at, decided_at)

Line 1 is the reason a person reads, {column} being the record's own value; lines 2 and 3 name the table and the
columns concerned; then one SELECT of the `record_id`s that should not exist. `staged` holds the table's records of
this load, typed (a column that failed its own rule, or is not mapped, is NULL); the tables loaded before it
(decisions first, then features, outcomes, the rest) stand under their own names. Times are UTC; `is_before(a, b)`
takes a date without a time for the whole day, so that "booked on 5 May" is not before "decided on 5 May, 14:00".
"""

from __future__ import annotations

from data.load.clock import read_as_of
from data.load.mapping import Mapping, Source, read_mapping
from data.load.quarantine import Cause, count_reasons, list_causes, read_held, write_quarantine
from data.load.report import LoadReport, SourceReport
from data.load.run import load_into

__all__ = [
    "Cause", "LoadReport", "Mapping", "Source", "SourceReport", "count_reasons", "list_causes", "load_into",
    "read_as_of", "read_held", "read_mapping", "write_quarantine",
]  # fmt: skip
