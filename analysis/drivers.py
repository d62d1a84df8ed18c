"""What changed between two periods, and what drove it: by contribution, not by the loudest percentage.

    what = explain_changes(source, filters, filters.earlier())
    for said in describe_what_changed(source, what): ...

A group is named only if the whole change is claimed and the group's own change differs from everybody else's, in the
direction of the change; claimed means that it survives one false-discovery control over every comparison of every card.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.answer import Answer, answer_cards
from analysis.charts.words import is_mature
from analysis.compare import compare_periods
from analysis.driver_choice import CardSums, choose_drivers
from analysis.driver_reading import (
    BOTH_SIDES,
    CARDS,
    DIRECTIONS,
    HIGH_SIDE,
    LOW_SIDE,
    SPLITS,
    Driver,
    Explained,
    Said,
    WhatChanged,
)
from analysis.driver_sums import WHOLE, build_cells, build_split_query, read_split_sums
from analysis.driver_words import describe_what_changed
from analysis.filters import Filters
from analysis.formats import format_value
from analysis.reading import ChangeReading
from analysis.source import Source

__all__ = [
    "BOTH_SIDES", "CARDS", "HIGH_SIDE", "LOW_SIDE", "SPLITS", "Driver", "Explained", "Said", "WhatChanged",
    "describe_what_changed", "explain_changes",
]  # fmt: skip


def explain_changes(
    source: Source, now: Filters, before: Filters | None, others: Sequence[ChangeReading] = ()
) -> WhatChanged:
    """The change of each card of CARDS from `before` to `now`, and the groups that drove it.

    `before` is now.earlier(): the same selection in another period, without overlap; None (no comparison chosen, or a
    log without dates) gives a WhatChanged that says why. One false-discovery control covers every comparison of every
    card: the changes, both directions, every group of every split against the others, the mix of every split.
    others: comparisons the page makes besides, which come under the same control.
    Four queries over the month rollup.
    """
    if before is None:
        return WhatChanged(now, None, why=_why_nothing(source, now))
    later, earlier = (answer_cards(source, CARDS, f) for f in (now, before))
    splits = [split for split in SPLITS if split in source.options.values]
    query_before, query_now = (build_split_query(source, CARDS, f, splits) for f in (before, now))
    sums = read_split_sums(source, query_before, query_now)
    cards = []
    for name in CARDS:
        change = _compare(source, later[name], earlier[name])
        readings = later[name].reading(), earlier[name].reading()
        if change.p_value is None:
            cards.append(CardSums(name, *readings, change))
            continue
        whole = build_cells(source, name, sums, WHOLE)[1] if name in DIRECTIONS else None
        cells = {split: build_cells(source, name, sums, split) for split in splits}
        cards.append(CardSums(name, *readings, change, whole, cells))
    items, inspected = choose_drivers(cards, source.use_case.minimum_group_size, others)
    queries = {
        "change, now": later[CARDS[0]].query, "change, before": earlier[CARDS[0]].query,
        "contributions, now": query_now, "contributions, before": query_before,
    }  # fmt: skip
    return WhatChanged(now, before, items, inspected, tuple(queries.items()))


def _why_nothing(source: Source, now: Filters) -> str:
    if not source.options.is_dated:
        return "This log has no dates, so there is no earlier period to compare with."
    if not (now.start and now.end):
        return "All periods are selected: choose a first and a last month, and what to compare them with."
    return "No comparison is chosen: compare with the months before or with the year before."


def _compare(source: Source, now: Answer, before: Answer) -> ChangeReading:
    """The change as the tile shows it; none while outcomes are still due, or where either side is not shown."""
    cases = source.use_case.word("cases")
    for answer, period in ((now, "this period"), (before, "the earlier period")):
        reading = answer.reading()
        if reading.matured_share is not None and not is_mature(reading):
            share = format_value(reading.matured_share, "share", source.use_case)
            return ChangeReading(None, why=f"{share} of the {cases} of {period} have matured: too early to compare.")
        if not reading.is_shown:
            return ChangeReading(None, why=reading.why)
    return compare_periods(now, before)[0]
