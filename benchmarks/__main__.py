"""Measure the pages, many people at once and the baselines, print a Markdown report.

python -m benchmarks                      the demo at one and at ten million decisions (it takes some minutes to build)
python -m benchmarks --quick              two small demos and few views: does it run?
python -m benchmarks --stores HERE THERE  stores that are there already, the smaller first
python -m benchmarks --load --peers --kills   and the load, other tools, and kills at random moments
python -m benchmarks --only sessions      these sections and no others
python -m benchmarks --write              and put the report into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import describe_load
from benchmarks.others import OTHERS, measure_other
from benchmarks.store import Build, build_store, find_store
from data.errors import UserError

if TYPE_CHECKING:
    from benchmarks.run import Run

SIZES, QUICK_SIZES = (1_000_000, 10_000_000), (60_000, 120_000)
FILTERS, QUICK_FILTERS = 50, 8
SECONDS, QUICK_SECONDS = 60.0, 10.0
SESSIONS = 20
SEED = 20_261_122
OF_A_STORE = ("pages", "sessions", "baselines")
SECTIONS = (*OF_A_STORE, *OTHERS)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met, 1 if something could not be measured."""
    asked = parse(arguments)
    try:
        _measure_all(asked)
    except (RuntimeError, UserError) as error:
        print(f"\nNot measured: {error}\nThe server's log is kept in {asked.store}.", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "execution-debt-benchmarks"
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="these sections and no others")
    for section in OTHERS:
        parser.add_argument(f"--{section}", action="store_true", help=f"measure {section} as well")
    parser.add_argument("--decisions", type=int, nargs="+", help=f"sizes of the demo, in order (default {SIZES})")
    parser.add_argument("--stores", type=Path, nargs="+", help="measure these stores instead of building the demo")
    parser.add_argument("--filters", type=int, help=f"different views per page, and cases (default {FILTERS})")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"people at once (default {SESSIONS})")
    parser.add_argument("--seconds", type=float, help=f"for how long (default {SECONDS:.0f})")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same views")
    parser.add_argument(
        "--store", type=Path, default=default, help="where the demos are kept (default: a temporary place)"
    )
    parser.add_argument("--quick", action="store_true", help="small demos and few views: not to be quoted")
    parser.add_argument("--write", action="store_true", help="write the report into benchmarks/README.md")
    asked = parser.parse_args(arguments)
    if asked.quick and asked.write:
        parser.error("--quick is too few visits to publish; leave out --quick or --write")
    asked.decisions = asked.decisions or (QUICK_SIZES if asked.quick else SIZES)
    asked.filters = asked.filters or (QUICK_FILTERS if asked.quick else FILTERS)
    asked.seconds = asked.seconds or (QUICK_SECONDS if asked.quick else SECONDS)
    asked.sections = asked.only or [*OF_A_STORE, *(section for section in OTHERS if getattr(asked, section))]
    return asked


def _measure_all(asked: argparse.Namespace) -> None:
    started, load = time.perf_counter(), describe_load()
    # Before anything large is imported here: a child's peak memory begins at its parent's size.
    builds = _find_stores(asked) if asked.stores or set(asked.sections) & set(OF_A_STORE) else []
    others = {section: _measure_other(section, asked, builds) for section in asked.sections if section in OTHERS}
    runs = _measure_stores(builds, asked)
    from benchmarks.readme import build_head, write_section

    over = measured = 0
    for section in asked.sections:
        body, found = (others[section], (0, 0)) if section in others else _build_section(section, runs)
        text = f"{build_head(describe_command(asked, section), load)}\n\n{body}"
        print(f"\n## {section}\n\n{text}")
        over, measured = over + found[0], measured + found[1]
        if asked.write:
            write_section(section, text)
    words = f"{over} of {measured} measurements with a target are over it"
    print(f"\n{words}; {time.perf_counter() - started:,.0f} s in all.", file=sys.stderr)


def _measure_other(section: str, asked: argparse.Namespace, builds: list[Build]) -> str:
    print(section.capitalize(), file=sys.stderr)
    store = Path(builds[-1].store) if builds and (asked.stores or asked.quick) else None
    return measure_other(section, asked.store.resolve(), store, quick=asked.quick)


def _measure_stores(builds: list[Build], asked: argparse.Namespace) -> list[Run]:
    from benchmarks.run import Asked, measure_store

    what = Asked(asked.sections, asked.filters, asked.sessions, asked.seconds, asked.seed, asked.store / "server.log")
    return [measure_store(build, what) for build in builds]


def _find_stores(asked: argparse.Namespace) -> list[Build]:
    if asked.stores:
        return [find_store(place.resolve()) for place in asked.stores]
    builds = []
    for decisions in asked.decisions:
        print(f"The demo at {decisions:,} decisions", file=sys.stderr)
        builds.append(build_store(decisions, asked.store.resolve()))
    return builds


def _build_section(section: str, runs: list[Run]) -> tuple[str, tuple[int, int]]:
    """A section's text, and how many of its figures are over their target, of how many that have one."""
    from benchmarks import baseline_report, pages_report, sessions_report

    if section == "pages":
        return pages_report.build_pages(runs), pages_report.count_over(runs)
    if section == "sessions":
        return sessions_report.build_sessions(runs), sessions_report.count_over(runs)
    return baseline_report.build_baselines(runs), (0, 0)


def describe_command(asked: argparse.Namespace, section: str) -> str:
    """The command that measures one section again, with the names of folders only."""
    words = ["python -m benchmarks", "--only", section]
    if asked.quick:
        words.append("--quick")
    if asked.stores:
        words += ["--stores", *(place.name for place in asked.stores)]
    elif tuple(asked.decisions) != SIZES and not asked.quick:
        words += ["--decisions", *(str(size) for size in asked.decisions)]
    for name, default in (("filters", FILTERS), ("sessions", SESSIONS), ("seconds", SECONDS), ("seed", SEED)):
        if getattr(asked, name) != default and not asked.quick:
            words += [f"--{name}", f"{getattr(asked, name):g}"]
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
