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
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from analysis.errors import UserError
from analysis.intake_report import RunReport, write_report
from analysis.jobs.publish import prune_old, publish_loaded
from analysis.store import store_root
from data.engine import Connection, connect_work
from data.full_disk import disk_in_words
from data.load import (
    LoadReport,
    Mapping,
    count_reasons,
    list_causes,
    load_into,
    read_as_of,
    read_held,
    read_mapping,
    write_quarantine,
)
from data.snapshots import Manifest, Store

Mode = Literal["append", "replace"]


@dataclass(frozen=True)
class _Earlier:
    """What a load is added to: the snapshot's id and file; records in its quarantine by source; the next number."""

    snapshot: str = ""
    file: Path | None = None
    quarantined: dict[str, int] = field(default_factory=dict)
    next_id: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 with the error in words; a failed load changes nothing."""
    asked = _parse(arguments)
    report_to = Path(asked.report) if asked.report else None
    try:
        mapping = read_mapping(Path(asked.mapping), Path(asked.use_case) if asked.use_case else None)
        if asked.as_of:
            mapping = replace(mapping, as_of=read_as_of(asked.as_of, mapping.time_zone, "--as-of"))
        if asked.mended:
            mapping = mapping.with_files(asked.mended[0], [Path(name) for name in asked.mended[1:]])
        mode: Mode | None = "append" if asked.append else "replace" if asked.replace else None
        folder = Path(asked.quarantine) if asked.quarantine else None
        run_load(mapping, mode, check=asked.check, quarantine=folder, report_to=report_to)
    except UserError as error:
        if report_to:
            write_report(RunReport(error=(error.title, error.what_happened, error.what_to_do)), report_to)
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
    parser.add_argument("--use-case", metavar="FILE", help="read the use case from this file, not the mapping's")
    parser.add_argument("--report", metavar="FILE", help="write the counts there as JSON, or why the load was refused")
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
    report_to: Path | None = None,
    progress: Callable[[str], None] = print,
) -> tuple[LoadReport, Manifest | None]:
    """Load one mapping and publish it; with `check`, only report. mode None: refused where the use case has data.

    A check works in a folder of its own, without the right to publish: no load has to wait for it.
    """
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
    is_added = current is not None and held is not None and mode == "append"
    earlier = _read_earlier(store, current, name) if current and is_added else _Earlier()
    with _check_folder() if check else store.writing(current) as work:
        file = work / f"{name}.duckdb"
        con = connect_work(file)
        try:
            if check and earlier.file:
                progress(f"comparing with {held.rows.get('decisions', 0) if held else 0:,} decisions of {name}")
            report = load_into(
                con, mapping, previous=earlier.file, mode=mode or "replace", is_check=check, progress=progress,
                in_place=not check,
            )  # fmt: skip
            for line in report.lines()[len(report.notes) :]:  # the notes were said while reading
                progress(line)
            for line in count_reasons(con):
                progress(f"  quarantined: {line}")
            if quarantine is not None:
                for path in write_quarantine(con, quarantine):
                    progress(f"quarantined records to mend: {path}")
            found = _build_report(con, report, earlier)
            manifest = None if check else _publish(store, con, file, mapping, report, progress)
            if manifest:
                prune_old(store, progress)
        finally:
            con.close()
    if check:
        progress("Checked only: nothing was published.")
    if report_to:
        write_report(replace(found, published=manifest.id if manifest else ""), report_to)
    return report, manifest


@contextmanager
def _check_folder() -> Iterator[Path]:
    made = tempfile.TemporaryDirectory(prefix="execution-debt-check-", ignore_cleanup_errors=True)
    with made as folder, disk_in_words(Path(folder)):
        yield Path(folder)


def _read_earlier(store: Store, current: Manifest, name: str) -> _Earlier:
    file = store.folder(current.id) / current.parts[name].file
    quarantined, next_id = read_held(file)
    return _Earlier(current.id, file, quarantined, next_id)


def _build_report(con: Connection, report: LoadReport, earlier: _Earlier) -> RunReport:
    held: Counter[str] = Counter()
    for cause in list_causes(con):
        held[cause.source] += cause.count
    return RunReport(
        snapshot=earlier.snapshot, sources=report.sources, causes=tuple(list_causes(con, earlier.next_id)),
        held_before=earlier.quarantined, held_after=dict(held), released=report.released,
        still_waiting=report.still_waiting, notes=report.notes,
    )  # fmt: skip


def _publish(
    store: Store, con: Connection, file: Path, mapping: Mapping, report: LoadReport, progress: Callable[[str], None]
) -> Manifest:
    as_of = mapping.as_of or report.as_of_latest  # None for a log without any date: nothing in it matures by the day
    return publish_loaded(
        store, con, file, mapping.use_case, as_of,
        use_case_toml=mapping.use_case_path.read_text(encoding="utf-8"), mapping=mapping.path.name,
        models=mapping.models, progress=progress,
        mapping_text=mapping.path.read_text(encoding="utf-8-sig"), mapping_path=str(mapping.path.resolve()),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
