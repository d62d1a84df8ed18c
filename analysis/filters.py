"""Which decisions a page speaks of: one frozen object that becomes a URL, a bound WHERE and a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

DIMENSIONS = ("segment", "region", "product", "channel", "model_version", "team")
NOT_RECORDED = "not recorded"
# The words stand in the filter bar and in the URL alike.
COMPARE = {
    "nothing": "no comparison",
    "period before": "the same number of months before",
    "year before": "the same months a year before",
}
NO_COMPARISON = "nothing"
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
_NAMES = {"segment": "segment", "region": "region", "product": "product", "channel": "channel",
          "model_version": "model version", "team": "team"}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """A selection of decisions. Empty tuples and None mean all. `start` and `end` are months as YYYY-MM, inclusive;
    `cohort` replaces them in logs without dates. `snapshot` is the id the link was made from; it selects nothing.
    """

    use_case: str
    start: str | None = None
    end: str | None = None
    cohort: tuple[str, ...] = ()
    compare: str = NO_COMPARISON
    segment: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    model_version: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    snapshot: str | None = None

    def to_url(self) -> dict[str, list[str]]:
        """Query parameters; what is at its default stays out. `from_url(to_url())` is the same object."""
        url: dict[str, list[str]] = {"use_case": [self.use_case]}
        for name in ("start", "end", "snapshot"):
            value = getattr(self, name)
            if value is not None:
                url[name] = [value]
        if self.compare != NO_COMPARISON:
            url["compare"] = [self.compare]
        for name in ("cohort", *DIMENSIONS):
            if getattr(self, name):
                url[name] = list(getattr(self, name))
        return url

    @classmethod
    def from_url(cls, query: Mapping[str, Sequence[str]], use_case: str) -> Filters:
        """The selection a link asks for, as asked: `check_filters` says what of it does not exist.

        Parameters that are not filters are left alone; `use_case` is taken where the link names none.
        """
        known = {f.name for f in fields(cls)}
        values: dict[str, object] = {"use_case": use_case}
        for name, given in query.items():
            if name not in known or not given:
                continue
            values[name] = tuple(given) if name in ("cohort", *DIMENSIONS) else given[-1]
        return cls(**values)  # type: ignore[arg-type]

    def where(self, *, rollup: bool = True) -> tuple[str, dict[str, object]]:
        """A condition and its bound parameters, over a rollup or over the facts."""
        parts: list[str] = [] if rollup else ["is_in_scope"]
        params: dict[str, object] = {}
        if self.start is not None:
            parts.append("period >= $start")
            params["start"] = self.start
        if self.end is not None:
            parts.append("period <= $end")
            params["end"] = self.end
        for name in ("cohort", *DIMENSIONS):
            chosen = getattr(self, name)
            if chosen:
                column = "period" if name == "cohort" else column_sql(name, rollup=rollup)
                names = [f"{name}_{i}" for i in range(len(chosen))]
                parts.append(f"{column} in ({', '.join('$' + n for n in names)})")
                params.update(zip(names, chosen, strict=True))
        return " and ".join(parts) or "true", params

    def sentence(self, cases: str = "cases") -> str:
        """The selection in words: "applications decided Jan-Mar 2026, team North 1"."""
        parts = [f"{cases} {describe_period(self)}"]
        for name in DIMENSIONS:
            chosen = getattr(self, name)
            if chosen:
                parts.append(f"{_NAMES[name]} {_join(chosen)}")
        return ", ".join(parts)

    def earlier(self) -> Filters | None:
        """The selection to compare with; None where none is asked for or the period is open."""
        if self.compare == NO_COMPARISON or not (self.start and self.end):
            return None
        back = 12 if self.compare == "year before" else count_months(self.start, self.end)
        return replace(
            self, start=shift_month(self.start, -back), end=shift_month(self.end, -back), compare=NO_COMPARISON
        )

    def without(self, name: str) -> Filters:
        """The same selection without one of its filters."""
        empty: dict[str, Any] = {name: () if name in ("cohort", *DIMENSIONS) else None}
        return replace(self, **empty)


@dataclass(frozen=True)
class Options:
    """What a snapshot offers to filter by: periods in order, and values by dimension."""

    use_cases: tuple[str, ...]
    periods: tuple[str, ...]
    is_dated: bool
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def check_filters(asked: Filters, options: Options) -> tuple[Filters, list[str]]:
    """The part of a selection that exists, and a sentence for each part that does not."""
    problems: list[str] = []
    changes: dict[str, object] = {}
    for name in ("start", "end"):
        value = getattr(asked, name)
        if value is None:
            continue
        if not options.is_dated:
            problems.append(f"This log has no dates: the filter {name} = {value} was left out.")
            changes[name] = None
        elif not _MONTH.match(value):
            problems.append(f"'{value}' is not a month: write {name} as YYYY-MM, for example 2025-03. It was left out.")
            changes[name] = None
    start, end = (changes.get(name, getattr(asked, name)) for name in ("start", "end"))
    if start is not None and end is not None and str(start) > str(end):
        problems.append(f"The period ends ({end}) before it begins ({start}). It was left out.")
        changes.update(start=None, end=None)
    if asked.compare not in COMPARE:
        problems.append(f"'{asked.compare}' is not a comparison: use one of {', '.join(COMPARE)}. It was left out.")
        changes["compare"] = NO_COMPARISON
    for name in ("cohort", *DIMENSIONS):
        chosen = getattr(asked, name)
        offered = options.periods if name == "cohort" else options.values.get(name, ())
        if name == "cohort" and options.is_dated and chosen:
            problems.append("This log has dates: the cohort filter was left out.")
            changes[name] = ()
            continue
        missing = [v for v in chosen if v not in offered]
        if missing:
            listed = _join(offered[:8]) if offered else "nothing: the column is not in this log"
            problems.append(
                f"There is no {_NAMES.get(name, name)} {_join(missing)} in this snapshot. It was left out. "
                f"There {'are' if len(offered) > 1 else 'is'} {listed}{' and more' if len(offered) > 8 else ''}."
            )
            changes[name] = tuple(v for v in chosen if v in offered)
    return replace(asked, **changes), problems  # type: ignore[arg-type]


def column_sql(name: str, *, rollup: bool) -> str:
    """A dimension as a column: rollups store 'not recorded' for empty, facts store nothing."""
    return f"{name}" if rollup else f"coalesce({name}, '{NOT_RECORDED}')"


def shift_month(month: str, by: int) -> str:
    """A month as YYYY-MM, moved by a number of months."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + by, 12)
    return f"{year:04d}-{number + 1:02d}"


def count_months(start: str, end: str) -> int:
    """Months from start to end, both included."""
    return (int(end[:4]) - int(start[:4])) * 12 + int(end[5:]) - int(start[5:]) + 1


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def name_month(month: str) -> str:
    """2026-03 as Mar 2026; anything else (a cohort) as it is."""
    return f"{_MONTHS[int(month[5:]) - 1]} {month[:4]}" if _MONTH.match(month) else month


def describe_period(filters: Filters) -> str:
    """The period in words: "decided Jan 2025 to Jun 2025"."""
    if filters.cohort:
        return f"of cohort {_join(filters.cohort)}"
    if filters.start and filters.end:
        if filters.start == filters.end:
            return f"decided {name_month(filters.start)}"
        return f"decided {name_month(filters.start)} to {name_month(filters.end)}"
    if filters.start:
        return f"decided since {name_month(filters.start)}"
    if filters.end:
        return f"decided until {name_month(filters.end)}"
    return "of all periods"


def _join(values: Sequence[str]) -> str:
    return ", ".join(values)
