"""A number with its reason: value, interval, how many cases, how much of it could be seen, or why it is not shown."""

from __future__ import annotations

from dataclasses import dataclass

TOO_FEW = "too few"
PROTECTED = "protected"


@dataclass(frozen=True)
class Reading:
    """One metric for one group of cases.

    value: in the card's unit (share 0 to 1, money in minor units, minutes, hours, count), or None with `why`.
    low, high: 95 % interval for the underlying rate, allowing for decisions clustered in deciders; None with
    `interval_why` where it cannot be had. n: cases in the denominator. matured_share, observed_share: of the cases
    whose outcome the metric waits for, the share past its horizon and, of those, the share that came back; None
    where the metric waits for none. refusal: TOO_FEW or PROTECTED where the cell may not be shown; the second
    also stops drilling.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    matured_share: float | None = None
    observed_share: float | None = None
    why: str = ""
    interval_why: str = ""
    refusal: str = ""
    numerator: float | None = None

    @property
    def is_shown(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class ChangeReading:
    """A difference between two periods or groups: in the card's unit, with interval and p-value, or why not."""

    difference: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    why: str = ""
    is_claimed: bool = False  # survives false-discovery control over all that was compared


@dataclass(frozen=True)
class Drill:
    """What a click means: the cases behind one part of one card, within one value of one split.

    part: "numerator" or "denominator" of the card. split and value: a dimension, "period", "score_band", "reason"
    or "decider" and the group clicked; None for the whole selection.
    """

    card: str
    part: str = "numerator"
    split: str | None = None
    value: str | None = None

    def to_url(self) -> dict[str, list[str]]:
        url = {"card": [self.card], "part": [self.part]}
        if self.split is not None and self.value is not None:
            url |= {"split": [self.split], "value": [self.value]}
        return url
