"""The model's versions: when each was trained and deployed, on what, with which cut-off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.demo.applications import draw_applications, to_probability
from data.demo.phases import Array, month_start

Train = Callable[..., bytes]  # train(features, bad, seed=...) -> the content of an .ubj file
Score = Callable[[Path, pd.DataFrame], pd.Series]

REFER_SHARE = 0.05
SAMPLE, VALIDATION, LOGGED = 60_000, 60_000, 20_000

# name, month of deployment, cut-off, owner. v3 is the retraining in the fracture that changed nothing.
PLAN = (
    ("v1", 1, 0.110, "Head of Data Science"),
    ("v2", 8, 0.110, "Head of Data Science"),
    ("v3", 13, 0.110, "Head of Data Science"),
    ("v4", 19, 0.115, "Head of Credit Risk"),
    ("v5", 28, 0.115, "Head of Credit Risk"),
)


@dataclass(frozen=True)
class Version:
    """A deployed version: scores from `cutoff` are recommended for rejection, from `refer_from` for referral."""

    name: str
    month: int
    cutoff: float
    owner: str
    artifact: Path
    trained_at: np.datetime64
    deployed_at: np.datetime64
    refer_from: float
    auc: float


class TrainingLog:
    """Logged cases whose outcome came back: what a later version could learn from. Bounded: some of each month."""

    def __init__(self, per_month: int = 4_000) -> None:
        self.per_month = per_month
        self._parts: list[tuple[pd.DataFrame, Array, Array, Array]] = []

    def add(self, features: pd.DataFrame, bad: Array, case: Array, known_at: Array) -> None:
        """Keep the first `per_month` of a month's cases with outcomes (they stand in no particular order)."""
        n = self.per_month
        self._parts.append((features.iloc[:n], bad[:n], case[:n], known_at[:n]))

    def known(self, at: np.datetime64) -> tuple[pd.DataFrame, Array, Array]:
        """Features, outcomes and case numbers of what was known at a time, at most LOGGED rows, evenly over months."""
        picked = [(f[k <= at], b[k <= at], c[k <= at]) for f, b, c, k in self._parts if (k <= at).any()]
        if not picked:
            return pd.DataFrame(), np.empty(0, bool), np.empty(0, "int64")
        each = max(1, LOGGED // len(picked))
        return (
            pd.concat([f.iloc[:each] for f, _, _ in picked], ignore_index=True),
            np.concatenate([b[:each] for _, b, _ in picked]),
            np.concatenate([c[:each] for _, _, c in picked]),
        )


def area_under_curve(score: Array, bad: Array) -> float:
    """ROC AUC by mid-ranks (Mann-Whitney): the share of bad-good pairs in which the bad one scores higher."""
    ranks = pd.Series(score).rank().to_numpy()
    bad = bad.astype(bool)
    n_bad = int(bad.sum())
    return float((ranks[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * (len(bad) - n_bad)))


def train_version(
    place: int, seed: int, train: Train, score: Score, folder: Path, log: TrainingLog
) -> tuple[Version, Array]:
    """Train version number `place` of the plan; returns it and the numbers of the logged cases it learnt from.

    Each version learns from a development sample of the whole population, drawn anew, and from what the log knew by
    then. The officers' selection therefore never enters through the sample alone.
    """
    name, month, cutoff, owner = PLAN[place]
    rng = np.random.default_rng([seed, 1_000 + place])
    trained_at = month_start(month) - np.timedelta64(20, "D")
    features, bad = _draw_labelled(rng, SAMPLE)
    logged, logged_bad, cases = log.known(trained_at)
    if len(logged):
        features = pd.concat([features, logged], ignore_index=True)
        bad = np.concatenate([bad, logged_bad])
    artifact = folder / f"{name}.ubj"
    artifact.write_bytes(train(features, pd.Series(bad), seed=seed + place))
    held_out, held_out_bad = _draw_labelled(rng, VALIDATION)
    scores = score(artifact, held_out).to_numpy()
    refer_from = float(np.quantile(scores, max(0.0, float((scores < cutoff).mean()) - REFER_SHARE)))
    deployed_at = np.datetime64(month_start(month) - np.timedelta64(2, "D"))
    auc = area_under_curve(scores, held_out_bad)
    return Version(name, month, cutoff, owner, artifact, trained_at, deployed_at, refer_from, auc), cases


def _draw_labelled(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, Array]:
    features, hidden = draw_applications(rng, n)
    return features, rng.random(n) < to_probability(hidden["log_odds"])
