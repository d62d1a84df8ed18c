"""What a card adds up: its numerator and denominator as additive measures, named once and stored once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from analysis.catalog import Card
from analysis.vocabulary import parse_aggregate, parse_condition
from data.rows import describe_columns


@dataclass(frozen=True)
class Measure:
    """One additive number per group of rows: count of rows, or sum of a value, where a condition holds.

    `value` is SQL for a row's value ("" for a count), `condition` SQL that selects its rows. `power` 2 adds up
    squares, which the interval of a mean needs for cases without a decider.
    """

    name: str
    value: str
    condition: str
    power: int = 1

    @property
    def sql(self) -> str:
        """The aggregate over the row set."""
        if not self.value:
            return f"count(*) filter (where {self.condition})"
        if self.power == 2:
            value = f"cast({self.value} as double)"
            return f"coalesce(sum({value} * {value}) filter (where {self.condition}), 0)"
        return f"coalesce(sum({self.value}) filter (where {self.condition}), 0)"


@dataclass(frozen=True)
class CardMeasures:
    """The measures behind one card; None where its kind has none."""

    numerator: Measure | None = None
    denominator: Measure | None = None
    squares: Measure | None = None  # sum of squared numerator values, means only
    waited: Measure | None = None  # cases whose outcome the card waits for
    matured: Measure | None = None
    known: Measure | None = None

    def all(self) -> tuple[Measure, ...]:
        parts = (self.numerator, self.denominator, self.squares, self.waited, self.matured, self.known)
        return tuple(m for m in parts if m is not None)


@cache
def build_measures(card: Card) -> CardMeasures:
    """The additive measures of a card, each condition joined with the card's `where`."""
    columns = tuple(describe_columns(card.rows))
    where = parse_condition(card.where, columns)
    parts: dict[str, Measure] = {}
    for part in ("numerator", "denominator"):
        if getattr(card, part):
            value, condition = parse_aggregate(getattr(card, part), columns)
            parts[part] = _measure(f"{card.name}__{part}", value, where, condition)
    if card.kind == "mean":
        top = parts["numerator"]
        parts["squares"] = Measure(f"{card.name}__squares", top.value, top.condition, power=2)
    if card.matures_from:
        waited = parse_condition(card.matures_from, columns)
        parts["waited"] = _measure(f"{card.name}__waited", None, waited, None)
        parts["matured"] = _measure(f"{card.name}__matured", None, waited, exp.column("is_matured"))
        parts["known"] = _measure(f"{card.name}__known", None, waited, exp.column("is_outcome_known"))
    return CardMeasures(**parts)


def _measure(
    name: str, value: exp.Expression | None, where: exp.Expression, condition: exp.Expression | None
) -> Measure:
    both = exp.and_(where, condition) if condition is not None else where
    return Measure(name, value.sql("duckdb") if value is not None else "", both.sql("duckdb"))


def name_columns(cards: Iterable[Card]) -> dict[str, str]:
    """Rollup column by measure name: measures that add up the same thing share one column."""
    first: dict[tuple[str, str, int], str] = {}
    columns: dict[str, str] = {}
    for card in cards:
        for measure in build_measures(card).all():
            columns[measure.name] = first.setdefault((measure.value, measure.condition, measure.power), measure.name)
    return columns
