"""Opens the snapshot that is shown: one reader per use case and snapshot, kept while it is in use.

A running app asks for the current snapshot on every run, so a new one is picked up without a restart; readers of
an older one stay open until they fall out of the small cache.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from analysis.catalog import read_catalog
from analysis.errors import DamageError, UserError
from analysis.filters import DIMENSIONS, Options
from analysis.rollups import hash_definitions
from analysis.shown import Shown, count_marks, find_shown, hash_part_later, mark_damaged, store_root
from analysis.source import Source
from data.engine import Reader
from data.snapshots import Manifest, Store
from data.soundness import check_models
from data.use_case import parse_use_case

__all__ = [
    "Readiness", "Shown", "describe_readiness", "is_outdated", "model_file", "models_folder", "open_shown",
    "open_source", "read_manifest", "read_shown", "store_root",
]  # fmt: skip

_KEPT = 6
_IDLE_SECONDS = 60.0
_lock = threading.Lock()
_Key = tuple[Path, str, str, int]  # root, snapshot, use case, how often that was found damaged before
_sources: OrderedDict[_Key, Source] = OrderedDict()
# All that anybody still reads from: the engine refuses to open a file a second time.
_open_sources: WeakValueDictionary[_Key, Source] = WeakValueDictionary()


def read_shown() -> Shown:
    """The snapshot shown, and what is to be said of it; UserError where none can be."""
    return find_shown(_is_open)


def read_manifest() -> Manifest:
    """The manifest of the snapshot shown; UserError where there is none yet."""
    return read_shown().manifest


def open_source(use_case: str | None = None) -> Source:
    """One use case of the snapshot shown, the first where none is named; UserError for one that is not there."""
    return open_shown(use_case)[1]


def open_shown(use_case: str | None = None) -> tuple[Shown, Source]:
    """The same with the snapshot it belongs to: the last sound one, where opening finds damage."""
    while True:
        shown = read_shown()
        try:
            return shown, _open_kept(shown, use_case)
        except DamageError as error:
            mark_damaged(store_root(), shown.manifest, error)
            after = read_shown()  # each round passes over one more snapshot; UserError after the last
            if after.manifest.id == shown.manifest.id:
                raise UserError(error.title, error.what_happened, error.what_to_do) from error


def is_outdated(source: Source) -> bool:
    """Whether another snapshot is shown by now than the one this source reads; also while none can be."""
    try:
        return read_manifest().id != source.snapshot
    except UserError:
        return True


def _is_open(snapshot: str) -> bool:
    with _lock:
        return any(key[:2] == (store_root(), snapshot) for key in _open_sources)


def _open_kept(shown: Shown, use_case: str | None) -> Source:
    manifest = shown.manifest
    name = use_case or next(iter(manifest.parts))
    if name not in manifest.parts:
        raise UserError(
            "This use case is not in the snapshot",
            f"'{name}' is not there.",
            f"There is {', '.join(manifest.parts)}.",
        )
    root = store_root()
    key = (root, manifest.id, name, count_marks(root, manifest.id))
    with _lock:
        older = [k for k in list(_open_sources) if k[:3] == key[:3] and k != key]
        if shown.is_gone and older and key not in _open_sources:
            key = older[-1]
        source = _open_sources.get(key)
        if source is None:
            for found_damaged in older:
                _sources.pop(found_damaged, None)  # or the engine would not open the repaired file
            for k, before in list(_open_sources.items()):
                if k[:1] + k[2:3] == (root, name):
                    before.kept.clear()  # few will ask an older snapshot again
            source = _open(manifest, name)
        _open_sources[key] = _sources[key] = source
        _sources.move_to_end(key)
        while len(_sources) > _KEPT:
            _sources.popitem(last=False)
        for k, old in list(_open_sources.items()):
            if k not in _sources:  # a session may keep it for as long as it lives
                old.reader.close(_IDLE_SECONDS)
        return source


def _open(manifest: Manifest, name: str) -> Source:
    folder = Store(store_root()).folder(manifest.id)
    part = manifest.parts[name]
    catalog = read_catalog()
    if part.definitions != hash_definitions(catalog.values()):
        raise UserError(
            "This snapshot was built with other definitions",
            f"Metrics or row sets changed since snapshot {manifest.id} was built, so its sums no longer fit them.",
            "Build its sums anew with `python -m analysis.jobs.rebuild`; the decisions stay as they are.",
        )
    root = store_root()
    reader = Reader(folder / part.file, on_damage=lambda error: mark_damaged(root, manifest, error))
    toml = folder / f"{name}.toml"
    try:
        text = toml.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DamageError(
            "This snapshot is not complete",
            f"The file {toml} is missing or cannot be read ({type(error).__name__}).",
            "Choose another snapshot, or load again.",
        ) from None
    hash_part_later(root, manifest, part)
    options = _read_options(reader, tuple(manifest.parts))
    return Source(
        reader=reader,
        use_case=parse_use_case(text, str(toml)),
        catalog=catalog,
        snapshot=manifest.id,
        as_of=dt.datetime.fromisoformat(part.as_of) if part.as_of else None,
        options=options,
        mapped=frozenset(f"{t}.{c}" for t, c in reader.rows("select table_name, column_name from mapped_columns")),
        decisions=int(reader.rows("select count(*) from facts where is_in_scope")[0][0]),
    )


def _read_options(reader: Reader, use_cases: tuple[str, ...]) -> Options:
    rows = reader.rows("select name, value from options order by name, value")
    values = {d: tuple(str(v) for n, v in rows if n == d) for d in DIMENSIONS}
    periods = tuple(str(v) for n, v in rows if n == "period")
    dated = bool(reader.rows("select count(decided_on) > 0 from facts")[0][0])
    return Options(use_cases, periods, dated, {d: v for d, v in values.items() if v})


def models_folder(source: Source) -> Path:
    """Where the artifacts of the snapshot's model versions lie."""
    return Store(store_root()).folder(source.snapshot) / "models" / source.use_case.name


def model_file(source: Source, name: str) -> Path:
    """The path of one artifact, found to be what was published; DamageError where it is not. There need be none."""
    store = Store(store_root())
    try:
        part = store.manifest(source.snapshot).parts[source.use_case.name]
        check_models(store.folder(source.snapshot), part, only=name)
    except DamageError as error:
        raise UserError(
            "The model cannot be asked", error.what_happened, "Load the tables again, or restore it from a backup."
        ) from error
    return models_folder(source) / name


@dataclass(frozen=True)
class Readiness:
    """Whether pages can be served, from which snapshot, and in words what is not as it should be ("" if nothing)."""

    is_ready: bool
    snapshot: str
    words: str


def describe_readiness() -> Readiness:
    """What the dashboard could show this moment. Opening the first use case finds what a look at the files does not."""
    try:
        shown, source = open_shown()
    except UserError as error:
        return Readiness(False, "", str(error))
    return Readiness(True, shown.manifest.id, shown.describe(source.as_of_words))
