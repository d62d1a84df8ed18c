"""What is killed: six commands over a small log, each run in a forked child that marks which step it is in.

The child runs the commands themselves; the functions at the border of a step are only wrapped, to note that they began.
"""

from __future__ import annotations

import mmap
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import analysis.jobs.load
import analysis.jobs.publish
import analysis.jobs.rebuild
import analysis.jobs.snapshots
from data.snapshots import NewPart, Store

STEPS = (
    "starting", "clearing up", "reading and checking", "facts", "sums", "closing the file", "publishing: files",
    "pointer: writing", "pointer: swapping", "published", "pruning: out of sight", "pruning: removing",
)  # fmt: skip
KINDS = ("load --replace", "load --append", "rebuild", "publish", "prune", "use")

CASES, MORE = 200, 80
CHANGED = 20  # of MORE: known cases, decided differently
BAD = 4  # of CASES and of MORE each: decisions of a day that does not exist
EARLY = 6  # outcomes of CASES whose decisions come with MORE
USE_CASE = 'name = "small"\nlabel = "Small"\nhorizon_days = 30\n'
MAPPING = """
use_case = "small.toml"
[[source]]
name = "decisions"
table = "decisions"
files = ["{name}.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
said = "recommendation"
decision = "decision"
[source.constants]
channel = "assisted"
[[source]]
name = "outcomes"
table = "outcomes"
files = ["{name}-outcomes.csv"]
[source.columns]
case = "case_id"
at = "observed_at"
bad = "bad"
"""


@dataclass(frozen=True)
class Counts:
    """Records of a snapshot: decisions accepted, outcomes accepted, waiting and quarantined."""

    decisions: int
    outcomes: int
    waiting: int
    quarantined: int


BEFORE = Counts(CASES - BAD, CASES // 4, EARLY, BAD)
REPLACED = Counts(MORE - BAD, MORE // 4, 0, BAD)
APPENDED = Counts(CASES + MORE - CHANGED - 2 * BAD, CASES // 4 + MORE // 4 + EARLY, 0, 2 * BAD)


def write_inputs(place: Path) -> None:
    """The logs `base` and `more`, with a mapping each; the counts above say what a load must make of them."""
    (place / "small.toml").write_text(USE_CASE, encoding="utf-8")
    _write_log(place, "base", range(CASES), early=range(CASES + 10, CASES + 10 + EARLY))
    _write_log(place, "more", range(CASES - CHANGED, CASES + MORE - CHANGED), early=range(0))


def _write_log(place: Path, name: str, cases: range, early: range) -> None:
    lines = ["case,at,said,decision"]
    for n, i in enumerate(cases):
        day = "2026-02-30" if 0 <= n - len(cases) // 2 < BAD else f"2026-01-{i % 28 + 1:02d}"
        lines.append(f"C-{i:05d},{day}T10:00,accept,{'reject' if (i + len(cases)) % 7 == 0 else 'accept'}")
    told = ["case,at,bad"]
    told += [f"C-{i:05d},2026-02-{i % 28 + 1:02d}T10:00,{i % 3 == 0}" for i in (*cases[: len(cases) // 4], *early)]
    (place / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (place / f"{name}-outcomes.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    (place / f"{name}.toml").write_text(MAPPING.format(name=name), encoding="utf-8")


def run_kind(kind: str, place: Path) -> int:
    """Run one command over `place`/store; its exit code."""
    if kind.startswith("load"):
        return analysis.jobs.load.main([str(place / "more.toml"), kind.removeprefix("load ")])
    if kind == "rebuild":
        return analysis.jobs.rebuild.main()
    if kind == "publish":
        return _publish(place)
    ids = Store(place / "store").ids()
    return analysis.jobs.snapshots.main(["prune", "--keep", "2"] if kind == "prune" else ["use", ids[1]])


def _publish(place: Path) -> int:
    """Only the publishing of a load, of the file built beforehand, so that its short steps are hit often enough."""
    store = Store(place / "store")
    part = next(iter(store.manifest(store.ids()[-1]).parts.values()))
    with store.writing() as work:
        file = work / "small.duckdb"
        shutil.copyfile(place / "built.duckdb", file)
        new = NewPart("small", "Small", USE_CASE, None, file, part.rows, "more.toml", definitions=part.definitions)
        store.publish(new)
    return 0


def mark_steps(mark: mmap.mmap) -> None:
    """Wrap the borders of the steps in this process, so that each writes its number where the parent can see it."""

    def at(step: str) -> None:
        mark[0] = STEPS.index(step)

    def wrap(owner: Any, name: str, before: str = "", after: str = "") -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def noted(*arguments: Any, **named: Any) -> Any:
            if before:
                at(before)
            found = inner(*arguments, **named)
            if after:
                at(after)
            return found

        setattr(owner, name, noted)

    wrap(Store, "_clear", "clearing up", "starting")
    wrap(analysis.jobs.load, "load_into", "reading and checking")
    wrap(analysis.jobs.rebuild, "drop_built", "reading and checking")
    wrap(analysis.jobs.publish, "build_facts", "facts")
    wrap(analysis.jobs.publish, "build_rollups", "sums", "closing the file")
    wrap(Store, "publish", "publishing: files", "published")
    wrap(Store, "_point_to", "pointer: writing", "published")
    wrap(os, "replace", "pointer: swapping")
    wrap(Store, "_prune", "pruning: out of sight")
    rename: Callable[..., None] = os.rename
    remove: Callable[..., None] = shutil.rmtree

    def noted_rename(source: Any, target: Any, *arguments: Any, **named: Any) -> None:
        rename(source, target, *arguments, **named)
        if mark[0] == STEPS.index("publishing: files"):
            at("pointer: writing")

    def noted_remove(folder: Any, *arguments: Any, **named: Any) -> None:
        before = mark[0]
        if before == STEPS.index("pruning: out of sight"):
            at("pruning: removing")
        remove(folder, *arguments, **named)
        mark[0] = before

    os.rename = noted_rename  # type: ignore[assignment]
    shutil.rmtree = noted_remove  # type: ignore[assignment]


def be_quiet() -> None:
    """Send what a command says to nowhere."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
