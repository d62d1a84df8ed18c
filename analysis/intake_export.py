"""Downloads of what did not come in: files to mend, exactly as a load writes them, and a list with every reason."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from analysis.export import build_csv, encode_csv
from analysis.formats import format_count
from analysis.intake_records import Book, Narrow, count_records, list_records
from analysis.loads import list_columns
from analysis.source import Source
from analysis.store import store_root
from data.load import write_quarantine
from data.load.quarantine import MEND_GROUPS, name_mend_files
from data.snapshots import Store

LIST_LIMIT = 100_000


@dataclass(frozen=True)
class MendFile:
    """One file to mend: its name, the source it belongs to, and how many records it holds."""

    name: str
    source: str
    records: int


def list_mend_files(source: Source) -> list[MendFile]:
    """The files that `--quarantine FOLDER` would write from this snapshot: one per source and header."""
    if "load_files" not in list_columns(source):
        return []
    groups = source.rows(MEND_GROUPS)
    names = name_mend_files(groups)
    return [MendFile(name, str(group[0]), int(group[4])) for name, group in zip(names, groups, strict=True)]


def export_to_mend(source: Source, file: MendFile) -> bytes:
    """One file to mend, to the byte as `write_quarantine` writes it: raw text, not made safe for spreadsheets."""
    store = Store(store_root())
    part = store.manifest(source.snapshot).parts[source.use_case.name]
    with tempfile.TemporaryDirectory(prefix="execution-debt-mend-") as folder:
        write_quarantine(store.folder(source.snapshot) / part.file, Path(folder))
        return (Path(folder) / file.name).read_bytes()


def export_list(source: Source, book: Book, narrow: Narrow) -> bytes:
    """The records that match, with place, columns and reasons, as a CSV that a spreadsheet may open.

    Up to LIST_LIMIT rows; the scope written into every row says so where there are more.
    """
    total = count_records(source, book, narrow)
    rows = [
        {
            "source": record.source,
            "table": record.table,
            "file": record.file,
            "line": record.line,
            "columns": record.columns,
            "reasons": "; ".join(record.reasons),
            "raw text": record.raw + ("…" if record.is_cut else ""),
        }
        for record in list_records(source, book, narrow, size=LIST_LIMIT)
    ]
    scope = describe_list(source, book, narrow, total)
    if total > LIST_LIMIT:
        scope = f"the first {LIST_LIMIT:,} of {scope}"
    return encode_csv(build_csv(rows, scope=scope, snapshot=source.snapshot))


def describe_list(source: Source, book: Book, narrow: Narrow, total: int) -> str:
    """Which records a list holds, in words: "3 quarantined records of source loans, column score"."""
    kind = "quarantined" if book == "quarantine" else "waiting"
    words = [
        f"{name} {value}"
        for name, value in (
            ("source", narrow.source), ("table", narrow.table), ("column", narrow.column),
            ("reason with", f"'{narrow.text.strip()}'" if narrow.text.strip() else ""),
        )
        if value
    ]  # fmt: skip
    what = f"{format_count(total, source.use_case)} {kind} {'record' if total == 1 else 'records'}"
    return f"{what} of {', '.join(words)}" if words else what
