"""Snapshots: built apart, never changed once published, swapped in by one atomic rename.

A reader sees the old snapshot or the new one, never half of either; a process killed at any moment leaves the
last good one in place. Use cases that a load did not touch are hard-linked from the snapshot before.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from data.errors import UserError

KEEP = 5


@dataclass(frozen=True)
class Part:
    """One use case within a snapshot: where its file lies, what it holds and as of when (naive UTC, ISO; "" for a
    log without dates)."""

    use_case: str
    label: str
    as_of: str
    built_at: str
    file: str
    sha256: str
    rows: dict[str, int]
    mapping: str
    definitions: str = ""  # digest of the row sets and metrics its sums were made with
    models: dict[str, str] = field(default_factory=dict)  # artifact file -> sha256


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds."""

    id: str
    published_at: str
    parts: dict[str, Part]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw = json.loads(text)
        return cls(raw["id"], raw["published_at"], {k: Part(**v) for k, v in raw["parts"].items()})


@dataclass(frozen=True)
class NewPart:
    """What a build hands over: the closed database file and everything the manifest says of it."""

    use_case: str
    label: str
    use_case_toml: str
    as_of: dt.datetime | None
    file: Path
    rows: dict[str, int]
    mapping: str
    models: Path | None = None
    definitions: str = ""


class Store:
    """The folder of snapshots and the pointer to the one shown."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.snapshots = root / "snapshots"
        self.pointer = root / "current.json"

    def current(self) -> Manifest | None:
        """The snapshot shown; None where nothing was ever published. UserError where the pointer is damaged."""
        try:
            content = self.pointer.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return self.manifest(json.loads(content)["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                "The store's pointer is damaged",
                f"{self.pointer} does not name a snapshot ({error}).",
                "Choose one with `python -m analysis.jobs.snapshots use ID`.",
            ) from error

    def manifest(self, snapshot: str) -> Manifest:
        """The manifest of one snapshot; UserError where there is none of that id."""
        path = self.folder(snapshot) / "manifest.json"
        try:
            return Manifest.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = ", ".join(self.ids()) or "none yet"
            raise UserError(
                "There is no such snapshot", f"'{snapshot}' is not in {self.snapshots}.", f"There are: {known}."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                "A snapshot's manifest is damaged", f"{path}: {error}.", "Choose another snapshot, or load again."
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
        """The ids of every published snapshot, oldest first, whether its manifest can be read or not."""
        if not self.snapshots.exists():
            return []
        return sorted(p.name for p in self.snapshots.iterdir() if p.is_dir() and not p.name.startswith("."))

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A work folder, and the right to publish: one writer at a time. The folder is gone afterwards."""
        self.snapshots.mkdir(parents=True, exist_ok=True)
        lock = self.root / "writing.lock"
        _take_lock(lock)
        work = self.root / "work"
        try:
            shutil.rmtree(work, ignore_errors=True)  # what a killed load left behind
            for left in self.snapshots.glob(".*"):
                if left.is_dir():  # a file there is none of ours: macOS leaves .DS_Store
                    shutil.rmtree(left)
            work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            lock.unlink(missing_ok=True)

    def publish(self, new: NewPart) -> Manifest:
        """Publish one use case beside the others of the current snapshot; call within `writing`."""
        now = dt.datetime.now(dt.UTC)
        snapshot = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        building = self.snapshots / f".{snapshot}"
        building.mkdir()
        before = self.current()
        parts: dict[str, Part] = {}
        for name, part in (before.parts if before else {}).items():
            if before and name != new.use_case:
                _link_part(self.folder(before.id), building, part)
                parts[name] = part
        parts[new.use_case] = _write_part(building, new, now)
        manifest = Manifest(snapshot, now.isoformat(timespec="seconds"), parts)
        _write_durably(building / "manifest.json", manifest.to_json())
        _sync_folder(building)
        building.rename(self.folder(snapshot))
        _sync_folder(self.snapshots)
        self._point_to(snapshot)
        return manifest

    def use(self, snapshot: str) -> Manifest:
        """Show another snapshot."""
        manifest = self.manifest(snapshot)
        self._point_to(snapshot)
        return manifest

    def prune(self, keep: int = KEEP, cited: frozenset[str] = frozenset()) -> list[str]:
        """Remove old snapshots; the ids removed. Kept: the last `keep`, the one shown, those cited by a report,
        a review or an agreement, and each quarter's last."""
        manifests = self.list_snapshots()
        quarters = {_quarter(m): m.id for m in manifests}  # later ones replace earlier ones
        current = self.current()
        kept = {m.id for m in manifests[-keep:]} | set(quarters.values()) | cited
        if current:
            kept.add(current.id)
        removed = [m.id for m in manifests if m.id not in kept]
        for name in removed:
            gone = self.snapshots / f".{name}"
            self.folder(name).rename(gone)  # out of sight first: a half-removed snapshot is never listed
            shutil.rmtree(gone)
        return removed

    def _point_to(self, snapshot: str) -> None:
        temporary = self.root / f".current-{uuid.uuid4().hex[:6]}.json"
        _write_durably(temporary, json.dumps({"id": snapshot}))
        os.replace(temporary, self.pointer)
        _sync_folder(self.root)


def _write_part(building: Path, new: NewPart, now: dt.datetime) -> Part:
    file = f"{new.use_case}.duckdb"
    shutil.move(new.file, building / file)
    _sync_file(building / file)
    _write_durably(building / f"{new.use_case}.toml", new.use_case_toml)
    models: dict[str, str] = {}
    if new.models is not None and new.models.is_dir():
        target = building / "models" / new.use_case
        target.mkdir(parents=True)
        for artifact in sorted(p for p in new.models.iterdir() if p.suffix in (".ubj", ".json")):
            shutil.copy2(artifact, target / artifact.name)
            _sync_file(target / artifact.name)
            models[artifact.name] = _hash(target / artifact.name)
    return Part(
        use_case=new.use_case, label=new.label, as_of=new.as_of.isoformat() if new.as_of else "", file=file,
        mapping=new.mapping,
        built_at=now.isoformat(timespec="seconds"), sha256=_hash(building / file), rows=new.rows, models=models,
        definitions=new.definitions,
    )  # fmt: skip


def _link_part(source: Path, building: Path, part: Part) -> None:
    files = [part.file, f"{part.use_case}.toml", *(f"models/{part.use_case}/{name}" for name in part.models)]
    for name in files:
        target = building / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / name, target)
        except OSError:  # a file system without hard links
            shutil.copy2(source / name, target)


def _take_lock(lock: Path) -> None:
    for _ in range(2):
        try:
            with os.fdopen(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY), "w") as file:
                file.write(str(os.getpid()))
            return
        except FileExistsError:
            holder = lock.read_text(encoding="utf-8") if lock.exists() else ""
            if not holder or _is_alive(holder):
                raise UserError(
                    "Another load is running",
                    f"Process {holder or 'unknown'} is writing to {lock.parent}.",
                    f"Wait until it has ended; if none runs, remove {lock}.",
                ) from None
            lock.unlink(missing_ok=True)  # its process was killed


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    if os.name == "nt":  # there os.kill would interrupt the process instead of asking
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, but is not ours (or Windows cannot say): do not take its place
        return True
    return True


def _quarter(manifest: Manifest) -> str:
    at = dt.datetime.fromisoformat(manifest.published_at)
    return f"{at.year}-Q{(at.month - 1) // 3 + 1}"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders; its renames are journalled
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
