"""benchmarks/README.md: each section of figures between marks of its own, so that one can be measured again alone."""

from __future__ import annotations

import datetime as dt

from benchmarks.machine import describe_machine, describe_versions
from benchmarks.store import ROOT

README = ROOT / "benchmarks" / "README.md"


def build_head(command: str, load: str) -> str:
    """When, by which command, on what machine and with which versions a section was measured.

    load: how busy the machine was before, "" where that is not known.
    """
    lines = [
        f"Measured on {dt.date.today():%Y-%m-%d} by `{command}`{f'; {load}' if load else ''}.",
        f"Machine: {describe_machine()}.",
        f"Versions: {describe_versions()}.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def name_marks(section: str) -> tuple[str, str]:
    return f"<!-- {section}: begin -->", f"<!-- {section}: end -->"


def write_section(section: str, text: str) -> None:
    """Put a section's text between its marks; RuntimeError where the marks are gone."""
    begin, end = name_marks(section)
    readme = README.read_text(encoding="utf-8")
    before, found, rest = readme.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"{README.name} has lost the marks '{begin}' and '{end}' between which the report goes.")
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8", newline="\n")
