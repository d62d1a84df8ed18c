"""ROC AUC from a histogram of scores: how well scores order cases, with its bin error and interval.

AUC = chance that a bad case has a higher score than a good one (ties count half). On cases people accepted it
moves with whom they accept, so it says something of the model alone only on automated and randomised accepts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.intervals import FloatArray, IntArray, TextArray, divide_or_nan, sum_by

SCORE_BINS = 1000

ONE_CLASS = "one_class"  # no bad or no good case: nothing to order
TOO_FEW = "too_few"  # a single bad or a single good case: no spread to estimate an error from
SEPARATED = "separated"  # the scores order every pair alike: the error cannot be estimated


@dataclass(frozen=True)
class Auc:
    """One entry per group. value in [0, 1], .5 = no order; value +- error holds the AUC of the unbinned scores.

    low, high: interval at the asked level, widened by the bin error; nan where `why` says so. error: half of the share
    of (bad, good) pairs that fell into one bin; 0 for raw scores. variance: DeLong's, of value. bads, goods: counts.
    why: "" or ONE_CLASS, TOO_FEW, SEPARATED.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    error: FloatArray
    variance: FloatArray
    bads: FloatArray
    goods: FloatArray
    why: TextArray


@dataclass(frozen=True)
class AucChange:
    """after - before, interval and p-value per group (nan where either side has no interval), in AUC units."""

    difference: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray


def build_score_bin_sql(score: str, bins: int = SCORE_BINS) -> str:
    """SQL text for the bin of a score column in [0, 1]: equal bins 0 .. bins - 1, NULL stays NULL."""
    # greatest() skips NULL in some engines; the product with a cast comparison keeps an unscored case unscored.
    return f"cast({score} >= 0 as integer) * least(cast(floor({score} * {bins}) as integer), {bins - 1})"


def build_score_bins(score: npt.ArrayLike, bins: int = SCORE_BINS) -> IntArray:
    """The same bins in numpy; ValueError for a score outside [0, 1] or missing."""
    values = np.asarray(score, np.float64)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("scores must lie in [0, 1]")
    return np.minimum(np.floor(values * bins), bins - 1).astype(np.intp)


def build_histogram(
    group: npt.ArrayLike, position: npt.ArrayLike, count: npt.ArrayLike, *, groups: int, bins: int = SCORE_BINS
) -> FloatArray:
    """Dense counts, shape (groups, bins), from sparse rows (group, bin, count) as SQL returns them; repeats add up."""
    place = np.asarray(position, np.intp)
    cell = np.asarray(group, np.intp) * bins + place
    if cell.size and not (cell.min() >= 0 and cell.max() < groups * bins and place.max() < bins):
        raise ValueError(f"groups must lie in 0 .. {groups - 1} and bins in 0 .. {bins - 1}")
    return sum_by(cell, count, groups * bins).reshape(groups, bins)


def estimate_auc(bad: npt.ArrayLike, good: npt.ArrayLike, *, level: float = 0.95) -> Auc:
    """ROC AUC per group from counts per score bin, ordered from the lowest score to the highest.

    bad, good: counts, shape (groups, bins) or (bins,). The variance is DeLong, DeLong and Clarke-Pearson's (1988)
    for the binned scores, exact with their ties; the interval is made on the logit scale, so that it stays within
    [0, 1], and then widened by the bin error at both ends.
    It takes cases as independent: it ignores that deciders choose which cases have an outcome, that one person's
    cases resemble each other, and repeated applicants. ValueError for shapes that differ or negative counts.
    """
    bads, goods = np.atleast_2d(np.asarray(bad, np.float64)), np.atleast_2d(np.asarray(good, np.float64))
    if bads.shape != goods.shape or np.any(bads < 0) or np.any(goods < 0):
        raise ValueError("bad and good must be counts of the same shape")
    return _describe(bads, goods, binned=True, level=level)


def estimate_raw_auc(score: npt.ArrayLike, bad: npt.ArrayLike, *, level: float = 0.95) -> Auc:
    """Exact ROC AUC of one group of cases: score (higher = riskier), bad (0 or 1), one entry per case; error is 0."""
    values, labels = np.asarray(score, np.float64), np.asarray(bad, np.float64)
    complete = values.ndim == 1 and values.shape == labels.shape and not np.any(np.isnan(values))
    if not (complete and np.isin(labels, (0, 1)).all()):
        raise ValueError("score and bad must be one-dimensional, of the same length, complete, and bad 0 or 1")
    distinct, place = np.unique(values, return_inverse=True)
    bads, goods = sum_by(place, labels, len(distinct)), sum_by(place, 1 - labels, len(distinct))
    return _describe(bads[np.newaxis], goods[np.newaxis], binned=False, level=level)


def estimate_auc_change(before: Auc, after: Auc, *, level: float = 0.95) -> AucChange:
    """Change of AUC between two disjoint sets of cases (two periods), group by group; normal, variances added.

    The bin errors of both are allowed for: taken off the difference before testing and added to the interval.
    """
    difference = after.value - before.value
    slack = after.error + before.error
    sd = np.sqrt(after.variance + before.variance)
    shown = (after.why == "") & (before.why == "")
    z = divide_or_nan(np.maximum(0.0, np.abs(difference) - slack), sd)
    p_value = 2 * special.ndtr(-np.where(shown, z, np.nan))
    half = np.where(shown, special.ndtri(0.5 + level / 2) * sd + slack, np.nan)
    return AucChange(difference, difference - half, difference + half, p_value)


def _describe(bad: FloatArray, good: FloatArray, *, binned: bool, level: float) -> Auc:
    bads, goods = bad.sum(axis=1), good.sum(axis=1)
    pairs = bads * goods
    # For a bad case: the share of goods below it; for a good case: the share of bads above it; ties count half.
    beaten = divide_or_nan(np.cumsum(good, axis=1) - good / 2, goods[:, np.newaxis])
    beating = divide_or_nan(bads[:, np.newaxis] - np.cumsum(bad, axis=1) + bad / 2, bads[:, np.newaxis])
    value = np.where(pairs > 0, divide_or_nan((bad * beaten).sum(axis=1), bads), np.nan)
    error = 0.5 * divide_or_nan((bad * good).sum(axis=1), pairs) if binned else np.where(pairs > 0, 0.0, np.nan)

    spread_bad = (bad * (beaten - value[:, np.newaxis]) ** 2).sum(axis=1)
    spread_good = (good * (beating - value[:, np.newaxis]) ** 2).sum(axis=1)
    variance = divide_or_nan(spread_bad, bads * (bads - 1)) + divide_or_nan(spread_good, goods * (goods - 1))

    why = np.full(len(value), "", dtype="<U16")
    why[~(variance > 1e-18)] = SEPARATED  # what a separated set leaves of its variance is rounding
    why[(bads < 2) | (goods < 2)] = TOO_FEW
    why[~(pairs > 0)] = ONE_CLASS
    low, high = _logit_limits(value, variance, why == "", level)
    return Auc(value, np.maximum(0.0, low - error), np.minimum(1.0, high + error), error, variance, bads, goods, why)


def _logit_limits(
    value: FloatArray, variance: FloatArray, shown: npt.NDArray[np.bool_], level: float
) -> tuple[FloatArray, FloatArray]:
    inside = np.where(shown, value, 0.5)
    half = special.ndtri(0.5 + level / 2) * np.sqrt(np.where(shown, variance, 0.0)) / (inside * (1 - inside))
    centre = special.logit(inside)
    low, high = special.expit(centre - half), special.expit(centre + half)
    return np.where(shown, low, np.nan), np.where(shown, high, np.nan)
