"""Build the demo: simulate the bank, train its models, load its tables like anybody's, publish the snapshot.

python -m analysis.jobs.demo [--decisions 300_000] [--seed N] [--if-missing]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from analysis.errors import UserError
from analysis.jobs.load import run_load
from analysis.store import store_root
from data.demo.simulate import SEED, simulate_bank
from data.load import Mapping, read_mapping
from data.snapshots import Store
from data.use_case import FOLDER, read_use_case
from models.score import score_cases
from models.train import train_model

DECISIONS = 300_000


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 with the error in words."""
    parser = argparse.ArgumentParser(prog="python -m analysis.jobs.demo", description=__doc__)
    parser.add_argument("--decisions", type=int, default=DECISIONS, help="how many, 10_000_000 for scale")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same bank")
    parser.add_argument("--if-missing", action="store_true", help="do nothing where a snapshot is already there")
    asked = parser.parse_args(arguments)
    try:
        if asked.if_missing and Store(store_root()).current() is not None:
            print("A snapshot is there already; `python -m analysis.jobs.demo` builds the demo anew.")
            return 0
        build_demo(asked.decisions, asked.seed)
    except UserError as error:
        print(f"\n{error.title}\n  {error.what_happened}\n  {error.what_to_do}", file=sys.stderr)
        return 2
    return 0


def build_demo(decisions: int = DECISIONS, seed: int = SEED) -> None:
    """Simulate, load and publish. The truth file stays beside the store (demo/truth.parquet); no page reads it."""
    started = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="execution-debt-demo-"))
    try:
        files = simulate_bank(decisions, seed, train=train_model, score=score_cases, folder=folder, progress=print)
        run_load(_permit_demo_views(read_mapping(files.mapping), folder), "replace")
        _keep_truth(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"The demo is ready after {time.perf_counter() - started:.0f} s.")


def _permit_demo_views(mapping: Mapping, folder: Path) -> Mapping:
    """The demo's people are made up, so views of single deciders and of groups, off elsewhere, are on here."""
    text = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    for name in ("show_deciders", "show_groups"):
        text = text.replace(f"{name} = false", f"{name} = true")
    path = folder / "credit.toml"
    path.write_text(text, encoding="utf-8")
    return replace(mapping, use_case=read_use_case(path), use_case_path=path)


def _keep_truth(folder: Path) -> None:
    kept = store_root() / "demo"
    kept.mkdir(parents=True, exist_ok=True)
    shutil.move(folder / "truth.parquet", kept / "truth.parquet")


if __name__ == "__main__":
    sys.exit(main())
