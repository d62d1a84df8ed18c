"""Do the newest releases of every dependency work with this project? `make canary` asks, in an environment of its own.

python requirements/canary.py           install the newest releases into the running environment, check, test, report
                              --pre     pre-releases as well
                              --write   and put the report into requirements/canary.md
                              --tests   only these folders of tests
Run it by the Python of an environment made for it (`make canary` makes .venv-canary): it installs without pins.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
RECORD = FOLDER / "canary.md"
BEGIN, END = "<!-- found: begin -->", "<!-- found: end -->"
_PIN = re.compile(r"\s*==\s*[^;,\s]+")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)(?: ; ([^\\]+))?", re.MULTILINE)
_SHOWN = 40  # lines of a failed step that stand in the report


@dataclass(frozen=True)
class Newer:
    """One package whose newest release is not the pinned one; pinned is "" where nothing is pinned."""

    package: str
    pinned: str
    newest: str


@dataclass(frozen=True)
class Step:
    """One command that ran, whether it ended with 0, and its last lines."""

    name: str
    passed: bool
    said: tuple[str, ...]


def unpin(file: Path) -> list[str]:
    """The requirements of a .in file and of those it includes, without pins (==); each line once.

    A floor (>=) stays: it says what is needed, a pin says what was chosen.
    """
    lines: list[str] = []
    for written in file.read_text(encoding="utf-8").splitlines():
        line = written.split("#")[0].strip()
        if line.startswith("-r "):
            lines += unpin(file.parent / line.removeprefix("-r ").strip())
        elif line:
            wanted, semicolon, marker = line.partition(";")  # a marker compares by == as well
            lines.append(_PIN.sub("", wanted) + semicolon + marker)
    return list(dict.fromkeys(lines))


def read_pins(text: str) -> dict[str, str]:
    """Package -> pinned version, of a locked file, as far as its markers hold in the running Python."""
    markers = importlib.import_module("packaging.markers")
    found = _LOCKED.findall(text)
    return {_plain(name): version for name, version, marker in found if not marker or markers.Marker(marker).evaluate()}


def read_installed() -> dict[str, str]:
    """Package -> version of the running environment, without pip itself."""
    found = {_plain(each.metadata["Name"]): each.version for each in metadata.distributions()}
    return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}


def compare(pins: dict[str, str], installed: dict[str, str]) -> list[Newer]:
    """The packages that differ from their pins, new ones included; by name."""
    return [
        Newer(name, pins.get(name, ""), version)
        for name, version in sorted(installed.items())
        if pins.get(name) != version
    ]


def build_report(newer: Sequence[Newer], unused: Sequence[str], steps: Sequence[Step], words: str) -> str:
    """What was found, as Markdown. unused: pinned packages that the newest releases no longer need."""
    parts = [f"On {dt.date.today():%Y-%m-%d}, {words}."]
    if newer:
        rows = [f"| {each.package} | {each.pinned or 'not needed by the pins'} | {each.newest} |" for each in newer]
        parts.append("\n".join(["| package | pinned | newest |", "| --- | --- | --- |", *rows]))
    else:
        parts.append("No package has a newer release than the pinned one.")
    if unused:
        parts.append(f"Pinned, and no longer needed: {', '.join(unused)}.")
    parts.append("\n".join(f"- {step.name}: {'passed' if step.passed else 'FAILED'}{_closing(step)}" for step in steps))
    for step in steps:
        if not step.passed:
            parts.append(f"What {step.name} said:\n\n```\n{chr(10).join(step.said)}\n```")
    return "\n\n".join(parts)


def write_report(report: str) -> None:
    """Put the report between the marks of canary.md; RuntimeError where the marks are gone."""
    text = RECORD.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{RECORD.name} has lost the marks '{BEGIN}' and '{END}' between which the report goes.")
    RECORD.write_text(f"{before}{BEGIN}\n{report}\n{END}{after}", encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 if the newest releases cannot be installed, or a check or a test fails on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pre", action="store_true", help="pre-releases as well")
    parser.add_argument("--write", action="store_true", help=f"put the report into {RECORD.name}")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="folders of tests (default: all)")
    asked = parser.parse_args(arguments)
    if sys.prefix == sys.base_prefix or Path(sys.prefix).name == ".venv":
        parser.error("this installs without pins: run it in an environment of its own (make canary)")
    install = _run("install", _pip(asked.pre))
    steps = [install] if not install.passed else [_run(name, command) for name, command in _commands(asked.tests)]
    newer, unused = _compare_with_pins() if install.passed else ([], [])
    kind = "newest releases, pre-releases included," if asked.pre else "newest releases"
    tested = "" if asked.tests == ["tests"] else f", only {' '.join(asked.tests)}"
    words = f"the {kind} on Python {platform.python_version()}, {platform.system()} {platform.machine()}{tested}"
    report = build_report(newer, unused, steps, words)
    print(f"\n{report}")
    if asked.write:
        write_report(report)
    return 0 if all(step.passed for step in steps) else 1


def _pip(pre: bool) -> list[str]:
    wanted = Path(sys.prefix) / "newest.txt"
    wanted.write_text("\n".join(unpin(FOLDER / "dev.in")) + "\n", encoding="utf-8")
    options = ["--disable-pip-version-check", "--no-input", "-q", "--upgrade", "--upgrade-strategy", "eager"]
    return ["-m", "pip", "install", *options, *(["--pre"] if pre else []), "-r", str(wanted)]


def _commands(tests: Sequence[str]) -> list[tuple[str, list[str]]]:
    lint = "from importlinter.cli import lint_imports_command as lint; lint()"
    commands = [("ruff", ["-m", "ruff", "check", "."]), ("mypy", ["-m", "mypy"]), ("import-linter", ["-c", lint])]
    if any(Path(name).parts[:2] in (("tests",), ("tests", "browser")) for name in tests):
        commands.append(("browser", ["tests/browser/chromium.py"]))
    return [*commands, ("tests", ["-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *tests])]


def _run(name: str, command: Sequence[str]) -> Step:
    """One command of the running Python, its words passed on as they come."""
    print(f"== {name}", flush=True)
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        said.append(line.rstrip().replace(str(ROOT), ".").replace(str(Path.home()), "~"))
    return Step(name, process.wait() == 0, tuple(line for line in said if line)[-_SHOWN:])


def _compare_with_pins() -> tuple[list[Newer], list[str]]:
    importlib.invalidate_caches()  # the packages came after this process had looked
    pins, installed = read_pins((FOLDER / "dev.txt").read_text(encoding="utf-8")), read_installed()
    return compare(pins, installed), sorted(set(pins) - set(installed))


def _closing(step: Step) -> str:
    """pytest's counts, which no exit code gives."""
    counts = re.search(r"\d+ (?:passed|failed|error)[^=]*", step.said[-1]) if step.said else None
    return f" ({counts.group().strip()})" if counts and step.name == "tests" else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
