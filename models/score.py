"""Scoring cases with a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.registry import load_model

if TYPE_CHECKING:
    import pandas as pd


def score_cases(artifact: Path, features: pd.DataFrame) -> pd.Series:
    """The probability of the bad outcome, 0 to 1, one per row of `features`, under the same index.

    The columns are the model's features in its own names and order. ModelProblem where they do not fit.
    """
    import pandas as pd

    model = load_model(artifact)
    scores = model.booster.inplace_predict(model.prepare(features))
    return pd.Series(scores, index=features.index, name="score").astype("float64")
