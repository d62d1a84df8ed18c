"""What moved a number between two periods, as values: the change, the parts it is made of, and those that stand out."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.filters import Filters
from analysis.query import Query
from analysis.reading import ChangeReading, Drill, Reading

CARDS = ("override_rate", "adoption", "bypass_share", "low_side_value")
# Never deciders: a change is a matter of groups, and people are not ranked.
SPLITS = ("team", "segment", "region", "product", "model_version")
HIGH_SIDE, LOW_SIDE, BOTH_SIDES = "high_side", "low_side", ""
# The card whose numerator a direction is. Over all eligible cases, the override rate's denominator, both directions
# add up to it.
DIRECTIONS = {
    "override_rate": {LOW_SIDE: "low_side_override_rate", HIGH_SIDE: "high_side_override_rate"},
}


def list_directions(name: str) -> tuple[str, ...]:
    """The directions a card splits into exactly; one, BOTH_SIDES, for a card without."""
    return tuple(DIRECTIONS.get(name, {})) or (BOTH_SIDES,)


@dataclass(frozen=True)
class Driver:
    """One part of a change: a direction, one group of one split, or the mix of a split.

    direction: HIGH_SIDE, LOW_SIDE or "" (cards without directions, and mixes). split: one of SPLITS, or "" for a whole
    direction. part: the group's name; "" for a whole direction and for a mix.
    contribution: what it added to the change of the whole card, in the card's unit (shares as shares of 1, money in
    minor units): for a group, mean weight times the change of its own rate; the parts of one split (both directions
    together) and the split's mix add up to the change. excess: for a group, its own change minus the change of all
    other groups together, the comparison that says whether it stands out; for a direction or a mix, its contribution
    again, which is what was tested. excess.is_claimed: survives the control over everything inspected.
    weight: the group's mean share of the denominator over both periods; 1 for a direction or a mix.
    beyond: contribution minus what the group would have added with the change of all cases; 0 likewise.
    drill: the cases behind it, within WhatChanged.now; None for a mix.
    """

    direction: str
    split: str
    part: str
    contribution: ChangeReading
    excess: ChangeReading
    weight: float = 1.0
    beyond: float = 0.0
    drill: Drill | None = None


@dataclass(frozen=True)
class Explained:
    """One card: what it was, what it is, and what of the change comes from where.

    change: now minus before, as the tile shows it; is_claimed after the control over everything inspected, or a why.
    directions: low-side and high-side, for the override rate; their contributions add up to the change.
    parts: every group inspected, of every split. mixes: per split, what the changed mix of cases contributed.
    split: the split whose groups are named, "" where none stands out. drivers: the claimed groups of that split that
    moved the way the card moved, largest contribution first. mix: the largest that clearly moved the card the way it
    moved; else that of the split named, or of the first split; None where there is none. spread: the change is claimed
    and no group stands out. compared: groups per split that were inspected ("team": 12), for "all 12 teams".
    """

    name: str
    now: Reading
    before: Reading
    change: ChangeReading
    directions: tuple[Driver, ...] = ()
    parts: tuple[Driver, ...] = ()
    mixes: tuple[Driver, ...] = ()
    drivers: tuple[Driver, ...] = ()
    split: str = ""
    mix: Driver | None = None
    spread: bool = False
    compared: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class WhatChanged:
    """Everything inspected for one page, under one control. items: one per card of CARDS; empty with a `why` where
    there is nothing to compare with. inspected: comparisons that could be tested. queries: the SQL that ran, by name.
    """

    now: Filters
    before: Filters | None
    items: tuple[Explained, ...] = ()
    inspected: int = 0
    queries: tuple[tuple[str, Query], ...] = ()
    why: str = ""

    def item(self, name: str) -> Explained:
        """The card's item; KeyError for a card that was not explained."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    @property
    def is_anything_claimed(self) -> bool:
        return any(item.change.is_claimed for item in self.items)


@dataclass(frozen=True)
class Said:
    """One sentence of "what changed". drill and filters: the cases behind it, None where there are none to open.
    card: the card it speaks of, "" for a sentence about all."""

    text: str
    drill: Drill | None = None
    filters: Filters | None = None
    card: str = ""
