"""Statistics that are Python functions, registered with the fields of a card and a worked example of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.catalog import Change
from analysis.discrimination import estimate_raw_auc
from analysis.intervals import divide_or_nan
from analysis.score_statistics import ScoreAnswer, answer_auc, answer_observed_expected

FIRST = (Change(dt.date(2026, 11, 22), "First definition."),)


@dataclass(frozen=True)
class StatisticExample:
    """A few cases (score, bad), the answer, and the classic mistake with the answer it gives."""

    why: str
    score: tuple[float, ...]
    bad: tuple[int, ...]
    answer: float
    mistaken: float


@dataclass(frozen=True)
class Statistic:
    """One registered statistic: the words of a card, its worked example, the function that answers it from a
    snapshot, and the same definition on raw cases (score, bad), which its example and tests use."""

    name: str
    label: str
    definition: str
    reading: str
    owner: str
    unit: str
    direction: str
    source: str
    needs: tuple[str, ...]
    changed: tuple[Change, ...]
    example: StatisticExample
    answer: Callable[..., ScoreAnswer]
    on_cases: Callable[[np.ndarray, np.ndarray], float]


def _raw_auc(score: np.ndarray, bad: np.ndarray) -> float:
    return float(estimate_raw_auc(score, bad).value[0])


def _raw_ratio(score: np.ndarray, bad: np.ndarray) -> float:
    return float(divide_or_nan(np.sum(bad), np.sum(score)))


_LISTED = (
    Statistic(
        name="roc_auc",
        label="ROC AUC, accepted cases",
        definition="Probability that the score of a bad accepted case is higher than that of a good one; ties count "
        "half. Over accepted cases whose outcome is known.",
        reading="Model and people together: it falls when people accept differently, even if the model is as good as "
        "before. Compare it with the figure for automated cases, which people did not select.",
        owner="Model Risk",
        unit="ratio",
        direction="higher_is_better",
        source="DeLong, DeLong and Clarke-Pearson (1988)",
        needs=("decisions.score", "outcomes.bad"),
        changed=FIRST,
        example=StatisticExample(
            why="Of 6 pairs of a bad and a good case, 4 are in order and 1 is tied: 4.5 / 6. The classic mistake "
            "counts the tie as in order and answers 5 / 6.",
            score=(0.1, 0.2, 0.3, 0.3, 0.25),
            bad=(0, 0, 0, 1, 1),
            answer=4.5 / 6,
            mistaken=5 / 6,
        ),
        answer=answer_auc,
        on_cases=_raw_auc,
    ),
    Statistic(
        name="observed_expected",
        label="Observed over expected bads",
        definition="Bad outcomes observed, divided by the sum of the scores of the same accepted cases; 1 means as "
        "many as the scores said.",
        reading="Above 1, more cases turned bad than the model expected of them. For low-side overrides by reason it "
        "tells which reasons carry knowledge the model lacks.",
        owner="Model Risk",
        unit="ratio",
        direction="context",
        source="Spiegelhalter (2005); observed / expected with deciders as clusters",
        needs=("decisions.score", "outcomes.bad"),
        changed=FIRST,
        example=StatisticExample(
            why="One bad among scores .1, .2, .2: 1 / .5 = 2. The classic mistake averages bad / score per case and "
            "answers 10 / 3.",
            score=(0.1, 0.2, 0.2),
            bad=(1, 0, 0),
            answer=2.0,
            mistaken=10 / 3,
        ),
        answer=answer_observed_expected,
        on_cases=_raw_ratio,
    ),
)

STATISTICS: dict[str, Statistic] = {statistic.name: statistic for statistic in _LISTED}
