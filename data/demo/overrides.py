"""How officers decide: with the recommendation, against it and why, or on their own where none was shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.applications import to_probability
from data.demo.batch import ACCEPT, ASSISTED, AUTOMATED, BYPASSED, REFER, REJECT, Batch
from data.demo.clock import leaving_shares
from data.demo.officers import TEAMS, Officers, explanation_in_effect
from data.demo.phases import Array, override_target, phase_of
from data.demo.routing import log_odds, override_shape, team_factors
from data.demo.truths import planted
from data.demo.versions import Version

HIGHEST = 0.95
# How much more often officers decline, against the recommendation, an applicant whose hidden stress they sense.
SENSES_STRESS = {"launch": 0.5, "hesitation": 0.5, "parallel": 3.0, "fracture": 5.0, "interventions": 3.0}
FACT, RELATIONSHIP, OTHER_LOW = 0, 1, 2


@dataclass(frozen=True)
class Levels:
    """Mean override probability per side in a month, before explanations take effect."""

    high: float
    low: float


def find_eligible(batch: Batch) -> Array:
    """Cases in which an override is possible: assisted, shown in time, judged by a person, accept or reject shown."""
    out = batch["withdrawn"] | batch["pending"] | batch["early"] | batch["policy"] | batch["edited"]
    return np.asarray((batch["channel"] == ASSISTED) & ~out & (batch["recommendation"] != REFER))


def decide_cases(batch: Batch, version: Version, officers: Officers, levels: Levels | None = None) -> Levels:
    """Decide every case: sets decision, override, reason_true, expected (case mix) and intended. Returns the levels."""
    n, rng = len(batch), batch.rng
    eligible = find_eligible(batch)
    batch["eligible"] = eligible
    high, low = eligible & (batch["recommendation"] == ACCEPT), eligible & (batch["recommendation"] == REJECT)
    again = low & (batch["previous"] > 0)
    shape = override_shape(batch, version)
    chance, expected = np.zeros(n), np.zeros(n)
    low_again = _second_try(batch, high, again)
    levels = levels or _find_levels(batch, high, low, again, low_again)
    _set_high(batch, officers, high, shape, levels, chance, expected)
    parts = _set_low(batch, officers, low & ~again, shape, levels, chance, expected)
    chance[again] = expected[again] = low_again
    if eligible.any() and expected.sum() > 0:
        expected *= chance.sum() / expected.sum()
    _double_in_burst(batch, high, chance)
    override = rng.random(n) < chance
    batch["override"], batch["expected"] = override, expected
    batch["reason_true"] = np.where(low & override, _choose_reason(rng, parts), -1)
    followed = np.where(override, 1 - batch["recommendation"], batch["recommendation"])
    own = (rng.random(n) >= _own_acceptance(batch, version)).astype("int64")
    decision = np.where(eligible, followed, own)
    decision = np.where(batch["edited"] | (batch["channel"] == AUTOMATED), batch["recommendation"], decision)
    batch["intended"] = np.where(batch["random"], own, np.where(batch["policy"], REJECT, decision))
    batch["decision"] = np.where(batch["policy"], REJECT, np.where(batch["random"], ACCEPT, decision))
    return levels


def _find_levels(batch: Batch, high: Array, low: Array, again: Array, low_again: float) -> Levels:
    target, per_low = override_target(batch.month), planted("override_rates", "high_per_low")
    total = target * float((high | low).sum())
    first_low = int((low & ~again).sum())
    level_high = total * per_low / (per_low + 1) / max(int(high.sum()), 1)
    if phase_of(batch.month) in ("recovery", "steady"):
        treated = explanation_in_effect(batch.month)[batch["team"][high]]
        level_high += planted("interventions", "high_side_cut") * float(treated.mean()) if high.any() else 0.0
    level_low = (total / (per_low + 1) - low_again * int(again.sum())) / max(first_low, 1)
    return Levels(level_high, max(level_low, 0.0))


def _second_try(batch: Batch, high: Array, again: Array) -> float:
    """Chance that a re-application recommended for rejection is accepted, so that the planted share is accepted."""
    second = (batch["previous"] > 0) & (batch["channel"] == ASSISTED) & ~batch["withdrawn"] & ~batch["pending"]
    if not again.any():
        return 0.0
    refer = float((second & (batch["recommendation"] == REFER)).sum())
    accepted = 0.92 * float((second & (batch["recommendation"] == ACCEPT) & ~batch["policy"]).sum()) + 0.6 * refer
    wanted = planted("reapplications", "accepted") * float(second.sum())
    return float(np.clip((wanted - accepted) / again.sum(), 0.0, 0.6))


def _set_high(batch: Batch, officers: Officers, high: Array, shape: Array, levels: Levels, chance: Array,
              expected: Array) -> None:  # fmt: skip
    if not high.any():
        return
    team = batch["team"][high]
    expected[high] = levels.high * shape[high] / shape[high].mean()
    mass = np.bincount(team, weights=expected[high], minlength=len(TEAMS)) * team_factors(expected[high], team)
    cut = planted("interventions", "high_side_cut") * explanation_in_effect(batch.month)
    mass = np.maximum(mass - cut * np.bincount(team, minlength=len(TEAMS)), 0.0)
    senses = 1 + SENSES_STRESS.get(phase_of(batch.month), 1.0) * batch["stress"][high]
    raw = expected[high] * officers.leaning[batch["officer"][high]] * senses
    chance[high] = _fit_to_teams(raw, team, mass)


def _set_low(batch: Batch, officers: Officers, low: Array, shape: Array, levels: Levels, chance: Array,
             expected: Array) -> Array:  # fmt: skip
    """Sets the low side's chances; returns, per case, the part of each reason in them."""
    parts = np.zeros((len(batch), 3))
    parts[:, OTHER_LOW] = 1.0
    if not low.any():
        return parts
    team = batch["team"][low]
    expected[low] = levels.low * shape[low] / shape[low].mean()
    mass = np.bincount(team, weights=expected[low], minlength=len(TEAMS)) * team_factors(expected[low], team)
    plain = _fit_to_teams(expected[low] * officers.leaning[batch["officer"][low]], team, mass)
    fact = planted("private_fact", "fact_reason_share")
    relation = planted("private_fact", "relationship_reason_share")
    parts[low, FACT] = fact * _lean_to(batch, low, plain, batch["fact"][low], planted("private_fact", "fact_ratio"))
    ratio = planted("private_fact", "relationship_ratio")
    parts[low, RELATIONSHIP] = relation * _lean_to(batch, low, plain, batch["stress"][low], ratio)
    parts[low, OTHER_LOW] = 1 - fact - relation
    chance[low] = np.minimum(plain * parts[low].sum(axis=1), HIGHEST)
    return parts


def _lean_to(batch: Batch, low: Array, plain: Array, carries: Array, ratio: float) -> Array:
    """How much more likely than average a case is chosen for a reason, given whether it carries the hidden mark, so
    that defaults over expected defaults of the booked cases chosen for it have the planted ratio."""
    risk = to_probability(batch["log_odds"][low])
    leave_good, leave_bad = leaving_shares(batch["waiting"][low])
    bad = plain * risk * (1 - leave_bad)
    foreseen = plain * batch["score"][low] * (risk * (1 - leave_bad) + (1 - risk) * (1 - leave_good))
    share = float(plain[carries].sum() / plain.sum()) if plain.sum() > 0 else 0.0
    if not 0 < share < 1:
        return np.ones(len(plain))
    bad1, bad0 = bad[carries].sum() / share, bad[~carries].sum() / (1 - share)
    seen1, seen0 = foreseen[carries].sum() / share, foreseen[~carries].sum() / (1 - share)
    slope = (bad1 - bad0) - ratio * (seen1 - seen0)
    part = float(np.clip((ratio * seen0 - bad0) / slope, 0.0, 1.0)) if slope else share
    return np.where(carries, part / share, (1 - part) / (1 - share))


def _fit_to_teams(raw: Array, team: Array, mass: Array) -> Array:
    """Probabilities proportional to `raw` within each team, at most HIGHEST, whose sum per team is `mass`."""
    chance = raw.copy()
    for _ in range(8):
        total = np.bincount(team, weights=chance, minlength=len(mass))
        scale = np.divide(mass, total, out=np.zeros(len(mass)), where=total > 0)
        chance = np.minimum(chance * scale[team], HIGHEST)
    return np.asarray(chance)


def _double_in_burst(batch: Batch, high: Array, chance: Array) -> None:
    """In the null burst officers decline what the score with all inputs would have declined, until overrides double."""
    touched = batch["burst"] & batch["eligible"]
    seen = touched & high & (batch["clean_rejects"])
    room = float((1 - chance[seen]).sum())
    if room > 0:
        extra = (planted("null_burst", "override_factor") - 1) * float(chance[touched].sum())
        share = min(extra / room, 0.97)
        chance[seen] += share * (1 - chance[seen])


def _choose_reason(rng: np.random.Generator, parts: Array) -> Array:
    limits = np.cumsum(parts, axis=1)
    draw = rng.random(len(parts)) * limits[:, -1]
    return np.asarray((draw[:, None] >= limits[:, :-1]).sum(axis=1))


def _own_acceptance(batch: Batch, version: Version) -> Array:
    """Chance that an officer accepts without the recommendation: by the case's risk, seen less sharply."""
    distance = log_odds(np.array(version.cutoff)) - log_odds(batch["clean"])
    chance = to_probability(distance / 0.5 + 0.4)
    return np.asarray(np.where(batch["channel"] == BYPASSED, chance, np.clip(chance, 0.05, 0.97)))
