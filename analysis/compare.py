"""Differences between two periods, or between one group and the rest, as readings; and which may be claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import changes
from analysis.answer import Answer
from analysis.changes import Changes, DeciderSums
from analysis.multiplicity import build_claims
from analysis.reading import ChangeReading
from analysis.sums import split_card


def compare_periods(now: Answer, before: Answer) -> tuple[ChangeReading, ...]:
    """`now` minus `before` for every part of `now`, paired by decider; a reading with a why where it cannot be had."""
    estimable = now.card.kind in ("ratio", "mean") and _counts_cases(now)
    if not estimable:
        return tuple(_plain_difference(now, before, part) for part in now.parts)
    earlier = before.sums.at(now.parts)
    before_sums, now_sums = _code_together(
        split_card(now.card, earlier, before.query)[0], split_card(now.card, now.sums, now.query)[0],
        earlier.decider[earlier.has_decider], now.sums.decider[now.sums.has_decider],
    )  # fmt: skip
    estimate = changes.estimate_rate_changes if now.card.kind == "ratio" else changes.estimate_mean_changes
    found = estimate(before_sums, now_sums, groups=len(now.parts))
    return tuple(
        _reading(found, i, now.reading(part).is_shown, before.reading(part).is_shown)
        for i, part in enumerate(now.parts)
    )


def compare_with_rest(answer: Answer) -> tuple[ChangeReading, ...]:
    """Each part of a split minus all other parts together; parts that are not shown are not compared."""
    if len(answer.parts) < 2 or answer.card.kind not in ("ratio", "mean"):
        return tuple(ChangeReading(None, why="There is nothing to compare with.") for _ in answer.parts)
    own = split_card(answer.card, answer.sums, answer.query)[0]
    estimate = (
        changes.estimate_rates_against_rest if answer.card.kind == "ratio" else changes.estimate_means_against_rest
    )
    found = estimate(own, groups=len(answer.parts))
    return tuple(_reading(found, i, r.is_shown, True) for i, r in enumerate(answer.readings))


def claim(*inspected: Sequence[ChangeReading]) -> list[tuple[ChangeReading, ...]]:
    """The same comparisons, each marked whether it survives false-discovery control over all of them together."""
    flat = [reading for group in inspected for reading in group]
    p_values = [np.nan if r.p_value is None else r.p_value for r in flat]
    marked = iter(
        replace(r, is_claimed=bool(c)) for r, c in zip(flat, build_claims(p_values) if flat else [], strict=True)
    )
    return [tuple(next(marked) for _ in group) for group in inspected]


@dataclass(frozen=True)
class Claimed:
    """Comparisons by name, after the control over all of them."""

    by_name: dict[str, tuple[ChangeReading, ...]]

    def of(self, name: str) -> tuple[ChangeReading, ...]:
        return self.by_name.get(name, ())


def claim_all(inspected: dict[str, Sequence[ChangeReading]]) -> Claimed:
    """`claim` over named groups of comparisons: everything a page looked at, in one go."""
    return Claimed(dict(zip(inspected, claim(*inspected.values()), strict=True)))


def _counts_cases(answer: Answer) -> bool:
    return answer.card.kind == "ratio" or answer.card.denominator.strip().startswith("count")


def _plain_difference(now: Answer, before: Answer, part: str) -> ChangeReading:
    later, earlier = now.reading(part), before.reading(part)
    if later.value is None or earlier.value is None:
        return ChangeReading(None, why=later.why or earlier.why)
    return ChangeReading(later.value - earlier.value, why="No interval is known for this change.")


def _code_together(
    before: DeciderSums, now: DeciderSums, before_names: np.ndarray, now_names: np.ndarray
) -> tuple[DeciderSums, DeciderSums]:
    """Decider codes that mean the same person on both sides."""
    codes = pd.factorize(np.concatenate([before_names, now_names]))[0]
    cut = len(before_names)
    return replace(before, decider=codes[:cut]), replace(now, decider=codes[cut:])


def _reading(found: Changes, i: int, *shown: bool) -> ChangeReading:
    if not all(shown):
        return ChangeReading(None, why="One side has too few cases to compare.")
    if str(found.why[i]):
        return ChangeReading(_number(found.difference[i]), why="How sure this is cannot be estimated.")
    return ChangeReading(
        _number(found.difference[i]), _number(found.low[i]), _number(found.high[i]), _number(found.p_value[i])
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
