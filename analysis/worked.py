"""A worked example worked through: which of its rows count, what is divided by what, and what the mistake answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np
from sqlglot import exp

from analysis.catalog import Card
from analysis.errors import UserError
from analysis.example_tables import build_example, parse_table
from analysis.formats import format_value
from analysis.measures import Measure, build_measures
from analysis.statistics import Statistic
from analysis.vocabulary import parse_aggregate, parse_condition
from data.engine import Connection
from data.rows import describe_columns
from data.use_case import UseCase

_PLAIN = UseCase("example", "Example", currency="")  # amounts of an example have no currency
_SCOPE = "is_in_scope"
LEFT_OUT = "left out because"
_SETTINGS = {
    "as_of": "The day maturity is counted to is {}.",
    "horizon_days": "The horizon is {} days.",
    "outcome_lag_days": "Outcomes may take {} more days to arrive.",
    "agreed_turnaround_hours": "The agreed turnaround is {} hours.",
}


@dataclass(frozen=True)
class Worked:
    """One worked example. header, rows: the example's table with what each row adds, and why a row is left out.

    counts: which rows do. steps: sentences from the rows to the answer. hurried: the mistake's own fields as
    `name = SQL`. mistake: what they answer, as a sentence. value, mistaken: both answers as numbers, in the metric's
    stored unit.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    counts: tuple[bool, ...]
    steps: tuple[str, ...]
    hurried: tuple[str, ...]
    mistake: str
    value: float
    mistaken: float


@dataclass(frozen=True)
class _Parts:
    """What each row adds: to the denominator, to the numerator (None: nothing), or its value; why it adds nothing."""

    denominator: tuple[float | None, ...]
    numerator: tuple[float | None, ...]
    why_not: tuple[str, ...]


@lru_cache(maxsize=256)
def work_card(card: Card) -> Worked:
    """A card's example, run through facts built from its table; UserError where it does not give its answer."""
    try:
        rows = parse_table(card.example.table)
        con = build_example(rows, card.example.settings)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _broken(card, f"its table cannot be read ({type(error).__name__}: {error})") from error
    with closing(con):
        right = _run(con, card, rows, scoped=True)
        changes = {name: str(text) for name, text in card.example.mistake.items() if name != "answer"}
        wrong = replace(card, name=f"{card.name}_mistaken", matures_from="", **changes)  # type: ignore[arg-type]
        hurried = _run(con, wrong, rows, scoped=False)
    value, mistaken = _answer(card, right), _answer(card, hurried)
    _check_declared(card, right, value, mistaken)
    unit = card.unit if _unit(card, "numerator") == _unit(wrong, "numerator") else "share"
    is_any_left_out = any(right.why_not)
    return Worked(
        header=(*rows[0], *_added_header(card), *([LEFT_OUT] if is_any_left_out else [])),
        rows=tuple(
            (*row.values(), *_added(card, right, i), *([right.why_not[i]] if is_any_left_out else []))
            for i, row in enumerate(rows)
        ),
        counts=tuple(not why for why in right.why_not),
        steps=(*_describe_settings(card), *_describe_steps(card, [row["case_id"] for row in rows], right, value)),
        hurried=tuple(f"{name} = {text}" for name, text in changes.items()),
        mistake=f"The classic mistake answers {_divided(wrong, hurried, mistaken, unit)} "
        f"where the answer is {format_value(value, card.unit, _PLAIN)}.",
        value=value,
        mistaken=mistaken,
    )


@lru_cache(maxsize=64)
def work_statistic(statistic: Statistic) -> Worked:
    """A statistic's example, run on its few cases; UserError where it does not give its answer."""
    example = statistic.example
    value = statistic.on_cases(np.array(example.score), np.array(example.bad, dtype=float))
    if not math.isclose(value, example.answer, abs_tol=1e-9):
        raise UserError(
            "A worked example does not give its answer",
            f"Statistic '{statistic.name}' declares {example.answer} and computes {value}.",
            "Mend the example or the function in analysis/statistics.py.",
        )
    unit = "ratio"
    return Worked(
        header=("case", "score", "bad"),
        rows=tuple(
            (str(i), f"{score:g}", "yes" if bad else "no")
            for i, (score, bad) in enumerate(zip(example.score, example.bad, strict=True), 1)
        ),
        steps=(f"All {len(example.score)} cases count. The answer is {format_value(value, unit, _PLAIN)}.",),
        hurried=(),
        counts=(True,) * len(example.score),
        mistake=f"The classic mistake answers {format_value(example.mistaken, unit, _PLAIN)} "
        f"where the answer is {format_value(value, unit, _PLAIN)}.",
        value=value,
        mistaken=example.mistaken,
    )


def _broken(card: Card, what: str) -> UserError:
    return UserError(
        "A worked example does not give its answer",
        f"In {card.name}.toml, [example]: {what}.",
        "Mend the example or the card; `python -m pytest tests/cards` runs every example.",
    )


def _run(con: Connection, card: Card, rows: Sequence[Mapping[str, str]], *, scoped: bool) -> _Parts:
    """What each row of the example adds to the card's parts."""
    conditions = [*([_SCOPE] if scoped else []), *_list_conditions(card)]
    if card.kind == "typical":
        shown = f"case when {' and '.join(f'({c})' for c in conditions)} then {card.value} end"
        selected = [shown, "null"]
    else:
        measures = build_measures(card)
        scope = f"{_SCOPE} and " if scoped else ""
        selected = [_row_value(measures.denominator, scope), _row_value(measures.numerator, scope)]
    tests = [f"coalesce(({condition}), false)" for condition in conditions]
    answered = con.execute(f"select {', '.join(['case_id', 'decision_no', *selected, *tests])} from facts").fetchall()
    by_case = {(row[0], row[1]): row[2:] for row in answered}
    found = [by_case[row["case_id"], int(row.get("decision_no") or 1)] for row in rows]
    return _Parts(
        tuple(_number(row[0]) for row in found),
        tuple(_number(row[1]) for row in found),
        tuple(_why_not(conditions, row[2:]) for row in found),
    )


def _row_value(measure: Measure | None, scope: str) -> str:
    if measure is None:
        return "null"
    return f"case when {scope}({measure.condition}) then {measure.value or '1'} end"


def _list_conditions(card: Card) -> list[str]:
    """The conditions a row must meet to count, one by one: the card's `where`, and its denominator's own filter."""
    columns = tuple(describe_columns(card.rows))
    trees = [parse_condition(card.where, columns)]
    if card.kind == "typical":
        trees.append(parse_condition(f"{card.value} is not null", columns))
    elif card.denominator:
        own = parse_aggregate(card.denominator, columns)[1]
        trees += [own] if own is not None else []
    parts = [part for tree in trees for part in (tree.flatten() if isinstance(tree, exp.And) else (tree,))]
    return [part.unnest().sql("duckdb") for part in parts]


def _why_not(conditions: Sequence[str], met: Sequence[bool]) -> str:
    """The first condition a row does not meet, negated; "" for a row that counts."""
    for condition, is_met in zip(conditions, met, strict=True):
        if not is_met:
            return f"not {condition}" if condition.isidentifier() else f"not ({condition})"
    return ""


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _sum(values: Sequence[float | None]) -> float:
    return math.fsum(v for v in values if v is not None)


def _answer(card: Card, parts: _Parts) -> float:
    if card.kind == "typical":
        known = [v for v in parts.denominator if v is not None]
        return float(median(known)) if known else math.nan
    if card.kind == "total":
        return _sum(parts.numerator)
    below = _sum(parts.denominator)
    return _sum(parts.numerator) / below if below else math.nan


def _check_declared(card: Card, right: _Parts, value: float, mistaken: float) -> None:
    example = card.example
    found = {"value": value} if card.kind == "typical" else {"numerator": _sum(right.numerator)}
    if card.kind in ("ratio", "mean"):
        found["denominator"] = _sum(right.denominator)
    for part, computed in found.items():
        declared = getattr(example, part)
        if declared is None or not math.isclose(declared, computed, rel_tol=1e-9, abs_tol=1e-9):
            raise _broken(card, f"{part} is declared as {declared} and computed as {computed:g}")
    answer = float(example.mistake["answer"])
    if not math.isclose(answer, mistaken, rel_tol=1e-9, abs_tol=1e-9):
        raise _broken(card, f"the mistake is declared to answer {answer} and computes {mistaken:g}")


def _unit(card: Card, part: str) -> str:
    """How a row's contribution to a part is written: as a count, or in money, minutes and so on."""
    if card.kind == "typical":
        return card.unit
    measure = getattr(build_measures(card), part)
    if measure is None or not measure.value:
        return "count"
    return "money" if card.unit in ("money", "share") else card.unit


def _added_header(card: Card) -> tuple[str, ...]:
    if card.kind == "typical":
        return ("value",)
    return ("adds to the sum",) if card.kind == "total" else ("denominator", "numerator")


def _added(card: Card, parts: _Parts, i: int) -> tuple[str, ...]:
    shown = {
        "typical": (("denominator", parts.denominator[i]),),
        "total": (("numerator", parts.numerator[i]),),
    }.get(card.kind, (("denominator", parts.denominator[i]), ("numerator", parts.numerator[i])))
    return tuple("" if v is None else format_value(v, _unit(card, part), _PLAIN) for part, v in shown)


def _describe_settings(card: Card) -> list[str]:
    """What the example assumes of the use case, in words."""
    return [_SETTINGS.get(name, f"{name} is {{}}.").format(value) for name, value in card.example.settings.items()]


def _describe_steps(card: Card, cases: Sequence[str], parts: _Parts, value: float) -> list[str]:
    """From the rows to the answer: which count, which are left out and why, what is divided by what."""
    base = parts.numerator if card.kind == "total" else parts.denominator
    counted = [case for case, added in zip(cases, base, strict=True) if added is not None]
    steps = [f"{len(counted)} of {len(cases)} rows count: {_name_cases(counted)}."]
    left: dict[str, list[str]] = {}
    for case, why in zip(cases, parts.why_not, strict=True):
        if why:
            left.setdefault(why, []).append(case)
    steps += [f"Left out: {_name_cases(names)} ({_explain(card, why)})." for why, names in left.items()]
    if card.kind == "ratio":
        top = [c for c, n in zip(cases, parts.numerator, strict=True) if n is not None]
        steps.append(f"In the numerator: {_name_cases(top)}." if top else "None is in the numerator.")
    return [*steps, f"{_divided(card, parts, value, card.unit)}."]


def _name_cases(cases: Sequence[str]) -> str:
    if not cases:
        return "none"
    listed = cases[0] if len(cases) == 1 else f"{', '.join(cases[:-1])} and {cases[-1]}"
    return f"case {listed}" if len(cases) == 1 else f"cases {listed}"


def _explain(card: Card, why: str) -> str:
    """A condition that is not met, with the sentence of the helper column it names."""
    name = why.removeprefix("not ")
    sentence = describe_columns(card.rows).get(name, "")
    return f"{why}: {sentence.rstrip('.')}" if sentence else why


def _divided(card: Card, parts: _Parts, value: float, unit: str) -> str:
    """The arithmetic as text: "1 / 2 = 50 %", "median of 2 min, 4 min and 30 min = 4 min"."""
    answer = format_value(value, unit, _PLAIN)
    if card.kind == "typical":
        values = [format_value(v, card.unit, _PLAIN) for v in sorted(v for v in parts.denominator if v is not None)]
        return f"median of {', '.join(values)} = {answer}"
    top = format_value(_sum(parts.numerator), _unit(card, "numerator"), _PLAIN)
    if card.kind == "total":
        return f"sum = {top}"
    return f"{top} / {format_value(_sum(parts.denominator), _unit(card, 'denominator'), _PLAIN)} = {answer}"
