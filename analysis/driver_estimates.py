"""Contributions to a change, and whether a group's own change stands out: arithmetic on sums by group and decider.

A rate is the weighted mean of its groups' rates, R = sum w_k r_k. Its change splits exactly, in no particular order,
into what the groups' own rates did and what the shift of cases between groups did (Kitagawa 1955; two factors of
Das Gupta 1993): sum of wbar_k (r1_k - r0_k) plus sum of (rbar_k - Rbar)(w1_k - w0_k).

Errors are linearised: each decider's influence on a contribution, over both periods at once, is squared and summed
(a strict person is strict in both periods). Cases without a decider are each a cluster of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.intervals import FloatArray, divide_or_nan, t_multiplier

_ROUNDING = 1e-10


@dataclass(frozen=True)
class Cells:
    """One card over one split in two periods (index 0 before, 1 now), K groups, P deciders, D directions.

    n: denominators, shape (2, K, P). y: numerators by direction, shape (2, D, K, P). loose_n (2, K), loose_y and
    loose_yy (2, D, K): sums over the cases without a decider, the last of squares. Every group counts each case once,
    so that groups add up to the whole.
    """

    n: FloatArray
    y: FloatArray
    loose_n: FloatArray
    loose_y: FloatArray
    loose_yy: FloatArray
    is_rate: bool = True

    @property
    def cases(self) -> FloatArray:
        """Denominator per period and group, shape (2, K)."""
        return np.asarray(self.n.sum(axis=-1) + self.loose_n)

    def without_each(self) -> Cells:
        """For each group, everybody else together."""
        return Cells(
            _rest(self.n, 1), _rest(self.y, 2), _rest(self.loose_n, 1), _rest(self.loose_y, 2), _rest(self.loose_yy, 2),
            self.is_rate,
        )  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """Values with t intervals and two-sided p-values of "nought", one shape; nan where they cannot be had."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray


@dataclass(frozen=True)
class Parts:
    """Estimates of one card over one split: contribution, excess and beyond of shape (D, K), each group's mean share of
    the denominator (K), mix of shape (1,)."""

    contribution: Tested
    excess: Tested
    weight: FloatArray
    beyond: FloatArray
    mix: Tested


@dataclass(frozen=True)
class _Side:
    """A set of groups, each on its own: denominators (2, K), rates (2, D, K), each decider's influence on a period's
    rate (2, D, K, P), what other cases add to its variance (2, D, K), degrees of freedom of its change (K)."""

    total: FloatArray
    rate: FloatArray
    influence: FloatArray
    loose: FloatArray
    degrees: FloatArray

    @property
    def change(self) -> FloatArray:
        return np.asarray(self.rate[1] - self.rate[0])


def estimate_parts(cells: Cells) -> Parts:
    """What each group contributed to the change of the whole, and whether its own change differs from the others'.

    contribution: wbar_k (r1_k - r0_k), the weights as counted, degrees of freedom of the group's own deciders.
    excess: (r1_k - r0_k) minus the same of all other groups together, squared per decider over both (a decider may
    stand in both); degrees after Welch and Satterthwaite but never more than either side's own: with few people per
    team Welch's are too many this far out in the tail. mix: sum of (rbar_k - Rbar)(w1_k - w0_k) over all directions.
    Groups with no case in one period keep the other period's rate, so that all of their contribution is mix and the
    sum stays exact; their excess is nan. contribution.value summed over (D, K) plus mix.value is the whole's change.
    """
    own, rest = _describe(cells), _describe(cells.without_each())
    weight = _shares(cells)[0].mean(axis=0)
    return Parts(_contribution(cells, own), _excess(own, rest), weight, _beyond(cells, own, weight), _mix(cells, own))


def estimate_two_factors(
    weight: tuple[FloatArray, FloatArray], rate: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Rate part wbar (r1 - r0) and weight part rbar (w1 - w0) of each w1 r1 - w0 r0 (before, now); they add up."""
    (w0, w1), (r0, r1) = weight, rate
    return (w0 + w1) / 2 * (r1 - r0), (r0 + r1) / 2 * (w1 - w0)


def _ratio(top: FloatArray | float, bottom: FloatArray) -> FloatArray:
    """top / bottom, 0 where bottom is 0."""
    shape = np.broadcast_shapes(np.shape(top), bottom.shape)
    return np.asarray(np.divide(top, bottom, out=np.zeros(shape), where=bottom != 0))


def _rest(values: FloatArray, axis: int) -> FloatArray:
    return np.asarray(values.sum(axis=axis, keepdims=True) - values)


def _fill_missing(rate: FloatArray) -> FloatArray:
    """A group without cases in one period keeps the other period's rate; without any, 0."""
    other = np.where(np.isnan(rate), rate[::-1], rate)
    return np.nan_to_num(other)


def _shares(cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Each group's share of the denominator (2, K), and the denominators (2, 1)."""
    cases = cells.cases
    total = cases.sum(axis=1, keepdims=True)
    return _ratio(cases, total), total


def _describe(cells: Cells) -> _Side:
    total = cells.cases
    numerator = cells.y.sum(axis=-1) + cells.loose_y
    rate = divide_or_nan(numerator, total[:, None])
    known = np.nan_to_num(rate)
    error = cells.y - known[..., None] * cells.n[:, None]
    left = (total[..., None] - cells.n)[:, None]  # what remains without this decider
    people = np.count_nonzero(cells.n.sum(axis=0), axis=-1) + cells.loose_n.sum(axis=0)
    scale = np.sqrt(_ratio(people - 1, people))
    influence = _ratio(error, left) * scale[:, None]
    square = cells.loose_yy - 2 * known * cells.loose_y + known**2 * cells.loose_n[:, None]
    loose = _ratio(np.maximum(square, 0.0), total[:, None] ** 2)
    if cells.is_rate:
        loose = loose + _unseen_variance(known, total[:, None])
    return _Side(total, rate, influence, loose, _degrees(cells.n, cells.loose_n))


def _unseen_variance(rate: FloatArray, total: FloatArray) -> FloatArray:
    """A share of exactly 0 or 1 shows no variation, which is not the same as none: Wilson's centre stands in (two more
    cases of either kind), so that 0 of 25 is not taken for certain."""
    centre = (rate * total + 2) / (total + 4)
    return np.where((rate <= 0) | (rate >= 1), centre * (1 - centre) / (total + 4), 0.0)


def _degrees(n: FloatArray, loose_n: FloatArray) -> FloatArray:
    """Of a group's change, as analysis.changes counts them: the smaller of the paired count and Welch's."""
    total = n.sum(axis=-1) + loose_n
    share = _ratio(n, total[..., None])
    single = _ratio(loose_n, total**2)
    joint = np.hypot(share[0], share[1])
    weight = joint.sum(axis=-1) + _ratio(loose_n, total).sum(axis=0)
    paired = divide_or_nan(weight**2, (joint**2).sum(axis=-1) + single.sum(axis=0)) - 1
    a = (share**2).sum(axis=-1) + single
    spent = np.divide(a**3, 1 - a, out=np.full(a.shape, np.inf), where=a < 1).sum(axis=0)
    return np.minimum(paired, divide_or_nan(a.sum(axis=0) ** 2, spent))


def _excess(own: _Side, rest: _Side) -> Tested:
    moves = [side.influence[1] - side.influence[0] for side in (own, rest)]
    loose = [side.loose.sum(axis=0) for side in (own, rest)]
    variance = ((moves[0] - moves[1]) ** 2).sum(axis=-1) + loose[0] + loose[1]
    apart = [(move**2).sum(axis=-1) + single for move, single in zip(moves, loose, strict=True)]
    spent = divide_or_nan(apart[0] ** 2, own.degrees) + divide_or_nan(apart[1] ** 2, rest.degrees)
    welch = divide_or_nan((apart[0] + apart[1]) ** 2, spent)
    fewest = np.minimum(own.degrees, rest.degrees)
    degrees = np.fmin(welch, fewest)
    return _test(own.change - rest.change, variance, np.where(np.isnan(fewest), np.nan, degrees))


def _contribution(cells: Cells, own: _Side) -> Tested:
    """The weights are taken as counted: how many cases a group had is known."""
    weight, rate = _shares(cells)[0], _fill_missing(own.rate)
    value, _ = estimate_two_factors((weight[0], weight[1]), (rate[0], rate[1]))
    move = own.influence[1] - own.influence[0]
    variance = weight.mean(axis=0) ** 2 * ((move**2).sum(axis=-1) + own.loose.sum(axis=0))
    return _test(value, variance, own.degrees)


def _beyond(cells: Cells, own: _Side, weight: FloatArray) -> FloatArray:
    """A group's contribution less what it would have been had it moved with all cases, shape (D, K)."""
    total = _shares(cells)[1]
    rate = _fill_missing(own.rate)
    whole = _ratio((cells.y.sum(axis=-1) + cells.loose_y).sum(axis=-1), total)
    change = whole[1] - whole[0]
    return np.asarray(weight * (rate[1] - rate[0] - change[:, None]))


def _mix(cells: Cells, own: _Side) -> Tested:
    """What the shift of cases between groups added, by the groups' mean rates, all directions together."""
    weight, total = _shares(cells)
    rates = np.nan_to_num(own.rate).sum(axis=1)  # (2, K)
    filled = _fill_missing(own.rate).sum(axis=1)
    rate = filled.mean(axis=0)  # (K,)
    _, added = estimate_two_factors((weight[0], weight[1]), (filled[0], filled[1]))
    shift = weight[1] - weight[0]
    level = weight @ rate  # (2,)
    people = cells.n.sum(axis=1)  # (2, P)
    pull = _ratio(np.einsum("k,tkp->tp", rate, cells.n) - level[:, None] * people, total - people)
    move = pull[1] - pull[0] + shift / 2 @ own.influence.sum(axis=(0, 1))
    present = float(np.count_nonzero(people.sum(axis=0)) + cells.loose_n.sum())
    variance = (move**2).sum() * max(present - 1, 0) / max(present, 1)
    loose_y, loose_yy = cells.loose_y.sum(axis=1), cells.loose_yy.sum(axis=1)
    for period, sign in ((0, -1), (1, 1)):
        direct = sign * _ratio(rate - level[period], np.broadcast_to(total[period], rate.shape))
        indirect = shift / 2 * _ratio(1.0, own.total[period])
        n, y, known = cells.loose_n[period], loose_y[period], rates[period]
        square = np.maximum(loose_yy[period] - 2 * known * y + known**2 * n, 0.0)
        variance += (direct**2 * n + 2 * direct * indirect * (y - known * n) + indirect**2 * square).sum()
    degrees = _degrees(people[:, None], cells.loose_n.sum(axis=1, keepdims=True))
    # The shares' shifts add up to 0, so the sum is that of (rbar_k - Rbar)(w1_k - w0_k).
    return _test(np.array([added.sum()]), np.array([variance]), degrees)


def _test(value: FloatArray, variance: FloatArray, degrees: FloatArray) -> Tested:
    """t interval and p-value; none where nothing varies or the deciders are too few to say."""
    error = np.sqrt(np.maximum(variance, 0.0))
    degrees = np.broadcast_to(degrees, value.shape)
    usable = (degrees >= 1) & (error > _ROUNDING * np.abs(value)) & ~np.isnan(value)
    t = t_multiplier(np.where(usable, degrees, 1.0))
    statistic = np.where(usable, np.abs(divide_or_nan(value, error)), 0.0)
    p_value = 2 * special.stdtr(np.where(usable, degrees, 1.0), -statistic)
    low, high, p_value = (np.where(usable, v, np.nan) for v in (value - t * error, value + t * error, p_value))
    return Tested(value, low, high, p_value)
