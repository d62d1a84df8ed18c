"""The cases of one month while they are being decided: a table of features and named arrays of the same length."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.demo.applications import draw_applications
from data.demo.phases import Array, day_weights, month_days

DAY = np.timedelta64(86_400, "s")
ASSISTED, AUTOMATED, BYPASSED = 0, 1, 2
ACCEPT, REJECT, REFER = 0, 1, 2
JUDGEMENT, POLICY, INPUT, SYSTEM = 0, 1, 2, 3


# Second applications decided in a month, per one known when the month's first pass is made; the rest follow from it.
SECOND_TRIES = 2.6


@dataclass
class Batch:
    """Cases decided in one month. `features` is what the model saw at the decision; `of` holds everything else."""

    month: int
    rng: np.random.Generator
    features: pd.DataFrame
    of: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Array:
        return self.of[name]

    def __setitem__(self, name: str, values: Array) -> None:
        self.of[name] = values

    def pick(self, chosen: Array) -> tuple[pd.DataFrame, dict[str, Array]]:
        """Features and arrays of the chosen rows (mask or positions)."""
        return self.features.loc[chosen].reset_index(drop=True), {k: v[chosen] for k, v in self.of.items()}


def seconds(days: Array) -> Array:
    """Days as whole seconds (timedelta64[s])."""
    return np.asarray((days * 86_400).astype("int64").astype("timedelta64[s]"))


def draw_fresh(rng: np.random.Generator, month: int, n: int, first_case: int) -> Batch:
    """n first applications decided in a month, with the day and hour of the decision."""
    features, hidden = draw_applications(rng, n)
    weights = day_weights(month)
    day = rng.choice(month_days(month), n, p=weights / weights.sum())
    batch = Batch(month, rng, features, dict(hidden))
    batch["case"] = np.arange(first_case, first_case + n)
    batch["applicant"] = batch["case"]
    batch["previous"] = np.zeros(n, "int64")
    batch["previous_team"] = np.full(n, -1)
    batch["decided"] = day.astype("datetime64[s]") + seconds(working_hour(rng, n))
    batch["received"] = batch["decided"]
    batch["sex"] = rng.choice(3, n, p=[0.49, 0.49, 0.02])
    batch["age_band"] = rng.choice(5, n, p=[0.14, 0.26, 0.24, 0.21, 0.15])
    return batch


def count_with_later(batch: Batch, chosen: Array) -> float:
    """How many of the chosen there will be in the month, with the second applications still to come."""
    return float(chosen.sum() + (SECOND_TRIES - 1) * (chosen & (batch["previous"] > 0)).sum())


def working_hour(rng: np.random.Generator, n: int) -> Array:
    """A time of day in UTC as a share of the day, 06:30 to 17:00: the same local date all year."""
    return rng.uniform(6.5 / 24, 17 / 24, n)


def join_batches(fresh: Batch, carried: list[tuple[pd.DataFrame, dict[str, Array]]], first_case: int) -> Batch:
    """Fresh cases and re-applications of earlier declines as one batch; the latter get their case numbers here."""
    for features, arrays in carried:
        n = len(features)
        numbered = {**arrays, "case": np.arange(first_case, first_case + n)}
        first_case += n
        fresh.of = {k: np.concatenate([v, numbered[k]]) for k, v in fresh.of.items()}
        fresh.features = pd.concat([fresh.features, features], ignore_index=True)
    return fresh
