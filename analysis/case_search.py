"""Finding one case by its id, and saying in words what is there instead when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.case_words import Row
from analysis.source import Source

NEAREST = 5
# Everything a case's page tells; single deciders and protected groups are asked for by those who may show them.
COLUMNS = (
    "case_id", "decision_no", "applicant_id", "previous_case_id", "received_at", "scored_at", "shown_at", "opened_at",
    "decided_at", "active_seconds", "team", "queue", "assignment", "channel", "basis", "policy_rule", "disposition",
    "booked_at", "model_version", "score", "shown_score", "recomputed_score", "recommendation",
    "original_recommendation", "recommended_amount", "initial_decision", "decision", "decided_amount",
    "override_reason", "override_note", "reason_recorded_at", "approver is not null as has_approver", "approved_at",
    "explanation_viewed", "exposure", "gain_if_good", "loss_if_bad", "reject_good_value", "reject_bad_value",
    "segment", "region", "product", "cohort", "arm", "arm_probability", "decided_on", "period", "is_in_scope",
    "is_shown_in_time", "is_maturable", "is_matured", "bad", "is_override_eligible", "is_override", "is_low_side",
    "is_high_side", "is_as_recommended", "is_outcome_known", "realised_value", "accept_advantage",
    "gain_over_reject", "loss_over_reject", "money_at_stake", "decision_minutes",
)  # fmt: skip
_NAMES = tuple(column.split(" as ")[-1] for column in COLUMNS)
_PEOPLE = ("decider", "approver")


@dataclass(frozen=True)
class NotFound:
    """Why an id opened nothing: what was searched, where such a record lies instead, and the nearest ids."""

    case_id: str
    searched: str
    elsewhere: tuple[str, ...]
    nearest: tuple[str, ...]


def find_decisions(source: Source, case_id: str) -> tuple[Row, ...]:
    """The decisions of one case in order, each by column; empty where there is no such case.

    `decider` and `approver` are read only where the use case shows single deciders, group_* only where it shows groups.
    """
    extra = list(_PEOPLE) if source.use_case.show_deciders else []
    if source.use_case.show_groups:
        extra += list_groups(source)
    listed = ", ".join([*COLUMNS, *(f'"{name}"' for name in extra)])
    names = (*_NAMES, *extra)
    sql = f"select {listed} from facts where case_id = $case_id order by decision_no"
    rows = source.rows(sql, {"case_id": case_id})
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


def list_groups(source: Source) -> list[str]:
    """The protected columns of this log."""
    return sorted(c.partition(".")[2] for c in source.mapped if c.startswith("decisions.group_"))


def search_nearby(source: Source, case_id: str) -> NotFound:
    """What to tell a reader whose id is not there."""
    use_case = source.use_case
    total = int(source.rows("select count(*) from facts")[0][0])
    searched = (
        f"{total:,} decisions on {use_case.word('cases')} of {use_case.label} were searched, "
        f"in snapshot {source.snapshot} as of {source.as_of_words}."
    )
    return NotFound(case_id, searched, tuple(_look_aside(source, case_id)), tuple(_find_nearest(source, case_id)))


def _find_nearest(source: Source, case_id: str) -> Sequence[str]:
    """Ids that differ in case only; else those beside it in alphabetical order that begin most like it."""
    same = source.rows("select case_id from facts where lower(case_id) = lower($id) limit 50", {"id": case_id})
    if same:
        return sorted({str(row[0]) for row in same})[:NEAREST]
    beside: set[str] = set()
    for sign, way in (("<", "desc"), (">", "asc")):
        sql = f"select case_id from facts where case_id {sign} $id order by case_id {way} limit {4 * NEAREST}"
        beside |= {str(row[0]) for row in source.rows(sql, {"id": case_id})}
    alike = {other: _count_alike(other, case_id) for other in beside}
    longest = max(alike.values(), default=0)
    nearest = sorted(other for other, shared in alike.items() if 0 < longest == shared)
    return sorted(nearest, key=lambda other: abs(len(other) - len(case_id)))[:NEAREST]


def _count_alike(one: str, other: str) -> int:
    """How many characters two ids begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _look_aside(source: Source, case_id: str) -> list[str]:
    """Where records of the id lie instead: kept apart by the load, or waiting for their decision."""
    words: list[str] = []
    tables = {row[0] for row in source.rows("select table_name from duckdb_tables()")}
    if "quarantine" in tables:
        whole = r"(^|[^\p{L}\p{N}_-])" + _escape(case_id) + r"($|[^\p{L}\p{N}_-])"
        found = source.rows(
            "select file, line, table_name, reasons from quarantine where contains(raw, $id) "
            "and regexp_matches(raw, $whole)\norder by record_id limit 3",
            {"id": case_id, "whole": whole},
        )
        words += [
            f"A record of table '{table}' with this id was quarantined ({file}{f', line {line:,}' if line else ''}): "
            f"{str(reasons).rstrip('.')}. Correct it in the source and load again."
            for file, line, table, reasons in found
        ]
    if "waiting" in tables:
        found = source.rows(
            "select table_name, count(*) from waiting where case_id = $id group by table_name order by 1",
            {"id": case_id},
        )
        words += [
            f"Waiting for a decision that has not come: {count:,} record{'s' if count > 1 else ''} of table '{table}' "
            "with this id. Load the decision, and what waits comes in."
            for table, count in found
        ]
    return words


def _escape(text: str) -> str:
    """Text as a regular expression of the engine (RE2) that matches just it."""
    return "".join(c if c.isalnum() or c == "_" else f"\\x{{{ord(c):x}}}" for c in text)
