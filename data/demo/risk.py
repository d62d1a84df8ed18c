"""What accepting a case leads to: default or not, taken up or not, and the money either way."""

from __future__ import annotations

import numpy as np

from data.demo.applications import to_probability
from data.demo.batch import ACCEPT, ASSISTED, BYPASSED, Batch
from data.demo.clock import leaving_shares
from data.demo.phases import Array
from data.demo.truths import planted

PRODUCTS = ("instalment_loan", "car_loan", "home_loan", "refinancing")
_PRODUCT_OF_PURPOSE = np.array([1, 2, 0, 3, 0])  # in the order of the purposes' categories
_LOSS_SHARE = np.array([0.52, 0.44, 0.47, 0.50])
BANDS = np.array([0.02, 0.035, 0.055, 0.08, 0.11, 0.16, 0.25])


def set_payoffs(batch: Batch) -> None:
    """Product, and what accepting earns or loses in EUR; breaking even at a default probability of 10 to 15 %."""
    purpose = batch.features["purpose"].cat.codes.to_numpy()
    batch["product"] = _PRODUCT_OF_PURPOSE[purpose]
    amount, term = batch["amount"], batch.features["term_months"].to_numpy()
    batch["gain"] = np.round(amount * (0.048 + 0.0006 * term), 2)
    batch["loss"] = np.round(amount * _LOSS_SHARE[batch["product"]], 2)


def set_outcomes(batch: Batch) -> None:
    """True risk, whether the case turns bad if accepted, whether the applicant takes the loan, realised money."""
    rng, n = batch.rng, len(batch)
    risk = to_probability(batch["log_odds"])
    _worsen_edited(batch, risk)
    _worsen_bypassed(batch, risk)
    batch["risk"] = np.clip(risk, 1e-6, 1 - 1e-6)
    batch["bad"] = batch["luck"] < batch["risk"]
    leave_good, leave_bad = leaving_shares(batch["waiting"])
    batch["taken"] = rng.random(n) >= np.where(batch["bad"], leave_bad, leave_good)
    earned = batch["gain"] * np.clip(rng.normal(1.0, 0.08, n), 0.5, 1.5)
    lost = -batch["loss"] * rng.uniform(0.65, 1.3, n)
    batch["value"] = np.round(np.where(batch["bad"], lost, earned), 2)


def _booked_rates(risk: Array, waiting: Array) -> tuple[Array, Array]:
    """Chance of being booked and bad, and of being booked, if accepted."""
    leave_good, leave_bad = leaving_shares(waiting)
    bad = risk * (1 - leave_bad)
    return bad, bad + (1 - risk) * (1 - leave_good)


def _worsen_edited(batch: Batch, risk: Array) -> None:
    """Edited incomes hide risk: booked ones default as many times their final score as planted."""
    edited = batch["edited"]
    chosen = edited & (batch["decision"] == ACCEPT)
    if not chosen.any():
        return
    for _ in range(6):
        bad, booked = _booked_rates(risk[chosen], batch["waiting"][chosen])
        ratio = bad.sum() / (batch["score"][chosen] * booked).sum()
        risk[edited] = np.minimum(risk[edited] * planted("input_edits", "bad_ratio") / ratio, 0.9)


def _worsen_bypassed(batch: Batch, risk: Array) -> None:
    """What nobody scored or showed was checked less: booked bypassed cases default more at equal score, as planted."""
    bypassed = batch["channel"] == BYPASSED
    accepted = (batch["decision"] == ACCEPT) & ~batch["withdrawn"] & ~batch["pending"]
    chosen, others = bypassed & accepted, (batch["channel"] == ASSISTED) & accepted
    if not chosen.any() or not others.any():
        return
    band = np.digitize(batch["clean"], BANDS)
    bad, booked = _booked_rates(risk[others], batch["waiting"][others])
    per_band = np.bincount(band[others], weights=booked, minlength=len(BANDS) + 1)
    usual = np.bincount(band[others], weights=bad, minlength=len(BANDS) + 1) / np.maximum(per_band, 1e-9)
    for _ in range(6):
        bad, booked = _booked_rates(risk[chosen], batch["waiting"][chosen])
        more = (bad.sum() - (usual[band[chosen]] * booked).sum()) / booked.sum()
        risk[bypassed] = np.clip(risk[bypassed] + planted("bypass", "extra_bad_rate") - more, 0.001, 0.9)
