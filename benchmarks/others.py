"""Measurements that have a command of their own, each run in a process of its own.

So that a child's peak memory does not begin at this process's size, and nothing forks with a database open.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.store import ROOT

LOAD_TARGETS = (
    "Targets: ten million decisions from Parquet in at most 50 s and 6 GB; from CSV at least 80,000 decisions a second."
)
OTHERS = ("load", "peers", "kills")


def measure_other(section: str, folder: Path, store: Path | None, *, quick: bool) -> str:
    """A section's Markdown as its own command told it; RuntimeError where it found something wrong or could not run.

    folder: where environments and demos are kept. store: a store to measure instead of a demo, where that applies.
    """
    if section == "load":
        return _measure_load(quick)
    if section == "peers":
        return _measure_peers(folder, store, quick)
    return _measure_kills(quick)


def _measure_load(quick: bool) -> str:
    """The load from Parquet and from CSV against their targets."""
    sizes = ("50_000", "20_000") if quick else ("10_000_000", "1_000_000")
    logs = zip(("parquet", "csv"), sizes, strict=True)
    tables = [run_other("benchmarks.load_speed", "--kind", kind, "--decisions", size) for kind, size in logs]
    return "\n\n".join([*tables, LOAD_TARGETS])


def _measure_peers(folder: Path, store: Path | None, quick: bool) -> str:
    given = ["--store", str(store)] if store is not None else []
    few = ["--rows", "20000", "--runs", "1"] if quick else []
    return run_other("benchmarks.peers", "--folder", str(folder), *given, *few)


def _measure_kills(quick: bool) -> str:
    """The log that benchmarks/kills.md holds as well, without its heading."""
    with tempfile.TemporaryDirectory(prefix="execution-debt-kills-") as place:
        log = Path(place) / "kills.md"
        run_other("benchmarks.kills", "--report", str(log), *(["--kills", "24"] if quick else []), log=log)
        return log.read_text(encoding="utf-8").partition("\n")[2].strip()


def run_other(module: str, *arguments: str, log: Path | None = None) -> str:
    """What a command printed; where it ends with an error, RuntimeError with what it printed and wrote to `log`."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        written = log.read_text(encoding="utf-8") if log is not None and log.is_file() else ""
        raise RuntimeError(f"{module} ended with {done.returncode}:\n{done.stdout}{written}")
    return done.stdout.strip()
