"""Medians and other quantiles of durations from a histogram with log-spaced bins.

A quantile cannot be added up over groups, counts per bin can: rollups carry counts, and the bins are narrow enough
(2 % by default) that the answer's error is known and small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.intervals import FloatArray, IntArray, TextArray

NO_CASES = "no_cases"
FEW_CASES = "few_cases"  # too few cases for an interval at this level
BEYOND_BINS = "beyond_bins"  # the quantile, or its upper limit, lies in the last, open bin


@dataclass(frozen=True)
class LogBins:
    """Bins of durations: 0 is zero and negative; 1 is above 0 and below `smallest`; then each bin is `ratio` times
    as wide as the one before; the last holds everything from the last edge on.

    smallest and largest in the unit of the durations; the defaults suit seconds (one second to two years).
    """

    smallest: float = 1.0
    largest: float = 2 * 365 * 86_400.0
    ratio: float = 1.02

    def __post_init__(self) -> None:
        if not (0 < self.smallest < self.largest and self.ratio > 1):
            raise ValueError("bins need 0 < smallest < largest and a ratio above 1")

    @property
    def last(self) -> int:
        """The number of the last, open bin."""
        return math.ceil(math.log(self.largest / self.smallest) / math.log(self.ratio)) + 2

    @property
    def count(self) -> int:
        return self.last + 1

    @property
    def edges(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper edge of every bin, shape (count,); bin 0 is the point 0, the last is open (inf)."""
        inner = self.smallest * self.ratio ** np.arange(self.last - 1, dtype=np.float64)
        return np.concatenate([[0.0, 0.0], inner]), np.concatenate([[0.0], inner, [np.inf]])

    def build_sql(self, duration: str) -> str:
        """SQL text for the bin of a duration; only ln, floor, greatest, least, cast, the same on other engines.

        NULL stays NULL (the factor in front), although greatest() and least() skip it in some engines.
        """
        inside = f"ln(greatest({duration}, {self.smallest / 2!r}) / {self.smallest!r}) / {math.log(self.ratio)!r}"
        return (
            f"cast({duration} > 0 as integer) * least(greatest(cast(floor({inside}) as integer) + 2, 1), {self.last})"
        )

    def build_bins(self, duration: npt.ArrayLike) -> IntArray:
        """The same bins in numpy; ValueError for a missing duration."""
        values = np.asarray(duration, np.float64)
        if np.any(np.isnan(values)):
            raise ValueError("durations must not be missing")
        steps = np.floor(np.log(np.maximum(values, self.smallest / 2) / self.smallest) / math.log(self.ratio))
        return np.where(values > 0, np.clip(steps + 2, 1, self.last), 0).astype(np.intp)


@dataclass(frozen=True)
class Quantiles:
    """One entry per group, in the unit of the durations.

    value: nan without cases, or where the quantile itself lies in the open bin. error: value +- error holds the
    quantile of the unbinned durations; at most (ratio - 1) times it from `smallest` on. low, high: interval, bin
    error included; nan where `why` is not "". n: cases. why: "" or NO_CASES, FEW_CASES, BEYOND_BINS.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    error: FloatArray
    n: FloatArray
    why: TextArray


def estimate_quantiles(
    counts: npt.ArrayLike,
    bins: LogBins,
    q: float = 0.5,
    *,
    level: float = 0.95,
    deff: npt.ArrayLike = 1.0,
) -> Quantiles:
    """The q-quantile of durations per group; q = .5 is the median.

    counts: cases per bin, shape (groups, bins.count) or (bins.count,). The quantile is the usual one (between the two
    cases next to rank q (n - 1), as numpy's default), each case placed evenly within its bin. Zero and negative
    durations count as 0.

    Interval: order statistics with exact binomial ranks (David and Nagaraja 2003, 7.1), from the lower edge of the
    lower rank's bin to the upper edge of the upper one's. It takes cases as independent; deff (1 or more, scalar or
    per group) multiplies the variance of the ranks where they are not, for instance a rate's design effect over the
    same deciders. Raises ValueError for shapes that do not fit, negative counts, or q or level outside (0, 1).
    """
    table = np.atleast_2d(np.asarray(counts, np.float64))
    if table.ndim != 2 or table.shape[1] != bins.count or np.any(table < 0):
        raise ValueError(f"counts must be 0 or more with {bins.count} bins per group")
    if not (0 < q < 1 and 0 < level < 1):
        raise ValueError("q and level must lie between 0 and 1")
    n = table.sum(axis=1)
    ends = np.cumsum(table, axis=1)
    rank = q * np.maximum(n - 1, 0)
    below = np.floor(rank)
    share = rank - below
    value, error = _at_rank(table, ends, bins, below)
    following = _at_rank(table, ends, bins, np.minimum(below + 1, np.maximum(n - 1, 0)))
    with_next = share > 0
    value = np.where(with_next, (1 - share) * value + share * np.where(with_next, following[0], 0.0), value)
    error = np.where(with_next, (1 - share) * error + share * np.where(with_next, following[1], 0.0), error)

    first, final = _interval_ranks(n, q, level, np.asarray(deff, np.float64))
    enough = (first >= 1) & (final <= n)
    low = _edges_at(ends, bins, np.where(enough, first - 1, 0))[0]
    high = _edges_at(ends, bins, np.where(enough, final - 1, 0))[1]

    why = np.full(len(n), "", dtype="<U16")
    open_ended = np.isinf(value)
    why[~enough] = FEW_CASES
    why[open_ended | (enough & np.isinf(high))] = BEYOND_BINS
    why[n <= 0] = NO_CASES
    shown = why == ""
    empty = open_ended | (n <= 0)
    value, error = np.where(empty, np.nan, value), np.where(empty, np.nan, error)
    return Quantiles(value, np.where(shown, low, np.nan), np.where(shown, high, np.nan), error, n, why)


def _place(ends: FloatArray, rank: FloatArray) -> IntArray:
    """Bin of the case with that rank (0 = first) in each group; the last bin where a group is empty."""
    passed = np.count_nonzero(ends <= rank[:, np.newaxis], axis=1)
    place: IntArray = np.asarray(np.minimum(passed, ends.shape[1] - 1), np.intp)
    return place


def _edges_at(ends: FloatArray, bins: LogBins, rank: FloatArray) -> tuple[FloatArray, FloatArray]:
    lower, upper = bins.edges
    place = _place(ends, rank)
    return lower[place], upper[place]


def _at_rank(table: FloatArray, ends: FloatArray, bins: LogBins, rank: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value of the case with that rank and the width of its bin (inf in the last)."""
    lower, upper = _edges_at(ends, bins, rank)
    place = _place(ends, rank)
    row = np.arange(len(rank))
    inside = np.maximum(table[row, place], 1.0)
    within = (rank - (ends[row, place] - table[row, place]) + 0.5) / inside
    width = upper - lower
    open_ended = np.isinf(width)
    value = np.where(open_ended, np.inf, lower + np.where(open_ended, 0.0, width) * within)
    return value, width


def _interval_ranks(n: FloatArray, q: float, level: float, deff: FloatArray) -> tuple[FloatArray, FloatArray]:
    """1-based ranks whose cases enclose the quantile with at least `level`; outside 1 .. n where there are too few."""
    if np.any(deff < 1):
        raise ValueError("a design effect is 1 or more")
    cases = np.maximum(n, 1.0)
    tail = (1 - level) / 2
    # bdtrik is the count k at which the binomial distribution function reaches the tail (0 if it starts above it).
    bottom = np.where((1 - q) ** cases > tail, -1.0, np.floor(special.bdtrik(tail, cases, q)))
    first = bottom + 1
    final = np.ceil(special.bdtrik(1 - tail, cases, q)) + 1
    widen = np.sqrt(deff)
    centre = cases * q + 0.5
    return np.floor(centre - (centre - first) * widen), np.ceil(centre + (final - centre) * widen)
