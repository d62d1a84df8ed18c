"""The rows every side reads: accepted cases with a known outcome and a score, from a store, as one Parquet file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from analysis.source import Source

_KNOWN = "is_outcome_known and decision = 'accept' and score is not null"  # what rollup_scores counts
_MONTH = re.compile(r"\d{4}-\d{2}")
_FEWEST_MONTHS = 3  # a reference and something to compare with it


@dataclass(frozen=True)
class Export:
    """file: a row is a case: month (timestamp of its first day), score (0 to 1), outcome (1 = bad), prediction.

    prediction is 1 where the system recommended rejection and a person accepted (a low-side override), so that
    its precision is the bad rate of low-side overrides. n and months: what was written, months in order as "2026-03".
    """

    file: Path
    n: int
    months: tuple[str, ...]


def write_rows(source: Source, file: Path, rows: int) -> Export:
    """Whole months from the first one on, three or until there are `rows` cases; all of them where there are fewer.

    RuntimeError where the store has too few months with known outcomes, or no months.
    """
    counts = source.rows(f"select period, count(*) from facts where {_KNOWN} group by period order by period")
    if not all(_MONTH.fullmatch(str(period)) for period, _ in counts):
        raise RuntimeError("The peers are asked by month, and this log has no dates.")
    before = np.cumsum([0, *(n for _, n in counts)])
    months = [str(period) for i, (period, _) in enumerate(counts) if before[i] < rows or i < _FEWEST_MONTHS]
    if len(months) < _FEWEST_MONTHS:
        raise RuntimeError(f"Only {len(months)} months have known outcomes; {_FEWEST_MONTHS} are needed.")
    found = source.columns(
        "select period, score, cast(bad as tinyint) as outcome, "
        f"cast(coalesce(is_low_side, false) as tinyint) as prediction from facts where {_KNOWN} and period <= $last",
        {"last": months[-1]},
    )
    names, place = np.unique(found.pop("period").astype(str), return_inverse=True)
    month = names.astype("datetime64[M]").astype("datetime64[us]")[place]
    parquet.write_table(pa.table({"month": month, **{name: np.asarray(found[name]) for name in found}}), file)
    return Export(file, len(month), tuple(months))
