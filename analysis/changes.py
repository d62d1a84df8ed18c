"""Differences of rates and means: one period against another, one group against the rest.

The same deciders stand on both sides. A strict person is strict in both periods, so the difference is taken per
decider first and squared afterwards; adding the two variances instead treats the sides as strangers and can make
the error more than twice too large (or, where a decider's cases move together, too small).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.intervals import (
    FEW_CLUSTERS,
    NO_CASES,
    NO_VARIATION,
    FloatArray,
    IntArray,
    LooseSums,
    TextArray,
    check_shares,
    divide_or_nan,
    loose_variance,
    sum_by,
    t_multiplier,
    wilson_limits,
)

_ROUNDING = 1e-10


@dataclass(frozen=True)
class DeciderSums:
    """Sums per group and decider, and for the cases without a decider.

    Rows: group 0 .. groups - 1; decider, a code that means the same person on both sides of a comparison; n, the
    denominator; y, the numerator. Several rows of one group and decider are added up.
    """

    group: npt.ArrayLike
    decider: npt.ArrayLike
    n: npt.ArrayLike
    y: npt.ArrayLike
    loose: LooseSums | None = None


@dataclass(frozen=True)
class Changes:
    """One entry per group: `after` minus `before` (or the group minus the rest), its interval and p-value.

    before, after, difference, low, high: in the unit of the rate or mean; nan where `why` says so.
    p_value: two-sided, of "no difference", in [0, 1]; nan where it cannot be tested (never to be claimed).
    variance: of the difference; degrees: of freedom of t; clusters: deciders on either side plus cases without one.
    why: "" or one of intervals.NO_CASES, FEW_CLUSTERS, NO_VARIATION.
    """

    before: FloatArray
    after: FloatArray
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    variance: FloatArray
    degrees: FloatArray
    clusters: FloatArray
    why: TextArray


@dataclass(frozen=True)
class _Pairs:
    """Rows: one per group and decider with cases on either side; index 0 is before, 1 is after."""

    group: IntArray
    n: tuple[FloatArray, FloatArray]
    y: tuple[FloatArray, FloatArray]
    loose: tuple[LooseSums, LooseSums]


def estimate_rate_changes(before: DeciderSums, after: DeciderSums, *, groups: int, level: float = 0.95) -> Changes:
    """Change of a share between two periods, in share points, paired by decider.

    V = (J-1)/J sum over deciders of (e1_j/(N1 - n1_j) - e0_j/(N0 - n0_j))^2 with e = y - p n, plus the cases without a
    decider of both periods as independent; interval d +- t sqrt(V) within [-1, 1], p from the same t. This is the
    clustered variance of intervals.estimate_rates applied to the difference (with one side empty it is that variance).
    Degrees of freedom: the smaller of (sum w)^2 / sum w^2 - 1, with w_j the decider's joint share of both periods, and
    the Welch-Satterthwaite combination of each period's N^2 / sum n_j^2 - 1; with equal deciders present in both
    periods J - 1, with different ones 2(J - 1), with few on one side about as many as that side has.
    Where V is 0 (0 % or 100 % on both sides) the interval is Newcombe's (1998, method 10) from both Wilson intervals
    and p is from the pooled score test: 0 of 50 against 60 of 60 is a change, 0 of 50 against 0 of 60 is not.

    Raises ValueError for shapes that differ, codes out of range or a numerator outside its denominator.
    """
    return _estimate(_pair(before, after, groups), groups, level, rates=True)


def estimate_mean_changes(before: DeciderSums, after: DeciderSums, *, groups: int, level: float = 0.95) -> Changes:
    """Change of a mean (money per case) between two periods, paired by decider; as estimate_rate_changes, but
    where nothing varies the interval and p-value are refused (NO_VARIATION)."""
    return _estimate(_pair(before, after, groups), groups, level, rates=False)


def estimate_rates_against_rest(sums: DeciderSums, *, groups: int, level: float = 0.95) -> Changes:
    """Each group's share minus the share of all other groups together; a decider may stand in both.

    `after` is the group, `before` the rest. The groups must be parts of one whole (a breakdown). Method as
    estimate_rate_changes.
    """
    return _estimate(_pair_with_rest(sums, groups), groups, level, rates=True)


def estimate_means_against_rest(sums: DeciderSums, *, groups: int, level: float = 0.95) -> Changes:
    """Each group's mean minus the mean of all other groups together; as estimate_rates_against_rest."""
    return _estimate(_pair_with_rest(sums, groups), groups, level, rates=False)


def _rows(sums: DeciderSums, groups: int) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    group, decider = np.asarray(sums.group, np.intp), np.asarray(sums.decider, np.intp)
    n, y = np.asarray(sums.n, np.float64), np.asarray(sums.y, np.float64)
    if not (group.ndim == 1 and group.shape == decider.shape == n.shape == y.shape):
        raise ValueError("group, decider, n and y must be one-dimensional and of the same length")
    if group.size and not (group.min() >= 0 and group.max() < groups and decider.min() >= 0):
        raise ValueError(f"group codes must lie in 0 .. {groups - 1} and decider codes must not be negative")
    if np.any(n < 0):
        raise ValueError("denominators must not be negative")
    return group, decider, n, y


def _pair(before: DeciderSums, after: DeciderSums, groups: int) -> _Pairs:
    g0, d0, n0, y0 = _rows(before, groups)
    g1, d1, n1, y1 = _rows(after, groups)
    width = 1 + max(d0.max(initial=0), d1.max(initial=0))
    keys, row = np.unique(np.concatenate([g0 * width + d0, g1 * width + d1]), return_inverse=True)
    row0, row1 = row[: len(g0)], row[len(g0) :]
    count = len(keys)
    return _Pairs(
        group=keys // width,
        n=(sum_by(row0, n0, count), sum_by(row1, n1, count)),
        y=(sum_by(row0, y0, count), sum_by(row1, y1, count)),
        loose=(before.loose or LooseSums.none(groups), after.loose or LooseSums.none(groups)),
    )


def _pair_with_rest(sums: DeciderSums, groups: int) -> _Pairs:
    group, decider, n, y = _rows(sums, groups)
    people, code = np.unique(decider, return_inverse=True)
    cell = group * len(people) + code
    inside_n = sum_by(cell, n, groups * len(people)).reshape(groups, len(people))
    inside_y = sum_by(cell, y, groups * len(people)).reshape(groups, len(people))
    rest_n, rest_y = inside_n.sum(axis=0) - inside_n, inside_y.sum(axis=0) - inside_y
    loose = sums.loose or LooseSums.none(groups)
    rest = LooseSums(*(v.sum() - v for v in (loose.x, loose.y, loose.xx, loose.xy, loose.yy)))
    return _Pairs(
        group=np.repeat(np.arange(groups), len(people)),
        n=(rest_n.ravel(), inside_n.ravel()),
        y=(rest_y.ravel(), inside_y.ravel()),
        loose=(rest, loose),
    )


def _estimate(pairs: _Pairs, groups: int, level: float, *, rates: bool) -> Changes:
    if rates:
        for n, y, loose in zip(pairs.n, pairs.y, pairs.loose, strict=True):
            check_shares(n, y)
            check_shares(loose.x, loose.y)
    total, value, variance, clusters = _describe_difference(pairs, groups)
    degrees = _degrees(pairs, total, groups)
    difference = value[1] - value[0]

    half = t_multiplier(degrees, level) * np.sqrt(variance)
    low, high = difference - half, difference + half
    statistic = divide_or_nan(difference, np.sqrt(variance))
    why = np.full(groups, "", dtype="<U16")
    flat = np.sqrt(variance) <= _ROUNDING * (np.abs(value[0]) + np.abs(value[1]))
    if rates:
        low, high = np.maximum(-1.0, low), np.minimum(1.0, high)
        newcombe = _newcombe_limits(value, total, t_multiplier(degrees, level))
        low, high = np.where(flat, newcombe[0], low), np.where(flat, newcombe[1], high)
        statistic = np.where(flat, _pooled_score(value, total), statistic)
    else:
        why[flat] = NO_VARIATION
    why[~(degrees >= 1)] = FEW_CLUSTERS
    why[~((total[0] > 0) & (total[1] > 0))] = NO_CASES

    shown = why == ""
    p_value = 2 * special.stdtr(np.where(shown, degrees, 1.0), -np.abs(np.where(shown, statistic, 0.0)))
    low, high, p_value = (np.where(shown, v, np.nan) for v in (low, high, p_value))
    return Changes(value[0], value[1], difference, low, high, p_value, variance, degrees, clusters, why)


def _describe_difference(
    pairs: _Pairs, groups: int
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray], FloatArray, FloatArray]:
    """Denominators and values of both sides, the variance of their difference, and the clusters behind it."""
    totals, values, moves = [], [], []
    independent, singles = np.zeros(groups), np.zeros(groups)
    for n, y, loose in zip(pairs.n, pairs.y, pairs.loose, strict=True):
        total = sum_by(pairs.group, n, groups) + loose.x
        value = divide_or_nan(sum_by(pairs.group, y, groups) + loose.y, total)
        error = y - value[pairs.group] * n
        moves.append(np.nan_to_num(divide_or_nan(error, total[pairs.group] - n)))
        independent = independent + loose_variance(loose, value, total)
        singles += np.nan_to_num(divide_or_nan(loose.x**2, loose.xx))
        totals.append(total)
        values.append(value)
    present = (pairs.n[0] != 0) | (pairs.n[1] != 0)
    clusters = sum_by(pairs.group, present, groups) + singles
    scale = np.nan_to_num(divide_or_nan(clusters - 1, clusters))
    variance = scale * sum_by(pairs.group, (moves[1] - moves[0]) ** 2, groups) + independent
    return (totals[0], totals[1]), (values[0], values[1]), variance, clusters


def _degrees(pairs: _Pairs, total: tuple[FloatArray, FloatArray], groups: int) -> FloatArray:
    """The smaller of two counts of independent pieces of information; each is right where the other is too large."""
    shares = [divide_or_nan(n, t[pairs.group]) for n, t in zip(pairs.n, total, strict=True)]
    joint = np.hypot(shares[0], shares[1])
    single = [divide_or_nan(side.xx, t**2) for side, t in zip(pairs.loose, total, strict=True)]
    weight = sum_by(pairs.group, joint, groups)
    weight += sum(divide_or_nan(side.x, t) for side, t in zip(pairs.loose, total, strict=True))
    paired = divide_or_nan(weight**2, sum_by(pairs.group, joint**2, groups) + single[0] + single[1]) - 1

    # Concentration a = sum n_j^2 / N^2 stands for the side's variance, and 1/a - 1 are its degrees of freedom.
    a = [sum_by(pairs.group, s**2, groups) + one for s, one in zip(shares, single, strict=True)]
    spent = sum(np.divide(v**3, 1 - v, out=np.full(groups, np.inf), where=v < 1) for v in a)
    welch = divide_or_nan((a[0] + a[1]) ** 2, spent)
    return np.minimum(paired, welch)


def _newcombe_limits(
    value: tuple[FloatArray, FloatArray], total: tuple[FloatArray, FloatArray], t: FloatArray
) -> tuple[FloatArray, FloatArray]:
    low0, high0 = wilson_limits(value[0], total[0], t)
    low1, high1 = wilson_limits(value[1], total[1], t)
    difference = value[1] - value[0]
    low = difference - np.hypot(value[1] - low1, high0 - value[0])
    return low, difference + np.hypot(high1 - value[1], value[0] - low0)


def _pooled_score(value: tuple[FloatArray, FloatArray], total: tuple[FloatArray, FloatArray]) -> FloatArray:
    pooled = divide_or_nan(value[0] * total[0] + value[1] * total[1], total[0] + total[1])
    error = np.sqrt(pooled * (1 - pooled) * (divide_or_nan(1, total[0]) + divide_or_nan(1, total[1])))
    # Equal extremes: nothing differs, so the statistic is 0 rather than 0 / 0.
    return np.where(value[0] == value[1], 0.0, divide_or_nan(value[1] - value[0], error))
