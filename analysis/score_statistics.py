"""ROC AUC and expected against observed bads, from the score rollup: statistics that SQL alone cannot give.

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
from analysis.source import Source
from analysis.sums import Sums, read_sums

POPULATIONS = {
    "all": "true",
    "automated": "is_automated",
    "low_side": "is_low_side",
}


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
    query = _build(filters, split, population, by_bin=True)
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
    query = _build(filters, split, population, by_bin=False)
    sums = read_sums(source.columns(query.sql, query.params))
    own, groups = sums.has_decider, len(sums.parts)
    loose = _loose(sums)
    found = estimate_means(
        sums.part[own], sums.columns["expected"][own], sums.columns["bads"][own], loose=loose, groups=groups
    )
    n = sums.total("cases")
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
    return LooseSums(x=add("expected"), y=add("bads"), xx=squares, xy=add("expected_of_bads"), yy=add("bads"))


def _build(filters: Filters, split: str | None, population: str, *, by_bin: bool) -> Query:
    where, params = filters.where()
    part = part_sql(split, rollup=True)
    condition = f"{where} and {POPULATIONS[population]}"
    if by_bin:
        sql = (
            f"select {part} as part, null as decider, score_bin, sum(bads) as bads, sum(goods) as goods\n"
            f"from rollup_scores\nwhere {condition}\ngroup by all\norder by all"
        )
    else:
        sql = (
            f"select {part} as part, decider, sum(bads) as bads, sum(bads + goods) as cases,\n"
            "    sum(expected) as expected, sum(expected_variance) as expected_variance,\n"
            "    sum(expected_of_bads) as expected_of_bads\n"
            f"from rollup_scores\nwhere {condition}\ngroup by all\norder by all"
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
