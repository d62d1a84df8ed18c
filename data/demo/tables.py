"""From a decided batch to the rows of the log: decisions, features, outcomes, and the truth kept apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.demo.batch import ASSISTED, AUTOMATED, BYPASSED, REFER, REJECT, Batch
from data.demo.officers import BUSY_TEAM, REGIONS, TEAMS, Officers
from data.demo.overrides import FACT, RELATIONSHIP
from data.demo.phases import Array, phase_of
from data.demo.risk import PRODUCTS
from data.demo.truths import planted
from data.demo.versions import Version
from data.demo.write import as_columns, as_flags, as_ids, as_money, as_numbers, as_time, as_words

REASONS = (
    ("GUARANTEE", "Guarantee or collateral not on file", "data"),
    ("RELATIONSHIP", "Long relationship with the customer", "judgement"),
    ("CONDUCT", "Recent payment conduct", "judgement"),
    ("INCOME", "Income documents differ from the data", "data"),
    ("AFFORD", "Affordability doubtful", "judgement"),
    ("EMPLOYER", "Employer or sector at risk", "judgement"),
    ("POLICY", "Exception to policy", "policy"),
    ("OTHER", "Other", "other"),
)
_LOW_OTHER, _HIGH = np.array([2, 3, 6, 7]), np.array([2, 4, 5, 3, 7])
NOTES = (
    "Papers seen in the branch.", "Spoke with the customer by phone.", "Known for many years.",
    "Statement of account differs.", "Checked with the employer.", "See file.",
)  # fmt: skip
SEGMENTS = ("retail", "self_employed", "premium")
CAUSES = (
    "withdrawn or pending", "unscored", "policy", "data fault", "bypassed", "input change", "low-side judgement",
    "high-side judgement", "as recommended", "referred", "random accept",
)  # fmt: skip


def build_decisions(batch: Batch, version: Version, officers: Officers) -> dict[str, pa.Array]:
    """One row per case, in the contract's columns; money in EUR, times naive UTC."""
    b, n = batch.of, len(batch)
    scored = ~b["unscored"]
    decided = ~(b["withdrawn"] | b["pending"])
    by_person = b["officer"] >= 0
    shown_near = b["near"] & (b["channel"] != BYPASSED)
    officer = officers.number[np.maximum(b["officer"], 0)]
    disposition = np.select([b["withdrawn"], b["pending"], b["booked_now"]], [2, 3, 0], 1)
    noted = b["reason_given"] & (b["note_pick"] < 0.3)
    fast = b["channel"] == AUTOMATED
    return {
        "case_id": as_ids("C", b["case"], 8),
        "decision_no": pa.array(np.ones(n, "int64")),
        "applicant_id": as_ids("A", b["applicant"], 8),
        "previous_case_id": as_ids("C", b["previous"], 8, b["previous"] > 0),
        "received_at": as_time(b["received"]),
        "scored_at": as_time(b["scored_at"], scored),
        "shown_at": as_time(b["shown_at"], decided & (b["channel"] == ASSISTED)),
        "opened_at": as_time(b["opened_at"], decided & by_person),
        "decided_at": as_time(b["decided"], decided),
        "active_seconds": as_numbers(b["active_seconds"], decided & by_person),
        "team": as_words(b["team"], TEAMS, by_person),
        "queue": as_words(
            np.where(fast, 0, np.where(b["team"] == BUSY_TEAM, 2, 1)), ("automatic", "standard", "complex")
        ),
        "assignment": as_words(np.where(b["team"] == BUSY_TEAM, 1, 0), ("random", "rule"), by_person),
        "decider": as_ids("O-", officer, 3, by_person),
        "channel": as_words(b["channel"], ("assisted", "automated", "bypassed")),
        "basis": as_words(b["basis"], ("judgement", "policy", "input", "system"), decided),
        "policy_rule": as_words(np.zeros(n), ("affordability",), b["policy"]),
        "disposition": as_words(
            disposition, ("booked", "not_taken_up", "withdrawn", "pending"), ~decided | b["accepted"]
        ),
        "booked_at": as_time(b["booked"], b["booked_now"]),
        "model_version": as_words(np.zeros(n), (version.name,), scored),
        "score": as_numbers(b["score"], scored),
        "recomputed_score": as_numbers(b["clean"], b["burst"] & scored),
        "recommendation": as_words(b["recommendation"], ("accept", "reject", "refer"), scored),
        "original_recommendation": as_words(b["original"], ("accept", "reject", "refer"), b["edited"]),
        "recommended_amount": as_money(b["amount"], scored & (b["recommendation"] == 0)),
        "decision": as_words(b["decision"], ("accept", "reject"), decided),
        "decided_amount": as_money(b["decided_amount"], b["accepted"]),
        "override_reason": as_words(_reason(batch), [code for code, _, _ in REASONS], b["reason_given"] & decided),
        "override_note": as_words((b["note_pick"] * 20).astype("int64") % len(NOTES), NOTES, noted & decided),
        "reason_recorded_at": as_time(b["reason_at"], b["reason_given"] & decided),
        "approver": as_ids("O-", officers.number[np.maximum(b["approver"], 0)], 3, b["approver"] >= 0),
        "approved_at": as_time(b["approved_at"], b["approver"] >= 0),
        "explanation_viewed": as_flags(b["explained"], decided & (b["channel"] == ASSISTED)),
        "exposure": as_money(b["amount"]),
        "gain_if_good": as_money(b["gain"]),
        "loss_if_bad": as_money(b["loss"]),
        "segment": as_words(b["segment"], SEGMENTS),
        "region": as_words(b["region"], REGIONS),
        "product": as_words(b["product"], PRODUCTS),
        "arm": as_words(np.where(b["random"], 0, 1), ("random_accept", "control"), shown_near),
        "arm_probability": as_numbers(_arm_probability(b["random"]), shown_near),
        "group_sex": as_words(b["sex"], ("female", "male", "diverse")),
        "group_age_band": as_words(b["age_band"], ("18-27", "28-37", "38-47", "48-57", "58+")),
    }


def _arm_probability(random: Array) -> Array:
    share = planted("random_accepts", "share")
    return np.where(random, share, 1 - share)


def _reason(batch: Batch) -> Array:
    """Position in REASONS: the true one on the low side for the planted two, else one that fits the side."""
    pick, true = batch["reason_pick"], batch["reason_true"]
    low = _LOW_OTHER[(pick * len(_LOW_OTHER)).astype("int64")]
    high = _HIGH[(pick * len(_HIGH)).astype("int64")]
    other = np.where(batch["recommendation"] == REJECT, low, high)
    return np.where(true == FACT, 0, np.where(true == RELATIONSHIP, 1, other))


def build_features(batch: Batch) -> dict[str, pa.Array]:
    """The inputs of every scored case, as the model had them."""
    scored = ~batch["unscored"]
    ids = {
        "case_id": as_ids("C", batch["case"][scored], 8),
        "decision_no": pa.array(np.ones(int(scored.sum()), "int64")),
    }
    return {**ids, **as_columns(batch.features.loc[scored])}


def build_outcomes(rows: dict[str, Array]) -> dict[str, pa.Array]:
    """Outcome rows in the contract's columns."""
    return {
        "case_id": as_ids("C", rows["case"], 8),
        "observed_at": as_time(rows["observed"]),
        "bad": as_flags(rows["bad"]),
        "value": as_money(rows["value"]),
        "status": as_words(rows["status"], ("final", "interim", "reversed")),
        "recorded_at": as_time(rows["recorded"]),
    }


def build_truth(batch: Batch) -> dict[str, pa.Array]:
    """Both potential outcomes and what nobody at the bank can know; for tests, no page reads it."""
    b, n = batch.of, len(batch)
    return {
        "case_id": as_ids("C", b["case"], 8),
        "month": pa.array(np.full(n, batch.month)),
        "phase": as_words(np.zeros(n), (phase_of(batch.month),)),
        "shadow_score": as_numbers(b["clean"]),
        "true_risk": as_numbers(b["risk"]),
        "log_odds_without_fact": as_numbers(
            _log_odds(b["risk"]) + np.log(planted("private_fact", "odds_ratio")) * b["fact"]
        ),
        "bad_if_accepted": as_flags(b["bad"]),
        "taken_up_if_accepted": as_flags(b["taken"]),
        "value_if_accepted": as_money(b["value"]),
        "value_if_rejected": as_money(np.zeros(n)),
        "hidden_fact": as_flags(b["fact"]),
        "hidden_stress": as_flags(b["stress"]),
        "expected_override": as_numbers(b["expected"], b["eligible"]),
        "is_override_eligible": as_flags(b["eligible"]),
        "intended_decision": as_words(b["intended"], ("accept", "reject")),
        "true_reason": as_words(b["reason_true"], ("fact", "relationship", "other"), b["reason_true"] >= 0),
        "is_near_cutoff": as_flags(b["near"]),
        "cause": as_words(_cause(batch), CAUSES),
    }


def _log_odds(risk: Array) -> Array:
    return np.asarray(np.log(risk / (1 - risk)))


def _cause(batch: Batch) -> Array:
    """Position in CAUSES, first match."""
    b = batch.of
    differs = b["override"]
    return np.select(
        [
            b["withdrawn"] | b["pending"], b["unscored"], b["policy"], b["burst"], b["random"],
            (b["channel"] == BYPASSED) | b["early"], b["edited"], b["recommendation"] == REFER,
            differs & (b["recommendation"] == REJECT), differs,
        ],
        [0, 1, 2, 3, 10, 4, 5, 9, 6, 7],
        8,
    )  # fmt: skip
