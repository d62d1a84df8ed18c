"""Runs one command and tells its seconds and peak memory: python -m benchmarks.peers.launch RESULT LOG COMMAND ...

A process of its own and small, because on Linux a child's peak begins at the size of the process that started it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.store import wait_for_end


def main(arguments: list[str]) -> int:
    """Writes seconds, peak_bytes (None where the system does not tell) and returncode as JSON; always 0."""
    result, log, *command = arguments
    with Path(log).open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        peak = wait_for_end(process)
        seconds = time.perf_counter() - started
    measured = {"seconds": seconds, "peak_bytes": peak, "returncode": process.returncode}
    Path(result).write_text(json.dumps(measured), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
