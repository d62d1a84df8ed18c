"""When a simulated claim fails: only where a correct procedure would with a probability under .001."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

_RARE = 0.001


@dataclass(frozen=True)
class Truth:
    """One claim checked by simulation over a fixed list of seeds.

    expected: the probability a correct procedure has (.05 for misses of a 95 % interval and for false alarms, .8 for
    power). side: "both" (misses: too many and too few fail), "most" (false alarms: only too many), "least" (power).
    """

    claim: str
    times: int
    seeds: int
    expected: float
    side: str

    @property
    def gate(self) -> tuple[int, int]:
        """The fewest and the most times that pass."""
        low, high = find_gate(self.seeds, self.expected)
        return (0 if self.side == "most" else low, self.seeds if self.side == "least" else high)

    @property
    def holds(self) -> bool:
        low, high = self.gate
        return low <= self.times <= high


def find_gate(seeds: int, expected: float) -> tuple[int, int]:
    """Fewest and most times out of `seeds` that pass: beyond either lies a probability under .001.

    200 and 1,000 seeds at .05 give 2 to 21 and 30 to 73; power of .8 fails at 141 of 200 and at 759 of 1,000.
    """
    times = np.arange(seeds + 1)
    low = int(np.count_nonzero(special.bdtr(times, seeds, expected) < _RARE))
    # P(X >= k) = P(X > k - 1)
    high = int(np.count_nonzero(special.bdtrc(times - 1.0, seeds, expected) >= _RARE)) - 1
    return low, high


def count(marks: np.ndarray) -> int:
    return int(np.count_nonzero(marks))
