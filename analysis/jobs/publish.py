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
    store: Store,
    con: Connection,
    file: Path,
    use_case: UseCase,
    as_of: dt.datetime | None,
    *,
    use_case_toml: str,
    mapping: str,
    models: Path | None,
    progress: Callable[[str], None],
) -> Manifest:
    """Build facts and rollups in the work file, close it, publish it; call within `store.writing`.

    `con` is the open connection to `file`, holding the contract tables; `as_of` is naive UTC,
    None for a log without dates.
    """
    facts = build_facts(con, use_case, as_of)
    progress(f"facts: {facts:,} decisions, " + (f"matured as of {as_of:%Y-%m-%d}" if as_of else "without dates"))
    build_rollups(con, build_rollup_sql(read_catalog().values()), progress)
    build_options(con, DIMENSIONS)
    rows = count_tables(con)
    con.execute("checkpoint")
    con.close()
    new = NewPart(
        use_case.name,
        use_case.label,
        use_case_toml,
        as_of,
        file,
        rows,
        mapping,
        models,
        hash_definitions(read_catalog().values()),
    )
    manifest = store.publish(new)
    progress(f"published snapshot {manifest.id}")
    return manifest
