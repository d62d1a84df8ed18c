"""Build facts and rollups of the current snapshot anew, after a metric or a row set changed.

python -m analysis.jobs.rebuild
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from analysis.errors import DamageError, UserError
from analysis.jobs.publish import build_part, prune_old
from analysis.store import store_root
from data.build import drop_built
from data.durable import hash_file
from data.engine import connect_work
from data.snapshots import NewPart, Part, Store
from data.use_case import parse_use_case


def main() -> int:
    """Exit code 0, or 2 with the error in words."""
    try:
        rebuild_current()
    except UserError as error:
        print(f"\n{error.title}\n  {error.what_happened}\n  {error.what_to_do}", file=sys.stderr)
        return 2
    return 0


def rebuild_current(progress: Callable[[str], None] = print) -> None:
    """Publish every use case of the current snapshot again with the definitions of today, all at once; the tables as
    loaded stay. UserError where there is none, where its files are damaged, and where another process writes."""
    store = Store(store_root())
    current = store.current()
    if current is None:
        raise UserError("There is nothing to rebuild", f"No snapshot is in {store.root}.", "Load tables first.")
    with store.writing(current) as work:
        store.check(current)
        new = [_build_anew(store.folder(current.id), part, work, progress) for part in current.parts.values()]
        manifest = store.publish(*new)
        progress(f"published snapshot {manifest.id}")
        prune_old(store, progress)


def _build_anew(folder: Path, part: Part, work: Path, progress: Callable[[str], None]) -> NewPart:
    toml = (folder / f"{part.use_case}.toml").read_text(encoding="utf-8")
    kept = part.mapping_file
    file = work / part.file
    shutil.copy2(folder / part.file, file)
    if hash_file(file) != part.sha256:
        raise DamageError(
            "This snapshot cannot be read",
            f"{folder / part.file} is damaged: its content is not what was published.",
            "Choose another snapshot with `python -m analysis.jobs.snapshots use ID`, or load the tables again.",
        )
    with closing(connect_work(file)) as con:
        drop_built(con)
        return build_part(
            con, file, parse_use_case(toml, f"{part.use_case}.toml"),
            dt.datetime.fromisoformat(part.as_of) if part.as_of else None,
            use_case_toml=toml, mapping=part.mapping, models=folder / "models" / part.use_case, progress=progress,
            mapping_text=(folder / kept).read_text(encoding="utf-8") if kept else "",
            mapping_path=part.mapping_path,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
