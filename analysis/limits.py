"""Agreed limits held against their numbers: what is beyond one, and who owns that."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.catalog import Card
from analysis.formats import format_value
from analysis.owners import find_owner
from analysis.reading import Reading
from analysis.source import Limit, Source


@dataclass(frozen=True)
class Held:
    """One limit and its number. is_over: the number observed is beyond it; is_sure: so is its whole interval."""

    card: Card
    limit: Limit
    reading: Reading
    is_over: bool
    is_sure: bool


def hold_against_limit(card: Card, limit: Limit, reading: Reading) -> Held:
    """A number against its limit; one that is not shown is not over, and the reading says why it is not shown."""
    if reading.value is None:
        return Held(card, limit, reading, False, False)
    if limit.side == "upper":
        near = reading.value if reading.low is None else reading.low
        return Held(card, limit, reading, reading.value > limit.value, near > limit.value)
    near = reading.value if reading.high is None else reading.high
    return Held(card, limit, reading, reading.value < limit.value, near < limit.value)


def describe_held(source: Source, held: Held) -> str:
    """A tile's line: "over the limit 5.0 %, Chief Operating Officer", or within, or only what the limit is."""
    size = format_value(held.limit.value, held.card.unit, source.use_case)
    least = "" if held.limit.side == "upper" else " of at least"
    # An owner who answers for the number as well is named with the number.
    owner = f", {held.limit.owner}" if held.limit.owner != find_owner(source, held.card.name) else ""
    if held.reading.value is None:
        return f"limit{least} {size}{owner}"
    if not held.is_over:
        return f"within the limit{least} {size}{owner}"
    doubt = "" if held.is_sure else " (its interval reaches it)"
    return f"{'over' if held.limit.side == 'upper' else 'under'} the limit{least} {size}{doubt}{owner}"
