"""What one run of a load found, as counts: written by the command as JSON, read by the page that started it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from analysis.errors import UserError
from data.load import Cause, SourceReport


@dataclass(frozen=True)
class RunReport:
    """Counts of one run. snapshot: the one it was compared with, "" for none; published: the new one, "" for none.

    causes: why records of this run were quarantined, the commonest first. held_before, held_after: records in
    quarantine by source, those of earlier loads included. released: records that had waited and found their decision,
    by table. error: title, what happened and what to do, where the run was refused; nothing else is known then.
    """

    snapshot: str = ""
    published: str = ""
    sources: tuple[SourceReport, ...] = ()
    causes: tuple[Cause, ...] = ()
    held_before: dict[str, int] = field(default_factory=dict)
    held_after: dict[str, int] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    still_waiting: int = 0
    notes: tuple[str, ...] = ()
    error: tuple[str, str, str] | None = None

    def to_error(self) -> UserError | None:
        """The refusal, to be shown in words; None where the run went through."""
        return UserError(*self.error) if self.error else None


def write_report(report: RunReport, path: Path) -> None:
    """The report as a JSON file."""
    path.write_text(json.dumps(asdict(report), indent=1), encoding="utf-8")


def read_report(path: Path) -> RunReport:
    """A report that `write_report` wrote; OSError or ValueError where the file is not one."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["sources"] = tuple(SourceReport(**one) for one in raw["sources"])
    raw["causes"] = tuple(Cause(**one) for one in raw["causes"])
    raw["notes"] = tuple(raw["notes"])
    raw["error"] = tuple(raw["error"]) if raw["error"] else None
    return RunReport(**raw)
