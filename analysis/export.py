"""Tables as CSV that a program can read and a spreadsheet may open without running anything in it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def build_csv(rows: Sequence[Mapping[str, object]], *, scope: str, snapshot: str) -> str:
    """Rows as CSV text, each with the filter sentence and the snapshot it was made from; columns as they first appear.

    Numbers stay bare, with a point; no value is an empty cell. A text that a spreadsheet would take for a formula gets
    a leading apostrophe. Source: OWASP, CSV injection.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row if name not in ("scope", "snapshot")))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_write_cell(name) for name in (*columns, "scope", "snapshot")])
    for row in rows:
        writer.writerow([_write_cell(value) for value in (*(row.get(name) for name in columns), scope, snapshot)])
    return out.getvalue()


def encode_csv(text: str) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it."""
    return text.encode("utf-8-sig")


def name_file(title: str, ending: str) -> str:
    """A file name from a title: letters, digits and hyphens, the same on every system."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()
    return f"{'-'.join(words)[:80].strip('-') or 'chart'}.{ending}"


def _write_cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool | int | float):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_STARTS) else text
