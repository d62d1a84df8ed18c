"""The peers' environments: made once from locked requirements, kept in a temporary folder, never in the project."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
_PLACE = re.compile(r"(?:\w+:/|(?<![\w.]))/(?:[^\s'\"()]*/)?([^\s/'\"()]+)")  # a path from the root, or an address
_PYTHONS = ((3, 11), (3, 12))  # NannyML stops before 3.13


class NotRunning(Exception):
    """A peer that cannot be installed or run; its words are the last line of what was said."""


def build_environment(peer: str, folder: Path) -> str:
    """The Python of the peer's environment below `folder`, made if its requirements or the Python changed.

    NotRunning where there is no fitting Python, or pip cannot install what is locked.
    """
    requirements = HERE / f"{peer}.txt"
    base = find_python()
    key = hashlib.sha256(requirements.read_bytes() + base.encode()).hexdigest()[:12]
    place = folder / f"{peer}-{key}"
    python = str(place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    if (place / "installed").is_file():
        return python
    for older in folder.glob(f"{peer}-????????????"):  # of other pins, or left by an install that did not end
        shutil.rmtree(older)
    place.parent.mkdir(parents=True, exist_ok=True)
    _run([base, "-m", "venv", str(place)])
    # Everything is locked. Without --no-deps pip asks for a pin of its own for every extra, as pandas[parquet].
    options = ["--disable-pip-version-check", "--no-input", "-q", "--require-hashes", "--no-deps"]
    _run([python, "-m", "pip", "install", *options, "-r", str(requirements)])
    (place / "installed").touch()
    return python


def find_python() -> str:
    """The running Python if the peers support it, else one on the path; NotRunning if none fits."""
    if sys.version_info[:2] in _PYTHONS:
        return sys.executable
    for major, minor in _PYTHONS:
        found = shutil.which(f"python{major}.{minor}")
        probe = [found or "", "-c", "import ensurepip, venv"]
        if found and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return found
    raise NotRunning("needs Python 3.11 or 3.12, and neither is on the path.")


def read_last_line(text: str) -> str:
    """The last line that says something; of paths and addresses in it only the last part."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _PLACE.sub(r"\1", lines[-1]) if lines else "it said nothing."


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        raise NotRunning(read_last_line(done.stdout))
