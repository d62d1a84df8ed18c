"""Snapshots: built apart, never changed once published, swapped in by one atomic rename.

A reader sees the old snapshot or the new one, never half of either; a process killed at any moment leaves the
last good one in place. Use cases that a load did not touch are hard-linked from the snapshot before.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import EllipsisType

from data.durable import sync_folder, sync_folders, write_durably
from data.errors import DamageError, UserError
from data.full_disk import disk_in_words, measure
from data.lock import held
from data.manifest import MAPPING_SUFFIX, Manifest, NewPart, Part
from data.parts import link_part, write_part
from data.soundness import check_models, check_part

__all__ = ["KEEP", "MAPPING_SUFFIX", "Manifest", "NewPart", "Part", "Store"]

KEEP = 5
_ID = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{3})[0-9a-f]{3}")
_STAMP = "%Y%m%dT%H%M%SZ"
_log = logging.getLogger("execution_debt")


class Store:
    """The folder of snapshots and the pointer to the one shown."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.snapshots = root / "snapshots"
        self.pointer = root / "current.json"
        self._is_writing = False

    def current(self) -> Manifest | None:
        """The snapshot the pointer names; None where nothing was ever published. UserError where either is damaged.

        Without a pointer it is the newest that can be read: a first load was cut off just before it wrote one.
        """
        named = self.pointed()
        if named is not None:
            return self.manifest(named)
        for name in reversed(self.ids()):
            with suppress(DamageError):
                return self.manifest(name)
        return None

    def pointed(self) -> str | None:
        """The id the pointer names, whether there is such a snapshot or not; None where there is no pointer."""
        try:
            found = json.loads(self.pointer.read_bytes())["id"]
            self.folder(found)
            return str(found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, UserError) as error:
            cause = error.what_happened if isinstance(error, UserError) else f"{error}."
            raise DamageError(
                "The store's pointer is damaged",
                f"{self.pointer} does not name a snapshot ({cause.rstrip('.')}).",
                "Choose one with `python -m analysis.jobs.snapshots use ID`.",
            ) from error

    def manifest(self, snapshot: str) -> Manifest:
        """The manifest of one snapshot; UserError where there is none of that id, DamageError where it is damaged."""
        path = self.folder(snapshot) / "manifest.json"
        try:
            found = Manifest.from_json(path.read_text(encoding="utf-8"))
            if found.id != snapshot:
                raise ValueError(f"it is that of {found.id}")
            return found
        except FileNotFoundError:
            known = ", ".join(self.ids()) or "none yet"
            raise DamageError(
                "There is no such snapshot", f"'{snapshot}' is not in {self.snapshots}.", f"There are: {known}."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamageError(
                "A snapshot's manifest is damaged",
                f"{path}: {error}.",
                "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`; where there is none, "
                f"remove {self.pointer} and load all tables again.",
            ) from error

    def folder(self, snapshot: str) -> Path:
        """The folder of a snapshot; the id is checked, so that it cannot point elsewhere."""
        if not snapshot or not all(c.isalnum() or c == "-" for c in snapshot):
            raise UserError(
                "There is no such snapshot", f"'{snapshot}' is not a snapshot's id.", "Use an id as listed."
            )
        return self.snapshots / snapshot

    def list_snapshots(self) -> list[Manifest]:
        """Every published snapshot, oldest first."""
        return [self.manifest(name) for name in self.ids()]

    def ids(self) -> list[str]:
        """The ids of every published snapshot in the order of publication, whether its manifest can be read or not."""
        try:
            return sorted(p.name for p in self.snapshots.iterdir() if p.is_dir() and not p.name.startswith("."))
        except FileNotFoundError:
            return []

    @contextmanager
    def writing(self, based_on: Manifest | EllipsisType | None = ...) -> Iterator[Path]:
        """A work folder, and the right to publish: one writer at a time. The folder is gone afterwards.

        based_on: what the caller read as current before (None: nothing); another load that published since then would
        be lost without a word. UserError then, where another process writes, and where the disk is full or may not be
        written.
        """
        with self._lock():
            if not isinstance(based_on, EllipsisType):
                self._check_unchanged(based_on)
            work = self.root / "work"
            self._clear(work)
            try:
                with disk_in_words(self.root, work, self._guess_size()):
                    work.mkdir()
                    yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def _check_unchanged(self, before: Manifest | None) -> None:
        now = self.current()
        if now and now.id != (before.id if before else ""):
            raise UserError(
                "The store changed meanwhile",
                f"Snapshot {now.id} was published or chosen while this was starting.",
                "Start again: it then builds on that snapshot.",
            )

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with disk_in_words(self.root):
            self.snapshots.mkdir(parents=True, exist_ok=True)
            with held(self.root / "writing.lock"):
                self._is_writing = True
                try:
                    yield
                finally:
                    self._is_writing = False

    def _clear(self, work: Path) -> None:
        """Remove what a killed load or prune left behind; what cannot be removed is never listed, and stays."""
        shutil.rmtree(work, ignore_errors=True)
        for left in self.snapshots.glob(".*"):
            if left.is_dir():  # a file there is none of ours: macOS leaves .DS_Store
                shutil.rmtree(left, ignore_errors=True)
        for left in self.root.glob(".current-*.json"):
            with suppress(OSError):
                left.unlink()

    def _guess_size(self) -> int:
        with suppress(UserError):
            current = self.current()
            return measure(self.folder(current.id)) if current else 0
        return 0

    def publish(self, *new: NewPart) -> Manifest:
        """Publish use cases, all at once, beside the others of the current snapshot; call within `writing`."""
        now = dt.datetime.now(dt.UTC)
        snapshot = self._next_id(now)
        building = self.snapshots / f".{snapshot}"
        building.mkdir()
        before = self.current()
        written = {part.use_case for part in new}
        parts: dict[str, Part] = {}
        for name, part in (before.parts if before else {}).items():
            if before and name not in written:
                link_part(self.folder(before.id), building, part)
                parts[name] = part
        for added in new:
            parts[added.use_case] = write_part(building, added, now)
        manifest = Manifest(snapshot, now.isoformat(timespec="seconds"), parts)
        write_durably(building / "manifest.json", manifest.to_json())
        sync_folders(building)
        os.rename(building, self.folder(snapshot))
        sync_folder(self.snapshots)
        self._point_to(snapshot)
        return manifest

    def _next_id(self, now: dt.datetime) -> str:
        """An id behind all others in the order of names, also within a second and where the clock was set back."""
        stamp, count = f"{now:{_STAMP}}", 0
        last = max((found for name in self.ids() if (found := _ID.fullmatch(name))), key=lambda m: m[0], default=None)
        if last and last[1] >= stamp:
            stamp, count = last[1], int(last[2], 16) + 1
            if count > 0xFFF:
                stamp, count = f"{dt.datetime.strptime(stamp, _STAMP) + dt.timedelta(seconds=1):{_STAMP}}", 0
        return f"{stamp}-{count:03x}{uuid.uuid4().hex[:3]}"

    def use(self, snapshot: str) -> Manifest:
        """Show another snapshot; UserError, and nothing changed, where there is none or its files are damaged."""
        manifest = self.manifest(snapshot)
        self.check(manifest)
        with disk_in_words(self.root):
            before = self.pointed_or_none()
            self._point_to(snapshot)
            if not self.folder(snapshot).is_dir() and before:  # pruned between the look and the pointing
                self._point_to(before)
        return self.manifest(snapshot)

    def pointed_or_none(self) -> str | None:
        """The id the pointer names; None where it names none or is damaged."""
        with suppress(DamageError):
            return self.pointed()
        return None

    def check(self, manifest: Manifest) -> None:
        """DamageError where a file of the snapshot is missing, of another size, or (but for the databases) changed."""
        for part in manifest.parts.values():
            check_part(self.folder(manifest.id), part)
            check_models(self.folder(manifest.id), part)

    def prune(
        self, keep: int = KEEP, cited: frozenset[str] = frozenset(), tell: Callable[[str], None] = _log.warning
    ) -> list[str]:
        """Remove old snapshots; the ids removed. Kept: the last `keep` that are sound, the one shown, those cited by
        a report, a review or an agreement, and each quarter's last.

        `tell` is told in words what stays although it is old: one whose manifest cannot be read (what it held is not
        known), and one that a reader on Windows holds open (elsewhere a reader keeps the files it has opened).
        UserError where another process writes.
        """
        if not self._is_writing:
            with self._lock():
                self._clear(self.root / "work")
                return self._prune(keep, cited, tell)
        return self._prune(keep, cited, tell)

    def _prune(self, keep: int, cited: frozenset[str], tell: Callable[[str], None]) -> list[str]:
        manifests = self._read_all(tell)
        quarters = {_quarter(m): m.id for m in manifests}  # later ones replace earlier ones
        kept = {m.id for m in manifests if self._is_sound(m)}
        kept = {*sorted(kept)[-keep:], *quarters.values(), *cited}
        removed = []
        for name in (m.id for m in manifests):
            # Asked anew each time, and once more afterwards: another process may be choosing this one to be shown.
            if name in kept or name == self.pointed_or_none():
                continue
            gone = self.snapshots / f".{name}"
            try:
                os.rename(self.folder(name), gone)  # out of sight first: a half-removed snapshot is never listed
            except OSError as error:
                tell(f"Snapshot {name} is still in use and stays until the next time ({error.strerror}).")
                continue
            if name == self.pointed_or_none():
                os.rename(gone, self.folder(name))
                continue
            shutil.rmtree(gone, ignore_errors=True)  # what cannot be removed now, the next load removes
            removed.append(name)
        return removed

    def _read_all(self, tell: Callable[[str], None]) -> list[Manifest]:
        found = []
        for name in self.ids():
            try:
                found.append(self.manifest(name))
            except UserError as error:
                tell(f"Snapshot {name} stays, because what it held is not known: {error.what_happened}")
        return found

    def _is_sound(self, manifest: Manifest) -> bool:
        try:
            self.check(manifest)
        except DamageError:
            return False
        return True

    def _point_to(self, snapshot: str) -> None:
        temporary = self.root / f".current-{uuid.uuid4().hex[:6]}.json"
        try:
            write_durably(temporary, json.dumps({"id": snapshot}))
            os.replace(temporary, self.pointer)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(self.root)


def _quarter(manifest: Manifest) -> str:
    at = dt.datetime.fromisoformat(manifest.published_at)
    return f"{at.year}-Q{(at.month - 1) // 3 + 1}"
