"""Build facts and rollups of the current snapshot anew, after a metric or a row set changed.

python -m analysis.jobs.rebuild
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Callable

from analysis.errors import UserError
from analysis.jobs.publish import publish_loaded
from analysis.store import store_root
from data.build import drop_built
from data.engine import connect_work
from data.snapshots import Store
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
    """Publish every use case of the current snapshot again with the definitions of today; tables as loaded stay."""
    store = Store(store_root())
    current = store.current()
    if current is None:
        raise UserError("There is nothing to rebuild", f"No snapshot is in {store.root}.", "Load tables first.")
    folder = store.folder(current.id)
    for name, part in current.parts.items():
        toml = (folder / f"{name}.toml").read_text(encoding="utf-8")
        with store.writing() as work:
            file = work / part.file
            shutil.copy2(folder / part.file, file)
            con = connect_work(file)
            drop_built(con)
            publish_loaded(
                store, con, file, parse_use_case(toml, f"{name}.toml"),
                dt.datetime.fromisoformat(part.as_of) if part.as_of else None,
                use_case_toml=toml, mapping=part.mapping, models=folder / "models" / name, progress=progress,
            )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
