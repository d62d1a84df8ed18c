"""Do 95 % intervals for rates and money means cover, with unequal deciders and cases without one?

Each seed is one group of the call, as a breakdown with as many bars would be. The truth is the expected value of a
new case, not the sum booked. The naive interval, which takes all cases as independent, is there to show what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.intervals import Estimates, LooseSums, estimate_means, estimate_rates
from benchmarks.truth_gates import Truth, count

RATE, ALIKE = 0.15, 0.06  # true rate, and the correlation of two cases of one decider
MEAN, BETWEEN, WITHIN = -440.0, 900.0, 3_000.0  # money per case, between deciders, between a decider's cases


@dataclass(frozen=True)
class Sample:
    """Simulated sums: rows of deciders (group = seed), cases without a decider, and the truth behind them."""

    group: np.ndarray
    n: np.ndarray
    y: np.ndarray
    loose: LooseSums
    truth: float
    groups: int


def build_rates(seeds: int, *, deciders: int = 40, loose_cases: int = 0) -> Sample:
    """Beta-binomial deciders with log-normal numbers of cases; loose cases are plain Bernoulli draws."""
    n, y, hits = [], [], []
    scale = 1 / ALIKE - 1
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        cases = np.ceil(rng.lognormal(4, 0.6, deciders))
        n.append(cases)
        y.append(rng.binomial(cases.astype(int), rng.beta(RATE * scale, (1 - RATE) * scale, deciders)))
        hits.append(rng.binomial(loose_cases, RATE))
    loose = LooseSums.from_counts(np.full(seeds, loose_cases), np.array(hits))
    return Sample(np.repeat(np.arange(seeds), deciders), np.concatenate(n), np.concatenate(y), loose, RATE, seeds)


def build_money(seeds: int, *, deciders: int = 40, loose_cases: int = 0) -> Sample:
    """Money per case: a decider's own level plus skewed noise (few large losses, many small gains)."""
    n, y, loose_y, loose_yy = [], [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        cases = np.ceil(rng.lognormal(4, 0.6, deciders)).astype(int)
        level = rng.normal(MEAN, BETWEEN, deciders)
        noise = _skewed(rng, int(cases.sum()) + loose_cases)
        owner = np.repeat(np.arange(deciders), cases)
        n.append(cases)
        y.append(np.bincount(owner, level[owner] + noise[: len(owner)], deciders))
        loose = MEAN + noise[len(owner) :]
        loose_y.append(loose.sum())
        loose_yy.append((loose**2).sum())
    full = np.full(seeds, float(loose_cases))
    sums = LooseSums(full, np.array(loose_y), full, np.array(loose_y), np.array(loose_yy))
    return Sample(np.repeat(np.arange(seeds), deciders), np.concatenate(n), np.concatenate(y), sums, MEAN, seeds)


def _skewed(rng: np.random.Generator, size: int) -> np.ndarray:
    return WITHIN * (1 - rng.exponential(1.0, size))


def find_misses(estimates: Estimates, truth: float) -> np.ndarray:
    """True where the interval leaves out the truth; a refused interval counts as a miss."""
    return ~((estimates.low <= truth) & (truth <= estimates.high))


def estimate_naive_rates(sample: Sample) -> Estimates:
    """The same rates with every case taken as independent."""
    n = np.bincount(sample.group, sample.n, sample.groups) + sample.loose.x
    y = np.bincount(sample.group, sample.y, sample.groups) + sample.loose.y
    none = np.zeros(0)
    return estimate_rates(none, none, none, loose=LooseSums.from_counts(n, y), groups=sample.groups)


def build_truths(seeds: int) -> list[Truth]:
    """Coverage by kind, number of deciders and share of cases without a decider."""
    truths = []
    for deciders, loose_cases in ((40, 0), (12, 0), (40, 1_500)):
        place = f"{deciders} deciders" + (f", {loose_cases:,} cases without" if loose_cases else "")
        rates = build_rates(seeds, deciders=deciders, loose_cases=loose_cases)
        found = estimate_rates(rates.group, rates.n, rates.y, loose=rates.loose, groups=seeds)
        money = build_money(seeds, deciders=deciders, loose_cases=loose_cases)
        means = estimate_means(money.group, money.n, money.y, loose=money.loose, groups=seeds)
        for kind, misses in (("rate", find_misses(found, RATE)), ("money per case", find_misses(means, MEAN))):
            truths.append(Truth(f"95 % interval misses, {kind}, {place}", count(misses), seeds, 0.05, "both"))
    return truths


def build_naive(seeds: int) -> Truth:
    """What ignoring the clustering costs: misses of the naive interval (it is expected to fail)."""
    sample = build_rates(seeds)
    misses = find_misses(estimate_naive_rates(sample), RATE)
    return Truth("for comparison: naive interval misses, rate, 40 deciders", count(misses), seeds, 0.05, "both")
