"""Everything the Overview says of one selection, computed at once so that its claims are controlled together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analysis.answer import Answer, answer_cards
from analysis.charts.words import is_mature
from analysis.compare import Claimed, claim_all, compare_periods
from analysis.drivers import WhatChanged, explain_changes
from analysis.filters import Filters
from analysis.kept import kept_with_source
from analysis.limits import Held, hold_against_limit
from analysis.marks import Event, read_marks
from analysis.overrides import compare_with_zero
from analysis.overview_periods import Spans, find_spans
from analysis.reading import ChangeReading
from analysis.source import Source

TILES = ("override_rate", "adoption", "bypass_share", "low_side_value", "outcome_coverage")
DIRECTIONS = ("override_rate", "low_side_override_rate", "high_side_override_rate")
BEHAVIOUR = (*DIRECTIONS, "adoption", "automated_share", "bypass_share")
OUTCOMES = ("low_side_value", "low_side_bad_rate", "low_side_break_even", "outcome_coverage")


@dataclass(frozen=True)
class Overview:
    """The page's numbers.

    spans: the months behaviour and outcomes are told for. whole: by card, each over its own months. coverage: outcomes
    back over the whole selection. trend: by card, over all periods of the groups chosen. what: the changes of
    behaviour and what drove them. held: every agreed limit against its number. claims: every comparison inspected,
    by "change:card" and "zero:low_side_value", marked where it survives the control over all of them.
    """

    filters: Filters
    spans: Spans
    whole: dict[str, Answer]
    coverage: Answer
    trend: dict[str, Answer]
    what: WhatChanged
    held: tuple[Held, ...]
    marks: tuple[Event, ...]
    claims: Claimed

    @property
    def decisions(self) -> int:
        """Decisions in the selection."""
        return sum(self.coverage.decisions)

    @property
    def everything(self) -> Filters:
        """The groups chosen, over all periods: what the pictures show and their marks are opened within."""
        return replace(self.filters, start=None, end=None, cohort=())


@kept_with_source(64)
def build_overview(source: Source, filters: Filters) -> Overview:
    """Answer the page for one selection; kept, because every visit begins with the same one."""
    filters = replace(filters, snapshot=None)
    spans = find_spans(source, filters)
    behaviour, outcomes = _cards(source)
    if spans.outcomes == spans.behaviour:
        whole = answer_cards(source, (*behaviour, *outcomes), spans.behaviour.now)
    else:
        whole = answer_cards(source, behaviour, spans.behaviour.now)
        whole |= answer_cards(source, outcomes, spans.outcomes.now)
    earlier = answer_cards(source, OUTCOMES, spans.outcomes.before) if spans.outcomes.before else {}
    coverage = whole["outcome_coverage"]
    if not spans.is_chosen:
        coverage = answer_cards(source, ["outcome_coverage"], filters)["outcome_coverage"]
    everything = replace(filters, start=None, end=None, cohort=())
    trend = answer_cards(source, (*DIRECTIONS, *TILES), everything, "period")
    others = _compare_outcomes(whole, earlier, spans)
    what = explain_changes(source, spans.behaviour.now, spans.behaviour.before, [r for (r,) in others.values()])
    inspected = {f"change:{i.name}": (i.change,) for i in what.items} | others
    drivers = [d.excess for item in what.items for d in (*item.directions, *item.parts, *item.mixes)]
    claims = claim_all({**inspected, "drivers": drivers})
    limits = source.use_case.limits
    held = tuple(
        hold_against_limit(answer.card, limits[name], answer.reading())
        for name, answer in whole.items()
        if name in limits
    )
    return Overview(filters, spans, whole, coverage, trend, what, held, _read_marks(source), claims)


@kept_with_source(16)
def _read_marks(source: Source) -> tuple[Event, ...]:
    """What happened is the same for every selection."""
    return read_marks(source, [source.catalog[n] for n in DIRECTIONS])


def _cards(source: Source) -> tuple[list[str], list[str]]:
    """The page's cards and those with a limit: told for the months of behaviour, and for those of outcomes."""
    limited = [source.catalog[n] for n in source.use_case.limits if n in source.catalog]
    behaviour = [*BEHAVIOUR, *(c.name for c in limited if not c.matures_from and c.name not in BEHAVIOUR)]
    return behaviour, [*OUTCOMES, *(c.name for c in limited if c.matures_from and c.name not in OUTCOMES)]


def _compare_outcomes(
    whole: dict[str, Answer], earlier: dict[str, Answer], spans: Spans
) -> dict[str, tuple[ChangeReading]]:
    """What is compared of outcomes besides the changes explained: value against zero, and changes by their months."""
    names = ["outcome_coverage"] if spans.outcomes == spans.behaviour else ["low_side_value", "outcome_coverage"]
    found = {f"change:{n}": (_compare(whole[n], earlier[n]),) for n in names if n in earlier}
    return {**found, "zero:low_side_value": (compare_with_zero(whole["low_side_value"]),)}


def _compare(now: Answer, before: Answer) -> ChangeReading:
    """The change of a number that waits for outcomes; none where one of the periods has not matured."""
    if not (is_mature(now.reading()) and is_mature(before.reading())):
        return ChangeReading(None, why="No change is told: these months have not matured.")
    return compare_periods(now, before)[0]
