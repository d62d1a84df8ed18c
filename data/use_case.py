"""One use case (credit, fraud, a recommender): its words, clock, money, limits and permissions, read from TOML."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.errors import UserError

FOLDER = Path(__file__).parent / "use_cases"

WORDS = {
    "case": "case", "cases": "cases",
    "accept": "accept", "accepted": "accepted", "accepts": "accepts",
    "reject": "reject", "rejected": "rejected", "rejects": "rejects",
    "refer": "refer", "bad": "bad outcome", "bads": "bad outcomes", "good": "good outcome",
    "decider": "decider", "deciders": "deciders", "team": "team", "teams": "teams",
}  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """An agreed limit on a metric: the value, which side is the breach, and who owns it."""

    value: float
    owner: str
    side: str = "upper"  # a reading above an upper, or below a lower, limit is a breach


@dataclass(frozen=True)
class UseCase:
    """Everything that differs between use cases. Durations carry their unit in the name; shares are 0 to 1."""

    name: str
    label: str
    currency: str = "EUR"
    minor_digits: int = 2
    thousands: str = ","  # between groups of digits; a no-break space where numbers are written 1 204
    decimal_mark: str = "."
    time_zone: str = "UTC"
    outcomes_cover: str = "accepted"  # accepted: selective labels; all: rejected cases have outcomes too
    outcomes_log: str = "both"  # bad_only: a matured case without a row is good
    kind: str = "decisions"  # monitoring: scores and outcomes without human decisions
    horizon_days: int = 365
    outcome_lag_days: int = 0
    agreed_turnaround_hours: float | None = None
    discount_rate: float = 0.0
    minimum_group_size: int = 20
    score_bands: tuple[float, ...] = tuple(round(i * 0.05, 2) for i in range(1, 20))  # inner edges of bands
    show_deciders: bool = False
    show_groups: bool = False
    words: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # metric -> who answers for it in this organisation
    features: dict[str, str] = field(default_factory=dict)  # the model's name of an input -> words
    assumptions: dict[str, float] = field(default_factory=dict)  # assumed parameters, labelled so wherever used

    def word(self, key: str) -> str:
        """The use case's word for one of ours; KeyError for a word that is not in WORDS."""
        return self.words.get(key, WORDS[key])


_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_CHOICES = {
    "outcomes_cover": ("accepted", "all"),
    "outcomes_log": ("both", "bad_only"),
    "kind": ("decisions", "monitoring"),
    "thousands": (",", ".", " ", "\u00a0", "\u202f", "'", "\u2019", ""),
    "decimal_mark": (".", ","),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "label": (str,), "currency": (str,), "time_zone": (str,),
    "minor_digits": (int,), "horizon_days": (int,), "outcome_lag_days": (int,), "minimum_group_size": (int,),
    "score_bands": (list,), "agreed_turnaround_hours": (int, float), "discount_rate": (int, float),
    "show_deciders": (bool,), "show_groups": (bool,),
    "words": (dict,), "limits": (dict,), "owners": (dict,), "features": (dict,), "assumptions": (dict,),
}  # fmt: skip


def read_use_case(path: Path) -> UseCase:
    """One use case from its TOML file; UserError names the file, the field, the rule and what was received."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError("The use case file is not UTF-8", f"{path}: {error}.", "Save it as UTF-8.") from error
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise UserError(
            "This use case is not known",
            f"There is no file {path}.",
            f"Use one of {known}, or write that file (copy the nearest one and change it).",
        ) from None
    return parse_use_case(text, str(path))


def parse_use_case(text: str, where: str) -> UseCase:
    """One use case from TOML text; `where` names the file in errors."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError("The use case file is not TOML", f"{where}: {error}.", "Mend that line.") from error
    _check_fields(raw, where)
    if "score_bands" in raw:
        raw["score_bands"] = tuple(raw["score_bands"])
    raw["limits"] = {name: _limit(name, value, where) for name, value in raw.get("limits", {}).items()}
    return UseCase(**raw)


def _fail(where: str, name: str, rule: str, received: object) -> UserError:
    return UserError(
        "The use case file breaks a rule",
        f"{where}, field '{name}': {rule}; received {received!r}.",
        "Change that field.",
    )


def _check_fields(raw: dict[str, Any], where: str) -> None:
    _check_kinds(raw, where)
    for name in ("name", "label"):
        if not raw.get(name):
            raise _fail(where, name, "is required", raw.get(name))
    if not _NAME.match(raw["name"]):
        raise _fail(where, "name", "may have letters, digits, - and _, because files are named by it", raw["name"])
    for name in ("horizon_days", "outcome_lag_days", "minor_digits", "agreed_turnaround_hours"):
        if not 0 <= raw.get(name, 0) < math.inf:
            raise _fail(where, name, "must be 0 or more", raw[name])
    if raw.get("minimum_group_size", 1) < 1:
        raise _fail(where, "minimum_group_size", "must be 1 or more", raw["minimum_group_size"])
    _check_tables(raw, where)
    _check_bands(raw.get("score_bands", []), where)
    _check_digits(raw, where)
    _check_zone(raw.get("time_zone", "UTC"), where)


def _check_kinds(raw: dict[str, Any], where: str) -> None:
    known = [f.name for f in fields(UseCase)]
    for name, value in raw.items():
        if name not in known:
            raise _fail(where, name, f"the known fields are {', '.join(known)}", name)
        if name in _CHOICES and value not in _CHOICES[name]:
            raise _fail(where, name, f"must be one of {', '.join(_CHOICES[name])}", value)
        wanted = _TYPES.get(name)
        if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
            raise _fail(where, name, f"must be {' or '.join(t.__name__ for t in wanted)}", value)


def _check_tables(raw: dict[str, Any], where: str) -> None:
    for word in raw.get("words", {}):
        if word not in WORDS:
            raise _fail(where, f"words.{word}", f"the known words are {', '.join(WORDS)}", word)
    for table in ("words", "features"):
        for name, text in raw.get(table, {}).items():
            if not isinstance(text, str):
                raise _fail(where, f"{table}.{name}", "must be text", text)
    for name, owner in raw.get("owners", {}).items():
        if not isinstance(owner, str) or not owner.strip():
            raise _fail(where, f"owners.{name}", "must say who owns it", owner)
    for name, value in raw.get("assumptions", {}).items():
        if not _is_number(value):
            raise _fail(where, f"assumptions.{name}", "must be a number", value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_bands(edges: list[Any], where: str) -> None:
    rising = all(isinstance(edge, float) and 0 < edge < 1 for edge in edges) and edges == sorted(set(edges))
    if not rising or any(round(edge * 1000) / 1000 != edge for edge in edges):
        raise _fail(where, "score_bands", "must be rising edges between 0 and 1 in thousandths", edges)


def _check_digits(raw: dict[str, Any], where: str) -> None:
    if raw.get("thousands", ",") == raw.get("decimal_mark", "."):
        raise _fail(where, "thousands", "must differ from decimal_mark", raw.get("thousands", ","))


def _check_zone(zone: str, where: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a folder of zones
        raise _fail(where, "time_zone", "must be an IANA zone such as Europe/Berlin", zone) from error


def _limit(name: str, value: object, where: str) -> Limit:
    if not isinstance(value, dict) or set(value) - {"value", "owner", "side"} or not {"value", "owner"} <= set(value):
        raise _fail(where, f"limits.{name}", "needs value and owner, and may have side", value)
    if value.get("side", "upper") not in ("upper", "lower"):
        raise _fail(where, f"limits.{name}.side", "must be upper or lower", value["side"])
    if not _is_number(value["value"]):
        raise _fail(where, f"limits.{name}.value", "must be a number", value["value"])
    if not isinstance(value["owner"], str) or not value["owner"].strip():
        raise _fail(where, f"limits.{name}.owner", "must say who owns it", value["owner"])
    return Limit(**value)
