"""The bank's demo from end to end: 36 months of decisions, one month in memory at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.demo.batch import Batch, draw_fresh, join_batches
from data.demo.month import decide_batch
from data.demo.officers import Officers, draw_officers
from data.demo.outcomes import find_outcomes
from data.demo.overrides import Levels
from data.demo.phases import HORIZON_DAYS, LAG_DAYS, MONTHS, Array, allocate_cases, month_start, phase_of
from data.demo.reapply import Carried, find_reapplications
from data.demo.side_tables import (
    write_feed_runs,
    write_interventions,
    write_mapping,
    write_reason_codes,
    write_versions,
)
from data.demo.tables import build_decisions, build_features, build_outcomes, build_truth
from data.demo.versions import PLAN, Score, Train, TrainingLog, Version, train_version
from data.demo.write import Tables, as_ids, as_time
from data.errors import UserError

SEED = 20_260_712
FEWEST = 3_600


@dataclass(frozen=True)
class DemoFiles:
    """What a simulation wrote: its folder, the mapping to load, rows per table, and the seconds it took."""

    folder: Path
    mapping: Path
    rows: dict[str, int]
    seconds: float
    auc: dict[str, float]


@dataclass
class _Run:
    """What is carried from month to month."""

    seed: int
    train: Train
    score: Score
    folder: Path
    tables: Tables
    officers: Officers
    versions: list[Version] = field(default_factory=list)
    log: TrainingLog = field(default_factory=TrainingLog)
    waiting: dict[int, list[Carried]] = field(default_factory=dict)
    next_case: int = 1
    owed: int = 0


def simulate_bank(
    decisions: int = 300_000,
    seed: int = SEED,
    *,
    train: Train,
    score: Score,
    folder: Path,
    progress: Callable[[str], None],
) -> DemoFiles:
    """Write the bank's three years to `folder`: Parquet tables, models/*.ubj, mapping.toml, and truth.parquet apart.

    train(features, bad, seed=...) gives the content of an .ubj file; score(artifact, features) a probability per row.
    `decisions` is the number of cases over the 36 months, second applications included; the same seed gives the same
    tables. Memory follows one month's cases. UserError below FEWEST decisions.
    """
    if decisions < FEWEST:
        raise UserError("Too few decisions for the demo", f"{decisions} were asked for.", f"Ask for {FEWEST} or more.")
    started = time.perf_counter()
    (folder / "models").mkdir(parents=True, exist_ok=True)
    officers = draw_officers(np.random.default_rng([seed, 3_000]))
    with Tables(folder) as tables:
        run = _Run(seed, train, score, folder, tables, officers)
        for month, cases in enumerate(allocate_cases(decisions), start=1):
            _start_version(run, month, progress)
            _simulate_month(run, month, int(cases))
            progress(f"Month {month} of {MONTHS} ({phase_of(month)}): {run.next_case - 1:,} decisions, "
                     f"{time.perf_counter() - started:.1f} s")  # fmt: skip
        write_versions(tables, run.versions)
        write_interventions(tables)
        write_reason_codes(tables)
        write_feed_runs(tables, decisions, seed)
    mapping = write_mapping(folder)
    auc = {v.name: v.auc for v in run.versions}
    return DemoFiles(folder, mapping, dict(tables.rows), time.perf_counter() - started, auc)


def _start_version(run: _Run, month: int, progress: Callable[[str], None]) -> None:
    place = next((i for i, plan in enumerate(PLAN) if plan[1] == month), None)
    if place is None:
        return
    began = time.perf_counter()
    version, cases = train_version(place, run.seed, run.train, run.score, run.folder / "models", run.log)
    run.versions.append(version)
    run.tables.add("training_cases", {
        "model_version": pa.array([version.name] * len(cases), pa.string()),
        "case_id": as_ids("C", cases, 8),
        "used_at": as_time(np.full(len(cases), version.trained_at)),
    })  # fmt: skip
    progress(f"Trained {version.name}: AUC {version.auc:.3f} at validation, {time.perf_counter() - began:.1f} s")


def _simulate_month(run: _Run, month: int, cases: int) -> None:
    """A month's cases, then the second applications they lead to within the month; the numbers stay as allocated."""
    rng = np.random.default_rng([run.seed, month])
    carried = run.waiting.pop(month, [])
    fresh = max(cases - run.owed - sum(len(f) for f, _ in carried), 1)
    batch = draw_fresh(rng, month, fresh, run.next_case)
    batch = join_batches(batch, carried, run.next_case + fresh)
    levels = _finish_batch(run, batch, None)
    _remember(run, batch)
    again = run.waiting.pop(month, [])
    run.owed = sum(len(f) for f, _ in again)
    if run.owed:
        empty = Batch(month, rng, again[0][0].iloc[:0], {k: v[:0] for k, v in again[0][1].items()})
        empty["case"] = np.empty(0, "int64")
        _finish_batch(run, join_batches(empty, again, run.next_case), levels)
        _put_off(run, month)


def _put_off(run: _Run, month: int) -> None:
    """Third tries within the same month are decided early in the next one."""
    for features, arrays in run.waiting.pop(month, []):
        if month < MONTHS:
            arrays["decided"] = month_start(month + 1) + (arrays["decided"] - arrays["decided"].astype("datetime64[D]"))
            run.waiting.setdefault(month + 1, []).append((features, arrays))


def _finish_batch(run: _Run, batch: Batch, levels: Levels | None) -> Levels:
    version = run.versions[-1]
    run.next_case += len(batch)
    levels = decide_batch(batch, version, run.score, run.officers, levels)
    outcomes = find_outcomes(batch)
    run.tables.add("decisions", build_decisions(batch, version, run.officers))
    run.tables.add("features", build_features(batch))
    run.tables.add("outcomes", build_outcomes(outcomes))
    run.tables.add("truth", build_truth(batch))
    for month, part in find_reapplications(batch, version).items():
        run.waiting.setdefault(month, []).append(part)
    return levels


def _remember(run: _Run, batch: Batch) -> None:
    """Keep some of the cases whose outcome will be known, for the versions trained later."""
    chosen: Array = np.flatnonzero(batch["booked_now"] & ~batch["burst"])[: run.log.per_month]
    known = batch["booked"][chosen] + np.timedelta64((HORIZON_DAYS + LAG_DAYS) * 86_400, "s")
    features: pd.DataFrame = batch.features.loc[chosen].reset_index(drop=True)
    run.log.add(features, batch["bad"][chosen], batch["case"][chosen], known)
