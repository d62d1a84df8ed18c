"""Measure NannyML and Evidently against our own answer to the same question, print a Markdown table.

python -m benchmarks.peers                  over the benchmark's demo with about a million known outcomes
python -m benchmarks.peers --store PATH     over the first use case of a store
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.measure import ROWS, RUNS, measure_peers
from benchmarks.peers.table import build_peers_table, find_differing
from benchmarks.store import build_store

DECISIONS = 2_750_000  # of which a million and a little more were accepted and have a known outcome


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 if something of ours could not be measured, or a peer's figures are not ours."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "execution-debt-benchmarks"
    parser.add_argument("--store", type=Path, help=f"a store (default: a demo of {DECISIONS:,} decisions, built once)")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"cases, in whole months (default {ROWS:,})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each, whose median is told (default {RUNS})")
    parser.add_argument("--folder", type=Path, default=default, help="where environments and the demo are kept")
    asked = parser.parse_args(arguments)
    try:
        store = asked.store or Path(build_store(DECISIONS, asked.folder.resolve()).store)
        found = measure_peers(store, asked.rows, asked.runs, asked.folder, lambda words: print(words, file=sys.stderr))
    except RuntimeError as error:
        print(f"\nNot measured: {error}", file=sys.stderr)
        return 1
    print(build_peers_table(found))
    differing = find_differing(found)
    for words in differing:
        print(f"\nOther figures than ours: {words}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
