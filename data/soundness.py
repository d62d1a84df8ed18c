"""Is a snapshot what was published? Sizes and the small files' hashes at once; the database's hash takes a while.

The database itself is checked a second time by its engine, block by block, whenever one is read.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data.durable import hash_file
from data.errors import DamageError

if TYPE_CHECKING:
    from data.snapshots import Manifest, Part

_CHUNK = 1 << 20
_MAGIC = b"DUCK"  # at byte 8 of a database's file
_WHAT_TO_DO = (
    "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, restore it from a backup, "
    "or load the tables again."
)


def check_part(folder: Path, part: Part) -> None:
    """DamageError for a file of one use case that is missing, of another size, or (all but the database) changed."""
    for name, size in _list_files(part).items():
        _check_size(folder, name, size)
    _check_magic(folder, part.file)
    for name, expected in part.texts.items():
        _check_hash(folder, name, expected)


def check_models(folder: Path, part: Part, only: str = "") -> None:
    """DamageError for a model's file that is missing or changed; `only`: just the one of this name."""
    for name, expected in part.models.items():
        if only in ("", name):
            _check_size(folder, f"models/{part.use_case}/{name}", part.sizes.get(f"models/{part.use_case}/{name}"))
            _check_hash(folder, f"models/{part.use_case}/{name}", expected)


def check_slowly(path: Path, expected: str, share: float = 0.5) -> bool:
    """Whether a large file still has its hash; at most `share` of one core's time, with the interpreter free."""
    digest = hashlib.sha256()
    chunk = bytearray(_CHUNK)
    with path.open("rb", buffering=0) as file:
        while True:
            started = time.perf_counter()
            count = file.readinto(chunk)
            if not count:
                return digest.hexdigest() == expected
            digest.update(memoryview(chunk)[:count])
            time.sleep((time.perf_counter() - started) * (1 - share) / share)


def read_signature(folder: Path, manifest: Manifest) -> tuple[tuple[str, int, int, int], ...]:
    """What changes when somebody repairs a snapshot's files: their size, time and place on the disk."""
    found = []
    for name in ("manifest.json", *(n for part in manifest.parts.values() for n in _list_files(part))):
        try:
            at = os.stat(folder / name)
            found.append((name, at.st_size, at.st_mtime_ns, at.st_ino))
        except OSError:
            found.append((name, -1, -1, -1))
    return tuple(found)


def list_files(part: Part) -> list[str]:
    """Every file of one use case within a snapshot, the models' included."""
    names = dict.fromkeys((*_list_files(part), *(f"models/{part.use_case}/{name}" for name in part.models)))
    return list(names)


def _list_files(part: Part) -> Mapping[str, int | None]:
    """The files without which nothing can be shown, with their sizes (None where the manifest is too old to say)."""
    names = dict.fromkeys((part.file, f"{part.use_case}.toml", *part.texts))
    return {name: part.sizes.get(name) for name in names}


def _check_size(folder: Path, name: str, expected: int | None) -> None:
    try:
        size = os.stat(folder / name).st_size
    except FileNotFoundError:
        raise DamageError("This snapshot is not complete", f"{folder / name} is missing.", _WHAT_TO_DO) from None
    except OSError as error:
        raise DamageError(
            "This snapshot cannot be read", f"{folder / name} cannot be read ({error.strerror}).", _WHAT_TO_DO
        ) from error
    if expected is not None and size != expected:
        raise DamageError(
            "This snapshot cannot be read",
            f"{folder / name} is damaged or incomplete: it has {size:,} bytes where {expected:,} were written.",
            _WHAT_TO_DO,
        )


def _check_magic(folder: Path, name: str) -> None:
    try:
        with (folder / name).open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise DamageError(
            "This snapshot cannot be read", f"{folder / name} cannot be read ({error.strerror}).", _WHAT_TO_DO
        ) from error
    if head[8:] != _MAGIC:
        raise DamageError(
            "This snapshot cannot be read", f"{folder / name} is damaged or not a snapshot's database.", _WHAT_TO_DO
        )


def _check_hash(folder: Path, name: str, expected: str) -> None:
    try:
        is_sound = hash_file(folder / name) == expected
    except OSError as error:
        raise DamageError(
            "This snapshot cannot be read", f"{folder / name} cannot be read ({error.strerror}).", _WHAT_TO_DO
        ) from error
    if not is_sound:
        raise DamageError(
            "This snapshot cannot be read",
            f"{folder / name} is damaged or incomplete: its content is not what was written.",
            _WHAT_TO_DO,
        )
