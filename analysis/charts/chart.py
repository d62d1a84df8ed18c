"""What every plot function takes and gives: series, parts and marks in; one Chart out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.answer import Answer
from analysis.reading import PROTECTED, Drill, Reading

Figure = dict[str, Any]
Row = dict[str, object]


@dataclass(frozen=True)
class Chart:
    """One picture and its words.

    figure: Plotly as plain dictionaries. title: what it found. reading: one sentence on how to read it. alt: for those
    who do not see it. table: one row per mark, raw values under headers with units. drills: id in a mark's customdata
    -> what a click means; labels: the same ids in words, for choosing without a mouse. height: pixels.
    """

    figure: Figure
    title: str
    reading: str
    alt: str
    table: tuple[Row, ...]
    drills: Mapping[str, Drill] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    height: int = 340


@dataclass(frozen=True)
class Series:
    """One line of a trend: a reading per period, in the order of the periods. meaning: one of palette.MEANINGS."""

    label: str
    meaning: str
    readings: Sequence[Reading]
    drills: Sequence[Drill | None] = ()


@dataclass(frozen=True)
class Part:
    """One bar of a breakdown. note: a few words beside its hover and in the table, such as "above the rest"."""

    name: str
    reading: Reading
    drill: Drill | None = None
    note: str = ""


@dataclass(frozen=True)
class Mark:
    """Something that happened. at: a period or a day as YYYY-MM-DD. kind: intervention, launch or definition.

    short: what stands on its flag instead of the name, where the name stands in a list below the chart.
    """

    at: str
    name: str
    kind: str = "intervention"
    short: str = ""


def build_series(
    answer: Answer,
    periods: Sequence[str],
    *,
    label: str | None = None,
    meaning: str = "person",
    part: str = "numerator",
) -> Series:
    """A card answered by period as a line over all `periods`, with a drill into each; part: what a click shows."""
    readings = tuple(answer.reading(period) for period in periods)
    drills = tuple(_drill(answer, period, part) for period in periods)
    return Series(label or answer.card.label, meaning, readings, drills)


def build_parts(answer: Answer, order: Sequence[str] | None = None, *, part: str = "numerator") -> tuple[Part, ...]:
    """A card answered by a split as bars, in the caller's order (the answer's own if none is given)."""
    names = answer.parts if order is None else order
    return tuple(Part(name, answer.reading(name), _drill(answer, name, part)) for name in names)


def may_drill(reading: Reading) -> bool:
    """Cases stand behind it and may be opened: protected cells stop here."""
    return reading.n > 0 and reading.refusal != PROTECTED


def _drill(answer: Answer, value: str, part: str) -> Drill | None:
    if answer.split is None or not may_drill(answer.reading(value)):
        return None
    return Drill(answer.card.name, part, answer.split, value)
