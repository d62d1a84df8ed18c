"""A check of corrected files: the real load with --check, in a process of its own that nobody has to wait for.

It publishes nothing and takes no lock. One check runs at a time; its files are removed when it ends or is cancelled.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import UserError
from analysis.intake_plan import Plan
from analysis.intake_report import RunReport, read_report
from analysis.store import store_root

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = ("csv", "tsv", "txt")
MOST_FILES = 10
LIMIT_SECONDS = 30 * 60
_LEFT_OVER_SECONDS = 24 * 3600
_slot = threading.Lock()  # one check at a time: it reads all tables it compares with
# What a file begins with -> what it is, where its name says otherwise.
_OTHER_KINDS = {
    b"PK\x03\x04": "a spreadsheet or an archive (.xlsx, .zip)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xff\xfe": "in UTF-16",
    b"\xfe\xff": "in UTF-16",
    b"\x1f\x8b": "compressed (.gz)",
}


@dataclass(frozen=True)
class Upload:
    """One corrected file as a person gave it."""

    name: str
    content: bytes


class Check:
    """One check, running or done. report: what it found; error: why it found nothing; both None while it runs."""

    def __init__(self, source: str, names: tuple[str, ...]) -> None:
        self.source = source
        self.names = names
        self.report: RunReport | None = None
        self.error: UserError | None = None
        self.is_cancelled = False
        self._lines: list[str] = []
        self._began = time.monotonic()
        self._ended: float | None = None
        self._process: subprocess.Popen[str] | None = None
        self._over = threading.Event()

    @property
    def is_running(self) -> bool:
        return not self._over.is_set()

    @property
    def seconds(self) -> float:
        """How long it has run, or took."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def lines(self) -> list[str]:
        """What the load has said so far."""
        return list(self._lines)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        return self._over.wait(seconds)

    def cancel(self) -> None:
        """Stop it; its files are removed by the thread that follows it."""
        self.is_cancelled = True
        if self._process is not None:
            self._process.terminate()

    def _follow(self, folder: Path) -> None:
        """Read what the process says until it ends, then its report; for the thread started by `start_check`."""
        assert self._process is not None and self._process.stdout is not None
        limit = threading.Timer(LIMIT_SECONDS, self._process.kill)
        limit.start()
        try:
            with self._process as process:
                for line in self._process.stdout:
                    self._lines.append(_hide(line.rstrip(), folder))
            self._read_result(process.returncode, folder)
        finally:
            limit.cancel()
            shutil.rmtree(folder, ignore_errors=True)
            self._ended = time.monotonic()
            _slot.release()
            self._over.set()

    def _read_result(self, code: int, folder: Path) -> None:
        if self.is_cancelled:
            return
        try:
            text = (folder / "report.json").read_text(encoding="utf-8")
            (folder / "report.json").write_text(_hide(text, folder), encoding="utf-8")
            report = read_report(folder / "report.json")
        except (OSError, ValueError):
            said = " ".join(self._lines[-3:]) or "nothing"
            late = self.seconds >= LIMIT_SECONDS
            self.error = UserError(
                "The check ended without a result",
                f"It was stopped after {LIMIT_SECONDS // 60} minutes." if late else f"It ended with {code} and said: "
                f"{said}",
                "Run it by command, with --check instead of --append alone, to see all it says.",
            )  # fmt: skip
            return
        self.error = report.to_error()
        self.report = None if self.error else report


def check_uploads(uploads: Sequence[Upload]) -> None:
    """UserError for a file that cannot be a corrected CSV, by its name or by what it begins with."""
    if not uploads:
        raise UserError("No file was given", "There is nothing to check.", "Choose the corrected file.")
    if len(uploads) > MOST_FILES:
        raise UserError(
            "These are too many files",
            f"{len(uploads)} were given; at most {MOST_FILES} are checked here.",
            "Check them by command, with --check --append --mended SOURCE FILE FILE ...",
        )
    for upload in uploads:
        kind = next((words for start, words in _OTHER_KINDS.items() if upload.content.startswith(start)), "")
        if not upload.content.strip():
            kind = "empty"
        elif not kind and Path(upload.name).suffix.lower().lstrip(".") not in SUFFIXES:
            kind = f"not named as one of {', '.join('.' + s for s in SUFFIXES)}"
        if kind:
            raise UserError(
                "This file is not a corrected CSV",
                f"{upload.name[:200]} is {kind}.",
                "Download the records to mend, correct them and save them as CSV under the same header.",
            )


def start_check(plan: Plan, source: str, uploads: Sequence[Upload]) -> Check:
    """Run the load over the uploads as one source, with --check --append; UserError where it cannot be started."""
    check_uploads(uploads)
    if source not in plan.sources:
        raise UserError(
            "There is no such source",
            f"'{source}' is not in the mapping.",
            f"There is {', '.join(plan.sources)}.",
        )
    if not _slot.acquire(blocking=False):
        raise UserError(
            "Another check is running",
            "One corrected file is checked at a time, so that everybody else's pages stay quick.",
            "Try again in a moment.",
        )
    folder: Path | None = None
    try:
        folder = _make_folder()
        files = _write_files(folder, uploads)
        check = Check(source, tuple(upload.name for upload in uploads))
        check._process = _start(plan, source, files, folder)
        threading.Thread(target=check._follow, args=(folder,), daemon=True, name="check").start()
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        _slot.release()
        raise
    return check


def _make_folder() -> Path:
    """A folder beside the snapshots, where there is room for tables; else the system's, if nothing may be written."""
    home = store_root() / "checks"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for left in home.iterdir():  # of a server that was killed
            if time.time() - left.stat().st_mtime > _LEFT_OVER_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        folder = home / uuid.uuid4().hex[:12]
        folder.mkdir(mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="execution-debt-check-"))
    return folder


def _write_files(folder: Path, uploads: Sequence[Upload]) -> list[Path]:
    """The uploads under names of letters, digits, dots and hyphens; the ending decides how the load reads them."""
    files: list[Path] = []
    for number, upload in enumerate(uploads, 1):
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(upload.name).name)[-100:].lstrip(".-") or "corrected.csv"
        path = folder / name
        path = folder / f"{number}-{name}" if path in files else path
        path.write_bytes(upload.content)
        files.append(path)
    return files


def _start(plan: Plan, source: str, files: Sequence[Path], folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "analysis.jobs.load", str(plan.mapping), "--check", "--append"]
    if plan.use_case_file:
        command += ["--use-case", str(plan.use_case_file)]
    command += ["--report", str(folder / "report.json"), "--mended", source, *map(str, files)]
    if os.name != "nt" and (nice := shutil.which("nice")):  # readers' pages come first
        command = [nice, "-n", "10", *command]
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | places | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
    )  # fmt: skip


def _hide(text: str, folder: Path) -> str:
    """Text without the folder of the check, whole or relative to one above it: files are spoken of by their names."""
    places = [folder.resolve(), folder, *(folder.relative_to(parent) for parent in reversed(folder.parents))]
    for place in places:  # the longest first
        for start in (str(place), place.as_posix()):
            for end in ("/", "\\"):
                text = text.replace(start + end, "")
    return text
