"""The Overview in sentences: behaviour now, what overrides were worth, what changed, what is over its limit."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.drivers import Said, describe_what_changed
from analysis.filters import Filters, describe_period
from analysis.findings import NO_CLEAR_CHANGE, build_scope, describe_value
from analysis.formats import (
    format_change,
    format_change_reading,
    format_count,
    format_period,
    format_reading,
    format_value,
)
from analysis.limits import Held
from analysis.overview import TILES, Overview
from analysis.overview_periods import Span
from analysis.reading import ChangeReading, Drill
from analysis.source import Source

_CHANGES = TILES  # the changes the finding speaks of


def name_span(filters: Filters) -> str:
    """ "Apr-Jun 2026"; an open or undated selection in the words of its sentence."""
    if filters.start and filters.end:
        return format_period(filters.start, filters.end)
    return describe_period(filters).removeprefix("decided ").removeprefix("of ")


def describe_overview(source: Source, page: Overview) -> list[str]:
    """The finding: two to four sentences."""
    if source.use_case.kind == "monitoring":
        return ["This log holds scores and outcomes without decisions of people: there is no behaviour to speak of."]
    if page.decisions == 0:
        return [f"This selection holds no {source.use_case.word('cases')}, so there is nothing to say of it."]
    decided = "" if page.spans.is_chosen else f" decided {name_span(page.spans.outcomes.now)}"
    return [
        _describe_behaviour(source, page),
        describe_value(source, page, decided),
        *_describe_changes(source, page),
        describe_limits(source, page),
    ]


def _describe_behaviour(source: Source, page: Overview) -> str:
    use_case = source.use_case
    cases = use_case.word("cases")
    now = page.spans.behaviour.now
    rate, adoption, bypass = (page.whole[n].reading() for n in ("override_rate", "adoption", "bypass_share"))
    when = f"In {name_span(now)} people" if now.start and now.end else "People"
    if not rate.is_shown:
        return f"How often people decided differently from the recommendation cannot be said here. {rate.why}"
    text = (
        f"{when} decided differently from the recommendation in {format_reading(rate, 'share', use_case)} of "
        f"{format_count(rate.n, use_case)} eligible {cases}"
    )
    if adoption.value is not None:
        text += f"; {format_value(adoption.value, 'share', use_case)} of people's decisions were made with the system"
        if bypass.value is not None:
            text += f" and {format_value(bypass.value, 'share', use_case)} of all decisions went around it"
    return f"{text}."


def _describe_changes(source: Source, page: Overview) -> list[str]:
    """What changed, as far as it is claimed, once per pair of periods."""
    behaviour, outcomes = page.spans.behaviour, page.spans.outcomes
    of_outcomes = {"low_side_value", "outcome_coverage"}
    if behaviour == outcomes:
        return _describe_pair(source, page, behaviour, _CHANGES)
    return [
        *_describe_pair(source, page, behaviour, [n for n in _CHANGES if n not in of_outcomes]),
        *_describe_pair(source, page, outcomes, [n for n in _CHANGES if n in of_outcomes]),
    ]


def _describe_pair(source: Source, page: Overview, span: Span, names: Sequence[str]) -> list[str]:
    if span.before is None:
        return []
    tested = {n: c for n in names for c in page.claims.of(f"change:{n}") if c.p_value is not None}
    if not tested:
        return []
    claimed = [_say_change(source, n, change) for n, change in tested.items() if change.is_claimed]
    against = f"Against {name_span(span.before)}"
    if not claimed:
        return [f"{against}: {NO_CLEAR_CHANGE} in {_join([_lower(source, n) for n in tested], 'or')}."]
    return [f"{against}, {_join([f'{_article(text)}{text}' for text in claimed], 'and')}."]


def _say_change(source: Source, name: str, change: ChangeReading) -> str:
    """ "override rate fell by 2.1 points (1.4-2.8)": the interval is of the size, so it turns round with it."""
    size = ChangeReading(abs(change.difference or 0.0), change.low, change.high)
    if (change.difference or 0.0) < 0 and change.low is not None and change.high is not None:
        size = ChangeReading(size.difference, -change.high, -change.low)
    words = format_change_reading(size, source.catalog[name].unit, source.use_case).replace("+", "", 1)
    return f"{_lower(source, name)} {'rose' if (change.difference or 0.0) > 0 else 'fell'} by {words}"


def _move(source: Source, name: str, difference: float) -> str:
    """ "rose by 2.1 points": a direction, not a judgement."""
    unit = source.catalog[name].unit
    size = format_change(abs(difference), unit, source.use_case).replace("+", "", 1)
    return f"{'rose' if difference > 0 else 'fell'} by {size}"


def describe_limits(source: Source, page: Overview) -> str:
    """Who owns what is over its limit; that nothing is; or that no limit is agreed."""
    if not page.held:
        return "No limit is agreed for any of these numbers."
    over = [held for held in page.held if held.is_over]
    judged = [held for held in page.held if held.reading.value is not None]
    if not judged:
        return "Whether an agreed limit is kept cannot be said here."
    if not over:
        return f"{_count_kept(source, page, judged)} kept."
    told = "; ".join(_say_over(source, held) for held in over)
    return f"Beyond {'its limit' if len(over) == 1 else 'their limits'}: {told}."


def _count_kept(source: Source, page: Overview, judged: Sequence[Held]) -> str:
    if len(judged) < len(page.held):
        return f"Of {len(page.held)} agreed limits the {len(judged)} that can be judged are"
    return "The one agreed limit is" if len(judged) == 1 else f"All {len(judged)} agreed limits are"


def _say_over(source: Source, held: Held) -> str:
    use_case = source.use_case
    unit = held.card.unit
    assert held.reading.value is not None
    doubt = "" if held.is_sure else ", an interval that reaches the limit"
    return (
        f"{held.card.label.lower()} {format_reading(held.reading, unit, use_case)} against "
        f"{format_value(held.limit.value, unit, use_case)}{doubt} (owner: {held.limit.owner})"
    )


def describe_overview_scope(source: Source, page: Overview) -> str:
    """The scope line, with the two periods where the reader chose none."""
    more = ""
    spans, use_case = page.spans, source.use_case
    if not spans.is_chosen:
        cases = use_case.word("cases")
        known, seen = (
            format_count(sum(page.whole[n].decisions), use_case) for n in ("override_rate", "outcome_coverage")
        )
        more = (
            f"behaviour: {known} {cases} {_say_span(spans.behaviour)}; outcomes and value: {seen} "
            f"{_say_span(spans.outcomes)}, the latest months that have matured"
        )
    return build_scope(source, page.filters, page.decisions, page.coverage.reading().matured_share, more)


def _say_span(span: Span) -> str:
    text = describe_period(span.now) if not (span.now.start and span.now.end) else f"decided {name_span(span.now)}"
    return f"{text} against {name_span(span.before)}" if span.before else text


def describe_overview_changes(source: Source, page: Overview) -> tuple[Said, ...]:
    """What changed and what drove it; numbers that wait for outcomes over their own months, where those differ."""
    said = describe_what_changed(source, page.what)
    span = page.spans.outcomes
    if span == page.spans.behaviour or span.before is None:
        return said
    own = [_say_outcome(source, page, span, name) for name in ("low_side_value", "outcome_coverage")]
    return (*(s for s in said if s.card != "low_side_value"), *own)


def _say_outcome(source: Source, page: Overview, span: Span, name: str) -> Said:
    change = page.claims.of(f"change:{name}")[0]
    card = source.catalog[name]
    assert span.before is not None
    when = f"{name_span(span.now)} against {name_span(span.before)}"
    if change.p_value is None:
        return Said(f"{card.label}, {when}: {change.why}", card=name)
    if not change.is_claimed:
        size = format_change_reading(change, card.unit, source.use_case).replace(" (", ", ").removesuffix(")")
        return Said(f"{card.label}, {when}: {NO_CLEAR_CHANGE} ({size}).", card=name)
    text = _say_change(source, name, change)
    now = format_value(page.whole[name].reading().value or 0.0, card.unit, source.use_case)
    return Said(f"{text[:1].upper()}{text[1:]}, to {now}: {when}.", Drill(name, "denominator"), span.now, name)


def title_directions(source: Source, page: Overview) -> str:
    """The left picture's title: the change where one is claimed, the level otherwise."""
    changes = page.claims.of("change:override_rate")
    if changes and changes[0].is_claimed and changes[0].difference is not None and page.spans.behaviour.before:
        return (
            f"The override rate {_move(source, 'override_rate', changes[0].difference)} against "
            f"{name_span(page.spans.behaviour.before)}"
        )
    if changes and changes[0].p_value is not None:
        return f"Override rate by direction: {NO_CLEAR_CHANGE} between the two periods"
    return "Override rate by direction, month by month" if source.options.is_dated else "Override rate by direction"


def title_worth(source: Source, page: Overview) -> str:
    """The right picture's title: gain or loss where it is clear, for the months it was tested over."""
    reading = page.whole["low_side_value"].reading()
    tested = page.claims.of("zero:low_side_value")
    when = name_span(page.spans.outcomes.now)
    if reading.value is not None and tested and tested[0].is_claimed:
        amount = format_value(abs(reading.value), "money", source.use_case)
        return f"Low-side overrides {'earned' if reading.value > 0 else 'lost'} {amount} each, {when}"
    if reading.value is not None:
        return f"Value of low-side overrides: no clear gain or loss, {when}"
    return "Value of low-side overrides, month by month"


def title_changes(page: Overview) -> str:
    """The heading of what changed."""
    before = page.spans.behaviour.before
    if before is None:
        return "What changed"
    return f"What changed, {name_span(page.spans.behaviour.now)} against {name_span(before)}"


def _lower(source: Source, name: str) -> str:
    label = source.catalog[name].label
    return f"{label[:1].lower()}{label[1:]}" if not label.endswith("back") else "share of outcomes back"


def _article(text: str) -> str:
    return "" if text.startswith("adoption") else "the "


def _join(parts: Sequence[str], word: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
