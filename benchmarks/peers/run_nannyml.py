"""NannyML over the exported rows, in its own environment: python run_nannyml.py realised|estimated ROWS ANSWER

Imports nothing of the project. The first third of the months is the reference that NannyML compares with; results of
reference and analysis come together, so that each month is computed once.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(what: str, rows: str, answer: str) -> None:
    """Writes versions, seconds and, by month, ROC AUC and precision, as JSON."""
    started = time.perf_counter()
    import nannyml
    import pandas as pd

    imported = time.perf_counter()
    cases = pd.read_parquet(rows)
    months = sorted(cases["month"].unique())
    first = cases["month"] < months[max(1, len(months) // 3)]
    maker = nannyml.PerformanceCalculator if what == "realised" else nannyml.CBPE
    asked = maker(
        y_true="outcome", y_pred="prediction", y_pred_proba="score", timestamp_column_name="month", chunk_period="M",
        problem_type="classification_binary", metrics=["roc_auc", "precision"],
    ).fit(cases[first])  # fmt: skip
    found = (asked.calculate if what == "realised" else asked.estimate)(cases[~first]).to_df()
    by_month = {
        str(month): {"auc": _number(auc), "precision": _number(precision), "is_reference": period == "reference"}
        for month, period, auc, precision in zip(
            found["chunk", "key"], found["chunk", "period"], found["roc_auc", "value"], found["precision", "value"],
            strict=True,
        )
    }  # fmt: skip
    ended = time.perf_counter()
    seconds = {"import_seconds": imported - started, "answer_seconds": ended - imported}
    versions = {name: version(name) for name in ("nannyml", "pandas", "numpy", "scikit-learn")}
    Path(answer).write_text(json.dumps({"versions": versions, **seconds, "months": by_month}), encoding="utf-8")


def _number(value: float) -> float | None:
    return None if value != value else float(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
