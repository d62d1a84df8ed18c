"""When things happened to a case: received, scored, opened, shown, decided, booked. All UTC, whole seconds."""

from __future__ import annotations

import numpy as np

from data.demo.batch import ASSISTED, AUTOMATED, Batch, seconds
from data.demo.officers import BUSY_TEAM
from data.demo.phases import Array, phase_of
from data.demo.truths import planted
from data.demo.versions import Version

TYPICAL_BAD_SHARE = 0.07  # of accepted cases; makes the average loss per day of waiting the planted one
SLOWNESS = {
    "launch": 1.0, "hesitation": 1.2, "parallel": 1.6, "fracture": 1.8, "interventions": 1.5, "recovery": 1.1,
    "steady": 1.0,
}  # fmt: skip


def set_waiting(batch: Batch) -> None:
    """Days from receipt to decision, and with it `received`; a re-application's receipt is already known."""
    rng, n = batch.rng, len(batch)
    median = 0.9 * SLOWNESS[phase_of(batch.month)] * np.where(batch["team"] == BUSY_TEAM, 1.4, 1.0)
    days = np.clip(median * np.exp(0.7 * rng.normal(size=n)), 0.06, 12.0)
    days = np.where(batch["channel"] == AUTOMATED, rng.uniform(2, 10, n) / 1_440, days)
    known = batch["previous"] > 0
    received = np.where(known, batch["received"], batch["decided"] - seconds(days))
    batch["received"] = received
    batch["waiting"] = (batch["decided"] - received).astype("int64") / 86_400


def leaving_shares(waiting: Array) -> tuple[Array, Array]:
    """The probability that an accepted applicant does not take the loan, for good and for bad ones."""
    slope_bad = planted("take_up", "per_day") / (
        TYPICAL_BAD_SHARE + (1 - TYPICAL_BAD_SHARE) * planted("take_up", "good_to_bad")
    )
    base = planted("take_up", "base")
    good = np.minimum(base + slope_bad * planted("take_up", "good_to_bad") * waiting, 0.9)
    return good, np.minimum(base + slope_bad * waiting, 0.9)


def set_times(batch: Batch, version: Version) -> None:
    """Scored, opened, shown, reasons, approval and booking, in the order in which they can have happened."""
    rng, n = batch.rng, len(batch)
    by_person = batch["channel"] != AUTOMATED
    active = np.clip(420 * np.exp(0.6 * rng.normal(size=n)), 90, 1_500)
    decided = batch["decided"]
    opened = decided - _whole(active + rng.uniform(0, 600, n))
    scored = np.maximum(batch["received"] + _whole(rng.uniform(20, 100, n)), version.deployed_at)
    batch["active_seconds"] = np.where(by_person, np.round(active), np.nan)
    batch["opened_at"] = np.where(by_person, opened, np.datetime64("NaT", "s"))
    batch["scored_at"] = np.where(batch["edited"], opened + np.timedelta64(1, "s"), scored)
    shown = np.where(
        batch["early"], decided + _whole(rng.uniform(60, 3_600, n)), opened + _whole(rng.uniform(5, 60, n))
    )
    batch["shown_at"] = np.where(batch["channel"] == ASSISTED, shown, np.datetime64("NaT", "s"))
    batch["reason_at"] = decided + _whole(rng.uniform(0, 120, n))
    batch["approved_at"] = decided + _whole(rng.uniform(600, 14_400, n))
    batch["booked"] = decided + _whole(rng.uniform(0.8, 8.5, n) * 86_400)


def _whole(values: Array) -> Array:
    return np.asarray(values.astype("int64").astype("timedelta64[s]"))
