"""Which snapshot is shown, and why if it is not the one that was chosen.

A snapshot whose files are damaged is passed over for the last sound one before it, and the page says so. What was
found damaged is remembered in this process until its files are repaired or replaced.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.errors import DamageError, UserError
from analysis.hashing import hash_later, is_known_bad
from data.snapshots import Manifest, Part, Store
from data.soundness import check_models, check_part, read_signature

DEFAULT_ROOT = Path(__file__).parent.parent / "data" / "store"
RETRY_SECONDS = 60.0  # a reading error may pass (a network disk); a wrong hash does not
_RELOAD = "Load the tables again (`python -m analysis.jobs.load`), or restore the snapshot from a backup."

_log = logging.getLogger("execution_debt")


@dataclass(frozen=True)
class Shown:
    """The snapshot shown. trouble: why it is not simply the one chosen, in words, or "" where all is well; is_before:
    the one chosen is damaged and this is an earlier one; is_gone: the store is, and this is read from open files."""

    manifest: Manifest
    trouble: str = ""
    is_before: bool = False
    is_gone: bool = False

    def describe(self, as_of: str) -> str:
        """What the page says of it, "" where all is well; as_of: the day its numbers speak of, in words."""
        if not self.is_before:
            return self.trouble
        return f"{self.trouble} This page shows the one before it, {self.manifest.id}, as of {as_of}. {_RELOAD}"


@dataclass(frozen=True)
class _Mark:
    """A snapshot found damaged: why, what its files looked like then, and until when that is believed."""

    reason: str
    signature: tuple[tuple[str, int, int, int], ...]
    until: float


_marks: dict[tuple[Path, str], _Mark] = {}
_times_marked: dict[tuple[Path, str], int] = {}
_looked: dict[tuple[Path, str], tuple[tuple[str, int, int, int], ...]] = {}
_models: dict[tuple[Path, str], tuple[tuple[str, int, int], ...]] = {}
_last: dict[Path, Shown] = {}
_told: set[str] = set()
_lock = threading.RLock()


def store_root() -> Path:
    """The store's folder: EXECUTION_DEBT_STORE, or data/store beside the code."""
    return Path(os.environ.get("EXECUTION_DEBT_STORE") or DEFAULT_ROOT).resolve()


def find_shown(is_open: Callable[[str], bool] = lambda _: False) -> Shown:
    """The snapshot to show: the one chosen, or the last sound one before it; UserError where there is none.

    is_open: whether this process holds a snapshot open, so that it can go on showing it when the store is gone.
    """
    store = Store(store_root())
    try:
        with _lock:
            shown = _choose_steadily(store)
    except UserError as error:
        last = _last.get(store.root)
        if last is None or not is_open(last.manifest.id):
            raise
        _tell_once(f"Shown from open files: {error}")
        return replace(last, is_before=False, is_gone=True, trouble=_describe_gone(store, last, error))
    _last[store.root] = shown
    return shown


def _describe_gone(store: Store, last: Shown, error: UserError) -> str:
    is_there = store.root.is_dir() and os.access(store.root, os.R_OK | os.X_OK)
    what = f"The store {store.root} {'can no longer be read' if is_there else 'is gone'} ({error.title.lower()})."
    return (
        f"{what} This page goes on showing snapshot {last.manifest.id} from the files this server holds open; what it "
        "had not opened yet cannot be shown. Put the folder back, or load the tables again: the dashboard then picks "
        "it up by itself. Do not restart it before."
    )


def _choose_steadily(store: Store) -> Shown:
    """Choose again where another snapshot was pointed to meanwhile: the one looked at may have been pruned since."""
    while True:
        pointed = store.pointed_or_none()
        try:
            shown = _choose(store)
        except UserError:
            if store.pointed_or_none() == pointed:
                raise
        else:
            if not shown.trouble or store.pointed_or_none() == pointed:
                return shown


def _choose(store: Store) -> Shown:
    chosen, trouble = "", ""
    try:
        chosen = store.pointed() or ""
    except DamageError as error:
        trouble = f"{error.title}: {error.what_happened}"
    ids = _read_ids(store)
    if not chosen and not ids:
        raise _no_data(store, trouble)
    if not chosen and not trouble:
        trouble = f"The store's pointer {store.pointer} is missing."
    if not chosen:
        return _choose_newest(store, ids, trouble)
    reason = _find_damage(store, chosen)
    if isinstance(reason, Manifest):
        return _add_models(store, reason, ids)
    trouble = f"Snapshot {chosen} cannot be read ({_shorten(store, chosen, reason)})."
    _tell_once(trouble)
    for name in reversed([i for i in ids if i < chosen]):
        found = _find_damage(store, name)
        if isinstance(found, Manifest):
            return Shown(found, trouble, is_before=True)
    raise _none_left(store, trouble, [i for i in ids if i > chosen])


def _choose_newest(store: Store, ids: list[str], trouble: str) -> Shown:
    """Without a pointer nobody knows what was chosen: the newest that is sound."""
    for name in reversed(ids):
        found = _find_damage(store, name)
        if isinstance(found, Manifest):
            what = f"This page shows the newest snapshot that can be read, {name}."
            return Shown(found, f"{trouble} {what} Choose one with `python -m analysis.jobs.snapshots use ID`.")
    raise _none_left(store, trouble, [])


def _add_models(store: Store, manifest: Manifest, ids: list[str]) -> Shown:
    """The snapshot chosen, whose decisions are sound. A damaged model sends to the one before it; where there is none
    only the explanations by that model are lost."""
    reason = _find_model_damage(store, manifest)
    if not reason:
        return Shown(manifest)
    reason = _shorten(store, manifest.id, reason)
    trouble = f"Snapshot {manifest.id} cannot be read ({reason})."
    for name in reversed([i for i in ids if i < manifest.id]):
        found = _find_damage(store, name)
        if isinstance(found, Manifest) and not _find_model_damage(store, found):
            return Shown(found, trouble, is_before=True)
    return Shown(
        manifest,
        f"A model of snapshot {manifest.id} cannot be read ({reason}). Its decisions and numbers are sound and shown; "
        f"that model explains no scores. {_RELOAD}",
    )


def _shorten(store: Store, snapshot: str, reason: str) -> str:
    """A reason for a page: files by their names; the log has their paths."""
    return reason.replace(f"{store.folder(snapshot)}{os.sep}", "").removesuffix(".")


def _tell_once(words: str) -> None:
    """Log what every run of every page would say again."""
    if words not in _told:
        _told.add(words)
        _log.error("%s", words)


def _read_ids(store: Store) -> list[str]:
    try:
        return store.ids()
    except OSError as error:
        raise UserError(
            "The store cannot be read",
            f"{store.snapshots} cannot be listed ({error.strerror}).",
            "Give the account that runs the dashboard the right to read this folder.",
        ) from error


def _no_data(store: Store, trouble: str) -> UserError:
    if trouble:
        return UserError("The store cannot be read", trouble, f"There is no snapshot beside it. {_RELOAD}")
    return UserError(
        "There are no data yet",
        f"No snapshot was ever published in {store.root}.",
        "Build the demo with `make demo` (python -m analysis.jobs.demo), or load your tables with "
        "`python -m analysis.jobs.load mapping.toml`.",
    )


def _none_left(store: Store, trouble: str, later: list[str]) -> UserError:
    others = f" Later ones are there: {', '.join(later)}." if later else ""
    return UserError(
        "No snapshot can be shown",
        f"{trouble} No sound one is before it in {store.snapshots}.{others}",
        f"Choose another snapshot with `python -m analysis.jobs.snapshots use ID`. {_RELOAD}",
    )


# What is damaged


def mark_damaged(root: Path, manifest: Manifest, error: DamageError) -> None:
    """A reader met damage: from now on the last sound snapshot is shown. Whether it was damage or a passing trouble
    with the disk, the files' hashes tell; they are begun at once."""
    store = Store(root)
    signature = read_signature(store.folder(manifest.id), manifest)
    _mark(store, manifest.id, error.what_happened, signature, RETRY_SECONDS)
    for part in manifest.parts.values():
        hash_part_later(root, manifest, part, at_once=True)


def count_marks(root: Path, snapshot: str) -> int:
    """How often a snapshot was found damaged so far: what was opened before the last time is not to be read again."""
    return _times_marked.get((root, snapshot), 0)


def hash_part_later(root: Path, manifest: Manifest, part: Part, *, at_once: bool = False) -> None:
    """Have a use case's database hashed in the background; another content than published marks it as damaged."""
    store = Store(root)

    def on_mismatch(path: Path) -> None:
        signature = read_signature(store.folder(manifest.id), manifest)
        _mark(store, manifest.id, _describe_mismatch(path), signature, float("inf"))

    hash_later(store.folder(manifest.id) / part.file, part.sha256, on_mismatch, at_once=at_once)


def _describe_mismatch(path: Path) -> str:
    return f"{path} is damaged: its content is not what was published."


def _mark(store: Store, snapshot: str, reason: str, signature: tuple[tuple[str, int, int, int], ...], s: float) -> None:
    with _lock:
        _marks[store.root, snapshot] = _Mark(reason.rstrip("."), signature, time.monotonic() + s)
        _times_marked[store.root, snapshot] = count_marks(store.root, snapshot) + 1
    _tell_once(f"Snapshot {snapshot}: {reason}")


def _find_damage(store: Store, snapshot: str) -> Manifest | str:
    """The manifest of a sound snapshot, or why it is not. Files are looked at once, and again when they change."""
    try:
        manifest = store.manifest(snapshot)
    except UserError as error:
        return error.what_happened.rstrip(".")
    folder = store.folder(snapshot)
    signature = read_signature(folder, manifest)
    key = (store.root, snapshot)
    mark = _marks.get(key)
    if mark and mark.signature == signature and time.monotonic() < mark.until:
        return mark.reason
    try:
        for part in manifest.parts.values():
            if is_known_bad(folder / part.file, part.sha256):
                return _describe_mismatch(folder / part.file).rstrip(".")
            if _looked.get(key) != signature:
                check_part(folder, part)
    except DamageError as error:
        _mark(store, snapshot, error.what_happened, signature, RETRY_SECONDS)
        return error.what_happened.rstrip(".")
    _looked[key] = signature
    return manifest


def _find_model_damage(store: Store, manifest: Manifest) -> str:
    """Why a model's file cannot be used, or "". Hashed once, and again when a file changes."""
    folder = store.folder(manifest.id)
    signature = _stat_models(folder, manifest)
    if _models.get((store.root, manifest.id)) == signature:
        return ""
    try:
        for part in manifest.parts.values():
            check_models(folder, part)
    except DamageError as error:
        return error.what_happened.rstrip(".")
    _models[store.root, manifest.id] = signature
    return ""


def _stat_models(folder: Path, manifest: Manifest) -> tuple[tuple[str, int, int], ...]:
    found = []
    for part in manifest.parts.values():
        for name in part.models:
            try:
                at = os.stat(folder / "models" / part.use_case / name)
                found.append((name, at.st_size, at.st_mtime_ns))
            except OSError:
                found.append((name, -1, -1))
    return tuple(found)
