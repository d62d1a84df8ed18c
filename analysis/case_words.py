"""What one decision was and what became of it, in the use case's words. A row is one of `facts`, by column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from analysis.formats import format_date, format_value
from analysis.source import Source
from data.use_case import UseCase

Row = Mapping[str, Any]

AS_RECOMMENDED, LOW_SIDE, HIGH_SIDE = "as recommended", "low-side override", "high-side override"


def describe_kind(row: Row) -> str:
    """The one thing a decision was, first match: it counts as an override only if nothing before says otherwise."""
    checks = (
        (row["disposition"] == "pending", "pending"),
        (row["disposition"] == "withdrawn", "withdrawn"),
        (row["channel"] == "automated", "automated"),
        (row["channel"] == "withheld", "recommendation withheld"),
        (row["channel"] == "bypassed", "bypassed"),
        (row["basis"] == "policy", "policy rule"),
        (row["basis"] == "input", "inputs changed"),
        (row["basis"] == "system", "decided by the system"),
        (row["recommendation"] is None, "no recommendation"),
        (row["recommendation"] == "refer", "referred"),
        (bool(row["is_low_side"]), LOW_SIDE),
        (bool(row["is_high_side"]), HIGH_SIDE),
        (bool(row["is_as_recommended"]), AS_RECOMMENDED),
        (not row["is_shown_in_time"] and row["shown_at"] is None, "timing unknown"),
        (not row["is_shown_in_time"], "recommendation shown late"),
    )
    return next((words for holds, words in checks if holds), "other")


def describe_decision(row: Row, use_case: UseCase) -> str:
    """Who decided what and against what: 'declined by a person against "approve"'."""
    kind = describe_kind(row)
    if kind == "pending":
        return "no decision yet"
    if kind == "withdrawn" or row["decision"] is None:
        return "withdrawn before a decision"
    decided = use_case.word(f"{row['decision']}ed")
    advice = f'"{use_case.word(row["recommendation"])}"' if row["recommendation"] else ""
    differs = bool(advice) and row["recommendation"] != row["decision"]
    rule = f" {row['policy_rule']}" if row.get("policy_rule") else ""
    against = f", the system had said {advice}" if differs else ""
    sentences = {
        "automated": f"{decided} by the system{against}",
        "recommendation withheld": f"{decided} by a person; an experiment withheld the recommendation",
        "bypassed": f"{decided} by a person without the system{against}",
        "policy rule": f"{decided} by policy rule{rule}{against}",
        "inputs changed": f"{decided} after inputs were changed and the {use_case.word('case')} was scored again",
        "decided by the system": f"{decided} by the system{against}",
        "no recommendation": f"{decided} by a person; the system recommended nothing",
        "referred": f"{decided} by a person; the system had referred it",
        LOW_SIDE: f"{decided} by a person against {advice}",
        HIGH_SIDE: f"{decided} by a person against {advice}",
        AS_RECOMMENDED: f"{decided} by a person as recommended",
        "timing unknown": f"{decided} by a person; when {advice} was shown is not on record",
        "recommendation shown late": f"{decided} by a person before {advice} was shown",
    }
    return sentences.get(kind, decided)


def describe_outcome(source: Source, row: Row, decisions: int = 1) -> str:
    """What is known of the outcome, in a few words. decisions: how many the case has; the last one has the outcome."""
    use_case = source.use_case
    due = maturity_date(source, row)
    checks = (
        (row["bad"] is not None, use_case.word("bad" if row["bad"] else "good")),
        (row["disposition"] in ("pending", "withdrawn"), "none to come"),
        (
            use_case.outcomes_cover == "accepted" and row["decision"] == "reject",
            f"cannot be observed ({use_case.word('rejected')})",
        ),
        (row["disposition"] == "not_taken_up", "none (not taken up)"),
        (decisions > row["decision_no"], f"belongs to decision {decisions}"),
        (not row["is_maturable"], "none (not booked, or decided again)"),
        (bool(row["is_matured"]), "unknown (matured, none came back)"),
        (due is not None, f"due {format_date(due)}" if due else ""),
    )
    return next((words for holds, words in checks if holds), "not matured")


def maturity_date(source: Source, row: Row) -> dt.date | None:
    """The local day the outcome is due: booking (or decision) plus horizon plus lag; None where neither has a date."""
    start = row["booked_at"] or row["decided_at"]
    if start is None:
        return None
    due = start + dt.timedelta(days=source.use_case.horizon_days + source.use_case.outcome_lag_days)
    return to_local(due, source.use_case).date()


def describe_header(source: Source, row: Row, decisions: int = 1) -> str:
    """The case in one line: id, what was decided, how much, what became of it. Parts are divided by " · "."""
    use_case = source.use_case
    name = use_case.word("case")
    parts = [f"{name[:1].upper()}{name[1:]} {row['case_id']}"]
    if decisions > 1:
        parts.append(f"decision {row['decision_no']} of {decisions}")
    parts.append(describe_decision(row, use_case))
    amount = find_amount(row)
    if amount is not None:
        parts.append(format_value(amount, "money", use_case))
    parts.append(f"outcome {describe_outcome(source, row, decisions)}")
    return " · ".join(parts)


def find_amount(row: Row) -> int | None:
    """The amount a case is known by, in minor units: decided, else at risk, else recommended."""
    for name in ("decided_amount", "exposure", "recommended_amount"):
        if row.get(name) is not None:
            return int(row[name])
    return None


def to_local(at: dt.datetime, use_case: UseCase) -> dt.datetime:
    """A stored time (naive UTC) on the use case's clock, without a zone."""
    return at.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(use_case.time_zone)).replace(tzinfo=None)


def format_time(at: dt.datetime, use_case: UseCase) -> str:
    """ "3 Mar 2025, 10:05" on the use case's clock."""
    local = to_local(at, use_case)
    return f"{format_date(local.date())}, {local:%H:%M}"


def format_score(score: float, use_case: UseCase) -> str:
    """A score as a percentage."""
    return format_value(score, "share", use_case)
