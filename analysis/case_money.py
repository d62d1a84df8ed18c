"""What one case was worth: the four payoffs known at the decision, the break-even, and what was realised."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.case_story import Case, Line
from analysis.case_words import format_score
from analysis.formats import format_change, format_value
from analysis.source import Source

NEEDS = ("gain_if_good", "loss_if_bad")


@dataclass(frozen=True)
class Money:
    """The money section: its lines and one sentence; `missing` are the columns without which there is none."""

    lines: tuple[Line, ...]
    sentence: str
    missing: tuple[str, ...] = ()


def find_break_even(a: float, b: float) -> float | None:
    """The probability of bad at which accepting and rejecting are worth the same, a / (a + b).

    a: what accepting gains over rejecting if good; b: what it loses if bad; minor units. 0 where accepting never
    pays (a <= 0 <= b), 1 where it always does (b <= 0 <= a); None where both are negative: the better choice would
    turn over, which four payoffs of one case cannot mean. Source: METHODS, exact forms, cut-off with four payoffs.
    """
    if a > 0 and b > 0:
        return a / (a + b)
    if a <= 0 <= b:
        return 0.0
    if b <= 0 <= a:
        return 1.0
    return None


def describe_money(source: Source, case: Case) -> Money:
    """What the case was worth in lines and one sentence."""
    row, use_case = case.row, source.use_case
    if row["gain_if_good"] is None or row["loss_if_bad"] is None:
        unmapped = tuple(name for name in NEEDS if f"decisions.{name}" not in source.mapped)
        return Money((), "", unmapped or NEEDS)
    accepted, rejected = use_case.word("accepted"), use_case.word("rejected")
    good, bad = use_case.word("good"), use_case.word("bad")

    def money(minor: float) -> str:
        return format_value(minor, "money", use_case)

    lines = [
        Line(f"{accepted.capitalize()}, outcome {good}", money(row["gain_if_good"])),
        Line(f"{accepted.capitalize()}, outcome {bad}", money(-row["loss_if_bad"])),
    ]
    for name, what in (("reject_good_value", good), ("reject_bad_value", bad)):
        if row[name]:
            lines.append(Line(f"{rejected.capitalize()}, outcome {what}", money(row[name])))
    edge = find_break_even(float(row["gain_over_reject"]), float(row["loss_over_reject"]))
    if edge is not None and 0 < edge < 1:
        note = f"gain {money(row['gain_over_reject'])} against loss {money(row['loss_over_reject'])}"
        lines.append(Line("Break-even", format_score(edge, use_case), note))
    lines += _realised(source, case)
    return Money(tuple(lines), _sentence(source, case, edge))


def _realised(source: Source, case: Case) -> list[Line]:
    """What the log says came in, beside what the decision promised for that outcome."""
    row, use_case = case.row, source.use_case
    if row["realised_value"] is None or row["bad"] is None or row["decision"] is None:
        return []
    if row["decision"] == "accept":
        expected = -row["loss_if_bad"] if row["bad"] else row["gain_if_good"]
    else:
        expected = (row["reject_bad_value"] if row["bad"] else row["reject_good_value"]) or 0
    difference = format_change(row["realised_value"] - expected, "money", use_case)
    note = f"{difference} against the {format_value(expected, 'money', use_case)} foreseen for this outcome"
    return [Line("Realised", format_value(row["realised_value"], "money", use_case), note)]


def _sentence(source: Source, case: Case, edge: float | None) -> str:
    """Whether the score was on the paying side of the break-even."""
    row, use_case = case.row, source.use_case
    accept, reject = use_case.word("accept"), use_case.word("reject")
    if edge is None:
        return f"By its payoffs {reject} would be right for the good and wrong for the bad: there is no break-even."
    if edge in (0.0, 1.0):
        return f"By its payoffs this {use_case.word('case')} {'always' if edge else 'never'} pays if you {accept} it."
    pays = format_score(edge, use_case)
    if row["score"] is None:
        return f"To {accept} pays below a risk of {pays}; this {use_case.word('case')} was not scored."
    p = float(row["score"])
    side, choice = ("below", accept) if p < edge else ("at or above", reject)
    value = row["gain_over_reject"] * (1 - p) - row["loss_over_reject"] * p
    return (
        f"The score of {format_score(p, use_case)} is {side} the break-even of {pays}: if the score is right, "
        f"to {choice} is worth {format_value(abs(value), 'money', use_case)} more on average."
    )
