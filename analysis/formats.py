"""One format per unit, in one place: "14.2 %", "EUR 4.1 m", "3.4 h", "1,204"; a change of a share is in "points".

Spaces within a number and its unit do not break. Digits are grouped and marked as the use case says.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.filters import name_month
from analysis.reading import ChangeReading, Reading
from data.use_case import UseCase

NBSP = "\u00a0"
UNITS = ("share", "money", "minutes", "hours", "count", "ratio", "log_odds")

_WEEK = re.compile(r"^(\d{4})-W(\d{2})$")
_DAY, _HOUR = 24 * 60.0, 60.0


@dataclass(frozen=True)
class Scale:
    """How a number of one magnitude is written: stored value / divisor, with so many decimals, between two words."""

    divisor: float
    decimals: int
    before: str = ""
    after: str = ""
    thousands: str = ","
    decimal_mark: str = "."

    def write(self, value: float, *, unit: bool = True, sign: bool = False) -> str:
        """A stored value in words; unit=False leaves the number bare, sign=True marks a gain with +."""
        number = round(value / self.divisor, self.decimals) + 0.0  # -0.0 + 0.0 is 0.0
        text = f"{number:+,.{self.decimals}f}" if sign and number else f"{number:,.{self.decimals}f}"
        if (self.thousands, self.decimal_mark) != (",", "."):
            marks: dict[str, str | int | None] = {",": self.thousands, ".": self.decimal_mark}
            text = text.translate(str.maketrans(marks))
        if not unit:
            return text
        return f"{self.before}{NBSP if self.before else ''}{text}{NBSP if self.after else ''}{self.after}"

    @property
    def unit(self) -> str:
        """The unit as an axis or a column header says it: "%", "EUR m", "hours"; "" where there is none."""
        return " ".join(word for word in (self.before, _AXIS_WORDS.get(self.after, self.after)) if word)


_AXIS_WORDS = {"h": "hours", "min": "minutes"}


def format_value(value: float, unit: str, use_case: UseCase) -> str:
    """A value in its unit: share 0 to 1, money in minor units, minutes, hours, count, ratio, log_odds.

    ValueError for a unit that is not in UNITS, or a value that is not a finite number: a reading says why instead.
    """
    if unit == "share" and 0 < value < 0.00001:
        return f"under {_scale(use_case, 0.01, 3, after='%').write(0.00001)}"
    return build_scale(value, unit, use_case).write(value)


def format_change(difference: float, unit: str, use_case: UseCase) -> str:
    """A difference with its sign; of shares in points: "+2.1 points"."""
    scale = build_scale(difference, unit, use_case)
    if unit == "share":
        return replace(scale, after="points").write(difference, sign=True)
    return scale.write(difference, sign=True)


def format_change_reading(change: ChangeReading, unit: str, use_case: UseCase) -> str:
    """A change with its interval, "+2.1 points (0.4 to 3.8)", or why there is none."""
    if change.difference is None:
        return change.why
    text = format_change(change.difference, unit, use_case)
    if change.low is None or change.high is None:
        return text
    scale = _common_scale(change.difference, change.low, change.high, unit, use_case)
    return f"{text} ({scale.write(change.low, unit=False)} to {scale.write(change.high, unit=False)})"


def format_interval(low: float, high: float, unit: str, use_case: UseCase, *, around: float | None = None) -> str:
    """An interval in one magnitude: "13.5-14.9 %", "EUR 0.8-1.6 m", "EUR -0.4 to 2.9 m". around: the value in it."""
    scale = _common_scale(around, low, high, unit, use_case)
    return _range(scale, low, high)


def format_reading(reading: Reading, unit: str, use_case: UseCase) -> str:
    """A value with its interval, "14.2 % (13.5-14.9 %)", or why it is not shown."""
    if reading.value is None:
        return reading.why or "not shown"
    if reading.low is None or reading.high is None:
        return format_value(reading.value, unit, use_case)
    scale = _common_scale(reading.value, reading.low, reading.high, unit, use_case)
    # Money and durations are written in one magnitude throughout; a share keeps its own decimals.
    value = format_value(reading.value, unit, use_case) if unit == "share" else scale.write(reading.value)
    return f"{value} ({_range(replace(scale, before=''), reading.low, reading.high)})"


def format_reading_interval(reading: Reading, unit: str, use_case: UseCase) -> str:
    """The interval of a reading without the currency, "13.5-14.9 %" or "0.8-1.6 m"; "" where it has none."""
    if reading.value is None or reading.low is None or reading.high is None:
        return ""
    scale = _common_scale(reading.value, reading.low, reading.high, unit, use_case)
    return _range(replace(scale, before=""), reading.low, reading.high)


def format_count(n: float, use_case: UseCase) -> str:
    """A number of things: "1,204"."""
    return build_scale(n, "count", use_case).write(n)


def format_n_of(n: int, of: int, use_case: UseCase) -> str:
    """ "48,210 of 301,544"."""
    return f"{format_count(n, use_case)} of {format_count(of, use_case)}"


def format_period(start: str | None, end: str | None = None) -> str:
    """Months in words: "Mar 2025", "Jan-Mar 2025", "Nov 2024 to Feb 2025"; "week 9 of 2025"; a cohort as it is."""
    if start is None or end is None or start == end:
        one = start if start is not None else end
        return "all periods" if one is None else _name_period(one)
    first, last = _name_period(start), _name_period(end)
    if len(start) == len(end) == 7 and start[:4] == end[:4] and first != start and last != end:
        return f"{first[:3]}-{last}"
    return f"{first} to {last}"


def format_date(day: dt.date) -> str:
    """ "3 Mar 2025", the same on every system."""
    return f"{day.day} {name_month(f'{day.year:04d}-{day.month:02d}')}"


def format_elapsed(elapsed: dt.timedelta) -> str:
    """Time between two steps: "40 s", "12 min", "3.4 h", "5 days"."""
    minutes = elapsed.total_seconds() / 60
    if abs(minutes) < 1:
        return f"{round(minutes * 60)}{NBSP}s"
    if abs(minutes) < 90:
        return f"{round(minutes)}{NBSP}min"
    if abs(minutes) < 2 * _DAY:
        return f"{minutes / _HOUR:.1f}{NBSP}h"
    return f"{round(minutes / _DAY):,}{NBSP}days"


def build_scale(reference: float, unit: str, use_case: UseCase) -> Scale:
    """The way to write numbers of the reference's magnitude in one unit."""
    if not math.isfinite(reference):
        raise ValueError(f"{reference} cannot be written: a reading without a value says why instead")
    if unit == "share":
        return _scale(use_case, 0.01, _percent_decimals(reference), after="%")
    if unit == "money":
        return _money(reference, use_case)
    if unit in ("minutes", "hours"):
        return _duration(reference, unit, use_case)
    if unit == "count":
        return _scale(use_case, 1.0, 0 if float(reference).is_integer() or abs(reference) >= 1000 else 1)
    if unit in ("ratio", "log_odds"):
        return _scale(use_case, 1.0, 2)
    raise ValueError(f"the units are {', '.join(UNITS)}; received {unit!r}")


def build_axis_scale(values: Sequence[float], unit: str, use_case: UseCase) -> Scale:
    """One scale for all values of an axis: that of the largest."""
    largest = max((abs(v) for v in values), default=0.0)
    return build_scale(largest, unit, use_case)


def _scale(use_case: UseCase, divisor: float, decimals: int, before: str = "", after: str = "") -> Scale:
    return Scale(divisor, decimals, before, after, use_case.thousands, use_case.decimal_mark)


def _percent_decimals(share: float) -> int:
    """14.2, 0.42, 0.04, 0.004; 0 and 100 bare, and nothing short of all is rounded to 100."""
    percent = abs(share) * 100
    if percent in (0.0, 100.0):
        return 0
    if percent >= 0.995 and round(percent, 1) != 100.0:
        return 1
    return 2 if percent >= 0.00995 and round(percent, 2) != 100.0 else 3


def _money(minor: float, use_case: UseCase) -> Scale:
    units = 10.0**use_case.minor_digits
    main = abs(minor) / units
    for edge, size, word in ((999.5e6, 1e9, "bn"), (99_999.5, 1e6, "m")):
        if main >= edge:
            decimals = 2 if main < 0.95 * size else 1
            return _scale(use_case, units * size, decimals, use_case.currency, word)
    decimals = use_case.minor_digits if main < 100 and not main.is_integer() else 0
    return _scale(use_case, units, decimals, use_case.currency)


def _duration(value: float, unit: str, use_case: UseCase) -> Scale:
    per = 1.0 if unit == "minutes" else 1 / _HOUR  # stored units in one minute
    minutes = abs(value) / per
    if minutes < 90:
        whole = minutes >= 9.95 or minutes.is_integer()
        return _scale(use_case, per, 0 if whole else 1, after="min")
    if minutes < 2 * _DAY:
        return _scale(use_case, per * _HOUR, 1, after="h")
    return _scale(use_case, per * _DAY, 1, after="days")


def _common_scale(value: float | None, low: float, high: float, unit: str, use_case: UseCase) -> Scale:
    """One magnitude and one number of decimals for a value and its interval: the value's, or the widest bound's."""
    parts = [low, high] if value is None else [value, low, high]
    widest = max(parts, key=abs)
    if unit == "share":
        scale = build_scale(value or widest, unit, use_case)
        return replace(scale, decimals=max(scale.decimals, 1)) if abs(widest) not in (0.0, 1.0) else scale
    scale = build_scale(widest, unit, use_case)
    if unit == "money":
        return scale
    same = [s for s in (build_scale(p, unit, use_case) for p in parts) if s.divisor == scale.divisor]
    return replace(scale, decimals=max(s.decimals for s in same))


def _range(scale: Scale, low: float, high: float) -> str:
    bare = replace(scale, before="", after="").write
    joined = f"{bare(low)} to {bare(high)}" if min(low, high) < 0 else f"{bare(low)}-{bare(high)}"
    return f"{scale.before}{NBSP if scale.before else ''}{joined}{NBSP if scale.after else ''}{scale.after}"


def _name_period(period: str) -> str:
    week = _WEEK.match(period)
    return f"week {int(week[2])} of {week[1]}" if week else name_month(period)
