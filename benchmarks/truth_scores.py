"""Do intervals of AUC, observed/expected and medians cover, and do differences of AUC keep their size?"""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.calibration import estimate_observed_expected
from analysis.discrimination import Auc, build_histogram, build_score_bins, estimate_auc, estimate_auc_change
from analysis.quantiles import LogBins, Quantiles, estimate_quantiles
from benchmarks.truth_gates import Truth, count

AUC = 0.78
_APART = float(np.sqrt(2) * special.ndtri(AUC))  # two normals this far apart have that AUC


def build_scores(rng: np.random.Generator, cases: int, *, rate: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Scores in [0, 1] and outcomes of one sample whose true AUC is AUC."""
    bad = rng.random(cases) < rate
    return special.ndtr(rng.normal(0, 1, cases) + _APART * bad - 1), bad


def estimate_sample_auc(seeds: range, cases: int = 2_000) -> Auc:
    """One AUC from binned scores per seed."""
    rows, places, bads = [], [], []
    for row, seed in enumerate(seeds):
        score, bad = build_scores(np.random.default_rng(seed), cases)
        rows.append(np.full(cases, row))
        places.append(build_score_bins(score))
        bads.append(bad)
    group, place, label = np.concatenate(rows), np.concatenate(places), np.concatenate(bads)
    counts = [build_histogram(group, place, mark, groups=len(seeds)) for mark in (label, ~label)]
    return estimate_auc(counts[0], counts[1])


def estimate_sample_medians(seeds: int, bins: LogBins, cases: int = 151) -> Quantiles:
    """Medians of log-normal durations (true median: one hour), one group per seed."""
    counts = np.zeros((seeds, bins.count))
    for seed in range(seeds):
        durations = np.random.default_rng(seed).lognormal(np.log(3_600), 1.2, cases)
        counts[seed] = np.bincount(bins.build_bins(durations), minlength=bins.count)
    return estimate_quantiles(counts, bins)


def find_ratio_alarms(seeds: int, *, low: float, high: float) -> np.ndarray:
    """True where observed/expected is called different from 1 although bads come exactly as the risks say."""
    observed, expected, spread = [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        risk = rng.uniform(low, high, 400)
        observed.append(np.count_nonzero(rng.random(400) < risk))
        expected.append(risk.sum())
        spread.append((risk * (1 - risk)).sum())
    return estimate_observed_expected(observed, expected, spread).p_value < 0.05


def build_truths(seeds: int) -> list[Truth]:
    """Coverage of AUC and medians; size of the AUC change and of observed/expected, for rare and common bads."""
    first, second = estimate_sample_auc(range(seeds)), estimate_sample_auc(range(seeds, 2 * seeds))
    auc_misses = ~((first.low <= AUC) & (first.high >= AUC))
    alarms = estimate_auc_change(first, second).p_value < 0.05
    medians = estimate_sample_medians(seeds, LogBins())
    median_misses = ~((medians.low <= 3_600) & (medians.high >= 3_600))
    rare, common = find_ratio_alarms(seeds, low=0.0, high=0.1), find_ratio_alarms(seeds, low=0.2, high=0.6)
    # Exact and widened forms may be more careful than 5 %: for them only too many misses are a failure.
    return [
        Truth("95 % interval misses, AUC .78, 2,000 cases, 1,000 bins", count(auc_misses), seeds, 0.05, "most"),
        Truth("false alarm at 5 %, change of AUC", count(alarms), seeds, 0.05, "most"),
        Truth("95 % interval misses, median of 151 durations", count(median_misses), seeds, 0.05, "most"),
        Truth("false alarm at 5 %, observed/expected, rare bads", count(rare), seeds, 0.05, "most"),
        Truth("false alarm at 5 %, observed/expected, common bads", count(common), seeds, 0.05, "most"),
    ]
