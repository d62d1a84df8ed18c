"""How a corrected file of a use case is checked: through which mapping, for which sources, and by which command."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import UserError
from analysis.loads import read_part
from analysis.source import Source
from analysis.store import store_root
from data.load import read_mapping
from data.snapshots import Part, Store

LOCK = "writing.lock"


@dataclass(frozen=True)
class Plan:
    """What a check runs with. mapping: the file it reads; use_case_file: the kept one, where the mapping's own is gone.

    sources: names in the mapping's order. shown: the mapping as the publishing command names it. words: what a person
    should know of the mapping before they rely on the check; "" where there is nothing.
    """

    mapping: Path
    use_case_file: Path | None
    sources: tuple[str, ...]
    shown: str
    words: str

    def build_command(self, source: str, files: Sequence[str]) -> str:
        """The command that would load the files for good, ready to be copied."""
        return _join("python", "-m", "analysis.jobs.load", self.shown, "--append", "--mended", source, *files)


def build_plan(source: Source) -> Plan:
    """The mapping the use case was loaded through; UserError in words where there is none to check with."""
    part = read_part(source)
    lay = Path(part.mapping_path) if part.mapping_path else None
    kept = read_kept_mapping(source)
    if lay is not None and lay.is_file():
        words = ""
        if kept and lay.read_text(encoding="utf-8-sig", errors="replace") != kept:
            words = f"The mapping {lay} was changed since this snapshot was built; the check reads it as it is now."
        return _plan(source, lay, None, str(lay), words)
    if not kept:
        raise _no_mapping(part, lay)
    folder = Store(store_root()).folder(source.snapshot)
    words = (
        f"The mapping is no longer where it was loaded from ({lay}). The check reads the text that the snapshot kept; "
        "to load for good, download it, save it and put its path into the command."
    )
    return _plan(source, folder / part.mapping_file, folder / f"{part.use_case}.toml", part.mapping, words)


def read_kept_mapping(source: Source) -> str:
    """The mapping's text as it was loaded; "" where the snapshot keeps none."""
    part = read_part(source)
    if not part.mapping_file:
        return ""
    path = Store(store_root()).folder(source.snapshot) / part.mapping_file
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def find_writer() -> str:
    """The process that is loading now, "" where none is. A hint for a person, never a permission to write."""
    try:
        holder = (store_root() / LOCK).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    if not holder.isdigit():
        return ""
    if os.name == "nt":  # there os.kill would interrupt the process instead of asking
        return holder
    try:
        os.kill(int(holder), 0)
    except PermissionError:  # it runs, but is not ours
        return holder
    except OSError:
        return ""
    return holder


def _plan(source: Source, mapping: Path, use_case_file: Path | None, shown: str, words: str) -> Plan:
    found = read_mapping(mapping, use_case_file)
    if found.use_case.name != source.use_case.name:
        raise UserError(
            "The mapping now speaks of another use case",
            f"{mapping} is of '{found.use_case.name}', not of '{source.use_case.name}'.",
            "Put the mapping of this use case back, or load the tables again.",
        )
    return Plan(mapping, use_case_file, tuple(s.name for s in found.sources), shown, words)


def _no_mapping(part: Part, lay: Path | None) -> UserError:
    gone = f"{lay} is no longer there" if lay else "it does not say where its mapping lies"
    return UserError(
        "A corrected file cannot be checked here",
        f"This snapshot keeps no mapping, and {gone}.",
        f"Check it by command: python -m analysis.jobs.load {part.mapping} --check --append --mended SOURCE FILE. "
        "Snapshots keep their mapping from the next load on.",
    )


def _join(*arguments: str) -> str:
    """Arguments as one line for the shell of this system."""
    return subprocess.list2cmdline(arguments) if os.name == "nt" else shlex.join(arguments)
