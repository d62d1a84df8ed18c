"""Rollups: every measure of every card, added up once per group when a snapshot is built.

Pages sum over rollups, so their cost follows the number of groups and not the number of decisions. Each rollup
carries the filter dimensions and the decider, because intervals allow for decisions clustered in deciders.
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
GRAINS = {"rollup_month": ("period",), "rollup_week": ("week",), "rollup_band": ("period", "score_band")}


def hash_definitions(cards: Iterable[Card]) -> str:
    """A digest of everything a snapshot's sums depend on: row sets and rollups. It changes when a definition does."""
    text = "\n".join([*(read_row_set(name) for name in ROW_SETS), *(sql for _, sql in build_rollup_sql(cards))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def build_rollup_sql(cards: Iterable[Card]) -> list[tuple[str, str]]:
    """(table, SELECT over `facts`) for every rollup the cards need; a row is one group of decisions."""
    cards = list(cards)
    added = [card for card in cards if card.kind != "typical"]
    measures = _list_measures(added)
    rollups = [(table, _select(keys, measures)) for table, keys in GRAINS.items()]
    rollups += [(f"rollup_{card.name}", _histogram(card)) for card in cards if card.kind == "typical"]
    return [*rollups, ("rollup_scores", _scores()), ("rollup_reasons", _reasons())]


def _list_measures(cards: list[Card]) -> list[str]:
    columns = name_columns(cards)
    listed: dict[str, str] = {}
    for card in cards:
        for measure in build_measures(card).all():
            if columns[measure.name] == measure.name:
                listed[measure.name] = f"{measure.sql} as {measure.name}"
    return list(listed.values())


def _keys(first: tuple[str, ...]) -> str:
    dimensions = [f"coalesce({name}, '{NOT_RECORDED}') as {name}" for name in DIMENSIONS]
    return ", ".join([*first, *dimensions, "decider"])


def _select(keys: tuple[str, ...], measures: list[str]) -> str:
    counted = ["count(*) as decisions", *measures]
    columns = ",\n    ".join(counted)
    return f"select {_keys(keys)},\n    {columns}\nfrom facts where is_in_scope group by all order by {keys[0]}"


def _histogram(card: Card) -> str:
    """Counts per bin of a typical card's value: a median of any group comes from summed bins."""
    return (
        f"select {_keys(('period',))}, {MINUTE_BINS.build_sql(card.value)} as bin, count(*) as n\n"
        f"from facts where is_in_scope and ({card.where}) and ({card.value}) is not null group by all order by period"
    )


def _scores() -> str:
    """Known outcomes of accepted cases per score bin: ROC AUC and expected against observed bads come from it."""
    return (
        f"select {_keys(('period', 'score_band'))}, channel = 'automated' as is_automated, is_low_side, score_bin,\n"
        "    count(*) filter (where bad) as bads, count(*) filter (where not bad) as goods,\n"
        "    sum(score) as expected, sum(score * (1 - score)) as expected_variance,\n"
        "    coalesce(sum(score) filter (where bad), 0) as expected_of_bads\n"
        "from facts where is_outcome_known and decision = 'accept' and score is not null\n"
        "group by all order by period"
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
        "from facts where is_override group by all order by period"
    )
