"""The demo, built by its own command in a process of its own, so that its time and peak memory are the command's.

A build is kept and used again as long as the code and the package versions behind it are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_RECORD = "build.json"
_SUFFIXES = (".py", ".sql", ".toml")


@dataclass(frozen=True)
class Build:
    """One store: seconds of the command that built the demo (None for a store that was given), its peak memory in bytes
    (None where the system does not tell), bytes of what was published, and where the store lies."""

    seconds: float | None
    peak_bytes: int | None
    snapshot_bytes: int
    store: str


def build_store(decisions: int, folder: Path) -> Build:
    """The demo of that size below `folder`, built by `python -m analysis.jobs.demo` unless this code built it before.

    RuntimeError with what the command said if it fails.
    """
    name = f"demo-{decisions}"
    place = folder / f"{name}-{hash_code()}"
    record = place / _RECORD
    if record.is_file():
        return Build(**json.loads(record.read_text(encoding="utf-8")))
    for older in folder.glob(f"{name}-????????????"):  # of other code, or left by a build that did not end
        shutil.rmtree(older)
    place.mkdir(parents=True)
    seconds, peak = _run_demo(decisions, place)
    build = Build(seconds, peak, _measure_size(place), str(place))
    record.write_text(json.dumps(asdict(build), indent=1), encoding="utf-8")
    return build


def find_store(place: Path) -> Build:
    """A store that is there already; RuntimeError where nothing was published in it."""
    if not (place / "current.json").is_file():
        raise RuntimeError(f"No snapshot was ever published in {place}.")
    return Build(None, None, _measure_size(place), str(place))


def _measure_size(place: Path) -> int:
    """Bytes of the snapshots, a file that several of them share counted once."""
    files = (path.stat() for path in (place / "snapshots").rglob("*") if path.is_file())
    return sum({(file.st_dev, file.st_ino): file.st_size for file in files}.values())


def _run_demo(decisions: int, store: Path) -> tuple[float, int | None]:
    command = [sys.executable, "-m", "analysis.jobs.demo", "--decisions", str(decisions)]
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(store)}
    log = store / "build.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        peak = wait_for_end(process)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{' '.join(command[1:])} ended with {process.returncode}:\n{said}")
    return seconds, peak


def wait_for_end(process: subprocess.Popen[bytes]) -> int | None:
    """Wait for a process, which gets its returncode; its peak resident memory in bytes, None on Windows."""
    if sys.platform == "win32":
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def hash_code() -> str:
    """Twelve characters that change with the code, the cards, the checks or the package versions behind a build."""
    digest = hashlib.sha256()
    for path in (*_code_files(), ROOT / "requirements.txt"):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _code_files() -> Iterator[Path]:
    for package in ("analysis", "data", "models"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in _SUFFIXES and (ROOT / "data" / "store") not in path.parents:
                yield path
