"""What came back of the booked loans, when, and what of it the log knew at the snapshot's time."""

from __future__ import annotations

import numpy as np

from data.demo.batch import Batch
from data.demo.phases import AS_OF, HORIZON_DAYS, LAG_DAYS, Array

FINAL, INTERIM, REVERSED = 0, 1, 2
NEVER_BACK = 0.03
LOST_MONTH, NEVER_BACK_THEN = 9, 0.22  # a month in the parallel processes whose outcomes were half forgotten
LATER_BAD, INTERIM_SHARE, REVERSED_SHARE = 0.03, 0.06, 0.005


def find_outcomes(batch: Batch) -> dict[str, Array]:
    """Outcome rows of a batch known at AS_OF: case, observed, recorded, bad, value, status; in no particular order."""
    rng = batch.rng
    booked = np.flatnonzero(batch["booked_now"])
    back = rng.random(len(booked)) >= (NEVER_BACK_THEN if batch.month == LOST_MONTH else NEVER_BACK)
    rows = booked[back]
    n, bad, start = len(rows), batch["bad"][rows], batch["booked"][rows]
    default_day = 20 + (HORIZON_DAYS - 21) * rng.beta(1.3, 1.5, n)
    days = np.where(bad, default_day, float(HORIZON_DAYS))
    value = batch["value"][rows]
    parts = [_rows(batch, rows, start, days, bad, value, FINAL)]
    interim = rng.random(n) < INTERIM_SHARE
    early = np.where(bad, np.maximum(days - 15, 5), rng.uniform(60, 200, n))
    parts.append(_rows(batch, rows, start, early, bad, np.where(bad, value * 0.2, value * 0.4), INTERIM, interim))
    mistaken = ~bad & (rng.random(n) < REVERSED_SHARE)
    parts.append(
        _rows(batch, rows, start, rng.uniform(60, 300, n), ~bad, -batch["loss"][rows] * 0.2, REVERSED, mistaken)
    )
    later = ~bad & (rng.random(n) < LATER_BAD)
    beyond = rng.uniform(HORIZON_DAYS + 5, 2 * HORIZON_DAYS, n)
    parts.append(_rows(batch, rows, start, beyond, ~bad, value - batch["loss"][rows] * 0.6, FINAL, later))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    known = joined["recorded"] <= AS_OF
    return {name: values[known] for name, values in joined.items()}


def _rows(batch: Batch, rows: Array, start: Array, days: Array, bad: Array, value: Array, status: int,
          chosen: Array | None = None) -> dict[str, Array]:  # fmt: skip
    if chosen is not None:
        rows, start, days, bad, value = rows[chosen], start[chosen], days[chosen], bad[chosen], value[chosen]
    lag = np.minimum(batch.rng.exponential(8.0, len(rows)), LAG_DAYS - 0.01)
    observed = start + (days * 86_400).astype("int64").astype("timedelta64[s]")
    return {
        "case": batch["case"][rows],
        "observed": observed,
        "recorded": observed + (lag * 86_400).astype("int64").astype("timedelta64[s]"),
        "bad": bad,
        "value": np.round(value, 2),
        "status": np.full(len(rows), status),
    }
