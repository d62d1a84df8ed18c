"""`python -m benchmarks.truth`: simulate known truths and print, as a Markdown table, how often estimators meet them.

The seeds are 0, 1, 2, ..., fixed beforehand. Exits with 1 if a claim leaves the range that a correct procedure leaves
with a probability under .001. The last line shows what the intervals would be worth if deciders were ignored.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import truth_changes, truth_drivers, truth_intervals, truth_scores
from benchmarks.truth_gates import Truth

_HEAD = (
    "| claim | times | of seeds | share | a correct one has | passes from to | holds |\n|---|---|---|---|---|---|---|"
)


def build_table(truths: list[Truth]) -> str:
    """One row per claim."""
    return "\n".join([_HEAD, *(_row(truth) for truth in truths)])


def _row(truth: Truth) -> str:
    low, high = truth.gate
    least = "at least " if truth.side == "least" else ""
    return (
        f"| {truth.claim} | {truth.times:,} | {truth.seeds:,} | {100 * truth.times / truth.seeds:.1f} % "
        f"| {least}{100 * truth.expected:g} % | {low:,} to {high:,} | {'yes' if truth.holds else 'no'} |"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 if every claim holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description="Do the estimators meet the truth?")
    parser.add_argument("--seeds", type=int, default=1_000, help="simulated data sets per claim (default 1,000)")
    seeds = parser.parse_args(arguments).seeds
    if seeds < 100:
        parser.error("at least 100 seeds: with fewer no result could fail")
    truths = [
        t for part in (truth_intervals, truth_changes, truth_drivers, truth_scores) for t in part.build_truths(seeds)
    ]
    sys.stdout.write(build_table(truths) + "\n" + _row(truth_intervals.build_naive(seeds)) + "\n")
    return 0 if all(t.holds for t in truths) else 1


if __name__ == "__main__":
    sys.exit(main())
