"""Load tables through a mapping and publish a snapshot.

python -m analysis.jobs.load mapping.toml                 the first load of a use case
python -m analysis.jobs.load mapping.toml --replace       start over
python -m analysis.jobs.load mapping.toml --append        add records, change those with the same key
python -m analysis.jobs.load mapping.toml --check         validate only, publish nothing
python -m analysis.jobs.load mapping.toml --append --mended decisions mended.csv
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from analysis.errors import UserError
from analysis.jobs.publish import publish_loaded
from analysis.store import store_root
from data.engine import Connection, connect_work
from data.load import LoadReport, Mapping, count_reasons, load_into, read_as_of, read_mapping, write_quarantine
from data.snapshots import Manifest, Store

Mode = Literal["append", "replace"]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 with the error in words; a failed load changes nothing."""
    asked = _parse(arguments)
    try:
        mapping = read_mapping(Path(asked.mapping))
        if asked.as_of:
            mapping = replace(mapping, as_of=read_as_of(asked.as_of, mapping.time_zone, "--as-of"))
        if asked.mended:
            mapping = mapping.with_files(asked.mended[0], [Path(name) for name in asked.mended[1:]])
        mode: Mode | None = "append" if asked.append else "replace" if asked.replace else None
        folder = Path(asked.quarantine) if asked.quarantine else None
        run_load(mapping, mode, check=asked.check, quarantine=folder)
    except UserError as error:
        print(f"\n{error.title}\n  {error.what_happened}\n  {error.what_to_do}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m analysis.jobs.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mapping", help="the TOML file that says which source column is which of ours")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--append", action="store_true", help="add records; those with the same key are changed")
    how.add_argument("--replace", action="store_true", help="start this use case over")
    parser.add_argument("--check", action="store_true", help="validate and report; publish nothing")
    parser.add_argument("--as-of", help="the day maturity is counted to; else the latest plausible timestamp read")
    parser.add_argument("--mended", nargs="+", metavar=("SOURCE", "FILE"), help="load these files as one source only")
    parser.add_argument("--quarantine", metavar="FOLDER", help="write what was quarantined there, to be mended")
    asked = parser.parse_args(arguments)
    if asked.mended and len(asked.mended) < 2:
        parser.error("--mended needs the source's name and at least one file")
    return asked


def run_load(
    mapping: Mapping,
    mode: Mode | None,
    *,
    check: bool = False,
    quarantine: Path | None = None,
    progress: Callable[[str], None] = print,
) -> tuple[LoadReport, Manifest | None]:
    """Load one mapping and publish it; with `check`, only report. mode None: refused where the use case has data."""
    store = Store(store_root())
    name = mapping.use_case.name
    current = store.current()
    held = current.parts.get(name) if current else None
    if held is not None and mode is None and not check:
        raise UserError(
            "This use case already has data",
            f"The current snapshot holds {held.rows.get('decisions', 0):,} decisions of '{name}'.",
            "Say --append to add to them, or --replace to start over.",
        )
    previous = store.folder(current.id) / held.file if current and held else None
    with store.writing() as work:
        file = work / f"{name}.duckdb"
        con = connect_work(file)
        try:
            report = load_into(con, mapping, previous=previous, mode=mode or "replace", progress=progress)
            for line in report.lines()[len(report.notes) :]:  # the notes were said while reading
                progress(line)
            for line in count_reasons(con):
                progress(f"  quarantined: {line}")
            if quarantine is not None:
                for path in write_quarantine(con, quarantine):
                    progress(f"quarantined records to mend: {path}")
            if check:
                progress("Checked only: nothing was published.")
                return report, None
            return report, _publish(store, con, file, mapping, report, progress)
        finally:
            con.close()


def _publish(
    store: Store, con: Connection, file: Path, mapping: Mapping, report: LoadReport, progress: Callable[[str], None]
) -> Manifest:
    as_of = mapping.as_of or report.as_of_latest  # None for a log without any date: nothing in it matures by the day
    return publish_loaded(
        store, con, file, mapping.use_case, as_of,
        use_case_toml=mapping.use_case_path.read_text(encoding="utf-8"), mapping=mapping.path.name,
        models=mapping.models, progress=progress,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
