"""Reads metric cards: one TOML file, one metric. A card that breaks a rule is refused with file, field and rule."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analysis.errors import UserError
from analysis.vocabulary import VocabularyError, parse_aggregate, parse_condition
from data.rows import describe_columns
from data.schema import TABLES

FOLDER = Path(__file__).parent / "metrics"

KINDS = ("ratio", "total", "mean", "typical")
UNITS = ("share", "money", "minutes", "hours", "count")
DIRECTIONS = ("higher_is_better", "lower_is_better", "context")
ROW_SETS = ("decisions",)
_TEXTS = ("label", "definition", "reading", "owner", "unit", "direction", "source", "rows", "time", "where")
_BY_KIND = {
    "ratio": ("numerator", "denominator"),
    "mean": ("numerator", "denominator"),
    "total": ("numerator",),
    "typical": ("value",),
}
_OPTIONAL = ("kind", "needs", "matures_from")


@dataclass(frozen=True)
class Example:
    """A worked example: a few rows as text, the answer, and the classic mistake it catches.

    mistake: the card's fields as somebody in a hurry would write them, and the `answer` they give on these rows.
    """

    why: str
    table: str
    mistake: dict[str, Any] = field(hash=False)
    numerator: float | None = None
    denominator: float | None = None
    value: float | None = None
    settings: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Change:
    """A dated change of a definition."""

    on: dt.date
    why: str


@dataclass(frozen=True)
class Card:
    """One metric as its card declares it.

    ratio: a share, numerator counted within the denominator. mean: a sum over a count or sum. total: a sum.
    typical: the median of `value`. `needs` are contract columns without which the metric says what it lacks.
    `matures_from` is the condition on cases whose outcome the metric waits for; empty where it waits for none.
    """

    name: str
    label: str
    definition: str
    reading: str
    owner: str
    unit: str
    direction: str
    source: str
    rows: str
    time: str
    where: str
    changed: tuple[Change, ...]
    example: Example
    kind: str = "ratio"
    numerator: str = ""
    denominator: str = ""
    value: str = ""
    needs: tuple[str, ...] = ()
    matures_from: str = ""


@cache
def read_catalog(folder: Path = FOLDER) -> dict[str, Card]:
    """Every card of a folder by name, in alphabetical order of the files."""
    return {path.stem: read_card(path) for path in sorted(folder.glob("*.toml"))}


def read_card(path: Path) -> Card:
    """One card; UserError names the file, the field, the rule and what was received."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UserError("A metric card is not UTF-8", f"{path.name}: {error}.", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError("A metric card is not TOML", f"{path.name}: {error}.", "Mend that line.") from error
    return parse_card(raw, path.stem, path.name)


def parse_card(raw: dict[str, Any], name: str, file: str) -> Card:
    """One card from its parsed TOML; `file` is named in errors."""
    kind = raw.get("kind", "ratio")
    _one_of(file, "kind", kind, KINDS)
    required = (*_TEXTS, *_BY_KIND[kind], "changed", "example")
    for key in required:
        if key not in raw:
            raise _fail(file, key, "is required", "nothing")
    for key in raw:
        if key not in (*required, *_OPTIONAL):
            raise _fail(file, key, f"the fields of a {kind} card are {', '.join((*required, *_OPTIONAL))}", raw[key])
    given = ["matures_from"] if "matures_from" in raw else []
    for key in (*_TEXTS, *_BY_KIND[kind], *given):
        if not isinstance(raw[key], str) or not raw[key].strip():
            raise _fail(file, key, "must be text that says something", raw[key])
    _one_of(file, "unit", raw["unit"], UNITS)
    _one_of(file, "direction", raw["direction"], DIRECTIONS)
    _one_of(file, "rows", raw["rows"], ROW_SETS)
    columns = describe_columns(raw["rows"])
    _one_of(file, "time", raw["time"], tuple(columns))
    _check_sql(raw, file, kind, columns)
    texts = {key: raw[key] for key in (*_TEXTS, *_BY_KIND[kind])}
    return Card(
        name=name,
        kind=kind,
        changed=_changes(raw["changed"], file),
        example=_example(raw["example"], kind, file),
        needs=_needs(raw.get("needs", []), file),
        matures_from=raw.get("matures_from", ""),
        **texts,
    )


def _check_sql(raw: dict[str, Any], file: str, kind: str, columns: Collection[str]) -> None:
    for key in ("where", "value", "matures_from"):
        if raw.get(key):
            _try(file, key, raw[key], columns, aggregate=False)
    for key in _BY_KIND[kind]:
        if key != "value":
            _try(file, key, raw[key], columns, aggregate=True)


def _try(file: str, key: str, text: str, columns: Collection[str], *, aggregate: bool) -> None:
    try:
        if aggregate:
            parse_aggregate(text, columns)
        else:
            parse_condition(text, columns)
    except VocabularyError as error:
        raise _fail(file, key, error.rule, error.received) from error


def _fail(file: str, key: str, rule: str, received: object) -> UserError:
    return UserError(
        "A metric card breaks a rule",
        f"{file}, field '{key}': {rule}; received {received!r}.",
        "Change that field; CONTRIBUTING.md shows a card.",
    )


def _one_of(file: str, key: str, value: object, choices: Collection[str]) -> None:
    if value not in choices:
        raise _fail(file, key, f"must be one of {', '.join(choices)}", value)


def _changes(raw: object, file: str) -> tuple[Change, ...]:
    if not isinstance(raw, list) or not raw:
        raise _fail(file, "changed", "must list at least the first definition", raw)
    for entry in raw:
        if not isinstance(entry, dict) or set(entry) != {"on", "why"} or not isinstance(entry["on"], dt.date):
            raise _fail(file, "changed", "each entry needs on (a date) and why", entry)
    return tuple(Change(entry["on"], entry["why"]) for entry in raw)


def _example(raw: object, kind: str, file: str) -> Example:
    answers = {"typical": ("value",), "total": ("numerator",)}.get(kind, ("numerator", "denominator"))
    wanted = {"why", "table", "mistake", *answers}
    if not isinstance(raw, dict) or not wanted <= set(raw) or set(raw) - wanted - {"settings"}:
        raise _fail(file, "example", f"needs {', '.join(sorted(wanted))}, and may have settings", raw)
    changed = {"where", *_BY_KIND[kind]}
    mistake = raw["mistake"]
    if not isinstance(mistake, dict) or "answer" not in mistake or not set(mistake) & changed:
        raise _fail(file, "example.mistake", f"needs answer and at least one of {', '.join(sorted(changed))}", mistake)
    return Example(**raw)


def _needs(raw: object, file: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(n, str) and _is_contract_column(n) for n in raw):
        raise _fail(file, "needs", "must list contract columns as table.column", raw)
    return tuple(raw)


def _is_contract_column(name: str) -> bool:
    table, _, column = name.partition(".")
    declared = TABLES.get(table)
    if declared is None:
        return False
    return declared.column(column) is not None or any(column.startswith(prefix) for prefix in declared.prefixes)
