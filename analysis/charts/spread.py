"""Keeps labels apart: moves them as little as is needed."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Centres of labels, in pixels from below, near where they are wanted and not overlapping within [low, high].

    Where they cannot all fit, they keep their order and their distances and may leave the range at the top.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    centres = list(wanted)
    floor = low
    for i in order:  # upwards: nobody below the one before
        centres[i] = max(centres[i], floor + heights[i] / 2)
        floor = centres[i] + heights[i] / 2
    ceiling = max(high, low + sum(heights))
    for i in reversed(order):  # and back down from the top
        centres[i] = min(centres[i], ceiling - heights[i] / 2)
        ceiling = centres[i] - heights[i] / 2
    return centres
