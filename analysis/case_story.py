"""One case told in sections: facts, what the system and the person did, the time line, outcomes, relatives.

Each section is plain lines for the screen. What a log does not map is said once per section, with the columns to map.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.case_search import find_decisions
from analysis.case_words import Row, describe_header, find_amount, format_score, format_time
from analysis.charts.timeline import Step
from analysis.formats import format_elapsed, format_value
from analysis.source import Source
from data.use_case import UseCase

REAPPLICATION_DAYS = 30
_VERSION = ("model_version", "deployed_at", "retired_at", "cutoff", "owner", "artifact")
_OUTCOME = ("observed_at", "bad", "value", "status", "guardrail", "recorded_at")
# The steps of a decision in the order they happen, their words, and whose they are (palette.MEANINGS).
STEPS = {
    "received_at": ("received", "neutral"), "scored_at": ("scored", "system"), "shown_at": ("recommendation shown", "system"),
    "opened_at": ("opened", "person"), "decided_at": ("decided", "person"),
    "reason_recorded_at": ("reason recorded", "person"), "approved_at": ("approved by a second person", "person"),
    "booked_at": ("booked", "neutral"),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One fact: what it is and what it says, with a remark where it needs one."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Relative:
    """Another decision that belongs to the story: how it is related, and its header."""

    case_id: str
    decision_no: int
    relation: str
    words: str


@dataclass(frozen=True)
class Case:
    """One decision with all that is known around it. row: its facts by column; outcomes: rows of the log, oldest first."""

    row: Row
    decisions: tuple[Row, ...]
    version: dict[str, Any] | None
    reason: Line
    outcomes: tuple[dict[str, Any], ...]

    @property
    def case_id(self) -> str:
        return str(self.row["case_id"])

    @property
    def decision_no(self) -> int:
        return int(self.row["decision_no"])


def read_case(source: Source, case_id: str, decision_no: int | None = None) -> Case | None:
    """One decision of a case, the last where none is asked for (or the one asked for is not there); None without case."""
    decisions = find_decisions(source, case_id)
    if not decisions:
        return None
    row = next((d for d in decisions if d["decision_no"] == decision_no), decisions[-1])
    versions = source.rows(
        f"select {', '.join(_VERSION)} from model_versions where model_version = $version", {"version": row["model_version"]}
    )
    outcomes = source.rows(
        f"select {', '.join(_OUTCOME)} from outcomes where case_id = $case_id order by observed_at, recorded_at",
        {"case_id": case_id},
    )
    return Case(
        row,
        decisions,
        dict(zip(_VERSION, versions[0], strict=True)) if versions else None,
        _read_reason(source, row),
        tuple(dict(zip(_OUTCOME, found, strict=True)) for found in outcomes),
    )


def _read_reason(source: Source, row: Row) -> Line:
    code = (row["override_reason"] or "").strip()
    if not code:
        return Line("Reason", "no reason recorded" if row["is_override"] else "none needed", "" if row["is_override"] else "no override")
    found = source.rows("select label, category from reason_codes where code = $code limit 1", {"code": code})
    if not found:
        return Line("Reason", code, "this code is not in the list of reasons")
    return Line("Reason", str(found[0][0]), f"category {found[0][1]}, code {code}")


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
    lines += [Line(name.removeprefix("group_"), str(row[name])) for name in row if name.startswith("group_") and row[name]]
    return lines


def build_advice(source: Source, case: Case) -> list[Line]:
    """What the system said: score, cut-off, recommendation, and what was changed on the way."""
    row, use_case = case.row, source.use_case
    lines = []
    if row["score"] is None:
        lines.append(Line("Score", "not scored"))
    else:
        lines.append(Line("Score", format_score(row["score"], use_case), f"probability of {use_case.word('bad')}"))
    if row["shown_score"] is not None and row["shown_score"] != row["score"]:
        lines.append(Line("Score shown", format_score(row["shown_score"], use_case), "differs from the score on record"))
    if row["recomputed_score"] is not None:
        lines.append(Line("Score with repaired inputs", format_score(row["recomputed_score"], use_case), "computed later"))
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
    basis = {"judgement": "a person's judgement", "policy": "a policy rule", "input": "changed inputs", "system": "the system"}
    lines.append(Line("Basis", basis.get(row["basis"] or "", "not recorded"), row["policy_rule"] or ""))
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
    """Every dated step of the decision and its outcomes; a mapped step without a time only where it could have had one."""
    row, use_case = case.row, source.use_case
    steps = []
    for name, (words, meaning) in STEPS.items():
        if name == "decided_at" and row["channel"] == "automated":
            meaning = "system"
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


def build_outcomes(source: Source, case: Case) -> list[list[str]]:
    """One row per observation: when, what, value, status, side effect, and whether it counts."""
    use_case = source.use_case
    start = case.row["booked_at"] or case.row["decided_at"]
    horizon = start + dt.timedelta(days=use_case.horizon_days) if start else None
    rows = []
    for outcome in case.outcomes:
        at, status = outcome["observed_at"], outcome["status"] or "final"
        late = horizon is not None and at is not None and at > horizon
        counts = "no, " + status if status != "final" else "no bad by the horizon" if late else "yes"
        rows.append(
            [
                format_time(at, use_case) if at else "undated",
                use_case.word("bad" if outcome["bad"] else "good"),
                format_value(outcome["value"], "money", use_case) if outcome["value"] is not None else "",
                status,
                outcome["guardrail"] or "",
                counts,
            ]
        )
    return rows


OUTCOME_HEADS = ("Observed", "Outcome", "Value so far", "Status", "Side effect", "Counts")


def find_relatives(source: Source, case: Case) -> list[Relative]:
    """Other decisions of the case, the case it continues or that continues it, and the applicant's others nearby.

    Nearby means decided within 30 days before or after. The applicant's id itself is not told.
    """
    row = case.row
    found: dict[tuple[str, int], Relative] = {}
    for other in case.decisions:
        if other["decision_no"] != case.decision_no:
            when = "earlier" if other["decision_no"] < case.decision_no else "later"
            _add(found, source, other, f"{when} decision on this case")
    if row["previous_case_id"]:
        for other in find_decisions(source, str(row["previous_case_id"]))[-1:]:
            _add(found, source, other, "the case this one continues")
    for case_id, no, continues in _read_linked(source, row):
        others = [d for d in find_decisions(source, case_id) if d["decision_no"] == no]
        _add_all(found, source, others, "continues this case" if continues else "same applicant, within 30 days")
    return list(found.values())


def _read_linked(source: Source, row: Row) -> Sequence[tuple[Any, ...]]:
    near = "applicant_id = $applicant and abs(date_diff('day', decided_at, $decided_at)) <= $days"
    parts, params = [], {"case_id": row["case_id"]}
    if "decisions.previous_case_id" in source.mapped:
        parts.append("previous_case_id = $case_id")
    if row["applicant_id"] is not None and row["decided_at"] is not None:
        parts.append(near)
        params |= {"applicant": row["applicant_id"], "decided_at": row["decided_at"], "days": REAPPLICATION_DAYS}
    if not parts:
        return []
    return source.rows(
        "select case_id, decision_no, coalesce(previous_case_id = $case_id, false) from facts\n"
        f"where case_id <> $case_id and ({' or '.join(parts)}) order by decided_at, case_id, decision_no",
        params,
    )


def _add_all(found: dict[tuple[str, int], Relative], source: Source, rows: Iterable[Row], relation: str) -> None:
    for row in rows:
        _add(found, source, row, relation)


def _add(found: dict[tuple[str, int], Relative], source: Source, row: Row, relation: str) -> None:
    key = (str(row["case_id"]), int(row["decision_no"]))
    found.setdefault(key, Relative(*key, relation, describe_header(source, row)))


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


def describe_missing(source: Source, section: str) -> str:
    """What a section would also show, and the columns to map for it; "" where nothing is missing."""
    names, would_show = SECTIONS[section]
    missing = source.missing(names)
    return f"With {_join(missing)} mapped, this would also show {would_show}." if missing else ""


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
