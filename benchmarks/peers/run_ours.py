"""Our own answer to the peers' question: python -m benchmarks.peers.run_ours rollups|rows ROWS ANSWER

rollups: as the dashboard does, from the sums made when the snapshot was built (EXECUTION_DEBT_STORE names the store).
rows: from the Parquet file the peers read, nothing prepared; DuckDB counts, the same function makes the AUC.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main(what: str, rows: str, answer: str) -> None:
    """Writes seconds and, by month, cases, ROC AUC with its bin error, and precision, as JSON."""
    started = time.perf_counter()
    from analysis import discrimination, overrides, store  # noqa: F401  (what the answer needs, counted as import)

    if what == "rows":
        import duckdb  # noqa: F401
    imported = time.perf_counter()
    by_month = _from_rollups() if what == "rollups" else _from_rows(rows)
    ended = time.perf_counter()
    seconds = {"import_seconds": imported - started, "answer_seconds": ended - imported}
    Path(answer).write_text(json.dumps({**seconds, "months": by_month}), encoding="utf-8")


def _from_rollups() -> dict[str, Any]:
    from analysis.answer import answer_cards
    from analysis.filters import Filters
    from analysis.score_statistics import answer_auc
    from analysis.store import open_source

    source = open_source()
    filters = Filters(source.use_case.name)
    auc = answer_auc(source, filters, "period")
    rate = answer_cards(source, ["low_side_bad_rate"], filters, "period")["low_side_bad_rate"]
    return {
        month: {"n": reading.n, "auc": reading.value, "error": error, "precision": rate.reading(month).value}
        for month, reading, error in zip(auc.parts, auc.readings, auc.errors, strict=True)
    }


def _from_rows(rows: str) -> dict[str, Any]:
    import duckdb
    import numpy as np

    from analysis.discrimination import SCORE_BINS, build_histogram, build_score_bin_sql, estimate_auc

    sql = (
        f"select strftime(month, '%Y-%m') as part, {build_score_bin_sql('score')} as bin, sum(outcome) as bads, "
        "count(*) as n, sum(prediction) as predicted, sum(prediction * outcome) as hits "
        "from read_parquet($rows) group by all"
    )
    with duckdb.connect() as con:
        found = con.execute(sql, {"rows": rows}).fetchnumpy()
    parts, place = np.unique(np.asarray(found["part"], dtype=str), return_inverse=True)
    groups = {"groups": len(parts), "bins": SCORE_BINS}
    bads, cases, predicted, hits = (
        build_histogram(place, found["bin"], found[name], **groups) for name in ("bads", "n", "predicted", "hits")
    )
    auc = estimate_auc(bads, cases - bads)
    counts, hit = predicted.sum(axis=1), hits.sum(axis=1)
    return {
        str(part): {
            "n": int(cases[i].sum()), "auc": float(auc.value[i]), "error": float(auc.error[i]),
            "precision": float(hit[i] / counts[i]) if counts[i] else None,
        }
        for i, part in enumerate(parts)
    }  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
