"""What is found after a kill: is the snapshot shown the old or the new one, whole, and is nothing else listed?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.source import Source
from analysis.store import open_source, read_shown
from benchmarks.kill_steps import Counts
from data.durable import hash_file
from data.errors import UserError
from data.snapshots import Manifest, Store

# A record's running number is the load's own: loading the same file once more numbers what it keeps apart anew.
_TABLES = {
    "decisions": "decisions",
    "outcomes": "outcomes",
    "waiting": "(select * exclude (record_id) from waiting)",
    "quarantine": "(select * exclude (record_id) from quarantine)",
    "facts": "facts",
}


class Wrong(Exception):
    """The store is not what it must be; the message says how."""


def digest(source: Source) -> dict[str, Any]:
    """The content of a use case: its records counted, and every row of its tables hashed."""
    found = {
        name: source.rows(f"select count(*), sum(hash(t))::varchar from {table} t")[0]
        for name, table in _TABLES.items()
    }
    sums = source.rows("select sum(decisions)::bigint from rollup_month")[0][0]
    counts = Counts(found["decisions"][0], found["outcomes"][0], found["waiting"][0], found["quarantine"][0])
    return {"counts": asdict(counts), "hashes": {t: rows[1] for t, rows in found.items()}, "sums": sums}


def inspect_store(root: Path, kept: list[str]) -> dict[str, Any]:
    """The id and content of the snapshot shown. Wrong where something that must hold does not:

    every id of `kept` is listed; every snapshot listed is whole, by the hash of every file; the dashboard opens the
    one the pointer names, without a complaint.
    """
    store = Store(root)
    listed = store.ids()
    if lost := set(kept) - set(listed):
        raise Wrong(f"lost {', '.join(sorted(lost))}")
    try:
        for name in listed:
            _check_whole(store, store.manifest(name))
        shown = read_shown()
        source = open_source("small")
    except UserError as error:
        raise Wrong(str(error)) from error
    if shown.trouble:
        raise Wrong(shown.trouble)
    if shown.manifest.id != store.pointed():
        raise Wrong(f"{shown.manifest.id} is shown, the pointer names {store.pointed()}")
    if source.snapshot != shown.manifest.id:
        raise Wrong(f"{source.snapshot} was opened, not {shown.manifest.id}")
    return {"id": source.snapshot, **digest(source)}


def _check_whole(store: Store, manifest: Manifest) -> None:
    store.check(manifest)
    for part in manifest.parts.values():
        if hash_file(store.folder(manifest.id) / part.file) != part.sha256:
            raise Wrong(f"{part.file} of {manifest.id} is not what was published")


def check_tidy(root: Path) -> None:
    """Wrong where a load that ended left more than the pointer and whole snapshots behind."""
    left = sorted(os.listdir(root))
    hidden = [name for name in os.listdir(root / "snapshots") if name.startswith(".")]
    if left != ["current.json", "snapshots"] or hidden:
        raise Wrong(f"left behind: {', '.join([*left, *hidden])}")
