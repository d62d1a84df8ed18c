"""One case as it was read: its decisions, the version that scored it, its reason and outcomes, and its relatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.case_search import find_decisions
from analysis.case_words import Row, describe_header
from analysis.source import Source

REAPPLICATION_DAYS = 30
_VERSION = ("model_version", "deployed_at", "retired_at", "cutoff", "owner", "artifact")
_OUTCOME = ("observed_at", "bad", "value", "status", "guardrail", "recorded_at")


@dataclass(frozen=True)
class Line:
    """One fact: what it is and what it says, with a remark where it needs one."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Relative:
    """Another decision that belongs to the story: how it is related, and the rest of its header."""

    case_id: str
    decision_no: int
    relation: str
    words: str


@dataclass(frozen=True)
class Case:
    """One decision and all that is known around it. row: its facts by column; outcomes: oldest first."""

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
    """One decision of a case: the one asked for, else the last; None where there is no such case."""
    decisions = find_decisions(source, case_id)
    if not decisions:
        return None
    row = next((d for d in decisions if d["decision_no"] == decision_no), decisions[-1])
    versions = source.rows(
        f"select {', '.join(_VERSION)} from model_versions where model_version = $version",
        {"version": row["model_version"]},
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
        return (
            Line("Reason", "no reason recorded") if row["is_override"] else Line("Reason", "none needed", "no override")
        )
    found = source.rows("select label, category from reason_codes where code = $code limit 1", {"code": code})
    if not found:
        return Line("Reason", code, "this code is not in the list of reasons")
    return Line("Reason", str(found[0][0]), f"category {found[0][1]}, code {code}")


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


def _read_linked(source: Source, row: Row) -> Sequence[tuple[str, int, bool]]:
    """Cases that continue this one, and others of the same applicant about the same time, in order of time.

    Asked one by one: together they would be looked for in every decision, each alone in a few blocks.
    """
    asked: list[tuple[str, dict[str, object], bool]] = []
    if "decisions.previous_case_id" in source.mapped:
        asked.append(("previous_case_id = $case_id", {}, True))
    if row["applicant_id"] is not None and row["decided_at"] is not None:
        near = (
            "decided_at between $decided_at - to_days($days + 1) and $decided_at + to_days($days + 1)\n"
            "and applicant_id = $applicant and abs(date_diff('day', decided_at, $decided_at)) <= $days"
        )
        bound = {"applicant": row["applicant_id"], "decided_at": row["decided_at"], "days": REAPPLICATION_DAYS}
        asked.append((near, bound, False))
    found: dict[tuple[str, int], tuple[Any, bool]] = {}
    for condition, bound, continues in asked:
        sql = f"select case_id, decision_no, decided_at from facts where case_id <> $case_id and {condition}"
        for case_id, no, at in source.rows(sql, {"case_id": row["case_id"], **bound}):
            found.setdefault((str(case_id), int(no)), (at, continues))
    ordered = sorted(found.items(), key=lambda item: (item[1][0] is None, item[1][0] or 0, *item[0]))
    return [(case_id, no, continues) for (case_id, no), (_, continues) in ordered]


def _add_all(found: dict[tuple[str, int], Relative], source: Source, rows: Iterable[Row], relation: str) -> None:
    for row in rows:
        _add(found, source, row, relation)


def _add(found: dict[tuple[str, int], Relative], source: Source, row: Row, relation: str) -> None:
    key = (str(row["case_id"]), int(row["decision_no"]))
    found.setdefault(key, Relative(*key, relation, describe_header(source, row).partition(" · ")[2]))
