"""Teams, officers and what was rolled out to which team when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.phases import MONTHS, Array, phase_of
from data.demo.truths import planted

TEAMS = tuple(f"Team {n:02d}" for n in range(1, 13))
OFFICERS_PER_TEAM = 10
REGIONS = ("North", "East", "South", "West")
TEAM_REGION = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])

BUSY_TEAM = 5
OUTLIER_TEAM = 1
BYPASS_TEAMS = (3, 10)
FRACTURE_TEAMS = (2, 4, 11)  # one of each wave of explanations below, and of different regions

# An orthogonal array for twelve teams (three waves by four two-step roll-outs): no roll-out is confounded with another.
_WAVE = np.repeat([0, 1, 2], 4)
_STEPS = np.array([
    [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0],
    [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1],
    [1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0],
    [1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1],
])  # fmt: skip

EXPLANATION_MONTH = np.array([15, 17, 21])[_WAVE]
TRAINING_MONTH = np.array([12, 14])[_STEPS[0]]
REASON_CODES_MONTH = np.array([15, 17])[_STEPS[1]]
SHARED_METRICS_MONTH = np.array([18, 19])[_STEPS[2]]
FEEDBACK_MONTH = np.array([19, 20])[_STEPS[3]]


@dataclass(frozen=True)
class Officers:
    """The officers: the pseudonymous number of each (team-major), and how freely each overrides (mean 1)."""

    number: Array
    leaning: Array


def draw_officers(rng: np.random.Generator) -> Officers:
    """Officers of all teams; index = team * OFFICERS_PER_TEAM + place in the team. Numbers carry no order of teams."""
    n = len(TEAMS) * OFFICERS_PER_TEAM
    leaning = np.exp(rng.normal(0.0, 0.25, n)).reshape(len(TEAMS), -1)
    return Officers(rng.permutation(n) + 1, (leaning / leaning.mean(axis=1, keepdims=True)).ravel())


def explanation_in_effect(month: int) -> Array:
    """Per team, whether explanations have had the months they need to change high-side overrides."""
    return np.asarray(month >= EXPLANATION_MONTH + int(planted("interventions", "delay_months")))


def bypass_level(month: int) -> float:
    """Bypassed over bypassed and assisted cases meant for the two teams in a month."""
    return planted("bypass", phase_of(month))


def intervention_rows() -> list[tuple[str, str, str | None, int, str, str]]:
    """(name, kind, team or None for all, month, description, owner), one row per thing launched in a team."""
    rows: list[tuple[str, str, str | None, int, str, str]] = [
        ("Scoring launched", "model", None, 1, "The model's recommendation is shown in every team.", "Head of Lending"),
        ("Affordability rule", "policy", None, int(planted("policy_rule", "month")),
         "Stops accepts whose instalments leave too little to live on.", "Head of Credit Risk"),
    ]  # fmt: skip
    rollouts = (
        ("Override training", "training", TRAINING_MONTH, "A half-day course on when to differ.", "Head of Lending"),
        ("Explanations", "explanation", EXPLANATION_MONTH, "Shows what moved the score.", "Head of Data Science"),
        ("Reason codes", "reason_codes", REASON_CODES_MONTH, "A closed list of reasons.", "Head of Credit Risk"),
        ("Shared metrics", "shared_metrics", SHARED_METRICS_MONTH, "One scorecard for all.", "Chief Operating Officer"),
        ("Outcome feedback", "feedback", FEEDBACK_MONTH, "Officers see what became of it.", "Head of Credit Risk"),
    )
    for name, kind, months, description, owner in rollouts:
        rows += [(name, kind, team, int(month), description, owner) for team, month in zip(TEAMS, months, strict=True)]
    return [row for row in rows if row[3] <= MONTHS]
