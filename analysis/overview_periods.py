"""Which months the Overview speaks of: those the reader chose, else the latest that can be spoken of.

Behaviour is known when a month is over; what became of its cases only when they have matured, a year later perhaps.
So the page speaks of two periods at once, and says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from analysis.answer import answer_cards
from analysis.charts.words import is_mature
from analysis.filters import NO_COMPARISON, Filters, count_months, shift_month
from analysis.kept import kept_with_source
from analysis.source import Source

MONTHS = 3  # in each period where the reader chose none


@dataclass(frozen=True)
class Span:
    """Cases of `now`, and of `before` to compare them with; `why` says why there is nothing to compare with."""

    now: Filters
    before: Filters | None = None
    why: str = ""


@dataclass(frozen=True)
class Spans:
    """The period of behaviour and that of outcomes. is_chosen: the reader chose it, so that both are one."""

    behaviour: Span
    outcomes: Span
    is_chosen: bool = True


@dataclass(frozen=True)
class Calendar:
    """Months of a log in order: those with decisions, those over by the snapshot's date, those that have matured."""

    months: tuple[str, ...]
    whole: tuple[str, ...]
    matured: tuple[str, ...]


@kept_with_source(32)
def read_calendar(source: Source) -> Calendar:
    """The months of the whole log: a team's page speaks of the same months as everybody's."""
    if not source.options.is_dated or source.as_of is None:
        return Calendar((), (), ())
    coverage = answer_cards(source, ["outcome_coverage"], Filters(source.use_case.name), "period")["outcome_coverage"]
    months = tuple(month for month in source.options.periods if month in coverage.parts)
    today = source.as_of.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(source.use_case.time_zone))
    whole = tuple(month for month in months if month < f"{today:%Y-%m}")
    readings = {month: coverage.reading(month) for month in whole}
    matured = tuple(m for m, r in readings.items() if r.matured_share is not None and is_mature(r))
    return Calendar(months, whole, matured)


def find_spans(source: Source, filters: Filters) -> Spans:
    """The periods of a selection: chosen, open at one end, or the latest whole and the latest matured months."""
    if not source.options.is_dated:
        only = Span(filters, why="This log has no dates: there is no earlier period to compare with.")
        return Spans(only, only)
    calendar = read_calendar(source)
    if filters.start and filters.end:
        chosen = Span(filters, filters.earlier()) if filters.earlier() else _compare(filters, calendar)
        return Spans(chosen, chosen)
    if filters.start or filters.end:
        open_ended = Span(filters, why="The period is open at one end: choose both months to see what changed.")
        return Spans(open_ended, open_ended)
    return Spans(
        _latest(filters, calendar.whole, calendar, "No month of this log is over yet."),
        _latest(filters, calendar.matured, calendar, "No month of this log has matured yet."),
        is_chosen=False,
    )


def _latest(filters: Filters, months: tuple[str, ...], calendar: Calendar, none: str) -> Span:
    """The last three of these months, as far as the log goes back."""
    if not months:
        return Span(filters, why=none)
    start = max(shift_month(months[-1], 1 - MONTHS), calendar.months[0])
    return _compare(replace(filters, start=start, end=months[-1]), calendar)


def _compare(filters: Filters, calendar: Calendar) -> Span:
    """A period and the one of equal length before it, where the log goes back that far."""
    now = replace(filters, compare=NO_COMPARISON)
    assert now.start and now.end
    back = count_months(now.start, now.end)
    before = replace(now, start=shift_month(now.start, -back), end=shift_month(now.end, -back))
    if not calendar.months or str(before.start) < calendar.months[0]:
        return Span(now, why="The log does not go back far enough to compare with a period of equal length.")
    return Span(now, before)
