"""Medians: from bins a rollup keeps, with the bin error stated, or exactly from the facts."""

from __future__ import annotations

import numpy as np

from analysis.catalog import Card
from analysis.filters import Filters
from analysis.intervals import FloatArray, LooseSums, estimate_rates, sum_by
from analysis.quantiles import Quantiles, estimate_quantiles
from analysis.query import SPLITS, Query, part_sql
from analysis.reading import PROTECTED, TOO_FEW, Reading
from analysis.rollups import LIMITS, MINUTE_BINS, name_limits
from analysis.source import Source
from analysis.sums import Sums, read_sums


def answer_typical(
    source: Source, card: Card, filters: Filters, split: str | None, *, rollup: bool = True
) -> tuple[Query, Sums, tuple[Reading, ...]]:
    """The median of a card's value per part, with an interval by order statistics widened for deciders.

    Splits the histogram does not carry (week, score band, decider) are asked of the facts' bins.
    """
    rollup = rollup and split not in ("week", "score_band", "decider")
    query = _build(card, filters, split, rollup=rollup)
    found = source.columns(query.sql, query.params)
    sums = read_sums(found)
    if not sums.parts:
        return query, sums, ()
    counts = _counts(sums)
    rough = estimate_quantiles(counts, MINUTE_BINS, 0.5)
    if rollup:
        effect = _read_effect(source, card, filters, split, sums.parts, rough)
    else:
        edge = MINUTE_BINS.build_bins(np.nan_to_num(rough.value))
        below = np.where(sums.columns["bin"] <= edge[sums.part], sums.columns["n"], 0.0)
        effect = _design_effect(sums, below)
    median = estimate_quantiles(counts, MINUTE_BINS, 0.5, deff=effect)
    return query, sums, tuple(_reading(source, median, i, split) for i in range(len(sums.parts)))


def _build(card: Card, filters: Filters, split: str | None, *, rollup: bool) -> Query:
    where, params = filters.where(rollup=rollup)
    part = part_sql(split, rollup=rollup)
    if rollup:
        table, decider, bin_, n = f"rollup_{card.name}", "null", "bin", "sum(n)"
        assert split is None or split in SPLITS
    else:
        table, decider, bin_, n = "facts", "decider", MINUTE_BINS.build_sql(card.value), "count(*)"
        where = f"{where} and ({card.where}) and ({card.value}) is not null"
    sql = (
        f"select {part} as part, {decider} as decider, {bin_} as bin, {n} as n\nfrom {table}\nwhere {where}\n"
        "group by all\norder by all"
    )
    return Query(sql, params)


def _read_effect(
    source: Source, card: Card, filters: Filters, split: str | None, parts: tuple[str, ...], rough: Quantiles
) -> FloatArray:
    """The design effect at the median: the larger of those at the limits next to it, between which it lies."""
    above = np.searchsorted(LIMITS, np.nan_to_num(rough.value), side="right")
    near = np.clip(np.stack([above - 1, above]), 0, len(LIMITS) - 1)
    names = [f"below_{i}" for i in np.unique(near)]
    where, params = filters.where()
    listed = ", ".join(f"sum({name}) as {name}" for name in ("n", *names))
    sql = (
        f"select {part_sql(split, rollup=True)} as part, decider, {listed}\nfrom {name_limits(card)}\n"
        f"where {where}\ngroup by all\norder by all"
    )
    sums = read_sums(source.columns(sql, params)).at(parts)
    table = np.stack([sums.columns[name] for name in names])
    row = np.arange(len(sums.part))
    effects = [_design_effect(sums, table[np.searchsorted(np.unique(near), side)[sums.part], row]) for side in near]
    return np.maximum(*effects)


def _counts(sums: Sums) -> FloatArray:
    """Cases per part and bin, shape (parts, bins)."""
    bins = MINUTE_BINS.count
    flat = sums.part * bins + sums.columns["bin"].astype(np.intp)
    return sum_by(flat, sums.columns["n"], len(sums.parts) * bins).reshape(len(sums.parts), bins)


def _design_effect(sums: Sums, below: FloatArray) -> FloatArray:
    """How much deciders widen the interval: the design effect of the share of cases below some limit, per part.

    below: of each row of `sums`, the cases below its part's limit.
    """
    own = sums.has_decider
    keys = np.stack([sums.part[own], np.unique(sums.decider[own], return_inverse=True)[1]], axis=1)
    pairs, row = np.unique(keys, axis=0, return_inverse=True)
    n, y = (sum_by(row.ravel(), values[own], len(pairs)) for values in (sums.columns["n"], below))
    groups = len(sums.parts)
    loose = LooseSums.from_counts(
        sum_by(sums.part[~own], sums.columns["n"][~own], groups), sum_by(sums.part[~own], below[~own], groups)
    )
    found = estimate_rates(pairs[:, 0], n, y, loose=loose, groups=groups)
    return np.maximum(1.0, np.nan_to_num(found.design_effect, nan=1.0))


def _reading(source: Source, median: Quantiles, i: int, split: str | None) -> Reading:
    n = int(median.n[i])
    minimum = source.use_case.minimum_group_size
    if n < minimum:
        why = f"{n} cases: fewer than {minimum}, too few to be reliable."
        return Reading(None, n=n, why=why, refusal=PROTECTED if split == "decider" else TOO_FEW)
    if np.isnan(median.value[i]):
        return Reading(None, n=n, why="No decision time is on record.")
    low, high = float(median.low[i]), float(median.high[i])
    shown = np.isfinite(low) and np.isfinite(high)
    return Reading(float(median.value[i]), low if shown else None, high if shown else None, n=n)
