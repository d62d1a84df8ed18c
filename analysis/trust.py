"""Can these numbers be trusted? Checks of the log they are made from, each with a state, a number and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analysis.answer import Answer
from analysis.catalog import Card
from analysis.charts.words import is_mature
from analysis.filters import Filters, name_month
from analysis.formats import format_count, format_date, format_n_of, format_value
from analysis.log_counts import LogCounts, count_log
from analysis.owners import list_unknown, list_unowned
from analysis.reading import Reading
from analysis.source import Source

GOOD, LOOK, UNKNOWN = "in order", "look here", "cannot be said"
ENOUGH = 0.95  # of matured cases back, where the use case agrees no limit
NOTABLE = 0.01  # a share of records from which an empty field is worth a look
FRESH_DAYS = 35  # a monthly load, and some days to make it
_NAMED = 5  # of a list of names; the page it leads to has the rest
# Columns no metric refuses to do without, and what is taken for granted where they are not mapped.
_ASSUMED = {
    "decisions.shown_at": "every assisted decision is taken to have seen the recommendation in time",
    "decisions.decider": "intervals take every decision for a person of its own",
}


@dataclass(frozen=True)
class Check:
    """One line: what was checked, its state (GOOD, LOOK or UNKNOWN), its number, what that means and what to do.

    page: where it is acted on, "data" or "definitions"; metric: the definition to open there, "" for the page itself.
    """

    name: str
    state: str
    number: str
    meaning: str
    page: str = "data"
    metric: str = ""


@dataclass(frozen=True)
class Shown:
    """What the page shows and the checks speak of.

    coverage: outcomes back, over the whole selection `filters`; by_month: the same for every month. months: first and
    last month of its pictures, None without dates. cards: its metrics. published: when the snapshot was, UTC; today:
    the only use of the clock.
    """

    coverage: Answer
    by_month: Answer
    filters: Filters
    months: tuple[str, str] | None
    cards: Sequence[Card]
    published: dt.datetime
    today: dt.date


def build_checks(source: Source, shown: Shown) -> tuple[Check, ...]:
    """Every check, those to look at first. Outcomes speak of the selection, records of the whole log."""
    counts = count_log(source)
    checks = [
        *_check_outcomes(source, shown),
        _check_age(source, shown, counts),
        _check_quarantine(source, counts),
        _check_waiting(source, counts),
        *_check_fields(source, counts),
        _check_columns(source, shown.cards),
        _check_definitions(shown),
        _check_owners(source),
    ]
    order = (LOOK, UNKNOWN, GOOD)
    return tuple(sorted(checks, key=lambda check: order.index(check.state)))


def describe_checks(checks: Sequence[Check]) -> str:
    """The table's title: how many checks need a look."""
    found = sum(check.state == LOOK for check in checks)
    if not found:
        return "Can these numbers be trusted? No check found anything to mend"
    return f"Can these numbers be trusted? {found} of {len(checks)} checks need a look"


def _check_outcomes(source: Source, shown: Shown) -> list[Check]:
    use_case = source.use_case
    reading = shown.coverage.reading()
    cases = use_case.word("cases")
    if reading.matured_share is None:
        return [Check("Outcomes back", UNKNOWN, "none", f"No {cases} of this selection can have an outcome.")]
    matured = Check(
        "Matured", GOOD if reading.matured_share > 0 else UNKNOWN,
        format_value(reading.matured_share, "share", use_case),
        _say_matured(source, shown), "definitions", "outcome_coverage",
    )  # fmt: skip
    if reading.observed_share is None:
        return [matured]
    limit = use_case.limits.get("outcome_coverage")
    enough = limit.value if limit else ENOUGH
    months = {m: r for m, r in _by_month(source, shown) if is_mature(r) and r.observed_share is not None}
    lowest = min(months, key=lambda month: months[month].observed_share or 0, default="")
    worst = months[lowest].observed_share if lowest else None
    is_low = reading.observed_share < enough
    has_gap = worst is not None and worst < enough
    meaning = (
        f"of {format_count(reading.n, use_case)} matured {cases}; wanted: {format_value(enough, 'share', use_case)}"
    )
    if worst is not None and has_gap:
        meaning += (
            f". Lowest in {name_month(lowest)}, {format_value(worst, 'share', use_case)}: ask for those outcomes and "
            "load them"
        )
    elif is_low:
        meaning += ". Numbers about outcomes speak of those that came back only: ask for the rest and load them"
    back = Check(
        "Outcomes back", LOOK if is_low or has_gap else GOOD,
        format_value(reading.observed_share, "share", use_case), f"{meaning}.",
    )  # fmt: skip
    return [back, matured]


def _by_month(source: Source, shown: Shown) -> list[tuple[str, Reading]]:
    """Outcomes back of the months selected."""
    if not source.options.is_dated:
        return []
    start, end = shown.filters.start or "", shown.filters.end or "9999"
    by_month = zip(shown.by_month.parts, shown.by_month.readings, strict=True)
    return [(month, reading) for month, reading in by_month if start <= month <= end]


def _say_matured(source: Source, shown: Shown) -> str:
    use_case = source.use_case
    if not source.options.is_dated:
        return f"This log has no dates: every outcome of its {use_case.word('cases')} counts as due."
    due = [m for m, r in _by_month(source, shown) if r.matured_share is not None and is_mature(r)]
    days = use_case.horizon_days + use_case.outcome_lag_days
    when = f"up to {name_month(max(due))} all are" if due else "in no month shown are all of them yet"
    return (
        f"of the selection. Outcomes are due {days} days after booking; {when}. Younger {use_case.word('cases')} are "
        "in no number about outcomes."
    )


def _check_age(source: Source, shown: Shown, counts: LogCounts) -> Check:
    published = f"published {format_date(shown.published.astimezone(ZoneInfo(source.use_case.time_zone)).date())}"
    if source.as_of is None:
        return Check("Up to date", UNKNOWN, "no dates", f"This log has no dates, so its age is not known; {published}.")
    as_of = source.as_of.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(source.use_case.time_zone)).date()
    days = (shown.today - as_of).days
    latest = f"latest decision {format_date(counts.latest)}" if counts.latest else "no decision has a date"
    meaning = f"as of {format_date(as_of)}, {latest}, {published}"
    if days > FRESH_DAYS:
        meaning += ". Load what has come since"
    words = f"{format_count(days, source.use_case)} day{'' if days == 1 else 's'} old"
    return Check(
        "Up to date", LOOK if days > FRESH_DAYS else GOOD, words if days >= 0 else "ahead of today", f"{meaning}."
    )


def _check_quarantine(source: Source, counts: LogCounts) -> Check:
    use_case = source.use_case
    if counts.quarantined is None:
        return Check("Records refused", UNKNOWN, "no book", "This snapshot keeps no book of refused records.")
    of = f"of {format_count(counts.read, use_case)} records read" if counts.read else "records"
    if not counts.quarantined:
        return Check("Records refused", GOOD, "0", f"{of}: none is in quarantine.")
    reason = counts.reason.rstrip(".")
    return Check(
        "Records refused", LOOK, format_count(counts.quarantined, use_case),
        f"{of} are in quarantine and in no number. Most often ({format_count(counts.reason_count, use_case)}): "
        f"{reason}. Correct them and load them again.",
    )  # fmt: skip


def _check_waiting(source: Source, counts: LogCounts) -> Check:
    use_case = source.use_case
    if counts.waiting is None:
        return Check("Records waiting", UNKNOWN, "no book", "This snapshot keeps no book of waiting records.")
    found = {table: n for table, n in sorted(counts.waiting.items()) if n}
    if not found:
        return Check("Records waiting", GOOD, "0", "Every outcome and every row of inputs found its decision.")
    listed = " and ".join(f"{format_count(n, use_case)} of {table}" for table, n in found.items())
    return Check(
        "Records waiting", LOOK, format_count(sum(found.values()), use_case),
        f"{listed} wait for a decision that has not come. Load those decisions, or correct the ids.",
    )  # fmt: skip


def _check_fields(source: Source, counts: LogCounts) -> list[Check]:
    """Empty fields of columns that are mapped; what is not mapped at all has a line of its own."""
    word = source.use_case.word
    lines = (
        ("Timing unknown", "decisions.shown_at", counts.untimed, counts.assisted, "assisted decisions",
         "whether the recommendation was seen in time is not known, so they count in no override rate"),
        (f"No {word('decider')}", "decisions.decider", counts.without_decider, counts.by_people, "decisions by people",
         "intervals take each of them for a person of its own, and are too narrow"),
        (f"No {word('team')}", "decisions.team", counts.without_team, counts.by_people, "decisions by people",
         f"they belong to no {word('team')} in any comparison"),
        ("No score", "decisions.score", counts.unscored, counts.decisions, "decisions",
         "they stand in no score band and in no comparison of like with like"),
    )  # fmt: skip
    return [
        _check_field(source, name, n, of, rows, effect)
        for name, column, n, of, rows, effect in lines
        if not source.missing((column,))
    ]


def _check_field(source: Source, name: str, n: int, of: int, rows: str, effect: str) -> Check:
    use_case = source.use_case
    if not of:
        return Check(name, UNKNOWN, "none", f"This log has no {rows}.")
    is_notable = n / of > NOTABLE
    meaning = f"{format_n_of(n, of, use_case)} {rows}" + (f": {effect}" if n else "")
    todo = ". Ask for the missing values and load them" if is_notable else ""
    return Check(name, LOOK if is_notable else GOOD, format_value(n / of, "share", use_case), f"{meaning}{todo}.")


def _check_columns(source: Source, cards: Sequence[Card]) -> Check:
    """Columns the log does not map, and what of the page that takes away."""
    lost: dict[str, list[str]] = {}
    for card in cards:
        for column in source.missing(card.needs):
            lost.setdefault(column, []).append(card.label)
    for column, effect in _ASSUMED.items():
        if source.missing((column,)):
            lost.setdefault(column, []).append(effect)
    if not lost:
        return Check("Columns missing", GOOD, "0", "Every number of this page has the columns it needs.")
    told = "; ".join(f"{column.partition('.')[2]} ({', '.join(effects)})" for column, effects in lost.items())
    return Check(
        "Columns missing", LOOK, str(len(lost)), f"Not mapped, and what lacks for it: {told}. Map and load again."
    )


def _check_definitions(shown: Shown) -> Check:
    """Metrics whose definition changed within the months shown: before and after are not alike."""
    first, last = shown.months or ("", "9999-12")
    changed = [
        (card, change) for card in shown.cards for change in card.changed[1:] if first <= f"{change.on:%Y-%m}" <= last
    ]
    if not changed:
        return Check(
            "Definitions changed", GOOD, "0", "Every number shown means the same in all months shown.", "definitions"
        )
    told = "; ".join(f"{card.label} on {format_date(change.on)}: {change.why.rstrip('.')}" for card, change in changed)
    return Check(
        "Definitions changed", LOOK, str(len(changed)), f"{told}. Do not compare across that day.", "definitions",
        changed[0][0].name,
    )  # fmt: skip


def _check_owners(source: Source) -> Check:
    unowned, unknown = list_unowned(source), list_unknown(source)
    if not unowned and not unknown:
        return Check("No owner", GOOD, "0", "Somebody answers for every number.", "definitions")
    told = []
    if unowned:
        more = f" and {len(unowned) - _NAMED} more" if len(unowned) > _NAMED else ""
        told.append(f"Nobody is named for {', '.join(card.label for card in unowned[:_NAMED])}{more}")
    if unknown:
        told.append(f"The use case names {', '.join(unknown)}, which is no number of this product")
    return Check(
        "No owner", LOOK, f"{len(unowned)} of {len(source.catalog)}",
        f"{'. '.join(told)}. Name owners in the use case file.", "definitions",
    )  # fmt: skip
