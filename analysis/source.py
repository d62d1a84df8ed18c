"""What an answer is made from: one use case of one snapshot, its cards, and the right to ask it questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.catalog import Card
from analysis.filters import Options
from data.engine import Params, Reader
from data.use_case import Limit, UseCase

__all__ = ["Limit", "Source"]


@dataclass(frozen=True, eq=False)
class Source:
    """One use case of one snapshot, open for reading.

    mapped: contract columns the log provides, as table.column. as_of: naive UTC, the day all maturity is counted to;
    None for a log without dates.
    """

    reader: Reader
    use_case: UseCase
    catalog: Mapping[str, Card]
    snapshot: str
    as_of: dt.datetime | None
    options: Options
    mapped: frozenset[str] = field(default_factory=frozenset)
    decisions: int = 0
    kept: dict[Any, dict[Any, Any]] = field(default_factory=dict, repr=False)  # answers, by function (analysis/kept.py)

    @property
    def as_of_words(self) -> str:
        """The snapshot's local date in words: "12 Jul 2026", or "no dates"."""
        if self.as_of is None:
            return "no dates"
        local = self.as_of.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(self.use_case.time_zone))
        return f"{local.day} {local:%b %Y}"

    def columns(self, sql: str, params: Params | None = None) -> dict[str, np.ndarray]:
        return self.reader.columns(sql, params)

    def frame(self, sql: str, params: Params | None = None) -> pd.DataFrame:
        return self.reader.frame(sql, params)

    def rows(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        return self.reader.rows(sql, params)

    def missing(self, needs: Sequence[str]) -> list[str]:
        """The contract columns of `needs` that this log does not map."""
        return [name for name in needs if name not in self.mapped]
