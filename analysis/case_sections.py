"""One case told in sections: facts, what the system and the person did, the time line, the outcomes.

Each section is plain lines for the screen. What a log does not map is said once per section, with the columns to map.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from analysis.case_story import Case, Line
from analysis.case_words import Row, find_amount, format_score, format_time
from analysis.charts.timeline import Step
from analysis.formats import format_elapsed, format_value
from analysis.source import Source
from data.use_case import UseCase

# The steps of a decision in the order they happen, their words, and whose they are (palette.MEANINGS).
STEPS = {
    "received_at": ("received", "neutral"), "scored_at": ("scored", "system"),
    "shown_at": ("recommendation shown", "system"), "opened_at": ("opened", "person"),
    "decided_at": ("decided", "person"),
    "reason_recorded_at": ("reason recorded", "person"), "approved_at": ("approved by a second person", "person"),
    "booked_at": ("booked", "neutral"),
}  # fmt: skip
_BASES = {
    "judgement": "a person's judgement", "policy": "a policy rule", "input": "changed inputs", "system": "the system",
}  # fmt: skip
# What a section would show with columns the log does not map.
SECTIONS = {
    "advice": (("decisions.score", "decisions.recommendation", "decisions.model_version", "model_versions.cutoff"),
               "what the system said, and against which cut-off"),
    "action": (("decisions.override_reason", "decisions.basis"), "why the person decided so"),
    "timeline": (("decisions.received_at", "decisions.scored_at", "decisions.shown_at", "decisions.opened_at"),
                 "how long the case waited, and whether the recommendation was seen in time"),
    "outcomes": (("outcomes.bad",), "what became of the case"),
    "relatives": (("decisions.applicant_id", "decisions.previous_case_id"), "re-applications of the same person"),
}  # fmt: skip


def build_facts(source: Source, case: Case) -> list[Line]:
    """What the case is: amount, groups, version. What is empty is left out."""
    row, use_case = case.row, source.use_case
    amount = find_amount(row)
    lines = [Line("Amount", format_value(amount, "money", use_case))] if amount is not None else []
    if row["decided_amount"] is not None and row["exposure"] is not None and row["decided_amount"] != row["exposure"]:
        lines.append(Line("At risk if accepted", format_value(row["exposure"], "money", use_case)))
    if row["recommended_amount"] is not None and row["recommended_amount"] != row["decided_amount"]:
        lines.append(Line("Amount recommended", format_value(row["recommended_amount"], "money", use_case)))
    for name in ("segment", "region", "product", "channel", "team", "queue", "model_version", "cohort"):
        if row[name] is not None:
            lines.append(Line(name.replace("_", " ").capitalize(), str(row[name])))
    if row["arm"] is not None:
        share = format_score(row["arm_probability"], use_case) if row["arm_probability"] is not None else ""
        lines.append(Line("Experiment", str(row["arm"]), f"chosen with probability {share}" if share else ""))
    groups = [name for name in row if name.startswith("group_") and row[name] is not None]
    return lines + [
        Line(name.removeprefix("group_").replace("_", " ").capitalize(), str(row[name]), "protected group")
        for name in groups
    ]


def build_advice(source: Source, case: Case) -> list[Line]:
    """What the system said: score, cut-off, recommendation, and what was changed on the way."""
    row, use_case = case.row, source.use_case
    scores = [("score", "Score", f"probability of {use_case.word('bad')}")]
    if row["shown_score"] != row["score"]:
        scores.append(("shown_score", "Score shown", "differs from the score on record"))
    scores.append(("recomputed_score", "Score with repaired inputs", "computed later"))
    lines = [] if row["score"] is not None else [Line("Score", "not scored")]
    for name, label, note in scores:
        if row[name] is not None:
            lines.append(Line(label, format_score(row[name], use_case), note))
    cutoff = case.version["cutoff"] if case.version else None
    if cutoff is not None:
        side = "" if row["score"] is None else "at or above" if row["score"] >= cutoff else "below"
        rejects = use_case.word("reject")
        note = f"the score is {side} it; from the cut-off on, the system says {rejects}" if side else ""
        lines.append(Line("Cut-off", format_score(cutoff, use_case), note))
    advice = use_case.word(row["recommendation"]) if row["recommendation"] else "none"
    lines.append(Line("Recommendation", advice))
    original = row["original_recommendation"]
    if original is not None and original != row["recommendation"]:
        lines.append(Line("Before inputs were edited", use_case.word(original)))
    return lines


def build_action(source: Source, case: Case) -> list[Line]:
    """What the person did and said. Ids of people appear only where the use case shows them."""
    row, use_case = case.row, source.use_case
    decided = use_case.word(f"{row['decision']}ed") if row["decision"] else "none yet"
    lines = [Line("Decision", decided)]
    if row["initial_decision"] is not None:
        lines.append(Line("First answer, before the recommendation", use_case.word(f"{row['initial_decision']}ed")))
    lines.append(Line("Basis", _BASES.get(row["basis"] or "", "not recorded"), row["policy_rule"] or ""))
    lines.append(case.reason)
    if row["override_note"]:
        lines.append(Line("Note", str(row["override_note"])))
    if row["explanation_viewed"] is not None:
        lines.append(Line("Explanation opened", "yes" if row["explanation_viewed"] else "no"))
    if row["decision_minutes"] is not None:
        lines.append(Line("Time taken", format_value(row["decision_minutes"], "minutes", use_case)))
    lines += _people(row, use_case)
    if row["disposition"] is not None:
        lines.append(Line("What became of it", str(row["disposition"]).replace("_", " ")))
    return lines


def _people(row: Row, use_case: UseCase) -> list[Line]:
    decider = use_case.word("decider").capitalize()
    if not use_case.show_deciders:
        second = [Line("Second person", "yes" if row["has_approver"] else "none")] if row["has_approver"] else []
        return [Line(decider, "not shown", "this use case protects single people"), *second]
    lines = [Line(decider, str(row["decider"] or "not recorded"))]
    return [*lines, Line("Second person", str(row["approver"]))] if row["approver"] else lines


def build_timeline(source: Source, case: Case) -> list[Step]:
    """Every dated step of the decision and its outcomes, and the showing where it ought to have a time but has none."""
    row, use_case = case.row, source.use_case
    steps = []
    for name, (words, usual) in STEPS.items():
        meaning = "system" if name == "decided_at" and row["channel"] == "automated" else usual
        if row[name] is not None:
            steps.append(Step(words, row[name], meaning))
        elif name == "shown_at" and "decisions.shown_at" in source.mapped and row["channel"] == "assisted":
            steps.append(Step(words, None, meaning))
    for outcome in case.outcomes:
        if outcome["observed_at"] is not None:
            word = use_case.word("bad" if outcome["bad"] else "good")
            status = f" ({outcome['status']})" if outcome["status"] not in (None, "final") else ""
            steps.append(Step(f"{word}{status}", outcome["observed_at"], "bad" if outcome["bad"] else "neutral"))
    return steps if any(step.at for step in steps) else []


def describe_pace(case: Case) -> str:
    """How long the decision took, as the time line's title."""
    row = case.row
    if row["decided_at"] is None:
        return "Not decided yet"
    for name, words in (("received_at", "it came in"), ("opened_at", "it was opened"), ("shown_at", "it was shown")):
        if row[name] is not None:
            elapsed = row["decided_at"] - row[name]
            before = elapsed < dt.timedelta(0)
            return f"Decided {format_elapsed(abs(elapsed))} {'before' if before else 'after'} {words}"
    return "When it was decided"


def build_outcomes(source: Source, case: Case) -> list[Line]:
    """One line per observation: when, what, and whether it counts by the horizon."""
    use_case = source.use_case
    start = case.row["booked_at"] or case.row["decided_at"]
    horizon = start + dt.timedelta(days=use_case.horizon_days) if start else None
    lines = []
    for outcome in case.outcomes:
        at, status = outcome["observed_at"], outcome["status"] or "final"
        late = horizon is not None and at is not None and at > horizon
        notes = [status]
        if outcome["value"] is not None:
            notes.append(f"value so far {format_value(outcome['value'], 'money', use_case)}")
        if outcome["guardrail"]:
            notes.append(str(outcome["guardrail"]))
        if status == "final" and late:
            notes.append("after the horizon: a bad outcome no longer counts")
        elif status != "final":
            notes.append("does not count")
        word = use_case.word("bad" if outcome["bad"] else "good")
        lines.append(Line(format_time(at, use_case) if at else "undated", word, ", ".join(notes)))
    return lines


def describe_missing(source: Source, section: str) -> str:
    """What a section would also show, and the columns to map for it; "" where nothing is missing."""
    names, would_show = SECTIONS[section]
    missing = source.missing(names)
    return f"With {_join(missing)} mapped, this would also show {would_show}." if missing else ""


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
