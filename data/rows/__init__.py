"""Row sets: SQL that defines, once, the rows and helper columns that metric cards speak about."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from data import schema

FOLDER = Path(__file__).parent
_SENTENCE = re.compile(r"^\s*-- (\w+): (.+)$", re.MULTILINE)


@cache
def read_row_set(name: str) -> str:
    """The SQL of a row set; it reads the contract tables, `settings` and `score_bands`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@cache
def describe_columns(name: str) -> dict[str, str]:
    """The columns a card may use, with a sentence each: the helper columns and those of the decisions table."""
    helpers = dict(_SENTENCE.findall(read_row_set(name)))
    helpers.pop(name, None)
    declared = {c.name: c.sentence for c in schema.decisions.columns}
    return {**declared, **helpers}
