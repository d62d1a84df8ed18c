"""Small text helpers of the load: SQL quoting and the nearest name a person may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def quote_name(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def nearest(name: str, known: Iterable[str]) -> str:
    """' (did you mean ...?)' for the closest known name, or nothing where none is close."""
    lowered = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f" (did you mean {lowered[found[0]]!r}?)" if found else ""
