"""Opens the snapshot that is shown: one reader per use case and snapshot, kept while it is in use.

A running app asks for the current snapshot on every run, so a new one is picked up without a restart; readers of
an older one stay open until they fall out of the small cache.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections import OrderedDict
from pathlib import Path

from analysis.catalog import read_catalog
from analysis.errors import UserError
from analysis.filters import DIMENSIONS, Options
from analysis.rollups import hash_definitions
from analysis.source import Source
from data.engine import Reader
from data.snapshots import Manifest, Store
from data.use_case import parse_use_case

DEFAULT_ROOT = Path(__file__).parent.parent / "data" / "store"
_KEPT = 6
_lock = threading.Lock()
_sources: OrderedDict[tuple[Path, str, str], Source] = OrderedDict()


def store_root() -> Path:
    """The store's folder: EXECUTION_DEBT_STORE, or data/store beside the code."""
    return Path(os.environ.get("EXECUTION_DEBT_STORE") or DEFAULT_ROOT).resolve()


def read_manifest() -> Manifest:
    """The manifest of the snapshot shown; UserError where there is none yet."""
    manifest = Store(store_root()).current()
    if manifest is None:
        raise UserError(
            "There are no data yet",
            f"No snapshot was ever published in {store_root()}.",
            "Build the demo with `make demo` (python -m analysis.jobs.demo), or load your tables with "
            "`python -m analysis.jobs.load mapping.toml`.",
        )
    return manifest


def open_source(use_case: str | None = None) -> Source:
    """One use case of the snapshot shown, the first where none is named; UserError for one that is not there."""
    manifest = read_manifest()
    name = use_case or next(iter(manifest.parts))
    if name not in manifest.parts:
        raise UserError(
            "This use case is not in the snapshot",
            f"'{name}' is not there.",
            f"There is {', '.join(manifest.parts)}.",
        )
    key = (store_root(), manifest.id, name)
    with _lock:
        if key not in _sources:
            _sources[key] = _open(manifest, name)
            while len(_sources) > _KEPT:
                _sources.popitem(last=False)  # closed when its last reader lets go
        _sources.move_to_end(key)
        return _sources[key]


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
    reader = Reader(folder / part.file)
    toml = folder / f"{name}.toml"
    try:
        text = toml.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            "This snapshot is not complete", f"The file {toml} is missing.", "Choose another snapshot, or load again."
        ) from None
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


def describe_readiness() -> tuple[bool, str]:
    """Whether pages can be served, and the snapshot's id or what is wrong, in words."""
    try:
        return True, read_manifest().id
    except UserError as error:
        return False, str(error)
