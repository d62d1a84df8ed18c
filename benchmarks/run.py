"""Everything measured over one store: one server for the pages and the sessions, then the baselines beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from analysis.source import Source
from analysis.store import open_source
from benchmarks.baseline import Baseline, measure_baseline
from benchmarks.pages import Measured, measure_cases, measure_first, measure_pages
from benchmarks.server import Server, serve
from benchmarks.sessions import Together, measure_sessions
from benchmarks.store import Build
from benchmarks.views import PAGES, build_filters, build_visits

USE_CASE = "credit"


@dataclass(frozen=True)
class Asked:
    """What to measure and how much of it. filters: different selections; sessions, seconds: the people at once; log:
    the file for what the server says."""

    sections: Collection[str]
    filters: int
    sessions: int
    seconds: float
    seed: int
    log: Path


@dataclass(frozen=True)
class Run:
    """What was measured over one store; None and empty where it was not asked for.

    decisions: in scope. first_seconds: the first page after the server's start. resident_bytes: the server's memory
    after everything; peak_bytes: the most it held; both None where the system does not tell.
    """

    build: Build
    decisions: int
    pages: tuple[Measured, ...] = ()
    first_seconds: float | None = None
    together: Together | None = None
    resident_bytes: int | None = None
    peak_bytes: int | None = None
    baseline: Baseline | None = None


def measure_store(build: Build, asked: Asked) -> Run:
    """Measure one store; RuntimeError where something could not be measured."""
    os.environ["EXECUTION_DEBT_STORE"] = build.store
    source = open_source(USE_CASE)
    pages: list[Measured] = []
    first = together = resident = peak = baseline = None
    if {"pages", "sessions"} & set(asked.sections):
        with serve(Path(build.store), asked.log) as server:
            if "pages" in asked.sections:
                first, pages = _measure_pages(server, source, asked)
            if "sessions" in asked.sections:
                _say(f"{asked.sessions} sessions at {source.decisions:,} decisions")
                together = measure_sessions(server.url, source, asked.seed, asked.sessions, asked.seconds)
            resident = server.resident_bytes
        peak = server.peak_bytes
    if "baselines" in asked.sections:
        _say(f"pandas at {source.decisions:,} decisions")
        baseline = measure_baseline(source, build_filters(source, asked.filters, asked.seed))
    return Run(build, source.decisions, tuple(pages), first, together, resident, peak, baseline)


def _measure_pages(server: Server, source: Source, asked: Asked) -> tuple[float, list[Measured]]:
    _say(f"Pages at {source.decisions:,} decisions")
    first = measure_first(server, build_visits(source, PAGES[0], 1, asked.seed - 1)[0])
    pages = measure_pages(server, source, asked.filters, asked.seed)
    return first.seconds, [*pages, *measure_cases(server, source, asked.filters, asked.seed)]


def _say(words: str) -> None:
    print(words, file=sys.stderr)
