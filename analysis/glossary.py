"""The words of the dashboard: GLOSSARY.md, the helper columns of the row sets, and the columns of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.catalog import ROW_SETS
from analysis.definitions import matches_all, split_words
from analysis.errors import UserError
from data.rows import describe_columns
from data.schema import TABLES

PATH = Path(__file__).parent.parent / "GLOSSARY.md"
_ENTRY = re.compile(r"^- \*\*(.+?)\*\*: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Word:
    """One word and its sentence. kind: "word" of the glossary, "helper column", or "column" of the contract."""

    term: str
    text: str
    kind: str


@cache
def read_words(path: Path = PATH) -> tuple[Word, ...]:
    """Every word, each kind in alphabetical order; UserError where the glossary is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            "The glossary is missing", f"There is no file {path.name} beside the code.", "Restore it from the project."
        ) from None
    glossary = [Word(term.strip("`"), said.replace("`", ""), "word") for term, said in _ENTRY.findall(text)]
    contract = [
        Word(f"{table.name}.{column.name}", column.sentence, "column")
        for table in TABLES.values()
        for column in table.columns
    ]
    return (*glossary, *_list_helpers(), *sorted(contract, key=lambda word: word.term))


def _list_helpers() -> list[Word]:
    found: dict[str, str] = {}
    for rows in ROW_SETS:
        declared = TABLES[rows].names
        found |= {name: said for name, said in describe_columns(rows).items() if name not in declared}
    return [Word(name, text, "helper column") for name, text in sorted(found.items())]


def search_words(words: Iterable[Word], text: str) -> list[Word]:
    """The words that have every word of a search: the word itself first, then its compounds, then mere mentions."""
    asked = split_words(text)
    whole = " ".join(asked)

    def rank(word: Word) -> int:
        term = word.term.casefold().replace("_", " ")
        return 0 if term == whole else 1 if term.startswith(whole) else 2 if matches_all(asked, term) else 3

    found = [word for word in words if matches_all(asked, f"{word.term} {word.text}")]
    return sorted(found, key=rank)
