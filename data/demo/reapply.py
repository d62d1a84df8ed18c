"""Declined applicants who apply again within two weeks, for a smaller amount, and reach another team."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.demo.applications import STRENGTH
from data.demo.batch import REJECT, Batch, seconds, working_hour
from data.demo.phases import FIRST_MONTH, MONTHS, Array
from data.demo.truths import planted
from data.demo.versions import Version

Carried = tuple[pd.DataFrame, dict[str, Array]]
KEPT = ("fact", "stress", "log_odds", "amount", "applicant", "previous", "previous_team", "decided", "received", "sex",
        "age_band")  # fmt: skip


def find_reapplications(batch: Batch, version: Version) -> dict[int, Carried]:
    """The second applications that follow from a batch's declines, by the month number of their decision."""
    rng = batch.rng
    declined = (batch["decision"] == REJECT) & ~batch["withdrawn"] & ~batch["pending"]
    wanted = rng.binomial(int(declined.sum()), planted("reapplications", "share"))
    rows = _choose(rng, batch, declined, version, wanted)
    if not len(rows):
        return {}
    features, arrays = batch.pick(rows)
    arrays["previous"], arrays["previous_team"] = arrays["case"], arrays["team"]
    _ask_for_less(rng, features, arrays)
    n = len(rows)
    gap = rng.uniform(0.4, planted("reapplications", "days") - 0.3, n)
    arrays["received"] = batch["decided"][rows] + seconds(gap)
    waiting = np.clip(0.9 * np.exp(0.7 * rng.normal(size=n)), 0.3, 8.0)
    next_day = (arrays["received"] + seconds(waiting)).astype("datetime64[D]") + np.timedelta64(1, "D")
    arrays["decided"] = next_day.astype("datetime64[s]") + seconds(working_hour(rng, n))
    arrays = {name: arrays[name] for name in KEPT}
    month = (arrays["decided"].astype("datetime64[M]") - FIRST_MONTH).astype("int64") + 1
    parts = {}
    for number in np.unique(month[month <= MONTHS]):
        chosen = month == number
        parts[int(number)] = (
            features.loc[chosen].reset_index(drop=True), {k: v[chosen] for k, v in arrays.items()}
        )  # fmt: skip
    return parts


def _choose(rng: np.random.Generator, batch: Batch, declined: Array, version: Version, wanted: int) -> Array:
    """Rows that apply again: the planted part from declines the model would accept, the rest from clear rejects."""
    formerly = rng.permutation(np.flatnonzero(declined & (batch["clean"] < version.refer_from) & ~batch["policy"]))
    others = rng.permutation(np.flatnonzero(declined & (batch["clean"] >= 1.15 * version.cutoff)))
    first = formerly[: round(wanted * planted("reapplications", "formerly_recommended"))]
    return np.sort(np.concatenate([first, others[: wanted - len(first)]]))


def _ask_for_less(rng: np.random.Generator, features: pd.DataFrame, arrays: dict[str, Array]) -> None:
    old = arrays["amount"]
    amount = np.maximum(np.round(old * rng.uniform(0.75, 0.97, len(old)) / 100) * 100, 1_000)
    before = features["instalment_to_income"].to_numpy().copy()
    features["loan_amount"] = amount
    for name in ("loan_to_income", "instalment_to_income"):
        features[name] = (features[name] * amount / old).round(4)
    arrays["amount"] = amount
    arrays["log_odds"] = arrays["log_odds"] + STRENGTH * 2.4 * (features["instalment_to_income"].to_numpy() - before)
