"""Intervals for rates and means whose cases are clustered in deciders.

One person's decisions resemble each other, so a hundred decisions by two people tell less than a hundred by
fifty: intervals that ignore this cover the truth about half the time. The variance here is the delete-one-decider
jackknife of a ratio of sums; cases without a decider (automated decisions) are each a cluster of their own.
Inputs are sums, never cases: one row per group and decider, so that any number of groups costs one pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
TextArray = npt.NDArray[np.str_]

# Why a group has no interval (or no value). Pages turn the codes into sentences with the use case's own words.
NO_CASES = "no_cases"  # nothing to divide by: no value either
ONE_CLUSTER = "one_cluster"  # a single decider holds every case: how much deciders differ cannot be seen
FEW_CLUSTERS = "few_clusters"  # less than two equal deciders' worth (two unequal ones, or one with nearly all)
NO_VARIATION = "no_variation"  # every decider shows exactly the same mean: its error cannot be estimated

# A standard error this small beside the value itself is rounding, not information.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class LooseSums:
    """Sums over the cases without a decider, one entry per group.

    x is the case's share of the denominator (1 or 0 for counts), y of the numerator; xx, xy and yy are sums of
    x squared, x times y and y squared. In SQL take the products as DOUBLE: squared cents overflow BIGINT.
    """

    x: FloatArray
    y: FloatArray
    xx: FloatArray
    xy: FloatArray
    yy: FloatArray

    @classmethod
    def from_counts(cls, n: npt.ArrayLike, y: npt.ArrayLike) -> LooseSums:
        """For rates: n cases of which y count in the numerator (x and y are 0 or 1, so squares equal themselves)."""
        cases, hits = np.asarray(n, np.float64), np.asarray(y, np.float64)
        return cls(cases, hits, cases, hits, hits)

    @classmethod
    def none(cls, groups: int) -> LooseSums:
        """No case without a decider in any group."""
        zero = np.zeros(groups)
        return cls(zero, zero, zero, zero, zero)


@dataclass(frozen=True)
class Estimates:
    """One entry per group: value, interval and what they rest on.

    value, low, high: in the numerator's unit per unit of the denominator (a share for rates); nan where `why` says so.
    n: the denominator. clusters: deciders with cases plus cases without a decider. degrees: of freedom of t,
    n^2 / sum n_j^2 - 1. variance: of value. effective_n: independent cases that would give the same error
    (rates; nan for means). why: "" or one of NO_CASES, ONE_CLUSTER, FEW_CLUSTERS, NO_VARIATION.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: FloatArray
    clusters: FloatArray
    degrees: FloatArray
    variance: FloatArray
    effective_n: FloatArray
    why: TextArray

    @property
    def design_effect(self) -> FloatArray:
        """How many times the clustering multiplies the variance of a rate; 1 or more, nan for means."""
        return divide_or_nan(self.n, self.effective_n)


def estimate_rates(
    group: npt.ArrayLike,
    n: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loose: LooseSums | None = None,
    groups: int,
    level: float = 0.95,
    design_effect: npt.ArrayLike = 1.0,
) -> Estimates:
    """Share of cases that count, with a Wilson interval widened by the clustering in deciders.

    Rows: one per group and decider (sum per decider before calling). group: 0 .. groups - 1; n: the decider's cases;
    y: those that count, 0 <= y <= n. A group nobody decided in (automated cases, or a split by decider, where the
    cases of one person are the sample) has all its cases in `loose`.

    V = (J-1)/J sum (e_j / (N - n_j))^2 + loose, e_j = y_j - p n_j; t with N^2 / sum n_j^2 - 1 degrees of freedom;
    Wilson (1927) with the effective n = min(N, p(1-p)/V) and t in place of z.
    design_effect (1 or more, scalar or per group) is a floor: effective n never exceeds N / design_effect.
    It matters where p is 0 or 1: no variation is seen, V is 0 and effective n is N / design_effect. With the floor
    at 1 that is a convention, not a measurement (only t still speaks of the few deciders): pass the whole's
    `design_effect` for its parts to be more careful. Wilson with an effective n is the form that Franco, Little,
    Louis and Slud (2019) recommend for clustered samples.

    Range [0, 1]. Raises ValueError for shapes that differ, a group outside the range, or y outside [0, n].
    """
    sums = _check_sums(group, n, y, groups)
    loose = loose or LooseSums.none(groups)
    check_shares(sums[1], sums[2])
    check_shares(loose.x, loose.y)
    value, total, clusters, degrees, variance, why = _describe_clusters(*sums, loose, groups)
    spread = value * (1 - value)
    cap = total / np.maximum(1.0, np.asarray(design_effect, np.float64))
    effective = np.minimum(cap, np.divide(spread, variance, out=cap.copy(), where=(variance > 0) & (spread > 0)))
    effective[total <= 0] = np.nan
    t = t_multiplier(degrees, level)
    low, high = wilson_limits(value, effective, t)
    return _build(value, low, high, total, clusters, degrees, variance, effective, why)


def estimate_means(
    group: npt.ArrayLike,
    n: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loose: LooseSums | None = None,
    groups: int,
    level: float = 0.95,
) -> Estimates:
    """Mean of y per unit of n (money per case, observed per expected bads) with p +- t sqrt(V), deciders as clusters.

    Rows as in estimate_rates, but y is any sum (minor units, signed) and n any sum of weights that are 0 or more:
    cases for a mean per case, exposure for a share of exposure, expected bads for observed / expected.
    The interval speaks of the underlying expected value: a booked sum has no sampling error. For a total,
    multiply value, low and high by n.

    Variance and degrees of freedom as in estimate_rates. Where every decider shows the same mean (all values 0, say)
    the error cannot be estimated and the interval is refused (NO_VARIATION) instead of shown as zero wide.
    Raises ValueError for shapes that differ, a group outside the range, or a negative n.
    """
    sums = _check_sums(group, n, y, groups)
    value, total, clusters, degrees, variance, why = _describe_clusters(*sums, loose or LooseSums.none(groups), groups)
    flat = (why == "") & (np.sqrt(variance) <= _ROUNDING * np.abs(value))
    why = np.where(flat, NO_VARIATION, why)
    half = t_multiplier(degrees, level) * np.sqrt(variance)
    return _build(value, value - half, value + half, total, clusters, degrees, variance, np.full(groups, np.nan), why)


def t_multiplier(degrees: FloatArray, level: float = 0.95) -> FloatArray:
    """Two-sided Student t multiplier for real-valued degrees of freedom; nan under 1 degree of freedom."""
    usable = degrees >= 1
    t = special.stdtrit(np.where(usable, degrees, 1.0), 0.5 + level / 2)
    return np.where(usable, t, np.nan)


def wilson_limits(p: FloatArray, n: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilson score limits of a share p seen in n (effective, real-valued) cases; t is the multiplier. Range [0, 1]."""
    tt = divide_or_nan(t * t, n)
    centre = (p + tt / 2) / (1 + tt)
    half = np.sqrt(tt * p * (1 - p) + tt * tt / 4) / (1 + tt)
    # At p = 0 and 1 the limit is exact in theory and off by a rounding error in floating point.
    low = np.where(p <= 0, 0 * tt, np.maximum(0.0, centre - half))
    high = np.where(p >= 1, 1 + 0 * tt, np.minimum(1.0, centre + half))
    return low, high


def divide_or_nan(top: npt.ArrayLike, bottom: npt.ArrayLike) -> FloatArray:
    """top / bottom, nan where bottom is 0 or nan; never a warning."""
    a, b = np.broadcast_arrays(np.asarray(top, np.float64), np.asarray(bottom, np.float64))
    out: FloatArray = np.full(a.shape, np.nan)
    np.divide(a, b, out=out, where=(b != 0) & ~np.isnan(b))
    return out


def check_shares(n: FloatArray, y: FloatArray) -> None:
    """ValueError unless 0 <= y <= n everywhere (a rate's numerator is part of its denominator)."""
    if np.any(y < 0) or np.any(y > n):
        raise ValueError("a rate's numerator must lie between 0 and its denominator")


def _check_sums(
    group: npt.ArrayLike, n: npt.ArrayLike, y: npt.ArrayLike, groups: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    codes = np.asarray(group, np.intp)
    cases, hits = np.asarray(n, np.float64), np.asarray(y, np.float64)
    if not (codes.ndim == 1 and codes.shape == cases.shape == hits.shape):
        raise ValueError("group, n and y must be one-dimensional and of the same length")
    if codes.size and not (codes.min() >= 0 and codes.max() < groups):
        raise ValueError(f"group codes must lie in 0 .. {groups - 1}")
    if np.any(cases < 0):
        raise ValueError("denominators must not be negative")
    return codes, cases, hits


def _describe_clusters(
    group: IntArray, n: FloatArray, y: FloatArray, loose: LooseSums, groups: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, TextArray]:
    """Per group: value, denominator, clusters, degrees of freedom, jackknife variance, and why not."""
    total = sum_by(group, n, groups) + loose.x
    value = divide_or_nan(sum_by(group, y, groups) + loose.y, total)
    # Every case without a decider is a cluster: sum^2 / sum of squares counts them exactly when x is 0 or 1.
    clusters = sum_by(group, (n != 0) | (y != 0), groups) + np.nan_to_num(divide_or_nan(loose.x**2, loose.xx))
    degrees = divide_or_nan(total**2, sum_by(group, n * n, groups) + loose.xx) - 1

    error = y - value[group] * n
    left = total[group] - n  # what remains without this decider
    away = np.nan_to_num(divide_or_nan(error, left))
    scale = np.nan_to_num(divide_or_nan(clusters - 1, clusters))
    variance = scale * sum_by(group, away**2, groups) + loose_variance(loose, value, total)

    why = np.full(groups, "", dtype="<U16")
    why[~(degrees >= 1)] = FEW_CLUSTERS
    why[clusters < 2] = ONE_CLUSTER
    why[~(total > 0)] = NO_CASES
    return value, total, clusters, degrees, variance, why


def loose_variance(loose: LooseSums, value: FloatArray, total: FloatArray) -> FloatArray:
    """What the cases without a decider add to the variance of value: sum (y - p x)^2 / N^2; nan where N is 0."""
    squares = loose.yy - 2 * value * loose.xy + value**2 * loose.xx
    return divide_or_nan(np.maximum(0.0, squares), total**2)


def sum_by(group: IntArray, values: npt.ArrayLike, groups: int) -> FloatArray:
    """Sum of values per group, shape (groups,)."""
    sums: FloatArray = np.bincount(group, weights=np.asarray(values, np.float64), minlength=groups).astype(np.float64)
    return sums


def _build(
    value: FloatArray, low: FloatArray, high: FloatArray, n: FloatArray, clusters: FloatArray, degrees: FloatArray,
    variance: FloatArray, effective_n: FloatArray, why: TextArray,
) -> Estimates:  # fmt: skip
    shown = why == ""
    low, high = np.where(shown, low, np.nan), np.where(shown, high, np.nan)
    return Estimates(value, low, high, n, clusters, degrees, variance, effective_n, why)
