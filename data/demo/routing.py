"""Who decides a case: the system, a team and officer with the recommendation, or officers who work around it."""

from __future__ import annotations

from functools import cache

import numpy as np

from data.demo.applications import to_probability
from data.demo.batch import ACCEPT, ASSISTED, AUTOMATED, BYPASSED, DAY, REFER, REJECT, Batch
from data.demo.officers import (
    BUSY_TEAM,
    BYPASS_TEAMS,
    FRACTURE_TEAMS,
    OFFICERS_PER_TEAM,
    OUTLIER_TEAM,
    TEAMS,
    bypass_level,
    explanation_in_effect,
)
from data.demo.phases import BURST_MONTH, MONTHS, Array, month_days, month_weights, override_target, phase_of
from data.demo.truths import planted
from data.demo.versions import Version

AUTOMATIC_BELOW, AUTOMATIC_AMOUNT = 0.03, 12_000
BUSY_SHARE = 0.09
AS_FELT = 0.2  # how far the rule that sends cases to the busy team follows what officers make of them in BORDERLINE
HIGH_SIDE_SHARE = 0.73  # of eligible cases, roughly: what explanations can act on
EARLY_SHARE = 0.015  # decided before the recommendation was shown
WITHDRAWN_SHARE = 0.03
# Phases in which officers accept against the system only borderline cases; otherwise wherever in the range.
BORDERLINE = ("fracture", "interventions")
TENSE = BORDERLINE  # trust is broken: three teams override most of what is overridden more


def recommend(score: Array, version: Version) -> Array:
    """ACCEPT, REFER or REJECT by the version's bands."""
    return np.where(score >= version.cutoff, REJECT, np.where(score >= version.refer_from, REFER, ACCEPT))


def log_odds(probability: Array) -> Array:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def override_shape(batch: Batch, version: Version, *, as_usual: bool = False) -> Array:
    """How likely officers are to differ in a case relative to others of its side: more near the cut-off, and for the
    self-employed. This is the case mix that a fair comparison of teams has to allow for. as_usual: as in phases other
    than BORDERLINE."""
    distance = log_odds(batch["score"]) - log_odds(np.array(version.cutoff))
    high = 0.25 + 2.8 * np.exp(np.minimum(distance, 0.0) / 0.4)
    beyond = np.maximum(distance, 0.0)
    borderline = 0.03 + to_probability((0.40 - beyond) / 0.08)
    self_employed = np.where(batch.features["employment_type"] == "self_employed", 2.0, 1.0)
    low = borderline if phase_of(batch.month) in BORDERLINE and not as_usual else self_employed
    shape = np.where(batch["recommendation"] == ACCEPT, high * self_employed, low)
    return np.asarray(np.where(batch["recommendation"] == REFER, 0.0, shape))


def take_by_system(batch: Batch, version: Version) -> None:
    """The cases no person decides: very low risks for small amounts, and the random accepts near the cut-off."""
    score, again = batch["score"], batch["previous"] > 0
    batch["automatic"] = (score < AUTOMATIC_BELOW) & (batch["amount"] <= AUTOMATIC_AMOUNT) & ~again
    low, high = planted("random_accepts", "from_factor"), planted("random_accepts", "to_factor")
    near = (score >= low * version.cutoff) & (score < high * version.cutoff)
    batch["near"] = near & ~batch["automatic"] & ~again
    batch["random"] = batch["near"] & (batch.rng.random(len(batch)) < planted("random_accepts", "share"))


def route_cases(batch: Batch, version: Version) -> None:
    """Channel, team, officer and whether the case was withdrawn or decided too early."""
    rng, n = batch.rng, len(batch)
    again, by_system = batch["previous"] > 0, batch["automatic"] | batch["random"]
    batch["team"] = _choose_teams(batch, version, by_system)
    batch["officer"] = np.where(
        by_system, -1, batch["team"] * OFFICERS_PER_TEAM + rng.integers(OFFICERS_PER_TEAM, size=n)
    )
    bypassed = _choose_bypassed(batch, by_system, again | batch["edited"])
    batch["channel"] = np.where(by_system, AUTOMATED, np.where(bypassed, BYPASSED, ASSISTED))
    batch["unscored"] = bypassed & ~batch["burst"] & (rng.random(n) < planted("bypass", "unscored"))
    assisted = batch["channel"] == ASSISTED
    batch["withdrawn"] = assisted & ~batch["edited"] & (rng.random(n) < WITHDRAWN_SHARE)
    batch["early"] = assisted & ~batch["edited"] & (rng.random(n) < EARLY_SHARE)
    last_days = batch["decided"] >= np.datetime64(month_days(MONTHS)[-3], "s")
    batch["pending"] = assisted & ~batch["edited"] & ~batch["withdrawn"] & last_days & (rng.random(n) < 0.5)


def _choose_teams(batch: Batch, version: Version, by_system: Array) -> Array:
    """The busy team gets the hard cases by rule; the others share the rest at random; a second try goes elsewhere."""
    rng, n = batch.rng, len(batch)
    others = np.array([t for t in range(len(TEAMS)) if t != BUSY_TEAM])
    team = rng.choice(others, n)
    again = batch["previous"] > 0
    clash = again & (team == batch["previous_team"])
    team[clash] = np.where(team[clash] == others[-1], others[0], team[clash] + 1)
    team[clash & (team == BUSY_TEAM)] += 1
    free = ~by_system & ~again
    weight = _busy_weights(batch, version, free)
    team[free & (rng.random(n) < np.minimum(BUSY_SHARE * weight, 0.9))] = BUSY_TEAM
    return np.where(by_system, -1, team)


def _busy_weights(batch: Batch, version: Version, free: Array) -> Array:
    """Weights (mean 1 over `free`) under which the mean propensity is as many times the average as planted. The rule
    that sends the hard cases there is nearly the same in all phases, whatever officers then do with them."""
    eligible = free & (batch["recommendation"] != REFER) & ~batch["edited"]
    strength = _strength(batch, eligible, override_shape(batch, version))
    if not strength[eligible].any():
        return np.ones(len(batch))
    mean = strength[eligible].mean()
    low, high = 0.0, 1.0
    usual = _strength(batch, eligible, override_shape(batch, version, as_usual=True))
    tilt = (strength**AS_FELT * usual ** (1 - AS_FELT) / mean) ** 3
    for _ in range(40):
        mix = (low + high) / 2
        weight = np.minimum(1 - mix + mix * tilt, 0.9 / BUSY_SHARE)
        reached = (weight * strength)[eligible].sum() / weight[eligible].sum() / mean
        low, high = (mix, high) if reached < busy_factor() else (low, mix)
    weight = np.minimum(1 - low + low * tilt, 0.9 / BUSY_SHARE)
    return np.asarray(weight / weight[free].mean())


def _strength(batch: Batch, eligible: Array, shape: Array) -> Array:
    """Each eligible case's part of all overrides, the sides weighted as planted; sums to 1."""
    per_low = planted("override_rates", "high_per_low")
    strength = np.zeros(len(batch))
    for side, part in ((ACCEPT, per_low / (per_low + 1)), (REJECT, 1 / (per_low + 1))):
        chosen = eligible & (batch["recommendation"] == side)
        if chosen.any():
            strength[chosen] = part * shape[chosen] / shape[chosen].sum()
    return strength


@cache
def busy_factor() -> float:
    """How many times the bank's average propensity the busy team's case mix has, so that its raw rate is as planted."""
    return planted("teams", "busy_rate") / planted("teams", "busy_ratio") / _average_rate()


def _average_rate() -> float:
    return float(_month_overrides().sum())


@cache
def _month_overrides() -> Array:
    """Overrides meant for each month, over the eligible cases of all months."""
    months = range(1, MONTHS + 1)
    targets = np.array([override_target(m) for m in months])
    burst = planted("null_burst", "share") * override_target(BURST_MONTH)
    extra = np.array([(m == BURST_MONTH) * burst * (planted("null_burst", "override_factor") - 1) for m in months])
    explained = np.array([explanation_in_effect(m).mean() * (phase_of(m) == "interventions") for m in months])
    cut = planted("interventions", "high_side_cut") * HIGH_SIDE_SHARE * explained
    return np.asarray(month_weights() * (targets - cut) + extra)


def _choose_bypassed(batch: Batch, by_system: Array, never: Array) -> Array:
    """Cases worked around in the two teams: the month's level, more at month-end and for large amounts."""
    member = np.isin(batch["team"], BYPASS_TEAMS) & ~by_system
    end = month_days(batch.month)[-1].astype("datetime64[s]") + DAY
    late = batch["decided"] >= end - int(planted("bypass", "month_end_days")) * DAY
    large = batch["amount"] > planted("bypass", "large_amount")
    weight = np.where(late, planted("bypass", "month_end_weight"), 1.0)
    weight = weight * np.where(large, planted("bypass", "large_weight"), 1.0) * (member & ~never)
    if not weight.any():
        return np.zeros(len(batch), bool)
    level = bypass_level(batch.month) * (1 - WITHDRAWN_SHARE) / (1 - bypass_level(batch.month) * WITHDRAWN_SHARE)
    factor = level / weight[member].mean()
    for _ in range(20):
        factor *= level / np.minimum(factor * weight[member], 0.95).mean()
    return np.asarray(batch.rng.random(len(batch)) < np.minimum(factor * weight, 0.95))


def team_factors(expected: Array, team: Array, month: int) -> Array:
    """Per team, how much more it overrides than its case mix suggests; the weighted mean over all cases is 1."""
    factor = np.ones(len(TEAMS))
    factor[BUSY_TEAM] = planted("teams", "busy_ratio") * _steadiness(month)
    factor[OUTLIER_TEAM] = planted("teams", "outlier_ratio") * _steadiness(month)
    mass = np.bincount(team, weights=expected, minlength=len(TEAMS))
    special = [BUSY_TEAM, OUTLIER_TEAM]
    rest = mass.sum() - mass[special].sum()
    if rest > 0:
        ordinary = (mass.sum() - (mass * factor)[special].sum()) / rest
        factor[[t for t in range(len(TEAMS)) if t not in special]] = ordinary
    return factor


def _steadiness(month: int) -> float:
    """The busy team and the outlier start higher and move less: 1 on average over the overrides of all months. Else
    their many overrides would make them the largest part of every change."""
    overrides, less = _month_overrides(), planted("teams", "less_in_fracture")
    tense = np.array([phase_of(m) in TENSE for m in range(1, MONTHS + 1)])
    share = float(overrides[tense].sum() / overrides.sum())
    return 1 - less if phase_of(month) in TENSE else 1 + less * share / (1 - share)


def concentrate(mass: Array, cases: Array, month: int) -> Array:
    """High-side overrides meant for each team, moved to the three teams that lost trust most: `extra` per case more
    there while trust is broken, as many fewer in the other ordinary teams. The same every month and one team of each
    wave, so that comparing waves of explanations is not touched."""
    if phase_of(month) not in TENSE:
        return mass
    gaining = np.isin(np.arange(len(TEAMS)), FRACTURE_TEAMS)
    giving = ~gaining & ~np.isin(np.arange(len(TEAMS)), (BUSY_TEAM, OUTLIER_TEAM))
    more = planted("fracture_teams", "extra") * cases * gaining
    less = np.divide(more.sum() * cases * giving, (cases * giving).sum(), out=np.zeros(len(TEAMS)),
                     where=bool((cases * giving).any()))  # fmt: skip
    return np.asarray(np.maximum(mass + more - less, 0.0))
