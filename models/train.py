"""Training one version of the model: gradient-boosted trees on a table of features and a bad/good label."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.registry import CATEGORIES_ATTRIBUTE, ModelProblem

if TYPE_CHECKING:
    import pandas as pd

THREADS = 2  # fixed: the histogram sums, and so the trees, depend on the number of threads


def train_model(
    features: pd.DataFrame,
    bad: pd.Series,
    *,
    seed: int,
    rounds: int = 150,
    depth: int = 3,
    learning_rate: float = 0.08,
    increasing: Mapping[str, int] | None = None,
) -> bytes:
    """A model of the probability of `bad`, as the bytes of an .ubj file (write them with `save_model`).

    features: one row per case; numbers, text or category columns. bad: the same rows, True/1 for the bad outcome.
    increasing: optional monotone constraints, feature -> 1 (risk may only rise with it) or -1.
    The same rows and seed give the same model. ModelProblem where rows do not match or only one outcome occurs.
    """
    import pandas as pd
    import xgboost as xgb

    if len(features) != len(bad):
        raise ModelProblem(
            f"Training needs one outcome per row; received {len(features)} rows and {len(bad)} outcomes."
        )
    label = pd.Series(bad).astype("float64").to_numpy()
    if not 0 < label.mean() < 1:
        raise ModelProblem("Training needs both good and bad outcomes; received only one kind.")
    table, categories = _prepare(features)
    settings = {
        "objective": "binary:logistic", "tree_method": "hist", "max_depth": depth, "eta": learning_rate,
        "min_child_weight": 30, "subsample": 0.8, "colsample_bytree": 0.7, "lambda": 20.0,
        "nthread": THREADS, "seed": seed, "verbosity": 0,
    }  # fmt: skip
    if increasing:
        settings["monotone_constraints"] = dict(increasing)
    booster = xgb.train(settings, xgb.DMatrix(table, label, enable_categorical=True, nthread=THREADS), rounds)
    booster.set_attr(**{CATEGORIES_ATTRIBUTE: json.dumps(categories)})
    return bytes(booster.save_raw("ubj"))


def save_model(content: bytes, path: Path) -> Path:
    """Write the bytes of `train_model` to an .ubj file; returns the path."""
    if path.suffix != ".ubj":
        raise ModelProblem(f"A model is saved as .ubj; received {path.name}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _prepare(features: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Numbers as floats, everything else as categories in alphabetical order, so that row order cannot matter."""
    import pandas as pd

    table: dict[str, pd.Series] = {}
    categories: dict[str, list[str]] = {}
    for name, column in features.items():
        if pd.api.types.is_numeric_dtype(column):
            table[str(name)] = column.astype("float64")
        else:
            known = sorted(str(v) for v in column.dropna().unique())
            categories[str(name)] = known
            table[str(name)] = pd.Series(pd.Categorical(column, categories=known), index=column.index)
    return pd.DataFrame(table), categories
