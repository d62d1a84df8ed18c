"""What a load did, per source, and the conservation law that each source must keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class SourceReport:
    """Records of one source in one load. read = accepted + waiting + out_of_scope + quarantined."""

    source: str
    table: str
    read: int
    accepted: int
    waiting: int
    out_of_scope: int
    quarantined: int
    added: int
    changed: int

    def conserves(self) -> bool:
        """Whether every record read is in exactly one place, and every row that came in was added or changed."""
        kept = self.accepted + self.out_of_scope
        return self.read == kept + self.waiting + self.quarantined and kept == self.added + self.changed


@dataclass(frozen=True)
class LoadReport:
    """All sources of one load; `notes` say what files and queries gave; `as_of_latest` is in UTC, without a zone.

    `released` are records that waited since earlier loads and now found their decision; `still_waiting` those that
    have not; `open_quarantine` counts all quarantined records, those of earlier loads included.
    """

    sources: tuple[SourceReport, ...]
    notes: tuple[str, ...] = ()
    as_of_latest: datetime | None = None
    released: dict[str, int] = field(default_factory=dict)
    still_waiting: int = 0
    open_quarantine: int = 0

    def conserves(self) -> bool:
        """Whether every source keeps the conservation law."""
        return all(source.conserves() for source in self.sources)

    def lines(self) -> list[str]:
        """The report as lines of text to print."""
        lines = list(self.notes)
        for s in self.sources:
            name = s.source if s.source == s.table else f"{s.source} ({s.table})"
            lines.append(
                f"{name}: {s.read:,} read = {s.accepted:,} accepted + {s.waiting:,} waiting "
                f"+ {s.out_of_scope:,} out of scope + {s.quarantined:,} quarantined; "
                f"{s.added:,} added, {s.changed:,} changed"
            )
        lines += [f"{table}: {n:,} that had waited found their decision" for table, n in self.released.items() if n]
        if self.still_waiting:
            lines.append(f"{self.still_waiting:,} records wait for their decision")
        if self.open_quarantine:
            lines.append(f"{self.open_quarantine:,} records are in quarantine")
        return lines
