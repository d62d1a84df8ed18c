"""The calendar of the bank's story: three years, their phases, and how many cases fall on which day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.demo.truths import planted

Array = NDArray[Any]

FIRST_MONTH = np.datetime64("2023-07", "M")
MONTHS = 36
LAST_DAY = np.datetime64("2026-07-12", "D")
AS_OF = np.datetime64("2026-07-12", "s")  # its first instant
HORIZON_DAYS = 365
LAG_DAYS = 30

# Nine days of the spring campaign, whose load brought the credit bureau's feed down.
BURST_MONTH = 22
BURST_FIRST_DAY = np.datetime64("2025-04-07", "D")


@dataclass(frozen=True)
class Phase:
    """A phase of the story, by month number (1 = the first month), both ends included."""

    name: str
    first: int
    last: int


PHASES = (
    Phase("launch", 1, 3),
    Phase("hesitation", 4, 7),
    Phase("parallel", 8, 10),
    Phase("fracture", 11, 14),
    Phase("interventions", 15, 20),
    Phase("recovery", 21, 24),
    Phase("steady", 25, 36),
)


def phase_of(month: int) -> str:
    """The phase's name of a month number 1 to 36."""
    return next(p.name for p in PHASES if p.first <= month <= p.last)


def _begin(month: int) -> np.datetime64:
    return FIRST_MONTH + np.timedelta64(month - 1, "M")


@cache
def month_days(month: int) -> Array:
    """The days (datetime64[D]) of month number `month`."""
    return np.arange(_begin(month).astype("datetime64[D]"), _begin(month + 1).astype("datetime64[D]"))


def month_start(month: int) -> np.datetime64:
    """The first instant of a month number, in seconds."""
    start: np.datetime64 = _begin(month).astype("datetime64[s]")
    return start


def is_burst_day(days: Array) -> Array:
    """Whether each day lies in the nine days without the bureau's data."""
    end = BURST_FIRST_DAY + np.timedelta64(int(planted("null_burst", "days")), "D")
    return (days >= BURST_FIRST_DAY) & (days < end)


def _plain_weights(days: Array) -> Array:
    weekday = (days.astype("int64") + 3) % 7  # 0 = Monday: 1970-01-01 was a Thursday
    return np.choose(weekday, [1.15, 1.05, 1.0, 1.0, 0.95, 0.25, 0.05])


@cache
def day_weights(month: int) -> Array:
    """Relative number of decisions on each day of a month; the campaign makes the burst's days the planted share."""
    days = month_days(month)
    weights = _plain_weights(days)
    if month == BURST_MONTH:
        weights = np.where(is_burst_day(days), weights * _campaign_factor(), weights)
    return weights


@cache
def _campaign_factor() -> float:
    every = np.arange(month_days(1)[0], month_days(MONTHS)[-1] + np.timedelta64(1, "D"))
    weights, burst = _plain_weights(every), is_burst_day(every)
    wanted = planted("null_burst", "share") / planted("null_burst", "reach")
    return float(wanted / (1 - wanted) * weights[~burst].sum() / weights[burst].sum())


@cache
def month_weights() -> Array:
    """Share of all decisions in each of the 36 months (index 0 = month 1); sums to 1."""
    totals = np.array([day_weights(m).sum() for m in range(1, MONTHS + 1)])
    return np.asarray(totals / totals.sum())


def allocate_cases(decisions: int) -> Array:
    """Decisions per month, by largest remainder; sums to `decisions` exactly."""
    exact = month_weights() * decisions
    counts = np.floor(exact).astype("int64")
    rest = decisions - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:rest]] += 1
    return np.asarray(counts)


@cache
def override_target(month: int) -> float:
    """Overrides over eligible cases meant for a month, the null burst's additional ones apart.

    In the interventions phase it is the level before explanations take effect: that of the fracture.
    """
    phase = phase_of(month)
    if phase in ("recovery", "steady"):
        level = _recovered_level()
        return (
            level * planted("override_rates", "recovery_start_factor") if month == _phase("recovery").first else level
        )
    return planted("override_rates", "fracture" if phase == "interventions" else phase)


def _phase(name: str) -> Phase:
    return next(p for p in PHASES if p.name == name)


@cache
def _recovered_level() -> float:
    """The level at which the whole recovery, its first month and the doubled burst included, has the planted rate."""
    phase, share = _phase("recovery"), month_weights()
    months = np.arange(phase.first, phase.last + 1)
    factor = np.where(months == phase.first, planted("override_rates", "recovery_start_factor"), 1.0)
    burst = planted("null_burst", "share") * (planted("null_burst", "override_factor") - 1)
    weight = share[months - 1]
    return float(planted("override_rates", "recovery") * weight.sum() / ((weight * factor).sum() + burst))
