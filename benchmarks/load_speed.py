"""How fast and in how much memory the load command takes a large log in, from files to a published snapshot.

python -m benchmarks.load_speed                                   ten million decisions, Parquet
python -m benchmarks.load_speed --decisions 1_000_000 --kind csv  one million, CSV
python -m benchmarks.load_speed --memory 4GB                      with the engine held to that much memory
python -m benchmarks.load_speed --runs 3                          the fastest of three

The log is made anew each time (benchmarks/big_log.py); only the command is measured.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.big_log import BigLog, Kind, write_big_log
from benchmarks.machine import describe_load, describe_machine, describe_versions

DECISIONS = 10_000_000
MEMORY = "EXECUTION_DEBT_MEMORY"
# A stage ends with the last line of its kind that the command says.
STAGES = (
    ("read, cast, check, relate", re.compile(r"^[\w ()]+: [\d,]+ read = ")),
    ("facts", re.compile(r"^facts: ")),
    ("rollups", re.compile(r"^rollup_\w+: ")),
    ("options, hash, publish", re.compile(r"^published snapshot ")),
)


@dataclass(frozen=True)
class LoadSpeed:
    """One load: wall seconds, processor seconds and peak memory of the command (None where the system does not tell),
    seconds by stage, bytes read and published, and the memory the engine was held to ("" for its default)."""

    decisions: int
    kind: Kind
    seconds: float
    cpu_seconds: float | None
    peak_bytes: int | None
    stages: tuple[tuple[str, float], ...]
    source_bytes: int
    snapshot_bytes: int
    memory: str = ""

    @property
    def per_second(self) -> float:
        return self.decisions / self.seconds


def measure_load(log: BigLog, kind: Kind, store: Path, memory: str = "") -> LoadSpeed:
    """Run `python -m analysis.jobs.load mapping.toml --replace` into an empty store.

    RuntimeError with what the command said where it does not publish.
    """
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(store), "PYTHONUNBUFFERED": "1"}
    environment |= {MEMORY: memory} if memory else {}
    command = [sys.executable, "-m", "analysis.jobs.load", str(log.mapping), "--replace"]
    started = time.perf_counter()
    said: list[tuple[float, str]] = []
    with subprocess.Popen(
        command, env=environment, cwd=Path(__file__).parent.parent, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said.extend((time.perf_counter() - started, line.rstrip("\n")) for line in process.stdout)
        cpu, peak = _wait(process)
    seconds = time.perf_counter() - started
    if process.returncode != 0 or not any(STAGES[-1][1].match(line) for _, line in said):
        raise RuntimeError("\n".join(["The load did not publish:", *(line for _, line in said[-20:])]))
    published = sum(path.stat().st_size for path in (store / "snapshots").rglob("*") if path.is_file())
    return LoadSpeed(
        log.decisions, kind, seconds, cpu, peak, split_stages(said), log.size, published, memory
    )  # fmt: skip


def _wait(process: subprocess.Popen[str]) -> tuple[float | None, int | None]:
    """Processor seconds and peak memory of a process that has said all it had to say."""
    if not hasattr(os, "wait4"):
        process.wait()
        return None, None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def split_stages(said: Sequence[tuple[float, str]]) -> tuple[tuple[str, float], ...]:
    """Seconds by stage, from the lines the command said and when; a stage without a line took none."""
    stages, begun = [], 0.0
    for name, pattern in STAGES:
        ended = max((at for at, line in said if pattern.match(line)), default=begun)
        stages.append((name, max(0.0, ended - begun)))
        begun = max(begun, ended)
    return tuple(stages)


def measure_fresh(decisions: int, kind: Kind, folder: Path, memory: str = "", runs: int = 1) -> LoadSpeed:
    """Write a log of that many decisions in `folder`, load it `runs` times, and the fastest of those."""
    log = write_big_log(folder / "log", decisions, kind=kind)
    found = [measure_load(log, kind, folder / f"store{number}", memory) for number in range(runs)]
    return min(found, key=lambda one: one.seconds)


def build_load_table(loads: Sequence[LoadSpeed]) -> str:
    """The loads as a Markdown table, one line each."""
    head = (
        "decisions", "files", "seconds", "decisions a second", *(name for name, _ in STAGES), "processor seconds",
        "peak memory", "engine held to", "snapshot",
    )  # fmt: skip
    rows = [
        (
            f"{one.decisions:,}", f"{_gb(one.source_bytes)} {one.kind}",
            f"{one.seconds:,.1f}", f"{one.per_second:,.0f}",
            *(f"{seconds:.1f} s" for _, seconds in one.stages),
            f"{one.cpu_seconds:,.0f}" if one.cpu_seconds is not None else "not known here",
            _gb(one.peak_bytes) if one.peak_bytes is not None else "not known here",
            one.memory or "its default", _gb(one.snapshot_bytes),
        )
        for one in loads
    ]  # fmt: skip
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where a load did not publish."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load_speed", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--decisions", type=int, nargs="+", default=[DECISIONS], help=f"sizes (default {DECISIONS:,})")
    parser.add_argument("--kind", choices=("parquet", "csv"), default="parquet", help="what files the log is in")
    parser.add_argument("--memory", default="", help=f"{MEMORY} for the command, such as 4GB")
    parser.add_argument("--runs", type=int, default=1, help="load each log so often and tell the fastest")
    parser.add_argument("--folder", type=Path, help="keep log and stores there (default: a temporary folder)")
    asked = parser.parse_args(arguments)
    print(f"{describe_machine()}; {describe_versions()}; {describe_load()}\n", file=sys.stderr)
    loads = []
    for decisions in asked.decisions:
        with tempfile.TemporaryDirectory(prefix="execution-debt-load-") as temporary:
            folder = asked.folder / f"{decisions}-{asked.kind}" if asked.folder else Path(temporary)
            try:
                loads.append(measure_fresh(decisions, asked.kind, folder, asked.memory, asked.runs))
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
    print(build_load_table(loads))
    return 0


if __name__ == "__main__":
    sys.exit(main())
