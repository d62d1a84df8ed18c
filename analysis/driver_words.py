"""Sentences of what changed: the size of a change, then what it came from, by contribution."""

from __future__ import annotations

from analysis.driver_reading import Said, WhatChanged
from analysis.formats import format_change_reading
from analysis.source import Source


def describe_what_changed(source: Source, what: WhatChanged) -> tuple[Said, ...]:
    """One Said per sentence, in the order of WhatChanged.items; one that says why where nothing was compared."""
    if what.why:
        return (Said(what.why),)
    return tuple(
        Said(
            f"{source.catalog[i.name].label}: {format_change_reading(i.change, 'share', source.use_case)}.", card=i.name
        )
        for i in what.items
    )
