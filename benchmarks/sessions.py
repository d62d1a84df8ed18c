"""Twenty people at once: what each does is decided beforehand from a seed, and done by a process of its own.

Each session is one websocket that acts every two seconds: half of its actions follow a link of the navigation to
another page, three in ten return to a selection that every page has shown before, two in ten ask for a new one. The
visitors and the server share the machine's cores.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from analysis.filters import Filters
from analysis.source import Source
from benchmarks.percentiles import Summary, summarise
from benchmarks.store import ROOT
from benchmarks.views import PAGES, build_filters, build_visit
from benchmarks.visitors import Action, Done, Plan

SESSIONS, SECONDS, EVERY = 20, 60.0, 2.0
MIX = {"page": 0.5, "seen": 0.3, "new": 0.2}
POOL = 20  # selections that every page has shown before the clock starts
_PATIENCE = 600.0  # seconds beyond the measured ones until the visitors are given up


@dataclass(frozen=True)
class Together:
    """What many sessions at once met. seconds: all actions; by_kind, by_page: the same by kind
    of action and by page shown; offered: actions due
    in the time; done: actions answered; late: begun after their time, because the last one took longer; failures:
    what went wrong, in words."""

    sessions: int
    length: float
    every: float
    seconds: Summary
    by_kind: dict[str, Summary]
    by_page: dict[str, Summary]
    offered: int
    done: int
    late: int
    failures: tuple[str, ...]


def measure_sessions(
    url: str, source: Source, seed: int, sessions: int = SESSIONS, length: float = SECONDS
) -> Together:
    """Run the visitors against a running dashboard; RuntimeError where they could not be run."""
    plan = build_plan(url, source, seed, sessions, length)
    done, lost = run_plan(plan)
    right = [d for d in done if not d.wrong]
    if not right:
        raise RuntimeError(f"No action of {sessions} sessions succeeded. {next((d.wrong for d in done), lost)}")
    return Together(
        sessions, length, plan.every, summarise([d.seconds for d in right]),
        _sum_up(right, "kind", list(MIX)), _sum_up(right, "page", [page.name for page in PAGES]),
        sum(len(actions) for actions in plan.actions), len(right), sum(d.is_late for d in right),
        tuple([d.wrong for d in done if d.wrong] + lost),
    )  # fmt: skip


def _sum_up(done: Sequence[Done], by: str, names: Sequence[str]) -> dict[str, Summary]:
    seconds = {name: [d.seconds for d in done if getattr(d, by) == name] for name in names}
    return {name: summarise(values) for name, values in seconds.items() if values}


def build_plan(url: str, source: Source, seed: int, sessions: int = SESSIONS, length: float = SECONDS) -> Plan:
    """What every session will do, and the views opened once before: the same seed gives the same plan."""
    rng = np.random.default_rng(seed)
    steps = int(length // EVERY)
    kinds = rng.choice(list(MIX), p=list(MIX.values()), size=(sessions, steps))
    filters = build_filters(source, POOL + int((kinds == "new").sum()), seed)
    pool, fresh = filters[:POOL], iter(filters[POOL:])
    starts, actions = [], []
    for number in range(sessions):
        page, chosen = number % len(PAGES), pool[number % POOL]
        starts.append(build_visit(source, PAGES[page], chosen))
        actions.append(list(_build_actions(source, rng, kinds[number], page, chosen, pool, fresh)))
    before = [build_visit(source, page, chosen) for page in PAGES for chosen in pool]
    delays = [float(rng.uniform(0, EVERY)) for _ in range(sessions)]
    return Plan(url, EVERY, before, starts, delays, actions)


def _build_actions(
    source: Source, rng: np.random.Generator, kinds: Sequence[str], page: int, chosen: Filters,
    pool: Sequence[Filters], fresh: Iterator[Filters],
) -> Iterator[Action]:  # fmt: skip
    for kind in kinds:
        if kind == "page":
            page = (page + int(rng.integers(1, len(PAGES)))) % len(PAGES)
        elif kind == "new":
            chosen = next(fresh)
        else:
            others = [filters for filters in pool if filters != chosen]
            chosen = others[int(rng.integers(0, len(others)))]
        yield Action(str(kind), build_visit(source, PAGES[page], chosen))


def run_plan(plan: Plan) -> tuple[list[Done], list[str]]:
    """The visitors' process: what each action met, and the sessions that were lost."""
    length = plan.every * max(len(actions) for actions in plan.actions)
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.visitors"], cwd=ROOT, input=json.dumps(asdict(plan)), encoding="utf-8",
        stdout=subprocess.PIPE, timeout=length + _PATIENCE, check=False,
    )  # fmt: skip
    if process.returncode != 0:
        raise RuntimeError(f"The visitors' process ended with {process.returncode}.")
    answer = json.loads(process.stdout)
    return [Done(**done) for done in answer["done"]], answer["lost"]
