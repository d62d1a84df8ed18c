"""ROC AUC and expected against observed bads, from rollups: statistics that SQL alone cannot give.

Both speak of accepted cases with a known outcome. Unless the cases were accepted without people selecting
(automated), the figure is "model and people together": it moves with whom people accept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.discrimination import SCORE_BINS, build_histogram, estimate_auc
from analysis.filters import Filters
from analysis.intervals import LooseSums, estimate_means, sum_by
from analysis.query import Query, part_sql
from analysis.reading import TOO_FEW, Reading
from analysis.rollups import SCORED
from analysis.source import Source
from analysis.sums import Sums, read_sums

POPULATIONS = {"all": "true", "automated": "channel = 'automated'"}


@dataclass(frozen=True)
class ScoreAnswer:
    """A statistic per part, with the SQL that ran; `error` is the bin error of each value, 0 where there is none."""

    parts: tuple[str, ...]
    readings: tuple[Reading, ...]
    errors: tuple[float, ...]
    query: Query

    def reading(self, part: str = "") -> Reading:
        return self.readings[self.parts.index(part)] if part in self.parts else Reading(None, why="No such cases.")


def answer_auc(source: Source, filters: Filters, split: str | None = None, population: str = "all") -> ScoreAnswer:
    """ROC AUC of the score per part, over accepted cases with a known outcome, from 1,000 score bins.

    The interval is DeLong's, widened by the bin error; it ignores that people chose which cases have an outcome.
    """
    query = _build_bins(filters, split, population)
    sums = read_sums(source.columns(query.sql, query.params))
    position = sums.columns["score_bin"].astype(np.intp) if len(sums.parts) else np.array([], dtype=np.intp)
    bad, good = (
        build_histogram(sums.part, position, sums.columns[c], groups=len(sums.parts), bins=SCORE_BINS)
        for c in ("bads", "goods")
    )
    if not sums.parts:
        return ScoreAnswer((), (), (), query)
    found = estimate_auc(bad, good)
    n = (bad + good).sum(axis=1)
    readings = tuple(
        _reading(source, found.value[i], found.low[i], found.high[i], int(n[i]), str(found.why[i]))
        for i in range(len(sums.parts))
    )
    return ScoreAnswer(sums.parts, readings, tuple(float(e) for e in found.error), query)


def answer_observed_expected(
    source: Source, filters: Filters, split: str | None = None, population: str = "all"
) -> ScoreAnswer:
    """Observed over expected bads per part; 1 = as the scores said. The interval allows for clustering in deciders."""
    query = _build_sums(filters, split, population)
    sums = read_sums(source.columns(query.sql, query.params))
    own, groups = sums.has_decider, len(sums.parts)
    loose = _loose(sums)
    found = estimate_means(
        sums.part[own], sums.columns["expected"][own], sums.columns["scored_bads"][own], loose=loose, groups=groups
    )
    n = sums.total("scored_cases")
    readings = tuple(
        _reading(source, found.value[i], found.low[i], found.high[i], int(n[i]), str(found.why[i]))
        for i in range(groups)
    )
    return ScoreAnswer(sums.parts, readings, (0.0,) * groups, query)


def _loose(sums: Sums) -> LooseSums:
    """Sums over cases without a decider: x is the expected, y the observed bad of a case."""
    free = ~sums.has_decider
    part, groups = sums.part[free], len(sums.parts)

    def add(column: str) -> np.ndarray:
        return sum_by(part, sums.columns[column][free], groups)

    squares = add("expected") - add("expected_variance")  # sum e = sum e (1 - e) + sum e^2
    return LooseSums(
        x=add("expected"), y=add("scored_bads"), xx=squares, xy=add("expected_of_bads"), yy=add("scored_bads")
    )


def _build_bins(filters: Filters, split: str | None, population: str) -> Query:
    """Known outcomes per part and score bin. Bands are of bins; deciders are not kept by bin, so the facts tell."""
    from_facts = split in ("decider", "score_band", "week")
    where, params = filters.where(rollup=not from_facts)
    condition = f"{where} and {POPULATIONS[population]}"
    if from_facts:
        columns = "count(*) filter (where bad) as bads, count(*) filter (where not bad) as goods"
        table, condition = "facts", f"{condition} and is_outcome_known and decision = 'accept' and score is not null"
    else:
        columns, table = "sum(bads) as bads, sum(goods) as goods", "rollup_scores"
    sql = (
        f"select {part_sql(split, rollup=not from_facts)} as part, null as decider, score_bin, {columns}\n"
        f"from {table}\nwhere {condition}\ngroup by all\norder by all"
    )
    return Query(sql, params)


def _build_sums(filters: Filters, split: str | None, population: str) -> Query:
    """Observed and expected bads per part and decider."""
    where, params = filters.where()
    listed = ", ".join(f"sum({name}) as {name}" for name in SCORED)
    sql = (
        f"select {part_sql(split, rollup=True)} as part, decider,\n    {listed}\n"
        f"from {'rollup_band' if split == 'score_band' else 'rollup_month'}\n"
        f"where {where} and {POPULATIONS[population]} and scored_cases > 0\ngroup by all\norder by all"
    )
    return Query(sql, params)


def _reading(source: Source, value: float, low: float, high: float, n: int, reason: str) -> Reading:
    minimum = source.use_case.minimum_group_size
    if n < minimum:
        return Reading(
            None, n=n, refusal=TOO_FEW, why=f"{n} accepted cases with a known outcome: fewer than {minimum}, too few."
        )
    if np.isnan(value):
        return Reading(None, n=n, why="Needs both good and bad outcomes, and scores.")
    shown = not reason and np.isfinite(low) and np.isfinite(high)
    why = "" if shown else "No interval can be given: too few deciders or bad outcomes."
    return Reading(float(value), float(low) if shown else None, float(high) if shown else None, n, interval_why=why)
