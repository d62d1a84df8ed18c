"""Measure the pages and the load, print a Markdown report.

python -m benchmarks                    the demo at 300,000 and at 1,000,000 decisions
python -m benchmarks --quick            at 300,000, a few visits: does it run?
python -m benchmarks --write            and put the report into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import describe_load
from benchmarks.store import Build, build_store

if TYPE_CHECKING:
    from benchmarks.table import Run

SIZES = (300_000, 1_000_000)
VISITS, QUICK_VISITS = 50, 8
SEED = 20_261_122


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met, 1 if something could not be measured."""
    asked = _parse(arguments)
    sizes = asked.decisions or (SIZES[:1] if asked.quick else SIZES)
    visits = asked.visits or (QUICK_VISITS if asked.quick else VISITS)
    try:
        _measure_all(sizes, visits, asked.store, asked.write, asked.seed)
    except RuntimeError as error:
        print(f"\nNot measured: {error}\nThe server's log is kept beside the demo, in {asked.store}.", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "execution-debt-benchmarks"
    parser.add_argument("--decisions", type=int, nargs="+", help=f"sizes of the demo (default {SIZES})")
    parser.add_argument("--visits", type=int, help=f"different views per page, and cases (default {VISITS})")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same views")
    parser.add_argument(
        "--store", type=Path, default=default, help="where the demos are kept (default: a temporary place)"
    )
    parser.add_argument("--quick", action="store_true", help="the smallest demo and few views: not to be quoted")
    parser.add_argument("--write", action="store_true", help="write the report into benchmarks/README.md")
    asked = parser.parse_args(arguments)
    if asked.quick and asked.write:
        parser.error("--quick is too few visits to publish; leave out --quick or --write")
    return asked


def _measure_all(sizes: Sequence[int], visits: int, folder: Path, write: bool, seed: int) -> None:
    started, load = time.perf_counter(), describe_load()
    builds = []
    for decisions in sizes:  # before anything large is imported here: a child's peak begins at its parent's size
        print(f"The demo at {decisions:,} decisions", file=sys.stderr)
        builds.append(build_store(decisions, folder.resolve()))
    from benchmarks.table import build_report, find_over, write_report

    runs = [_measure(build, visits, seed) for build in builds]
    shown = [name for name in sys.argv[1:] if name != "--write"]
    report = build_report(runs, " ".join(["python -m benchmarks", *(Path(name).name for name in shown)]), load)
    print(report)
    over = find_over(runs)
    words = f"{len(over)} of {sum(len(run.pages) for run in runs)} measurements are over their target"
    print(f"\n{words}; {time.perf_counter() - started:,.0f} s in all.", file=sys.stderr)
    if write:
        write_report(report)


def _measure(build: Build, visits: int, seed: int) -> Run:
    from analysis.store import open_source
    from benchmarks.baseline import measure_baseline
    from benchmarks.pages import build_filters, build_visits, measure_cases, measure_first, measure_pages
    from benchmarks.server import serve
    from benchmarks.table import Run

    os.environ["EXECUTION_DEBT_STORE"] = build.store
    source = open_source()
    print(f"Pages at {source.decisions:,} decisions", file=sys.stderr)
    with serve(Path(build.store)) as server:
        first = measure_first(server.url, build_visits(source, "overrides", 1, seed - 1)[0])
        pages = measure_pages(server.url, source, visits, seed)
        pages.append(measure_cases(server.url, source, visits, seed))
    print(f"pandas at {source.decisions:,} decisions", file=sys.stderr)
    baseline = measure_baseline(source, build_filters(source, visits, seed))
    return Run(build, source.decisions, first.seconds, pages, baseline, server.peak_bytes)


if __name__ == "__main__":
    sys.exit(main())
