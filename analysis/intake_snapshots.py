"""Snapshots as an administrator sees them: every one in the store, damaged ones too; and are files as published?

A damaged snapshot is a line with its damage in words; it never keeps the others from being listed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import UserError
from analysis.store import store_root
from data.snapshots import Manifest, Part, Store
from data.soundness import check_part

_CHUNK = 4 << 20  # bytes hashed between two reports of progress


@dataclass(frozen=True)
class PartLine:
    """One use case of one snapshot. rows: of decisions, features and outcomes. size: bytes of its files, models too.

    as_of and built_at are ISO, UTC; as_of is "" for a log without dates.
    """

    use_case: str
    label: str
    as_of: str
    built_at: str
    decisions: int
    features: int
    outcomes: int
    size: int
    mapping: str
    sha256: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class SnapshotLine:
    """One snapshot. damage: what is wrong with it, in words; "" where nothing is seen (large files are not hashed)."""

    id: str
    published_at: str
    is_shown: bool
    damage: str
    parts: tuple[PartLine, ...]


@dataclass(frozen=True)
class Verdict:
    """One file after its hash was computed anew. words: "as published", or what is wrong."""

    file: str
    is_sound: bool
    words: str


@dataclass(frozen=True)
class Step:
    """Progress of a verification: bytes hashed of all, the file at work, and its verdict once it is done."""

    done: int
    total: int
    file: str
    verdict: Verdict | None = None


def list_snapshots(shown: str) -> list[SnapshotLine]:
    """Every snapshot of the store, the newest first; `shown` is the id of the one on the screen."""
    store = Store(store_root())
    return [_describe(store, name, name == shown) for name in reversed(store.ids())]


def verify_snapshot(snapshot: str) -> Iterator[Step]:
    """Hash every file of a snapshot anew; a step for every few megabytes, one with a verdict for every file.

    UserError where its manifest cannot be read.
    """
    store = Store(store_root())
    expected = _list_hashes(store.manifest(snapshot))
    folder = store.folder(snapshot)
    total = sum(_measure(folder / name) or 0 for name in expected)
    done = 0
    for name, published in expected.items():
        digest = hashlib.sha256()
        try:
            with (folder / name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    yield Step(done, total, name)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            words = "missing" if missing else f"cannot be read ({error.strerror})"
            yield Step(done, total, name, Verdict(name, False, words))
            continue
        is_sound = digest.hexdigest() == published
        words = "as published" if is_sound else f"changed since it was published: its sha256 is {digest.hexdigest()}"
        yield Step(done, total, name, Verdict(name, is_sound, words))


def describe_verdicts(snapshot: str, verdicts: list[Verdict], seconds: float) -> str:
    """The verification in a sentence."""
    wrong = [verdict for verdict in verdicts if not verdict.is_sound]
    took = f"{seconds:.1f} s"
    if not wrong:
        files = "1 file is" if len(verdicts) == 1 else f"All {len(verdicts)} files are"
        return f"Snapshot {snapshot}: {files} as published ({took})."
    words = "; ".join(f"{verdict.file} {verdict.words}" for verdict in wrong)
    return f"Snapshot {snapshot}: {len(wrong)} of {len(verdicts)} files are not as published ({took}): {words}."


def format_bytes(size: int) -> str:
    """ "3.4 MB", in powers of ten; no-break space."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}\u00a0{name}"
    return f"{size}\u00a0bytes"


def _describe(store: Store, name: str, is_shown: bool) -> SnapshotLine:
    try:
        manifest = store.manifest(name)
    except UserError as error:
        return SnapshotLine(name, "", is_shown, f"{error.title}: {error.what_happened}", ())
    folder = store.folder(name)
    parts = tuple(_describe_part(folder, part) for part in manifest.parts.values())
    return SnapshotLine(name, manifest.published_at, is_shown, _find_damage(folder, manifest), parts)


def _find_damage(folder: Path, manifest: Manifest) -> str:
    """What is wrong with a snapshot's files, without reading the large ones; "" where nothing is."""
    missing = [
        file
        for part in manifest.parts.values()
        for file in dict.fromkeys((*_list_part_hashes(part), f"{part.use_case}.toml"))
        if _measure(folder / file) is None
    ]
    if missing:
        return f"Missing: {', '.join(missing)}."
    try:
        for part in manifest.parts.values():
            check_part(folder, part)
    except UserError as error:
        return error.what_happened
    return ""


def _describe_part(folder: Path, part: Part) -> PartLine:
    rows = part.rows
    size = sum(_measure(folder / name) or 0 for name in _list_part_hashes(part))
    return PartLine(
        part.use_case, part.label, part.as_of, part.built_at, rows.get("decisions", 0), rows.get("features", 0),
        rows.get("outcomes", 0), size, part.mapping, part.sha256, tuple(part.models),
    )  # fmt: skip


def _list_hashes(manifest: Manifest) -> dict[str, str]:
    return {name: sha for part in manifest.parts.values() for name, sha in _list_part_hashes(part).items()}


def _list_part_hashes(part: Part) -> dict[str, str]:
    """File within the snapshot -> sha256 when it was published."""
    models = {f"models/{part.use_case}/{name}": sha for name, sha in part.models.items()}
    return {part.file: part.sha256, **part.texts, **models}


def _measure(path: Path) -> int | None:
    """Bytes of a file, None where it is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return None
