"""Rollups: every measure of every card, added up once per group when a snapshot is built.

Pages sum over rollups, so their cost follows the number of groups and not the number of decisions. Sums carry the
filter dimensions and the decider, because intervals allow for decisions clustered in deciders; histograms carry the
dimensions only, or their groups would never stop growing with the decisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from analysis.catalog import ROW_SETS, Card
from analysis.filters import DIMENSIONS, NOT_RECORDED
from analysis.measures import build_measures, name_columns
from analysis.quantiles import LogBins
from data.rows import read_row_set

MINUTE_BINS = LogBins(smallest=1 / 60, largest=2 * 365 * 1440.0)  # one second to two years, in minutes
# The range in which medians of decision times lie: how much deciders differ is kept at these limits (minutes).
LIMITS = tuple(float(f"{0.25 * 2 ** (step / 2):.4g}") for step in range(28))
SUMMED = {"rollup_band": ("period", "score_band"), "rollup_week": ("week",)}
_SKIPPED = ("segment", "product", "region", "channel", "team")
# Accepted cases with a known outcome and a score: what bads were expected of them, by their scores.
_SCORED = "is_outcome_known and decision = 'accept' and score is not null"
SCORED = {
    "scored_cases": f"count(*) filter (where {_SCORED})",
    "scored_bads": f"count(*) filter (where {_SCORED} and bad)",
    "expected": f"coalesce(sum(score) filter (where {_SCORED}), 0)",
    "expected_variance": f"coalesce(sum(score * (1 - score)) filter (where {_SCORED}), 0)",
    "expected_of_bads": f"coalesce(sum(score) filter (where {_SCORED} and bad), 0)",
}


def hash_definitions(cards: Iterable[Card]) -> str:
    """A digest of everything a snapshot's sums depend on: row sets and rollups. It changes when a definition does."""
    text = "\n".join([*(read_row_set(name) for name in ROW_SETS), *(sql for _, sql in build_rollup_sql(cards))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def build_rollup_sql(cards: Iterable[Card]) -> list[tuple[str, str]]:
    """(table, SELECT over `facts`) for every rollup the cards need; a row is one group of decisions."""
    cards = list(cards)
    measures = _list_measures([card for card in cards if card.kind != "typical"])
    by_band = {**measures, **SCORED}
    rollups = [
        ("rollup_band", _sum_facts(SUMMED["rollup_band"], by_band)),
        ("rollup_month", _sum_bands(by_band)),
        ("rollup_week", _sum_facts(SUMMED["rollup_week"], measures)),
    ]
    for card in cards:
        if card.kind == "typical":
            rollups += [(f"rollup_{card.name}", _histogram(card)), (name_limits(card), _limits(card))]
    return [*rollups, ("rollup_scores", _scores()), ("rollup_reasons", _reasons())]


def name_limits(card: Card) -> str:
    """The rollup that holds, per decider, how many of a typical card's values lie below each of LIMITS."""
    return f"rollup_{card.name}_limits"


def _list_measures(cards: list[Card]) -> dict[str, str]:
    """Column -> SQL over the facts."""
    columns = name_columns(cards)
    return {
        measure.name: measure.sql
        for card in cards for measure in build_measures(card).all() if columns[measure.name] == measure.name
    }  # fmt: skip


def _order(*keys: str) -> str:
    """Groups of one value of a dimension stand together, so that a page's filter skips whole blocks of the others."""
    return f"order by {', '.join([*keys, *_SKIPPED])}"


def _dimensions() -> str:
    return ", ".join(f"coalesce({name}, '{NOT_RECORDED}') as {name}" for name in DIMENSIONS)


def _keys(first: tuple[str, ...]) -> str:
    return ", ".join([*first, _dimensions(), "decider"])


def _typed(sql: str) -> str:
    """Counts of a group fit four bytes, and the fewer bytes a page has to read the sooner it is there."""
    return f"cast({sql} as integer)" if sql.startswith("count(") else sql


def _sum_facts(keys: tuple[str, ...], measures: dict[str, str]) -> str:
    columns = ",\n    ".join(f"{_typed(sql)} as {name}" for name, sql in {"decisions": "count(*)", **measures}.items())
    return f"select {_keys(keys)},\n    {columns}\nfrom facts where is_in_scope group by all {_order(*keys[:1])}"


def _sum_bands(measures: dict[str, str]) -> str:
    """Months from bands, which hold every decision once: the facts need not be read again."""
    columns = ",\n    ".join(
        f"cast(sum({name}) as integer) as {name}" if sql.startswith("count(") else f"sum({name}) as {name}"
        for name, sql in {"decisions": "count(*)", **measures}.items()
    )
    keys = ", ".join(["period", *DIMENSIONS, "decider"])
    return f"select {keys},\n    {columns}\nfrom rollup_band group by all {_order('period')}"


def _histogram(card: Card) -> str:
    """Counts per bin of a typical card's value: a median of any group comes from summed bins."""
    return (
        f"select period, {_dimensions()}, cast({MINUTE_BINS.build_sql(card.value)} as smallint) as bin,\n"
        "    cast(count(*) as integer) as n\n"
        f"from facts where is_in_scope and ({card.where}) and ({card.value}) is not null\n"
        f"group by all {_order('period')}"
    )


def _limits(card: Card) -> str:
    """Per decider how many values lie below each limit: how much deciders differ widens the median's interval."""
    below = ",\n    ".join(
        f"cast(count(*) filter (where ({card.value}) < {limit!r}) as integer) as below_{i}"
        for i, limit in enumerate(LIMITS)
    )
    return (
        f"select {_keys(('period',))}, cast(count(*) as integer) as n,\n    {below}\n"
        f"from facts where is_in_scope and ({card.where}) and ({card.value}) is not null\n"
        f"group by all {_order('period')}"
    )


def _scores() -> str:
    """Known outcomes of accepted cases per score bin: ROC AUC comes from it."""
    return (
        f"select period, {_dimensions()}, cast(score_bin as smallint) as score_bin,\n"
        "    cast(count(*) filter (where bad) as integer) as bads,\n"
        "    cast(count(*) filter (where not bad) as integer) as goods\n"
        f"from facts where {_SCORED}\ngroup by all {_order('period')}"
    )


def _reasons() -> str:
    """Overrides per stated reason: a row is one reason within one group; blank is ''.

    Expected bads speak of cases with a score, value of cases with both payoffs: a case without is in neither sum.
    """
    known = "is_low_side and is_outcome_known"
    return (
        f"select {_keys(('period',))}, case when is_reason_blank then '' else trim(override_reason) end as reason,\n"
        "    count(*) as overrides, count(*) filter (where is_low_side) as low_side,\n"
        f"    count(*) filter (where {known} and score is not null) as scored,\n"
        f"    count(*) filter (where {known} and score is not null and bad) as bads,\n"
        f"    coalesce(sum(score) filter (where {known}), 0) as expected,\n"
        f"    count(*) filter (where {known} and money_at_stake is not null) as valued,\n"
        f"    coalesce(sum(accept_advantage) filter (where {known} and money_at_stake is not null), 0) as value\n"
        f"from facts where is_override group by all {_order('period')}"
    )
