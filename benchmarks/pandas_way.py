"""The override rates as one would write them with pandas over the decisions as a Parquet file, without the dashboard.

The file holds the contract's own columns, so everything that the dashboard works out when it builds a snapshot
(scope, local month, eligibility, direction) is worked out here a second time, from the words of the definition.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.filters import DIMENSIONS, NOT_RECORDED, Filters
from analysis.source import Source
from analysis.store import store_root
from data.engine import connect_work
from data.snapshots import Store

CARDS = {
    "override_rate": ("is_override", "is_override_eligible"),
    "low_side_override_rate": ("is_low_side", "is_eligible_reject"),
    "high_side_override_rate": ("is_high_side", "is_eligible_accept"),
}  # card -> columns of the numerator and the denominator
SPLITS = ("period", "team")
_COUNTED = list(dict.fromkeys(name for pair in CARDS.values() for name in pair))
_TIMES = ("decided_at", "shown_at")
_WORDS = ("disposition", "basis", "recommendation", "decision", *DIMENSIONS)


def write_decisions(source: Source, path: Path) -> int:
    """The snapshot's decisions, one row each with all columns of the contract, as one Parquet file; its bytes."""
    file = Store(store_root()).folder(source.snapshot) / f"{source.use_case.name}.duckdb"
    with connect_work() as con:
        con.execute(f"attach '{_quote(file)}' as snapshot (read_only)")
        con.execute(f"copy (select * from snapshot.decisions) to '{_quote(path)}' (format parquet, compression zstd)")
    return path.stat().st_size


def _quote(path: Path) -> str:
    return str(path).replace("'", "''")


def load_table(path: Path, time_zone: str, mapped: frozenset[str]) -> pd.DataFrame:
    """One row per decision in scope: month, groups as categories, and what the rates count as booleans.

    Only the columns needed are read, texts as categories: both are what makes pandas fast here.
    """
    table = pd.read_parquet(path, columns=[*_TIMES, *_WORDS], read_dictionary=list(_WORDS))
    table = table[~table["disposition"].isin(["pending", "withdrawn"])]
    found = pd.DataFrame({name: _fill(table[name]) for name in DIMENSIONS}, index=table.index)
    found["period"] = _name_months(table["decided_at"], time_zone)
    is_accept, is_reject = (table["recommendation"] == side for side in ("accept", "reject"))
    in_time = table["shown_at"] <= table["decided_at"] if "decisions.shown_at" in mapped else True
    judged = (table["channel"] == "assisted") & ((table["basis"] == "judgement") | table["basis"].isna())
    found["is_override_eligible"] = judged & (is_accept | is_reject) & in_time
    found["is_eligible_accept"] = found["is_override_eligible"] & is_accept
    found["is_eligible_reject"] = found["is_override_eligible"] & is_reject
    found["is_low_side"] = found["is_eligible_reject"] & (table["decision"] == "accept")
    found["is_high_side"] = found["is_eligible_accept"] & (table["decision"] == "reject")
    found["is_override"] = found["is_low_side"] | found["is_high_side"]
    return found


def _fill(values: pd.Series) -> pd.Series:
    """A group's values as categories, with a name for what is not recorded."""
    values = values.astype("category")
    if NOT_RECORDED not in values.cat.categories:
        values = values.cat.add_categories([NOT_RECORDED])
    return values.fillna(NOT_RECORDED)


def _name_months(times: pd.Series, time_zone: str) -> pd.Series:
    """The local month of stored UTC times as YYYY-MM, in order."""
    local = times.dt.tz_localize("UTC").dt.tz_convert(time_zone)
    codes, months = pd.factorize(local.dt.year * 12 + local.dt.month - 1, sort=True)
    names = [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(names), ordered=True), index=times.index)


def count_splits(table: pd.DataFrame, filters: Filters) -> dict[str, pd.DataFrame]:
    """Counts and rates by month and by team of one selection, and of the one it is compared with."""
    found = {}
    for name, selection in (("", filters), ("before ", filters.earlier())):
        if selection is None:
            continue
        chosen = _select(table, selection)
        for split in SPLITS:
            counts = chosen.groupby(split, observed=True)[_COUNTED].sum()
            for card, (numerator, denominator) in CARDS.items():
                counts[card] = counts[numerator] / counts[denominator]
            found[name + split] = counts
    return found


def _select(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    mask = pd.Series(True, index=table.index)
    months = table["period"].cat.categories
    if filters.start is not None and filters.end is not None:
        mask &= table["period"].isin(months[(months >= filters.start) & (months <= filters.end)])
    for name in DIMENSIONS:
        chosen = getattr(filters, name)
        if chosen:
            mask &= table[name].isin(chosen)
    return table[mask]
