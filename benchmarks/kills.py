"""Kill the commands that write the store at random moments, and look at what is shown afterwards.

python -m benchmarks.kills --kills 1000            writes benchmarks/kills.md
python -m benchmarks.kills --kills 54 --report X   writes the log to X

After each SIGKILL the snapshot shown must be the old one or the new one, whole to the last byte, and so must every
other that is listed; then the next command must work, leave nothing lying about and lose no record. Children are forked
from one warm parent, because starting Python would take longer than the command; Windows has neither fork nor SIGKILL.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kill_check import Wrong, check_tidy, inspect_store
from benchmarks.kill_steps import (
    APPENDED,
    BEFORE,
    KINDS,
    REPLACED,
    STEPS,
    be_quiet,
    mark_steps,
    run_kind,
    write_inputs,
)  # fmt: skip
from benchmarks.machine import describe_machine, describe_versions
from benchmarks.store import ROOT
from data.snapshots import KEEP

SEED = 20_261_122
REPORT = ROOT / "benchmarks" / "kills.md"
_EXPECTED = {"load --replace": REPLACED, "load --append": APPENDED}


@dataclass(frozen=True)
class Kill:
    """One kill: of what, in which step, and what was shown afterwards (old, new, or in words what was wrong)."""

    kind: str
    step: str
    found: str

    @property
    def is_wrong(self) -> bool:
        return self.found not in ("old", "new")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if nothing was ever wrong, 1 if something was, 2 where this system cannot do it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kills", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000, help="how many, spread evenly over the kinds")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed draws the same moments")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 1, help="how many at the same time")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the log is written")
    asked = parser.parse_args(arguments)
    if not hasattr(os, "fork"):
        print("This needs fork and SIGKILL, which this system does not have.", file=sys.stderr)
        return 2
    # Nothing here opens a database before a fork; the threads that numpy's libraries keep are idle.
    warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="execution-debt-kills-") as folder:
        kills, seconds = kill_all(Path(folder), asked.kills, asked.seed, asked.lanes)
    command = f"python -m benchmarks.kills --kills {asked.kills}"
    report = build_report(kills, seconds, command, asked.seed, time.perf_counter() - started)
    asked.report.write_text(report, encoding="utf-8", newline="\n")
    wrong = [kill for kill in kills if kill.is_wrong]
    print(f"{len(kills)} kills, {len(wrong)} wrong; log in {asked.report}.")
    return 1 if wrong else 0


def kill_all(folder: Path, count: int, seed: int, lanes: int) -> tuple[list[Kill], dict[str, float]]:
    """All kills, and how long each kind takes undisturbed, in seconds."""
    template = folder / "template"
    template.mkdir()
    old = _in_child(lambda: _build_template(template))
    runs = {kind: _measure(template, folder / "whole", kind) for kind in KINDS}
    for kind, counts in _EXPECTED.items():
        if runs[kind][1]["counts"] != vars(counts):
            raise RuntimeError(f"A whole {kind} made {runs[kind][1]['counts']}, not {counts}.")
    logs = [folder / f"lane-{n}.jsonl" for n in range(lanes)]
    children = [_fork(partial(_run_lane, folder, n, lanes, count, seed, old, runs, logs[n])) for n in range(lanes)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(codes):
        raise RuntimeError(f"A lane ended with {codes}.")
    lines = [line for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
    return [Kill(**json.loads(line)) for line in lines], {kind: run[0] for kind, run in runs.items()}


def _build_template(template: Path) -> dict[str, Any]:
    """A store of KEEP snapshots, the newest shown; what it holds. Beside it what the commands read."""
    write_inputs(template)
    os.environ["EXECUTION_DEBT_STORE"] = str(template / "store")
    from analysis.jobs import load

    for mapping in ("base", *["more"] * (KEEP - 2), "base"):
        if load.main([str(template / f"{mapping}.toml"), "--replace"]) != 0:
            raise RuntimeError("the template could not be loaded")
    found = inspect_store(template / "store", [])
    if found["counts"] != vars(BEFORE):
        raise RuntimeError(f"A load of base made {found['counts']}, not {BEFORE}.")
    shutil.copyfile(template / "store" / "snapshots" / found["id"] / "small.duckdb", template / "built.duckdb")
    return found


def _copy_template(template: Path, place: Path) -> None:
    """A copy whose files are links: snapshots are never changed in place, and the pointer is replaced."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place, copy_function=os.link)
    os.environ["EXECUTION_DEBT_STORE"] = str(place / "store")


def _measure(template: Path, place: Path, kind: str) -> tuple[float, dict[str, Any]]:
    """The seconds of a whole run, the median of three, and what it leaves shown."""
    seconds = []
    for _ in range(3):
        _copy_template(template, place)
        started = time.perf_counter()
        _in_child(lambda: _run_whole(kind, place))
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[1], _in_child(lambda: inspect_store(place / "store", []))


def _run_whole(kind: str, place: Path) -> None:
    code = run_kind(kind, place)
    if code != 0:
        raise RuntimeError(f"{kind} ended with {code}")


def _run_lane(
    folder: Path, lane: int, lanes: int, count: int, seed: int, old: dict[str, Any], runs: dict[str, Any], log: Path
) -> None:
    place = folder / f"lane-{lane}"
    with log.open("w", encoding="utf-8") as file:
        for number in range(lane, count, lanes):
            kind = KINDS[number % len(KINDS)]
            kill = _kill_one(folder / "template", place, kind, number, seed, old, *runs[kind])
            file.write(json.dumps(vars(kill)) + "\n")
            file.flush()


def _kill_one(
    template: Path, place: Path, kind: str, number: int, seed: int, old: dict[str, Any], seconds: float, new: dict
) -> Kill:
    """Start the command, kill it after a wait drawn over its duration, look; a wait that came too late is drawn anew,
    because nothing was killed then."""
    rng = np.random.default_rng([seed, number])
    mark = mmap.mmap(-1, 1)
    while True:
        mark[0] = 0
        _copy_template(template, place)
        before = sorted(os.listdir(place / "store" / "snapshots"))
        child = _fork(lambda: _run_marked(kind, place, mark))
        time.sleep(rng.uniform(0, 1) * seconds)
        os.kill(child, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
            break
    kept = before[-2:] if kind == "prune" else before[1 - KEEP :]  # a load keeps its own and prunes the others
    try:
        found = _in_child(lambda: _look(place, kind, kept, old, new))
        _in_child(lambda: _go_on(place, kind, new))
    except RuntimeError as error:
        found = str(error)
    return Kill(kind, STEPS[mark[0]], found)


def _run_marked(kind: str, place: Path, mark: mmap.mmap) -> None:
    be_quiet()
    mark_steps(mark)
    run_kind(kind, place)


def _look(place: Path, kind: str, kept: list[str], old: dict[str, Any], new: dict[str, Any]) -> str:
    """Which snapshot is shown after the kill: "old" or "new"; Wrong for anything else."""
    found = inspect_store(place / "store", kept)
    if found["id"] == old["id"] and found == old:
        return "old"
    if found["id"] != old["id"] and _content(found) == _content(new):
        return "new"
    raise Wrong(f"shown is {found}")


def _go_on(place: Path, kind: str, new: dict[str, Any]) -> None:
    """The same command again ends well and has every record; then, or after the next load, nothing lies about."""
    be_quiet()
    _run_whole(kind, place)
    found = inspect_store(place / "store", [])
    if _content(found) != _content(new):
        raise Wrong(f"the next {kind} made {found['counts']}, not {new['counts']}")
    if kind == "use":  # it never removes anything; a load does
        _run_whole("publish", place)
    check_tidy(place / "store")


def _content(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != "id"}


# Children


def _fork(work: Callable[[], object]) -> int:
    """Run `work` in a copy of this process; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)  # without what the parent would do at its end


def _in_child(work: Callable[[], Any]) -> Any:
    """The answer of `work`, run in a copy of this process; RuntimeError with what it said if it failed."""
    reading, writing = os.pipe()

    def answer() -> None:
        be_quiet()
        try:
            said = {"answer": work()}
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(said, pipe)

    child = _fork(answer)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    said = json.loads(content) if content else {"error": "it ended without a word"}
    if "error" in said:
        raise RuntimeError(said["error"])
    return said["answer"]


# The log


def build_report(kills: Sequence[Kill], seconds: dict[str, float], command: str, seed: int, took: float) -> str:
    """The log as Markdown: how many kills hit each step of each command, and what was shown afterwards."""
    wrong = [kill for kill in kills if kill.is_wrong]
    counts = Counter((kill.kind, kill.step, "wrong" if kill.is_wrong else kill.found) for kill in kills)
    rows = []
    for kind in KINDS:
        for step in STEPS:
            old, new, bad = (counts[kind, step, found] for found in ("old", "new", "wrong"))
            if old + new + bad:
                rows.append(f"| {kind} | {step} | {old + new + bad} | {old} | {new} | {bad} |")
    total = Counter("wrong" if kill.is_wrong else kill.found for kill in kills)
    rows.append(f"| **all** | | **{len(kills)}** | **{total['old']}** | **{total['new']}** | **{total['wrong']}** |")
    whole = ", ".join(f"{kind} {took * 1000:,.0f} ms" for kind, took in seconds.items())
    lines = [
        "# Killed at random moments",
        "",
        f"`{command}` (seed {seed}), {took:,.0f} s. {describe_machine()}. {describe_versions()}.",
        "",
        "Each row: a command was ended by SIGKILL in this step, at a moment drawn evenly over its duration "
        f"(undisturbed: {whole}). Afterwards the snapshot shown was the old one or the new one, whole by the hash of "
        "every file and every row, as was every other listed; then the same command was run again to its end and had "
        "every record, and nothing was left lying about (after `use`: by the next load). Anything else is wrong.",
        "",
        "| command | step in which the kill hit | kills | old shown | new shown | wrong |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        *(f"- {kill.kind}, {kill.step}: {kill.found}" for kill in wrong),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
