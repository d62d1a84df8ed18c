"""Applications for credit: what the model sees, what it does not see, and the true risk that follows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.demo.phases import Array
from data.demo.truths import planted

CATEGORIES = {
    "employment_type": ("civil_servant", "permanent", "retired", "self_employed", "temporary"),
    "residential_status": ("family", "owner", "tenant"),
    "purpose": ("car", "home_improvement", "household", "refinancing", "travel"),
    "sales_channel": ("branch", "broker", "online", "phone"),
}
BUREAU_FEATURES = ("bureau_score", "delinquencies_24m", "inquiries_6m")

# Chosen so that the trained models reach the planted AUC and the mean risk stays near 8 %.
STRENGTH = 1.105
INTERCEPT = -3.2
STRESS_SHARE = 0.10
STRESS_ODDS_RATIO = 3.0


def draw_applications(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, dict[str, Array]]:
    """n applications: the model's features (one row each), and what it does not see.

    Hidden: `fact` and `stress` (bool), `log_odds` (of default if accepted, all told), `amount` (EUR, main units).
    """
    quality, means = rng.normal(size=n), rng.normal(size=n)
    employment = rng.choice(5, n, p=[0.08, 0.58, 0.10, 0.14, 0.10])
    residence = rng.choice(3, n, p=[0.15, 0.38, 0.47])
    purpose = rng.choice(5, n, p=[0.28, 0.17, 0.22, 0.23, 0.10])
    channel = rng.choice(4, n, p=[0.42, 0.14, 0.36, 0.08])
    income = np.round(np.exp(7.85 + 0.36 * means + 0.08 * quality + 0.1 * (employment == 3)), 2)
    amount = np.round(np.exp(8.95 + 0.65 * rng.normal(size=n) + 0.3 * means + 0.3 * (purpose == 0)) / 100) * 100
    amount = np.clip(amount, 1_000, 75_000)
    term = rng.choice([12, 24, 36, 48, 60, 72, 84], n, p=[0.08, 0.16, 0.22, 0.20, 0.17, 0.10, 0.07]).astype(float)
    other_debt = rng.beta(2.0, 6.0, n) * 0.6 * income * np.exp(-0.15 * quality)
    employed = np.round(np.exp(rng.normal(3.8 + 0.15 * quality, 0.9, n)))
    customer = np.round(rng.exponential(60.0, n))
    bureau = np.round(np.clip(600 + 72 * quality + 42 * rng.normal(size=n), 250, 850))
    delinquencies = np.minimum(rng.poisson(np.exp(-1.3 - 0.75 * quality)), 9).astype(float)
    inquiries = np.minimum(rng.poisson(np.exp(0.1 - 0.30 * quality)), 12).astype(float)
    frame = pd.DataFrame({
        "monthly_income": income,
        "debt_to_income": np.round(other_debt / income, 4),
        "loan_amount": amount,
        "term_months": term,
        "loan_to_income": np.round(amount / income, 4),
        "instalment_to_income": np.round(amount / term * 1.06 / income, 4),
        "months_employed": employed,
        "months_at_address": np.round(rng.exponential(70.0, n)),
        "months_as_customer": customer,
        "bureau_score": bureau,
        "delinquencies_24m": delinquencies,
        "inquiries_6m": inquiries,
        "open_accounts": rng.poisson(3.2, n).astype(float),
        "utilisation": np.round(1 / (1 + np.exp(-(-0.6 - 0.7 * quality + 0.9 * rng.normal(size=n)))), 4),
        "oldest_account_months": np.round(rng.gamma(3.0, 35.0, n)),
        "savings_balance": np.round(np.exp(7.2 + 0.6 * quality + 0.7 * means + 1.2 * rng.normal(size=n)), 2),
        "account_turnover": np.round(income * np.exp(rng.normal(0.05, 0.25, n)), 2),
        "overdraft_days_6m": np.minimum(rng.poisson(np.exp(0.6 - 0.7 * quality)), 120).astype(float),
    })  # fmt: skip
    for name, codes in zip(CATEGORIES, (employment, residence, purpose, channel), strict=True):
        frame[name] = pd.Categorical.from_codes(codes, categories=pd.Index(CATEGORIES[name]))
    visible = _visible_log_odds(frame, employment, residence, purpose, channel)
    _leave_blanks(rng, frame, visible)
    return frame, _hidden(rng, visible, amount)


def _visible_log_odds(
    frame: pd.DataFrame, employment: Array, residence: Array, purpose: Array, channel: Array
) -> Array:
    """What the features say of the risk, on the log-odds scale, with bends and interactions for trees to find."""
    dti = frame["debt_to_income"].to_numpy() + frame["instalment_to_income"].to_numpy()
    bureau = (frame["bureau_score"].to_numpy() - 600) / 85
    parts = (
        -0.42 * bureau
        + 0.20 * np.minimum(frame["delinquencies_24m"].to_numpy(), 4)
        + 0.09 * np.minimum(frame["inquiries_6m"].to_numpy(), 5)
        + 0.9 * (frame["utilisation"].to_numpy() - 0.4)
        + 2.4 * np.minimum(dti - 0.25, 0.6)
        + 0.9 * np.maximum(dti - 0.35, 0) * (bureau < 0)
        - 0.16 * (np.log1p(frame["months_employed"].to_numpy()) - 3.8)
        - 0.16 * (np.log(frame["monthly_income"].to_numpy()) - 7.85) / 0.36
        - 0.07 * (np.log(frame["savings_balance"].to_numpy()) - 7.2)
        + 0.03 * np.minimum(frame["overdraft_days_6m"].to_numpy(), 12)
        - 0.0015 * np.minimum(frame["months_as_customer"].to_numpy(), 150)
        + np.array([-0.35, 0.0, -0.1, 0.25, 0.35])[employment]
        + np.array([0.1, -0.2, 0.05])[residence]
        + np.array([-0.15, -0.05, 0.05, 0.15, 0.2])[purpose]
        + np.array([-0.05, 0.2, 0.0, 0.0])[channel]
    )
    return STRENGTH * np.asarray(parts)


def _leave_blanks(rng: np.random.Generator, frame: pd.DataFrame, visible: Array) -> None:
    """Blanks of ordinary days. Good customers need no bureau enquiry, so a blank there reads as safe."""
    n = len(frame)
    exempt = rng.random(n) < 0.16 / (1 + np.exp(3.0 * (visible + 0.1)))
    frame.loc[exempt, list(BUREAU_FEATURES)] = np.nan
    frame.loc[rng.random(n) < 0.03, "months_at_address"] = np.nan
    frame.loc[rng.random(n) < 0.05, "savings_balance"] = np.nan
    frame.loc[rng.random(n) < 0.01, "residential_status"] = None


def _hidden(rng: np.random.Generator, visible: Array, amount: Array) -> dict[str, Array]:
    n = len(visible)
    fact = rng.random(n) < planted("private_fact", "share")
    stress = rng.random(n) < STRESS_SHARE
    log_odds = INTERCEPT + visible - np.log(planted("private_fact", "odds_ratio")) * fact
    log_odds += np.log(STRESS_ODDS_RATIO) * stress
    return {"fact": fact, "stress": stress, "log_odds": log_odds, "amount": amount}


def to_probability(log_odds: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))
