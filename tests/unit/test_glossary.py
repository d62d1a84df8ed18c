"""GLOSSARY.md has every word of the contract and every number a page shows, once, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from analysis.catalog import read_catalog
from analysis.overrides import BESIDE, OUTCOMES, TILES
from analysis.statistics import STATISTICS
from data import schema, use_case

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^- \*\*(.+?)\*\*: (.+)$", TEXT, re.MULTILINE)
TERMS = [term.strip("`") for term, _ in ENTRIES]


def _missing(words: Iterable[str]) -> list[str]:
    """The words that have no line of their own; code's underscores are the screen's spaces."""
    return [word for word in words if word not in TERMS and word.replace("_", " ") not in TERMS]


@pytest.mark.parametrize(
    "values",
    [
        schema.CHANNELS, schema.BASES, schema.DISPOSITIONS, schema.DECISIONS, schema.RECOMMENDATIONS,
        schema.OUTCOME_STATUSES, schema.REASON_CATEGORIES, ("channel", "basis", "disposition"),
    ],
    ids=lambda values: values[0],
)  # fmt: skip
def test_every_value_of_the_contract_has_a_line(values: tuple[str, ...]) -> None:
    assert not _missing(values)


def test_every_table_is_named() -> None:
    named = set(re.findall(r"table `(\w+)`", TEXT))
    assert named == set(schema.TABLES)


def test_every_choice_of_a_use_case_is_named() -> None:
    for field in ("outcomes_cover", "outcomes_log", "kind"):
        for value in use_case._CHOICES[field]:
            assert re.search(rf"`[^`]*\b{value}\b[^`]*`", TEXT), (field, value)


def test_every_number_a_page_shows_has_a_line() -> None:
    """A card not yet shown on a page needs none: a metric is one file."""
    cards = read_catalog()
    labels = {cards[name].label for name in (*TILES, *OUTCOMES, *BESIDE)} | {s.label for s in STATISTICS.values()}
    assert not [label for label in labels if label not in TERMS]


def test_no_line_speaks_of_a_number_that_is_gone() -> None:
    known = {card.label for card in read_catalog().values()} | {s.label for s in STATISTICS.values()}
    assert not [term for term in TERMS if term[0].isupper() and term not in known]


def test_the_words_of_the_screen_have_a_line() -> None:
    words = {"case", "accept", "reject", "refer", "bad", "good", "decider", "team"}
    assert words <= set(use_case.WORDS)
    assert not _missing(words)


def test_each_word_stands_once_and_in_order() -> None:
    assert len(TERMS) > 80
    folded = [term.casefold() for term in TERMS]
    assert folded == sorted(set(folded))
    assert len(ENTRIES) == sum(line.startswith("- ") for line in TEXT.splitlines())


def test_code_names_it_uses_exist() -> None:
    columns = {column.name for table in schema.TABLES.values() for column in table.columns}
    fields = set(use_case.UseCase.__dataclass_fields__)
    known = columns | fields | set(schema.TABLES) | {"accept", "all", "accepted", "both", "bad_only", "decisions"}
    words = {word for word in re.findall(r"`([a-z][a-z_]*)`", TEXT)}
    assert words
    assert not words - known - set(schema.DISPOSITIONS)
