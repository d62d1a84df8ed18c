"""Which parts of a change are inspected, which survive the control over all of them, and which are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.compare import claim
from analysis.driver_estimates import Cells, Tested, estimate_parts
from analysis.driver_reading import BOTH_SIDES, DIRECTIONS, Driver, Explained, list_directions
from analysis.reading import ChangeReading, Drill, Reading

# Groups with enough cases in both periods must hold nearly all of them, or a split compares different things (model
# versions of which one replaced the other, say).
COMMON_FROM = 0.9


@dataclass(frozen=True)
class CardSums:
    """One card's sums in two periods. change: now minus before. whole: everything as one group, for the directions;
    None for a card without. splits: the groups' names and sums, by split."""

    name: str
    now: Reading
    before: Reading
    change: ChangeReading
    whole: Cells | None = None
    splits: Mapping[str, tuple[tuple[str, ...], Cells]] = field(default_factory=dict)


def choose_drivers(
    cards: Sequence[CardSums], minimum: int, others: Sequence[ChangeReading] = ()
) -> tuple[tuple[Explained, ...], int]:
    """One Explained per card, claimed together, and how many comparisons could be tested.

    minimum: cases a group needs in both periods to be inspected. others: what else the page compared, under the same
    control. A group is a driver if the card's change is claimed,
    its own change differs from the others' (claimed) the way the card changed, and it added to the change. Of the
    splits with drivers the one is named whose drivers add most beyond their share of cases.
    """
    found = [_inspect(card, minimum) for card in cards]
    tested = [[i.change, *(d.excess for d in (*i.directions, *i.parts, *i.mixes))] for i in found]
    items = []
    for item, claims in zip(found, claim(*tested, others), strict=False):  # the others are marked by who compared them
        marked = iter(claims[1:])
        directions, parts, mixes = (
            tuple(_mark(driver, next(marked)) for driver in drivers)
            for drivers in (item.directions, item.parts, item.mixes)
        )
        items.append(_choose(replace(item, change=claims[0], directions=directions, parts=parts, mixes=mixes)))
    return tuple(items), sum(reading.p_value is not None for readings in (*tested, others) for reading in readings)


def _inspect(card: CardSums, minimum: int) -> Explained:
    """Every comparison of one card, none claimed yet; only the change where that cannot be tested."""
    item = Explained(card.name, card.now, card.before, card.change)
    if card.change.p_value is None:
        return item
    directions: tuple[Driver, ...] = ()
    if card.whole is not None:
        whole = estimate_parts(card.whole).contribution
        directions = tuple(
            _build(card, _Place(side, "", ""), whole, whole, (d, 0))
            for d, side in enumerate(list_directions(card.name))
        )
    parts: list[Driver] = []
    mixes: list[Driver] = []
    compared: list[tuple[str, int]] = []
    for split, (names, cells) in card.splits.items():
        enough = np.asarray((cells.cases >= minimum).all(axis=0))
        if enough.sum() < 2 or not _is_common(cells, enough):
            continue
        found = estimate_parts(cells)
        compared.append((split, int(enough.sum())))
        mixes.append(_build(card, _Place(BOTH_SIDES, split, ""), found.mix, found.mix, (0,)))
        for d, side in enumerate(list_directions(card.name)):
            for k in np.flatnonzero(enough):
                place = _Place(side, split, names[k], float(found.weight[k]), float(found.beyond[d, k]))
                parts.append(_build(card, place, found.contribution, found.excess, (d, int(k))))
    return replace(item, directions=directions, parts=tuple(parts), mixes=tuple(mixes), compared=tuple(compared))


def _is_common(cells: Cells, enough: np.ndarray) -> bool:
    cases = cells.cases
    return bool((cases[:, enough].sum(axis=1) >= COMMON_FROM * cases.sum(axis=1)).all())


@dataclass(frozen=True)
class _Place:
    """What a driver is about."""

    direction: str
    split: str
    part: str
    weight: float = 1.0
    beyond: float = 0.0


def _build(card: CardSums, place: _Place, contribution: Tested, excess: Tested, at: tuple[int, ...]) -> Driver:
    drill = None if place.split and not place.part else _drill(card, place)
    return Driver(
        place.direction, place.split, place.part, _reading(contribution, at), _reading(excess, at), place.weight,
        place.beyond, drill,
    )  # fmt: skip


def _drill(card: CardSums, place: _Place) -> Drill:
    """The cases a driver speaks of: the overrides of its direction; where adoption fell, the bypassed ones."""
    name = DIRECTIONS.get(card.name, {}).get(place.direction, card.name)
    if name == "adoption" and (card.change.difference or 0.0) < 0:
        name = "bypass_share"
    return Drill(name, "numerator", place.split or None, place.part or None)


def _reading(found: Tested, at: tuple[int, ...]) -> ChangeReading:
    value, low, high, p_value = (float(v[at]) for v in (found.value, found.low, found.high, found.p_value))
    if np.isnan(value):
        return ChangeReading(None, why="One of the periods has no cases to compare.")
    if np.isnan(p_value):
        return ChangeReading(value, why="How sure this is cannot be estimated.")
    return ChangeReading(value, low, high, p_value)


def _mark(driver: Driver, tested: ChangeReading) -> Driver:
    """Of a direction and a mix the contribution is what was tested."""
    return replace(driver, excess=tested) if driver.part else replace(driver, contribution=tested, excess=tested)


def _choose(item: Explained) -> Explained:
    """The split whose groups explain most of the change beyond their share of cases, and those groups."""
    sign = 1.0 if (item.change.difference or 0.0) > 0 else -1.0
    named: dict[str, list[Driver]] = {}
    for driver in item.parts if item.change.is_claimed else ():
        if _stands_out(driver, sign):
            named.setdefault(driver.split, []).append(driver)
    if not named:
        return replace(item, mix=_choose_mix(item, sign, ""), spread=item.change.is_claimed and bool(item.compared))
    split = max(named, key=lambda name: sum(sign * driver.beyond for driver in named[name]))
    drivers = sorted(named[split], key=lambda driver: -sign * (driver.contribution.difference or 0.0))
    return replace(item, drivers=tuple(drivers), split=split, mix=_choose_mix(item, sign, split))


def _choose_mix(item: Explained, sign: float, split: str) -> Driver | None:
    """The mix that clearly moved the card the way it moved, the largest; else that of the split named, or the first."""
    clear = [m for m in item.mixes if item.change.is_claimed and _stands_out(m, sign)]
    if clear:
        return max(clear, key=lambda mix: sign * (mix.contribution.difference or 0.0))
    return next((m for m in item.mixes if m.split == split), item.mixes[0] if item.mixes else None)


def _stands_out(driver: Driver, sign: float) -> bool:
    """Claimed against the others, moved as the card moved, and added to it."""
    values = (driver.excess.difference, driver.contribution.difference)
    return driver.excess.is_claimed and all(value is not None and sign * value > 0 for value in values)
