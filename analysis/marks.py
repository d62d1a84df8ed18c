"""What happened when: interventions, model launches and changed definitions, as marks on a time axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.catalog import Card
from analysis.filters import name_month
from analysis.source import Source


@dataclass(frozen=True)
class Event:
    """Something that happened: its month, a short name, its kind (intervention, launch, definition), and a sentence."""

    at: str
    name: str
    kind: str
    sentence: str


def read_marks(source: Source, cards: Iterable[Card]) -> tuple[Event, ...]:
    """Every mark in order of time. An intervention rolled out team by team is one mark at its first start."""
    if not source.options.is_dated:
        return ()
    rows = source.rows(
        f"select name, {_month('min(started_at)')}, {_month('max(started_at)')}, count(distinct team), "
        "any_value(description) from interventions cross join settings group by name, time_zone "
        "order by min(started_at), name"
    )
    marks = [
        Event(first, name, "intervention", _rollout(name, first, last, teams, text))
        for name, first, last, teams, text in rows
    ]
    for version, month, owner in source.rows(
        f"select model_version, {_month('deployed_at')}, owner from model_versions cross join settings "
        "order by deployed_at"
    ):
        owned = f", owned by {owner}" if owner else ""
        marks.append(
            Event(month, f"model {version}", "launch", f"Model {version} went live in {name_month(month)}{owned}.")
        )
    last = source.options.periods[-1] if source.options.periods else ""
    for card in cards:
        for change in card.changed[1:]:
            month = f"{change.on:%Y-%m}"
            if month <= last:
                sentence = f"The definition of {card.label} changed on {change.on:%d %b %Y}: {change.why}"
                marks.append(Event(month, f"{card.label} redefined", "definition", sentence))
    return tuple(sorted(marks, key=lambda mark: (mark.at, mark.name)))


def _month(moment: str) -> str:
    """The local month of a stored (UTC) moment, as `period` is: a launch on the 1st at midnight is of that month."""
    return f"strftime(timezone(time_zone, timezone('UTC', {moment})), '%Y-%m')"


def _rollout(name: str, first: str, last: str, teams: int, text: str | None) -> str:
    if teams > 1 and first != last:
        when = f"rolled out to {teams} teams from {name_month(first)} to {name_month(last)}"
    elif teams:
        when = f"began in {name_month(first)} in {teams} team{'s' if teams > 1 else ''}"
    else:
        when = f"began in {name_month(first)}"
    return f"{name}: {when}.{f' {text}' if text else ''}"
