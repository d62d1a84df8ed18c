"""How officers decide: with the recommendation, against it and why, or on their own where none was shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.applications import to_probability
from data.demo.batch import (
    ACCEPT,
    ASSISTED,
    AUTOMATED,
    BYPASSED,
    REFER,
    REJECT,
    SECOND_TRIES,
    Batch,
    count_with_later,
)
from data.demo.clock import leaving_shares
from data.demo.officers import TEAMS, Officers, explanation_in_effect
from data.demo.phases import Array, override_target, phase_of
from data.demo.routing import concentrate, log_odds, override_shape, team_factors
from data.demo.truths import planted
from data.demo.versions import Version

HIGHEST = 0.95
SEEN_IN_BURST = 0.9  # at most this share of what the nulls made look good is seen through
PLAINLY_BAD = 0.15  # true scores from which declining is right: above the risk at which loans break even


@dataclass(frozen=True)
class Senses:
    """What officers sense in a phase of what the model cannot see.

    stress: how much more often they decline, against the recommendation, an applicant with hidden stress.
    default: how much more often one who would default. other: defaults over expected defaults of the low-side
    overrides for which they give neither of the planted reasons. In the fracture they accept only borderline cases
    they know well: what is accepted then ranks worse by the score, though the model is the same.
    """

    stress: float
    default: float
    other: float


SENSES = {
    "launch": Senses(1.5, 1.0, 1.8),
    "hesitation": Senses(1.5, 1.0, 1.5),
    "parallel": Senses(3.0, 1.2, 1.2),
    "fracture": Senses(4.0, 1.5, 0.22),
    "interventions": Senses(4.0, 1.5, 0.4),
    "recovery": Senses(2.0, 1.0, 1.0),
    "steady": Senses(2.0, 1.0, 1.0),
}
FACT, RELATIONSHIP, OTHER_LOW = 0, 1, 2


@dataclass(frozen=True)
class Levels:
    """Mean override probability per side in a month, over all its eligible cases of that side."""

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
    target = override_target(batch.month) * count_with_later(batch, eligible)
    level_high = levels.high if levels else _high_level(batch, target, high)
    _set_high(batch, officers, high, shape, level_high, chance, expected)
    low_again = _second_try(batch, version, chance, again)
    chance[again] = expected[again] = low_again
    first = low & ~again
    level_low = (
        levels.low if levels else _low_level(target, SECOND_TRIES * low_again * int(again.sum()), int(first.sum()))
    )
    parts = _set_low(batch, officers, first, shape, level_low, chance, expected)
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
    return Levels(level_high, level_low)


def _high_level(batch: Batch, target: float, high: Array) -> float:
    """The month's mean on the high side. In the interventions phase the target is the level without explanations."""
    per_low = planted("override_rates", "high_per_low")
    level = target * per_low / (per_low + 1) / max(count_with_later(batch, high), 1.0)
    if phase_of(batch.month) == "interventions" and high.any():
        treated = explanation_in_effect(batch.month)[batch["team"][high]]
        level -= planted("interventions", "high_side_cut") * float(treated.mean())
    return level


def _low_level(target: float, again: float, first: int) -> float:
    """The month's mean on the low side; `again` overrides are expected among second applications."""
    return max((target / (planted("override_rates", "high_per_low") + 1) - again) / max(first, 1), 0.0)


def _second_try(batch: Batch, version: Version, chance: Array, again: Array) -> float:
    """Chance that a second application recommended for rejection is accepted, so that the planted share is accepted."""
    second = (batch["previous"] > 0) & ~batch["withdrawn"] & ~batch["pending"]
    if not again.any():
        return 0.0
    eligible = batch["eligible"]
    accepts = (second & eligible & (batch["recommendation"] == ACCEPT)) * (1 - chance)
    accepts = accepts + (second & ~eligible & ~batch["policy"]) * _own_acceptance(batch, version)
    wanted = planted("reapplications", "accepted") * float(second.sum())
    return float(np.clip((wanted - accepts.sum()) / again.sum(), 0.0, 0.6))


def _set_high(batch: Batch, officers: Officers, high: Array, shape: Array, level: float, chance: Array,
              expected: Array) -> None:  # fmt: skip
    """Explanations move teams apart: one that has them lies `high_side_cut` below one that has not."""
    if not high.any():
        return
    team = batch["team"][high]
    expected[high] = level * shape[high] / shape[high].mean()
    mass = np.bincount(team, weights=expected[high], minlength=len(TEAMS)) * team_factors(
        expected[high], team, batch.month
    )
    mass = concentrate(mass, np.bincount(team, minlength=len(TEAMS)), batch.month)
    treated = explanation_in_effect(batch.month).astype(float)
    apart = planted("interventions", "high_side_cut") * (treated - treated[team].mean())
    mass = np.maximum(mass - apart * np.bincount(team, minlength=len(TEAMS)), 0.0)
    senses = SENSES[phase_of(batch.month)]
    raw = expected[high] * officers.leaning[batch["officer"][high]]
    raw = raw * np.where(batch["stress"][high], senses.stress, 1.0)
    raw = raw * np.where(_would_default(batch)[high], senses.default, 1.0)
    chance[high] = _fit_to_teams(raw, team, mass)


def _would_default(batch: Batch) -> Array:
    return np.asarray(batch["luck"] < to_probability(batch["log_odds"]))


def _set_low(batch: Batch, officers: Officers, low: Array, shape: Array, level: float, chance: Array,
             expected: Array) -> Array:  # fmt: skip
    """Sets the low side's chances; returns, per case, the part of each reason in them."""
    parts = np.zeros((len(batch), 3))
    parts[:, OTHER_LOW] = 1.0
    if not low.any():
        return parts
    team = batch["team"][low]
    expected[low] = level * shape[low] / shape[low].mean()
    mass = np.bincount(team, weights=expected[low], minlength=len(TEAMS)) * team_factors(
        expected[low], team, batch.month
    )
    plain = _fit_to_teams(expected[low] * officers.leaning[batch["officer"][low]], team, mass)
    fact = planted("private_fact", "fact_reason_share")
    relation = planted("private_fact", "relationship_reason_share")
    risk = to_probability(batch["log_odds"][low])
    parts[low, FACT] = fact * _lean_to(
        batch, low, plain, batch["fact"][low], risk, planted("private_fact", "fact_ratio")
    )
    parts[low, RELATIONSHIP] = relation * _lean_to(
        batch, low, plain, batch["stress"][low], risk, planted("private_fact", "relationship_ratio")
    )
    defaults = _would_default(batch)[low]
    parts[low, OTHER_LOW] = (1 - fact - relation) * _lean_to(
        batch, low, plain, defaults, defaults.astype(float), SENSES[phase_of(batch.month)].other
    )
    parts[low] = _fit_parts(parts[low], plain)
    chance[low] = parts[low].sum(axis=1)
    return parts


def _fit_parts(parts: Array, plain: Array) -> Array:
    """Each reason's chance per case. Where a case's sum is too high the other reasons give way, so that the two planted
    ones keep their mix; the total over all cases stays that of `plain`."""
    chance = parts * plain[:, None]
    named = chance[:, :OTHER_LOW].sum(axis=1)
    chance[:, :OTHER_LOW] *= np.minimum(1.0, np.divide(HIGHEST, named, out=np.ones(len(named)), where=named > 0))[
        :, None
    ]
    named = np.minimum(named, HIGHEST)
    for _ in range(8):
        chance[:, OTHER_LOW] = np.minimum(chance[:, OTHER_LOW], HIGHEST - named)
        rest = chance[:, OTHER_LOW].sum()
        if rest > 0:
            chance[:, OTHER_LOW] *= max((plain.sum() - named.sum()) / rest, 0.0)
    chance[:, OTHER_LOW] = np.minimum(chance[:, OTHER_LOW], HIGHEST - named)
    return chance


def _lean_to(batch: Batch, low: Array, plain: Array, carries: Array, risk: Array, ratio: float) -> Array:
    """How much more likely than average a case is chosen for a reason, given whether it carries the hidden mark, so
    that defaults over expected defaults of the booked cases chosen for it have the planted ratio."""
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
    """In the null burst officers decline what the score with all inputs would have declined, until overrides are twice
    as frequent as in the month's other cases. They start with the worst: the limit comes down from PLAINLY_BAD only as
    far as that needs."""
    touched = np.flatnonzero(batch["burst"] & batch["eligible"])
    usual = batch["eligible"] & ~batch["burst"]
    if not len(touched) or not usual.any():
        return
    wanted = planted("null_burst", "override_factor") * float(chance[usual].mean()) * len(touched)
    extra = max(wanted - float(chance[touched].sum()), 0.0)
    worst_first = touched[np.argsort(-batch["clean"][touched], kind="stable")]
    worst_first = worst_first[high[worst_first]]
    room = np.cumsum(1 - chance[worst_first])
    needed = int(np.searchsorted(room, extra / SEEN_IN_BURST)) + 1
    plain = int((batch["clean"][worst_first] >= PLAINLY_BAD).sum())
    seen = worst_first[: max(needed, plain)]
    left = float((1 - chance[seen]).sum())
    if left > 0:
        chance[seen] += min(extra / left, SEEN_IN_BURST) * (1 - chance[seen])


def _choose_reason(rng: np.random.Generator, parts: Array) -> Array:
    limits = np.cumsum(parts, axis=1)
    draw = rng.random(len(parts)) * limits[:, -1]
    return np.asarray((draw[:, None] >= limits[:, :-1]).sum(axis=1))


def _own_acceptance(batch: Batch, version: Version) -> Array:
    """Chance that an officer accepts without the recommendation: by the case's risk, seen less sharply."""
    distance = log_odds(np.array(version.cutoff)) - log_odds(batch["clean"])
    chance = to_probability(distance / 0.5 + 0.4)
    return np.asarray(np.where(batch["channel"] == BYPASSED, chance, np.clip(chance, 0.05, 0.97)))
