"""The dashboard as people run it: a process of its own, on a free port, over a given store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


def find_free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def build_store(store: Path, decisions: int = 60_000) -> None:
    """Build a demo snapshot into `store`, beside it the published logs where ../shared is there."""
    _run(store, "analysis.jobs.demo", "--decisions", str(decisions))
    if (ROOT.parent / "shared" / "data").is_dir():
        for name in ("brain_tumour_readers", "pretrial_recommendations"):
            _run(store, "analysis.jobs.load", f"data/mappings/{name}.toml")


def _run(store: Path, *arguments: str) -> None:
    """Run a command of the project over `store`; raises with what it said if it fails."""
    command = [sys.executable, "-m", *arguments]
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(store)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


@contextmanager
def run_server(command: list[str], port: int, log: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Run `command` in `folder` with these environment variables and yield its address once it answers.

    A server that ends or stays silent raises with its log; it is stopped on leaving.
    """
    environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(variables)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def serve(store: Path, log: Path, root: Path = ROOT) -> Iterator[str]:
    """`streamlit run app.py` over `store`. It answers but need not be ready: having no snapshot is a state to test."""
    port = find_free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py"), "--server.port", str(port)]
    with run_server(command, port, log, root, {"EXECUTION_DEBT_STORE": str(store)}) as url:
        yield url


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"The dashboard did not start ({error}). It said:\n{said}") from error
            time.sleep(0.1)
