"""Explaining scores: what each feature added to a case's log-odds of the bad outcome.

The contributions are path-dependent TreeSHAP values (Lundberg et al., Nature Machine Intelligence 2020), computed by
XGBoost itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.registry import load_model

if TYPE_CHECKING:
    import pandas as pd

BIAS = "bias"


def explain_cases(artifact: Path, features: pd.DataFrame) -> pd.DataFrame:
    """Contributions in log-odds: one row per case, a column per feature and `bias`.

    A row's sum is the model's log-odds of the bad outcome (score = 1 / (1 + exp(-sum))). Positive raises the risk.
    ModelProblem where the features do not fit the model.
    """
    import pandas as pd
    import xgboost as xgb

    model = load_model(artifact)
    table = xgb.DMatrix(model.prepare(features), enable_categorical=True)
    values = model.booster.predict(table, pred_contribs=True)
    return pd.DataFrame(values, index=features.index, columns=[*model.features, BIAS]).astype("float64")


def explain_strongest(contributions: pd.Series, n: int = 10) -> pd.Series:
    """The n features that moved one case most, strongest first (by size, either direction); `bias` is left out.

    contributions: one row of `explain_cases`. Ties keep the model's order. ValueError where n is below 1.
    """
    if n < 1:
        raise ValueError(f"n must be 1 or more; received {n}.")
    moved = contributions.drop(labels=BIAS, errors="ignore")
    order = moved.abs().sort_values(ascending=False, kind="stable").index
    return moved.loc[order[:n]]
