"""The small tables beside the decisions: versions, interventions, reason codes, feed runs; and the mapping file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.demo.officers import intervention_rows
from data.demo.phases import AS_OF, LAST_DAY, MONTHS, is_burst_day, month_days, month_start
from data.demo.tables import REASONS
from data.demo.versions import Version
from data.demo.write import Tables, as_time

HOUR = np.timedelta64(3_600, "s")
FEEDS = (("credit bureau", "Head of Data", 1.0), ("core banking", "Head of IT", 1.4))


def write_versions(tables: Tables, versions: list[Version]) -> None:
    retired = [np.datetime64(month_start(v.month)) for v in versions[1:]] + [np.datetime64("NaT", "s")]
    tables.add("model_versions", {
        "model_version": pa.array([v.name for v in versions]),
        "trained_at": as_time(np.array([v.trained_at for v in versions])),
        "deployed_at": as_time(np.array([v.deployed_at for v in versions])),
        "retired_at": as_time(np.array(retired)),
        "cutoff": pa.array([v.cutoff for v in versions]),
        "owner": pa.array([v.owner for v in versions]),
        "artifact": pa.array([v.artifact.name for v in versions]),
        "validation_auc": pa.array([round(v.auc, 4) for v in versions]),
    })  # fmt: skip


def write_interventions(tables: Tables) -> None:
    rows = intervention_rows()
    tables.add("interventions", {
        "name": pa.array([r[0] for r in rows]),
        "kind": pa.array([r[1] for r in rows]),
        "team": pa.array([r[2] for r in rows], pa.string()),
        "started_at": as_time(np.array([month_start(r[3]) for r in rows])),
        "description": pa.array([r[4] for r in rows]),
        "owner": pa.array([r[5] for r in rows]),
    })  # fmt: skip


def write_reason_codes(tables: Tables) -> None:
    codes, labels, categories = zip(*REASONS, strict=True)
    tables.add("reason_codes", {
        "code": pa.array(codes), "label": pa.array(labels), "category": pa.array(categories),
    })  # fmt: skip


def write_feed_runs(tables: Tables, decisions: int, seed: int) -> None:
    """A run a day and feed. In the burst the bureau's feed says it was well and delivers hardly a row: it failed
    silently, which is what the page on data health is for."""
    days = np.arange(month_days(1)[0], LAST_DAY)
    rng = np.random.default_rng([seed, 2_000])
    for feed, owner, factor in FEEDS:
        rows = np.round(decisions / (MONTHS * 30.4) * factor * np.exp(rng.normal(0, 0.06, len(days))))
        silent = is_burst_day(days) & (feed == FEEDS[0][0])
        rows = np.where(silent, np.round(rows * 0.1), rows).astype("int64")
        failed = (rng.random(len(days)) < 0.004) & ~silent
        tables.add("feed_runs", {
            "feed": pa.array([feed] * len(days)),
            "ran_at": as_time(days.astype("datetime64[s]") + 4 * HOUR),
            "rows": pa.array(np.where(failed, 0, rows)),
            "status": pa.array(np.where(failed, "failed", "ok")),
            "owner": pa.array([owner] * len(days)),
        })  # fmt: skip


SOURCES = (
    "decisions", "features", "outcomes", "model_versions", "interventions", "reason_codes", "training_cases",
    "feed_runs",
)  # fmt: skip


def write_mapping(folder: Path) -> Path:
    """The mapping that loads these files: column names are the contract's, times naive UTC, money in EUR."""
    head = [
        'use_case = "credit"',
        'time_zone = "UTC"',
        f'as_of = "{AS_OF}"',  # the moment, not the whole of that day
        'models = "models"',
    ]
    blocks = []
    for name in SOURCES:
        columns = [f'{column} = "{column}"' for column in pq.read_schema(folder / f"{name}.parquet").names]
        if name == "features":  # the model's inputs keep their own names
            columns = ['case_id = "case_id"', 'decision_no = "decision_no"', '"*" = "*"']
        blocks += [f'\n[[source]]\ntable = "{name}"\nfiles = ["{name}.parquet"]', "[source.columns]", *columns]
    path = folder / "mapping.toml"
    path.write_text("\n".join([*head, *blocks]) + "\n", encoding="utf-8")
    return path
