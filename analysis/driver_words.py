"""Sentences of what changed: the size of a change, then what it came from, by contribution.

Contributions are told in the direction of the change: of a fall by 2 points, "1.2 of them" is a contribution of -1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.driver_reading import HIGH_SIDE, Driver, Explained, Said, WhatChanged
from analysis.filters import Filters
from analysis.formats import build_scale, format_change_reading, format_count, format_value
from analysis.reading import ChangeReading, Drill
from analysis.source import Source

NAMED = 3  # at most so many groups are named; the rest are counted
_SUBJECTS = {"override_rate": "The override rate", "bypass_share": "The bypass share"}
_PLURALS = {"segment": "segments", "region": "regions", "product": "products", "model_version": "model versions"}


def describe_what_changed(source: Source, what: WhatChanged) -> tuple[Said, ...]:
    """The sentences of a page, in the order of WhatChanged.items; one that says why where nothing was compared.

    A claimed change takes up to four: its size, what each direction and the groups that stand out account for, and
    the mix. Said.filters is `now`, narrowed to the groups a sentence names.
    """
    if what.why:
        return (Said(what.why),)
    return tuple(said for item in what.items for said in _describe(_Told(source, what.now, item)))


@dataclass(frozen=True)
class _Told:
    """What a sentence is made from."""

    source: Source
    now: Filters
    item: Explained

    @property
    def unit(self) -> str:
        return self.source.catalog[self.item.name].unit

    @property
    def label(self) -> str:
        return self.source.catalog[self.item.name].label

    @property
    def sign(self) -> float:
        return 1.0 if (self.item.change.difference or 0.0) > 0 else -1.0

    def turn(self, reading: ChangeReading) -> ChangeReading:
        """A contribution in the direction of the change."""
        if self.sign > 0 or reading.difference is None:
            return reading
        low, high = (None if v is None else -v for v in (reading.high, reading.low))
        return replace(reading, difference=-reading.difference, low=low, high=high)

    def amount(self, reading: ChangeReading, of: str = "", *, unit: bool = False) -> str:
        """A contribution with its interval in the magnitude of the change: "2.1 (1.4 to 2.8)", with `of` between."""
        scale = build_scale(self.item.change.difference or 0.0, self.unit, self.source.use_case)
        if self.unit == "share":
            scale = replace(scale, decimals=max(scale.decimals, 1), after="points")
        turned = self.turn(reading)
        text = scale.write(turned.difference or 0.0, unit=unit) + of
        if turned.low is None or turned.high is None:
            return text
        return f"{text} ({scale.write(turned.low, unit=False)} to {scale.write(turned.high, unit=False)})"

    def plural(self, split: str) -> str:
        return self.source.use_case.word("teams") if split == "team" else _PLURALS[split]

    def singular(self, split: str) -> str:
        return self.source.use_case.word("team") if split == "team" else split.replace("_", " ")


def _describe(told: _Told) -> list[Said]:
    item, name = told.item, told.item.name
    if item.change.difference is None or item.now.value is None:
        return [Said(f"{told.label}: {item.change.why}", card=name)]
    if not item.change.is_claimed:
        size = format_change_reading(item.change, told.unit, told.source.use_case)
        inside = size.replace(" (", ", ").removesuffix(")")
        return [Said(f"{told.label}: no clear change ({inside}).", card=name)]
    said = [Said(_describe_size(told), _drill_whole(told), told.now, name)]
    said += [_describe_direction(told, driver) for driver in sorted(item.directions, key=lambda d: -_size(told, d))]
    if item.drivers and not item.directions:
        said.append(Said(f"{_name_groups(told, item.drivers, alone=True)}.", *_narrow(told, item.drivers), name))
    if item.spread:
        said.append(Said(_describe_spread(told), card=name))
    # Beside the directions the mix completes the sum; elsewhere it is told where it clearly matters.
    if item.mix is not None and (item.directions or item.mix.contribution.is_claimed):
        said.append(Said(_describe_mix(told, item.mix), card=name))
    return said


def _size(told: _Told, driver: Driver) -> float:
    return told.turn(driver.contribution).difference or 0.0


def _describe_size(told: _Told) -> str:
    """ "The override rate rose by 9.8 points (8.1 to 11.5), to 21.7 %." """
    verb = "rose" if told.sign > 0 else "fell"
    now = format_value(told.item.now.value or 0.0, told.unit, told.source.use_case)
    subject = _SUBJECTS.get(told.item.name, told.label)
    return f"{subject} {verb} by {told.amount(told.item.change, unit=True)}, to {now}."


def _describe_direction(told: _Told, driver: Driver) -> Said:
    """What one direction accounts for, and its groups that stand out."""
    word = told.source.use_case.word
    if driver.direction == HIGH_SIDE:
        subject = f'High-side overrides ("{word("accept")}" recommended, {word("rejected")})'
    else:
        subject = f'Low-side overrides ("{word("reject")}" recommended, {word("accepted")})'
    if not driver.contribution.is_claimed:
        text = f"{subject} are no clear part of it: {told.amount(driver.contribution, unit=True)}"
    elif _size(told, driver) > 0:
        text = f"{subject} account for {told.amount(driver.contribution, ' of it', unit=True)}"
    else:
        text = f"{subject} moved the other way: {told.amount(driver.contribution, unit=True)}"
    inside = [d for d in told.item.drivers if d.direction == driver.direction]
    if inside:
        follows = driver.contribution.is_claimed and _size(told, driver) > 0
        text += ("; of these, " if follows else "; but ") + _name_groups(told, inside, alone=not follows)
    return Said(f"{text}.", *_narrow(told, inside or [driver]), told.item.name)


def _name_groups(told: _Told, drivers: Sequence[Driver], *, alone: bool) -> str:
    """ "Team 03 2.1 (1.4 to 2.8) and Team 06 1.9 (1.1 to 2.7), more than their 16.8 % of cases would bring".

    At most NAMED, the rest counted. alone: as a sentence of its own, "Team 03 accounts for ...".
    """
    named, more = drivers[:NAMED], len(drivers) - NAMED
    texts = [f"{driver.part} {told.amount(driver.contribution)}" for driver in named]
    if alone:
        texts[0] = f"{named[0].part} accounts for {told.amount(named[0].contribution, ' of it', unit=True)}"
    if more > 0:
        texts.append(f"{format_count(more, told.source.use_case)} more")
    listed = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    use_case, whose = told.source.use_case, "its" if len(drivers) == 1 else "their"
    share = format_value(min(1.0, sum(driver.weight for driver in drivers)), "share", use_case)
    return f"{listed}, more than {whose} {share} of {use_case.word('cases')} would bring"


def _describe_spread(told: _Told) -> str:
    """ "It is spread over all 12 teams: none stands out, nor does a segment or a product." """
    (split, count), *others = told.item.compared
    groups = f"{format_count(count, told.source.use_case)} {told.plural(split)}"
    nor = [f"a {told.singular(name)}" for name, _ in others]
    listed = " or ".join([", ".join(nor[:-1]), nor[-1]] if nor[1:] else nor)
    return f"It is spread over all {groups}: none stands out{f', nor does {listed}' if nor else ''}."


def _describe_mix(told: _Told, mix: Driver) -> str:
    cases, groups = told.source.use_case.word("cases"), told.plural(mix.split)
    subject = f"The changed mix of {cases} between {groups}"
    if not mix.contribution.is_claimed:
        return f"{subject} is no clear part of it: {told.amount(mix.contribution, unit=True)}."
    if _size(told, mix) > 0:
        return f"{subject} accounts for {told.amount(mix.contribution, ' of it', unit=True)}."
    return f"{subject} worked against it: {told.amount(mix.contribution, unit=True)}."


def _narrow(told: _Told, drivers: Sequence[Driver]) -> tuple[Drill | None, Filters]:
    """The cases of several groups: the selection narrowed to them, and the card's cases within it."""
    drill, split = drivers[0].drill, drivers[0].split
    if not split:
        return drill, told.now
    groups: dict[str, tuple[str, ...]] = {split: tuple(sorted(d.part for d in drivers))}
    return (None if drill is None else Drill(drill.card, drill.part)), replace(told.now, **groups)  # type: ignore[arg-type]


def _drill_whole(told: _Told) -> Drill:
    """The cases of the whole card; where adoption fell, the bypassed ones."""
    fell = told.item.name == "adoption" and told.sign < 0
    return Drill("bypass_share" if fell else told.item.name)
