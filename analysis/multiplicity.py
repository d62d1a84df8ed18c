"""Which of many comparisons may be claimed: false-discovery control over everything a page inspected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def build_adjusted_p_values(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Benjamini-Hochberg adjusted p-values: the smallest q at which each comparison would be claimed.

    p_values: one per comparison the page computed, shape (m,), in [0, 1]; nan for one that could not be tested.
    A nan stays nan and does not count in m. Adjusted p of rank i = min over k >= i of p_(k) m / k, at most 1.
    Raises ValueError for a p-value outside [0, 1]. Source: Benjamini and Hochberg (1995).
    """
    p = np.asarray(p_values, np.float64)
    tested = ~np.isnan(p)
    known = p[tested]
    if np.any((known < 0) | (known > 1)):
        raise ValueError("p-values must lie in [0, 1]")
    order = np.argsort(known, kind="stable")
    scaled = known[order] * len(known) / np.arange(1, len(known) + 1)
    ranked = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    adjusted = np.full(p.shape, np.nan)
    back = np.empty_like(known)
    back[order] = ranked
    adjusted[tested] = back
    return adjusted


def build_claims(p_values: npt.ArrayLike, q: float = 0.05) -> npt.NDArray[np.bool_]:
    """True for each comparison that may be claimed at false-discovery rate q; never for a nan (not testable).

    Give all comparisons the page computed at once, also those it does not mean to mention: choosing first and
    testing afterwards undoes the control. Source: Benjamini and Hochberg (1995).
    """
    adjusted = build_adjusted_p_values(p_values)
    return np.nan_to_num(adjusted, nan=np.inf) <= q
