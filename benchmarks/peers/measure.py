"""Runs every way of answering in a process of its own, several times, and compares what it answered with ours."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import HERE, NotRunning, build_environment, read_last_line
from benchmarks.peers.export import Export, write_rows
from benchmarks.store import ROOT

ROWS, RUNS = 1_000_000, 3
_QUIET = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "ITERATIVE_DO_NOT_TRACK": "1"}


@dataclass(frozen=True)
class Way:
    """One way of answering: peer is "" for ours; what: the script's own argument; adds: what it computes besides."""

    name: str
    peer: str
    what: str
    adds: str


OURS = Way("the dashboard, from its rollups", "", "rollups", "95 % intervals of both figures")
OURS_ROWS = Way(
    "the same estimator, from the same rows", "", "rows", "the interval of the AUC; nothing was prepared beforehand"
)
WAYS = (
    OURS,
    OURS_ROWS,
    Way(
        "NannyML, realised", "nannyml", "realised",
        "sampling errors, and limits from the reference months with alerts",
    ),
    Way(
        "NannyML, estimated without outcomes (CBPE)", "nannyml", "estimated",
        "another figure: performance estimated from the scores alone, calibrated on the reference months, with "
        "sampling errors, limits and alerts; its differences from ours are the error of that estimate",
    ),
    Way("Evidently", "evidently", "", "nothing more: one report a month, curves and tables switched off"),
)  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Medians over the runs of one way, peak memory the largest; months: what it answered, by month."""

    way: Way
    seconds: float
    import_seconds: float
    answer_seconds: float
    peak_bytes: int | None
    versions: Mapping[str, str]
    months: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Failed:
    """A way that could not be installed or run, and the last line of what was said."""

    way: Way
    why: str


@dataclass(frozen=True)
class Agreement:
    """Months compared with ours, and how many differ by more than can be; differences are absolute.

    auc, precision: the largest difference over the months; None where no month has both figures.
    """

    compared: int
    differing: tuple[str, ...]
    auc: float | None
    precision: float | None


@dataclass(frozen=True)
class PeersRun:
    """Everything measured over one store. decisions: in scope in the store; n: the cases every side answers about."""

    decisions: int
    n: int
    months: tuple[str, ...]
    runs: int
    timed: tuple[Timed, ...]
    failed: tuple[Failed, ...] = field(default=())

    def find(self, way: Way) -> Timed:
        return next(each for each in self.timed if each.way == way)


def measure_peers(
    store: Path, rows: int = ROWS, runs: int = RUNS, folder: Path | None = None, progress: Callable[[str], None] = print
) -> PeersRun:
    """Every way over the store's cases with known outcomes, `rows` of them where there are so many.

    folder: where the environments are kept (default: a temporary place; NannyML's takes 2.2 GB). A peer that does not
    run is among `failed`; RuntimeError if our own answer fails or is about other cases than those written.
    """
    from analysis.store import open_source

    folder = (folder or Path(tempfile.gettempdir()) / "execution-debt-benchmarks").resolve() / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("EXECUTION_DEBT_STORE")
    os.environ["EXECUTION_DEBT_STORE"] = str(store.resolve())
    try:
        source = open_source()
        with tempfile.TemporaryDirectory(dir=folder) as place:
            export = write_rows(source, Path(place) / "rows.parquet", rows)
            progress(f"{export.n:,} cases with a known outcome, {export.months[0]} to {export.months[-1]}")
            timed, failed = _measure_all(export, runs, folder, progress)
    finally:
        if before is None:
            del os.environ["EXECUTION_DEBT_STORE"]
        else:
            os.environ["EXECUTION_DEBT_STORE"] = before
    found = PeersRun(source.decisions, export.n, export.months, runs, tuple(timed), tuple(failed))
    _check_cases(found)
    return found


def compare(ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]]) -> Agreement:
    """Month by month: the AUC may differ by the bin error of ours, the precision not at all. Ours must have a value."""
    auc, precision, differing, compared = [], [], [], 0
    for month, asked in theirs.items():
        mine = ours.get(month, {})
        if mine.get("auc") is None or asked["auc"] is None:
            continue
        compared += 1
        auc.append(abs(asked["auc"] - mine["auc"]))
        fits = auc[-1] <= mine["error"] + 1e-9
        if mine["precision"] is not None and asked["precision"] is not None:
            precision.append(abs(asked["precision"] - mine["precision"]))
            fits = fits and precision[-1] <= 1e-9
        if not fits:
            differing.append(month)
    return Agreement(compared, tuple(differing), max(auc, default=None), max(precision, default=None))


def _measure_all(
    export: Export, runs: int, folder: Path, progress: Callable[[str], None]
) -> tuple[list[Timed], list[Failed]]:
    pythons: dict[str, str] = {"": sys.executable}
    failed: dict[Way, str] = {}
    found: dict[Way, list[dict[str, Any]]] = {}
    for turn in range(runs):  # the ways take turns, so that a busy minute does not fall upon one of them
        for way in WAYS:
            if way in failed:
                continue
            progress(f"{way.name}, {turn + 1} of {runs}")
            try:
                if way.peer not in pythons:
                    pythons[way.peer] = build_environment(way.peer, folder)
                found.setdefault(way, []).append(_run(way, pythons[way.peer], export.file))
            except NotRunning as error:
                if not way.peer:
                    raise RuntimeError(f"{way.name}: {error}") from None
                failed[way] = str(error)
    timed = [_summarise(way, answers) for way, answers in found.items() if way not in failed]
    return timed, [Failed(way, why) for way, why in failed.items()]


def _run(way: Way, python: str, rows: Path) -> dict[str, Any]:
    """One run in a fresh process: what it answered, with its seconds and peak memory."""
    answer, measured, log = (rows.with_name(name) for name in ("answer.json", "measured.json", "log.txt"))
    answer.unlink(missing_ok=True)
    arguments = [each for each in (way.what, str(rows), str(answer)) if each]
    # -I: neither this folder nor the user's packages are on a peer's path.
    script = ["-I", str(HERE / f"run_{way.peer}.py")] if way.peer else ["-m", "benchmarks.peers.run_ours"]
    launch = [sys.executable, "-m", "benchmarks.peers.launch", str(measured), str(log), python, *script, *arguments]
    subprocess.run(launch, cwd=ROOT, env=os.environ | _QUIET, check=True)
    told = json.loads(measured.read_text(encoding="utf-8"))
    if told["returncode"] != 0 or not answer.is_file():
        raise NotRunning(read_last_line(log.read_text(encoding="utf-8", errors="replace")))
    return told | json.loads(answer.read_text(encoding="utf-8"))


def _summarise(way: Way, answers: list[dict[str, Any]]) -> Timed:
    seconds, imports, answer = (
        statistics.median(each[name] for each in answers) for name in ("seconds", "import_seconds", "answer_seconds")
    )
    peaks = [each["peak_bytes"] for each in answers if each["peak_bytes"] is not None]
    last = answers[-1]
    return Timed(way, seconds, imports, answer, max(peaks, default=None), last.get("versions", {}), last["months"])


def _check_cases(found: PeersRun) -> None:
    """The rows written and the rollups must be about the same cases, month by month."""
    rollups, rows = found.find(OURS).months, found.find(OURS_ROWS).months
    for month in found.months:
        if rollups[month]["n"] != rows[month]["n"]:
            raise RuntimeError(f"{month}: {rollups[month]['n']} cases in the rollups, {rows[month]['n']} written.")
