"""Expected against observed bads, and the bad rate at which accepting stops paying.

Low-side overrides are judged by value and by bad rate against break-even, never by a hit rate: with a gain of 700
and a loss of 5,000 the break-even is 12.3 %, and a 20 % bad rate is "80 % right" and loses 440 a case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.intervals import FloatArray, TextArray, divide_or_nan

EXACT_POISSON = "exact Poisson"
NORMAL = "normal"

NO_EXPECTATION = "no_expectation"  # nothing was expected: no case, or none with a score

# Bads are common where their variance falls this far below the Poisson's (an average risk over 10 %) ...
_COMMON = 0.9
# ... and the normal form is used where that variance is large enough for it.
_ENOUGH = 10.0


@dataclass(frozen=True)
class ObservedExpected:
    """One entry per group. ratio = observed / expected bads; 1 = as the scores said, 1.6 = 60 % more bads.

    low, high: of the ratio. p_value: two-sided, of "ratio is 1". z: (O - E) / sd, positive when more bads came than
    expected. method: EXACT_POISSON or NORMAL. why: "" or NO_EXPECTATION (everything else nan then).
    """

    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    z: FloatArray
    observed: FloatArray
    expected: FloatArray
    method: TextArray
    why: TextArray


def estimate_observed_expected(
    observed: npt.ArrayLike, expected: npt.ArrayLike, spread: npt.ArrayLike | None = None, *, level: float = 0.95
) -> ObservedExpected:
    """Observed bads over expected bads per group (segment, reason, score band), over matured cases with a score.

    observed: O = number of bads, whole numbers. expected: E = sum of e, the calibrated risk of the same cases.
    spread: sum of e (1 - e) of the same cases, where known.

    Exact Poisson: low = chi2_{a/2}(2 O) / 2E, high = chi2_{1-a/2}(2 O + 2) / 2E (Garwood 1936) and
    p = 2 min(P(X <= O), P(X >= O)), at most 1; z = 2 (sqrt O - sqrt E). Common bads (spread under .9 E, and at least
    10): z = (O - E) / sqrt(spread), p from the normal, ratio +- z sqrt(spread) / E. In both forms the interval leaves
    out 1 exactly where p < 1 - level. Range: 0 or more; high is unbounded only where E is 0.

    It takes cases as independent given their risk. Where deciders are known, intervals.estimate_means with n = sums
    of e per decider and y = bads gives the interval that allows for their clustering: show that one.
    Raises ValueError for negative or fractional counts, negative expectations, or spread above expected.
    """
    count, hoped = np.atleast_1d(np.asarray(observed, np.float64)), np.atleast_1d(np.asarray(expected, np.float64))
    count, hoped = np.broadcast_arrays(count, hoped)
    wide = hoped if spread is None else np.broadcast_to(np.asarray(spread, np.float64), hoped.shape)
    if np.any(count < 0) or np.any(count != np.floor(count)) or np.any(hoped < 0):
        raise ValueError("observed must be whole numbers of 0 or more, expected 0 or more")
    if np.any(wide < 0) or np.any(wide > hoped * (1 + 1e-9)):
        raise ValueError("the sum of e (1 - e) must lie between 0 and the sum of e")

    known = hoped > 0
    common = known & (wide < _COMMON * hoped) & (wide >= _ENOUGH)
    low, high, p_value, z = _poisson(count, np.where(known, hoped, 1.0), level)
    normal = _normal(count, hoped, np.where(common, wide, 1.0), level)
    low, high, p_value, z = (
        np.where(known, np.where(common, b, a), np.nan) for a, b in zip((low, high, p_value, z), normal, strict=True)
    )
    method = np.where(common, NORMAL, EXACT_POISSON)
    ratio = divide_or_nan(count, hoped)
    why = np.where(known, "", NO_EXPECTATION)
    return ObservedExpected(ratio, low, high, p_value, z, count, hoped, method, why)


def estimate_break_even_rate(
    gain: npt.ArrayLike, loss: npt.ArrayLike, reject_good: npt.ArrayLike = 0.0, reject_bad: npt.ArrayLike = 0.0
) -> FloatArray:
    """The bad rate at which accepting is worth as much as rejecting: a / (a + b), in [0, 1].

    gain, loss: positive; reject_good, reject_bad: signed; one case's payoffs, or sums over a group of cases (then the
    rate at which the group breaks even if risk does not go with stakes). a = gain - reject_good, b = loss + reject_bad.
    a <= 0 <= b: 0, accepting never pays; b <= 0 <= a: 1, it always does; both negative, or both 0: nan, there is no
    such rate. Accept while the risk is below it. Source: expected value with four payoffs (Elkan 2001).
    """
    a, b = _stakes(gain, loss, reject_good, reject_bad)
    rate = divide_or_nan(a, a + b)
    rate = np.where((a <= 0) & (b >= 0), 0.0, np.where((b <= 0) & (a >= 0), 1.0, rate))
    return np.where(((a < 0) & (b < 0)) | ((a == 0) & (b == 0)), np.nan, rate)


def estimate_accept_value(
    bad_rate: npt.ArrayLike,
    gain: npt.ArrayLike,
    loss: npt.ArrayLike,
    reject_good: npt.ArrayLike = 0.0,
    reject_bad: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Value per case of accepting over rejecting, a (1 - bad_rate) - b bad_rate, in the payoffs' unit.

    bad_rate: in [0, 1], else ValueError; payoffs, a and b as in estimate_break_even_rate.
    """
    rate = np.asarray(bad_rate, np.float64)
    if np.any((rate < 0) | (rate > 1)):
        raise ValueError("a bad rate must lie in [0, 1]")
    a, b = _stakes(gain, loss, reject_good, reject_bad)
    return np.asarray(a * (1 - rate) - b * rate, np.float64)


def _stakes(
    gain: npt.ArrayLike, loss: npt.ArrayLike, reject_good: npt.ArrayLike, reject_bad: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    a = np.asarray(gain, np.float64) - np.asarray(reject_good, np.float64)
    b = np.asarray(loss, np.float64) + np.asarray(reject_bad, np.float64)
    return a, b


def _poisson(count: FloatArray, hoped: FloatArray, level: float) -> tuple[FloatArray, ...]:
    tail = (1 - level) / 2
    # Half a chi-square quantile with 2k degrees of freedom is a gamma quantile with shape k.
    low = np.where(count > 0, special.gammaincinv(np.maximum(count, 1.0), tail), 0.0) / hoped
    high = special.gammaincinv(count + 1, 1 - tail) / hoped
    at_most = special.pdtr(count, hoped)
    at_least = np.where(count > 0, special.gammainc(np.maximum(count, 1.0), hoped), 1.0)
    p_value = np.minimum(1.0, 2 * np.minimum(at_most, at_least))
    return low, high, p_value, 2 * (np.sqrt(count) - np.sqrt(hoped))


def _normal(count: FloatArray, hoped: FloatArray, spread: FloatArray, level: float) -> tuple[FloatArray, ...]:
    sd = np.sqrt(spread)
    z = (count - hoped) / sd
    ratio, half = divide_or_nan(count, hoped), special.ndtri(0.5 + level / 2) * divide_or_nan(sd, hoped)
    return np.maximum(0.0, ratio - half), ratio + half, 2 * special.ndtr(-np.abs(z)), z
