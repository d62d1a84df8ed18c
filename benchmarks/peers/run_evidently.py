"""Evidently over the exported rows, in its own environment: python run_evidently.py ROWS ANSWER

Imports nothing of the project. One report per month, as its documentation does for a series of batches; curves and
tables are switched off. Score and recommendation are two classifications: given both in one, Evidently's precision
takes score > .5 as the prediction and leaves the recommendation aside.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(rows: str, answer: str) -> None:
    """Writes versions, seconds and, by month, ROC AUC and precision, as JSON."""
    started = time.perf_counter()
    import pandas as pd
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.metrics import Precision, RocAuc

    imported = time.perf_counter()
    cases = pd.read_parquet(rows)
    asked = [
        BinaryClassification(name="score", target="outcome", prediction_probas="score", pos_label=1),
        BinaryClassification(name="recommendation", target="outcome", prediction_labels="prediction", pos_label=1),
    ]
    definition = DataDefinition(classification=asked)
    report = Report(
        [
            RocAuc(classification_name="score", roc_curve=False),
            Precision(classification_name="recommendation", conf_matrix=False),
        ]
    )
    by_month = {}
    for month, batch in cases.groupby("month"):
        run = report.run(Dataset.from_pandas(batch, data_definition=definition), None)
        auc, precision = (metric["value"] for metric in run.dict()["metrics"])
        by_month[f"{month:%Y-%m}"] = {"auc": float(auc), "precision": float(precision)}
    ended = time.perf_counter()
    seconds = {"import_seconds": imported - started, "answer_seconds": ended - imported}
    versions = {name: version(name) for name in ("evidently", "pandas", "numpy", "scikit-learn")}
    Path(answer).write_text(json.dumps({"versions": versions, **seconds, "months": by_month}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
