"""One batch of a month's cases, from receipt to outcome: the order in which the parts of the story act."""

from __future__ import annotations

import numpy as np

from data.demo.batch import ACCEPT, ASSISTED, BYPASSED, INPUT, JUDGEMENT, POLICY, SYSTEM, Batch
from data.demo.clock import set_times, set_waiting
from data.demo.inputs import edit_inputs, score_batch
from data.demo.officers import EXPLANATION_MONTH, OFFICERS_PER_TEAM, REASON_CODES_MONTH, TEAM_REGION, Officers
from data.demo.overrides import Levels, decide_cases
from data.demo.risk import set_outcomes, set_payoffs
from data.demo.routing import route_cases, take_by_system
from data.demo.truths import planted
from data.demo.versions import Score, Version

APPROVER_FROM = 25_000


def decide_batch(batch: Batch, version: Version, score: Score, officers: Officers, levels: Levels | None) -> Levels:
    """Carry a batch through everything up to its outcomes; returns the override levels of the month."""
    score_batch(batch, version, score)
    take_by_system(batch, version)
    edit_inputs(batch, version, score)
    route_cases(batch, version)
    _apply_policy(batch)
    set_waiting(batch)
    batch["luck"] = batch.rng.random(len(batch))
    levels = decide_cases(batch, version, officers, levels)
    set_payoffs(batch)
    set_outcomes(batch)
    set_times(batch, version)
    _describe(batch)
    return levels


def _apply_policy(batch: Batch) -> None:
    """The affordability rule: the recommended accepts with the highest share of income owed."""
    batch["policy"] = np.zeros(len(batch), bool)
    if batch.month < planted("policy_rule", "month"):
        return
    in_scope = (batch["channel"] != BYPASSED) & ~batch["withdrawn"] & ~batch["pending"]
    recommended = in_scope & (batch["recommendation"] == ACCEPT) & ~batch["random"]
    candidates = np.flatnonzero(recommended & ~batch["edited"] & ~batch["early"] & ~batch["burst"])
    owed = batch.features["debt_to_income"].to_numpy() + batch.features["instalment_to_income"].to_numpy()
    stops = batch.rng.binomial(int(recommended.sum()), planted("policy_rule", "share"))
    batch["policy"][candidates[np.argsort(-owed[candidates], kind="stable")[:stops]]] = True


def _describe(batch: Batch) -> None:
    """What the log says besides: basis, reasons given, approval, explanation, place, booking, segment."""
    rng, n = batch.rng, len(batch)
    by_person = batch["officer"] >= 0
    batch["basis"] = np.where(
        batch["policy"], POLICY, np.where(batch["edited"], INPUT, np.where(by_person, JUDGEMENT, SYSTEM))
    )
    team = np.maximum(batch["team"], 0)
    coded = batch.month >= REASON_CODES_MONTH[team]
    blank = np.where(coded, planted("interventions", "blank_after"), planted("interventions", "blank_before"))
    batch["reason_given"] = batch["override"] & (rng.random(n) >= blank)
    batch["reason_pick"] = rng.random(n)
    batch["note_pick"] = rng.random(n)
    explained = (batch.month >= EXPLANATION_MONTH[team]) & (batch["channel"] == ASSISTED)
    batch["explained"] = explained & (rng.random(n) < np.where(batch["eligible"], 0.55, 0.35))
    open_ = batch["withdrawn"] | batch["pending"]
    batch["accepted"] = (batch["decision"] == ACCEPT) & ~open_
    batch["approved"] = batch["accepted"] & by_person & (batch["amount"] > APPROVER_FROM)
    place = (batch["officer"] + 1 + rng.integers(OFFICERS_PER_TEAM - 1, size=n)) % OFFICERS_PER_TEAM
    batch["approver"] = np.where(batch["approved"], team * OFFICERS_PER_TEAM + place, -1)
    batch["region"] = np.where(by_person, TEAM_REGION[team], rng.integers(4, size=n))
    batch["booked_now"] = batch["accepted"] & batch["taken"]
    less = np.where(rng.random(n) < 0.06, np.round(batch["amount"] * 0.8, 2), batch["amount"])
    batch["decided_amount"] = np.where(batch["accepted"] & by_person, less, batch["amount"])
    self_employed = (batch.features["employment_type"] == "self_employed").to_numpy()
    premium = batch.features["monthly_income"].to_numpy() > 4_500
    batch["segment"] = np.where(self_employed, 1, np.where(premium, 2, 0))
