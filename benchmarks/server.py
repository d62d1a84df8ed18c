"""The dashboard as people run it: `streamlit run app.py`, a process of its own on a free port, over a given store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import read_peak, read_processor_seconds, read_resident
from benchmarks.store import ROOT, wait_for_end

START_SECONDS = 120


@dataclass
class Server:
    """A running dashboard. peak_bytes: its peak memory once it has ended, None where the system does not tell."""

    url: str
    log: Path
    process_id: int
    peak_bytes: int | None = None

    @property
    def resident_bytes(self) -> int | None:
        """Its memory now; None where the system does not tell."""
        return read_resident(self.process_id)

    @property
    def processor_seconds(self) -> float | None:
        """Its processor time so far; None where the system does not tell."""
        return read_processor_seconds(self.process_id)


@contextmanager
def serve(store: Path, log: Path) -> Iterator[Server]:
    """Start the dashboard over `store` and yield it once it is ready; RuntimeError with its log if it is not."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(store)}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", log, process.pid)
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        if process.poll() is None:
            peak = read_peak(process.pid)
            process.terminate()
            ended = wait_for_end(process)
            server.peak_bytes = peak if peak is not None else ended


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = server.log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"The dashboard did not start ({error}). It said:\n{said}") from error
            time.sleep(0.1)
