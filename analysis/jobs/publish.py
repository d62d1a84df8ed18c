"""From loaded contract tables to a published snapshot: facts, rollups, options, manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from analysis.catalog import read_catalog
from analysis.filters import DIMENSIONS
from analysis.rollups import build_rollup_sql, hash_definitions
from data.build import build_facts, build_options, build_rollups, count_tables
from data.engine import Connection
from data.snapshots import Manifest, NewPart, Store
from data.use_case import UseCase


def publish_loaded(
    store: Store, con: Connection, file: Path, use_case: UseCase, as_of: dt.datetime | None, *,
    use_case_toml: str, mapping: str, models: Path | None, progress: Callable[[str], None],
    mapping_text: str = "", mapping_path: str = "",
) -> Manifest:  # fmt: skip
    """Build one use case's part with `build_part` and publish it; call within `store.writing`."""
    new = build_part(
        con, file, use_case, as_of, use_case_toml=use_case_toml, mapping=mapping, models=models, progress=progress,
        mapping_text=mapping_text, mapping_path=mapping_path,
    )  # fmt: skip
    manifest = store.publish(new)
    progress(f"published snapshot {manifest.id}")
    return manifest


def prune_old(store: Store, progress: Callable[[str], None]) -> None:
    """Remove what is older than the last snapshots to keep (`Store.prune`); call within `store.writing`."""
    removed = store.prune(tell=progress)
    if removed:
        progress(f"removed {len(removed)} older: {', '.join(removed)}")


def build_part(
    con: Connection,
    file: Path,
    use_case: UseCase,
    as_of: dt.datetime | None,
    *,
    use_case_toml: str,
    mapping: str,
    models: Path | None,
    progress: Callable[[str], None],
    mapping_text: str = "",
    mapping_path: str = "",
) -> NewPart:
    """Build facts and rollups in the work file and close it; what there is to publish.

    `con` is the open connection to `file`, holding the contract tables; `as_of` is naive UTC,
    None for a log without dates. The mapping's text and absolute path are kept where they are known.
    """
    facts = build_facts(con, use_case, as_of)
    progress(f"facts: {facts:,} decisions, " + (f"matured as of {as_of:%Y-%m-%d}" if as_of else "without dates"))
    build_rollups(con, build_rollup_sql(read_catalog().values()), progress)
    build_options(con, DIMENSIONS)
    rows = count_tables(con)
    con.execute("checkpoint")
    con.close()
    return NewPart(
        use_case.name,
        use_case.label,
        use_case_toml,
        as_of,
        file,
        rows,
        mapping,
        models,
        hash_definitions(read_catalog().values()),
        mapping_text,
        mapping_path,
    )
