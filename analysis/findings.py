"""Sentences computed from readings. A change or a difference is claimed only where it survived the control over
everything the page inspected; otherwise the sentence says that there is no clear one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from analysis.answer import Answer
from analysis.compare import Claimed
from analysis.filters import Filters, describe_period
from analysis.formats import (
    format_change,
    format_change_reading,
    format_count,
    format_n_of,
    format_reading,
    format_value,
)
from analysis.overrides import Overrides
from analysis.reading import ChangeReading, Reading
from analysis.source import Source

NO_CLEAR_CHANGE = "no clear change"

_PLURALS = {
    "team": "teams", "segment": "segments", "product": "products", "region": "regions",
    "model_version": "model versions",
    "period": "cohorts",
}  # fmt: skip
_SINGULARS = {**{name: name for name in _PLURALS}, "model_version": "model version", "period": "cohort"}


class Page(Protocol):
    """A page's numbers, as far as sentences that several pages share ask for them."""

    @property
    def whole(self) -> Mapping[str, Answer]: ...

    @property
    def claims(self) -> Claimed: ...


def describe_finding(source: Source, page: Overrides) -> list[str]:
    """The page's finding: how often, what became of it, what changed. Two or three sentences."""
    rate = page.whole["override_rate"].reading()
    cases = source.use_case.word("cases")
    if not rate.is_shown:
        return [f"How often people decided differently from the recommendation cannot be said here. {rate.why}"]
    low, high = (page.whole[n].reading() for n in ("low_side_override_rate", "high_side_override_rate"))
    use_case = source.use_case
    accept, reject = use_case.word("accept"), use_case.word("reject")
    first = (
        f"People decided differently from the recommendation in {format_reading(rate, 'share', use_case)} of "
        f"{format_count(rate.n, use_case)} eligible {cases}"
    )
    if low.value is not None and high.value is not None:
        first += (
            f': in {format_value(low.value, "share", use_case)} where the system recommended "{reject}" and in '
            f'{format_value(high.value, "share", use_case)} where it recommended "{accept}"'
        )
    return [f"{first}.", describe_value(source, page), *_describe_change(source, page)]


def describe_value(source: Source, page: Page, decided: str = "") -> str:
    """What low-side overrides were worth, as far as it was seen, and what cannot be seen.

    decided: " decided Mar 2025", where it is not the page's own period.
    """
    use_case = source.use_case
    value, bad = (page.whole[n].reading() for n in ("low_side_value", "low_side_bad_rate"))
    unseen = "" if use_case.outcomes_cover == "all" else (
        f" What became of {use_case.word('cases')} people {use_case.word('rejected')} against the recommendation "
        "cannot be observed."
    )  # fmt: skip
    if not value.is_shown:
        if bad.is_shown:
            return f"Of low-side overrides{decided} {format_reading(bad, 'share', use_case)} turned out bad.{unseen}"
        why = value.why if value.n or not bad.why else bad.why
        return f"What low-side overrides{decided} were worth cannot be said yet. {why}{unseen}"
    claimed = page.claims.of("zero:low_side_value")[0].is_claimed
    amount = f"Low-side overrides{decided} {_money_each(value, source, claimed=claimed)}"
    even = page.whole["low_side_break_even"].reading()
    beside = ""
    if bad.is_shown and even.value is not None:
        beside = (
            f": {format_reading(bad, 'share', use_case)} turned out bad, and they break even at "
            f"{format_value(even.value, 'share', use_case)}"
        )
    return f"{amount}{beside} (n = {format_count(value.n, use_case)} whose outcome is known).{unseen}"


def _money_each(value: Reading, source: Source, *, claimed: bool) -> str:
    assert value.value is not None
    if not claimed:
        return f"show no clear gain or loss, {format_reading(value, 'money', source.use_case)} each"
    verb = "earned" if value.value > 0 else "lost"
    positive = Reading(abs(value.value), *_turned(value), n=value.n)
    return f"{verb} {format_reading(positive, 'money', source.use_case)} each"


def _turned(value: Reading) -> tuple[float | None, float | None]:
    """The interval of an absolute value: a loss of 3 to 5 is -5 to -3 turned round."""
    if value.value is None or value.value >= 0 or value.low is None or value.high is None:
        return value.low, value.high
    return -value.high, -value.low


def _describe_change(source: Source, page: Overrides) -> list[str]:
    changes = page.claims.of("change:override_rate")
    earlier = page.filters.earlier()
    if not changes or earlier is None:
        return []
    against = f"Against {source.use_case.word('cases')} {describe_period(earlier)}"
    if changes[0].is_claimed:
        size = format_change_reading(changes[0], "share", source.use_case)
        return [f"{against}, the override rate changed by {size}."]
    return [f"{against}: {NO_CLEAR_CHANGE} in the override rate."]


def describe_scope(source: Source, page: Overrides) -> str:
    """The scope line: what is selected, n of N, how much has matured, as of when."""
    return build_scope(source, page.filters, page.decisions, page.whole["outcome_coverage"].reading().matured_share)


def build_scope(source: Source, filters: Filters, decisions: int, matured: float | None, more: str = "") -> str:
    """The scope line from its parts. more: what else bounds the page's numbers, said before the date."""
    use_case = source.use_case
    parts = [
        use_case.label,
        filters.sentence(use_case.word("cases")),
        f"{format_n_of(decisions, source.decisions, use_case)} decisions",
    ]
    if matured is not None:
        horizon = f" ({use_case.horizon_days} days after booking)" if use_case.horizon_days else ""
        parts.append(f"{format_value(matured, 'share', use_case)} matured{horizon}")
    if more:
        parts.append(more)
    if source.as_of:
        parts.append(f"as of {source.as_of_words}")
    parts.append(f"snapshot {source.snapshot}")
    return " · ".join(parts)


def describe_assumption(source: Source) -> str:
    """What the numbers take for granted because the log does not say; "" where they need not."""
    if "decisions.shown_at" in source.mapped:
        return ""
    return (
        "This log does not record when a recommendation was shown: every assisted decision is taken to have seen it "
        "in time."
    )


def title_trend(source: Source, page: Overrides) -> str:
    """The trend's title: the change where one is claimed, the level otherwise."""
    changes = page.claims.of("change:override_rate")
    if changes and changes[0].is_claimed and changes[0].difference is not None:
        moved = "rose" if changes[0].difference > 0 else "fell"
        size = format_change(abs(changes[0].difference), "share", source.use_case).removeprefix("+")
        return f"The override rate {moved} by {size}"
    if changes:
        return f"Override rate by direction: {NO_CLEAR_CHANGE} between the two periods"
    return "Override rate by direction, month by month" if source.options.is_dated else "Override rate by direction"


def title_split(source: Source, page: Overrides, split: str) -> str:
    """A breakdown's title: the part that stands out most among those that survive the control, or none."""
    answer = page.splits[split]["override_rate"]
    claims = page.claims.of(f"split:{split}")
    names = tuple(page.adjusted) if split == "team" else answer.parts
    standing = [(abs(c.difference), n, c) for n, c in zip(names, claims, strict=True) if c.is_claimed and c.difference]
    shown = [item for item in standing if answer.reading(item[1]).is_shown]
    if not shown:
        return f"Override rate by {_SINGULARS[split]}: no clear difference between {_PLURALS[split]}"
    _, name, change = max(shown, key=lambda item: item[0])
    more = "more" if (change.difference or 0) > 0 else "less"
    others = len(shown) - 1
    rest = f"; {others} other{'s' if others > 1 else ''} also differ{'' if others > 1 else 's'}" if others else ""
    basis = " than its cases would lead to expect" if split == "team" else " than the rest"
    return f"{name} overrides {more} often{basis}{rest}"


def title_bands(source: Source, page: Overrides) -> str:
    """The score report's title: where overrides are, as a count."""
    total = sum(band.low_side + band.high_side for band in page.bands)
    if not total:
        return "No override with a score"
    top = max(page.bands, key=lambda band: band.low_side + band.high_side)
    share = (top.low_side + top.high_side) / total
    return (
        f"Scores {top.label} hold {format_value(share, 'share', source.use_case)} of all overrides with a score "
        f"({format_n_of(top.low_side + top.high_side, total, source.use_case)})"
    )


def title_reasons(source: Source, page: Overrides) -> str:
    """The Pareto's title: how many overrides say nothing."""
    total = sum(reason.overrides for reason in page.reasons)
    if not total:
        return "No overrides, so no reasons"
    silent = page.whole["blank_or_other_reason_share"].reading()
    if not silent.is_shown:
        return f"Reasons for {format_count(total, source.use_case)} overrides"
    return f"{format_reading(silent, 'share', source.use_case)} of overrides give no reason or 'other'"


def title_value(source: Source, page: Overrides) -> str:
    """The title of what became of low-side overrides."""
    bad, even = (page.whole[n].reading() for n in ("low_side_bad_rate", "low_side_break_even"))
    if not bad.is_shown:
        return "What became of low-side overrides cannot be said yet"
    if even.value is None or bad.low is None or bad.high is None:
        return f"Of low-side overrides, {format_reading(bad, 'share', source.use_case)} turned out bad"
    claimed = page.claims.of("zero:low_side_value")[0].is_claimed
    if claimed and bad.low > even.value:
        return "Low-side overrides turn bad more often than they can afford"
    if claimed and bad.high < even.value:
        return "Low-side overrides turn bad less often than break-even: they pay"
    return "Low-side overrides: no clear difference from break-even"


def describe_change(change: ChangeReading, unit: str, source: Source) -> str:
    """A tile's change in words: the difference where claimed, else that none is clear, with the figures."""
    text = format_change_reading(change, unit, source.use_case)
    if change.difference is None or change.is_claimed:
        return text
    return f"{NO_CLEAR_CHANGE}: {text}" if change.p_value is not None else text
