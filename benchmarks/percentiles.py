"""How a list of measured seconds is summed up: median, 95th percentile, worst."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Seconds (or any other unit) of n measurements; each figure is one of the measurements, none is interpolated."""

    n: int
    median: float
    p95: float
    worst: float

    def sentence(self, unit: str = "ms", factor: float = 1000.0) -> str:
        """`"12 ms median, 20 ms p95, 25 ms worst of 40"`."""
        median, p95, worst = (f"{value * factor:,.0f} {unit}" for value in (self.median, self.p95, self.worst))
        return f"{median} median, {p95} p95, {worst} worst of {self.n}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest measurement that at least `share` (0 < share <= 1) of them do not exceed (nearest rank)."""
    if not values:
        raise ValueError("No measurements.")
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must lie above 0 and at most at 1.")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def summarise(values: Sequence[float]) -> Summary:
    """Summary of a non-empty list of measurements."""
    return Summary(len(values), percentile(values, 0.5), percentile(values, 0.95), max(values, default=math.nan))
