"""From cards, filters and a split to one SQL text with bound parameters, over a rollup or over the facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.catalog import Card
from analysis.errors import UserError
from analysis.filters import DIMENSIONS, Filters, column_sql
from analysis.measures import Measure, build_measures, name_columns

# Where each split is answered from. Months are not made from weeks: 9 % of decisions would land in the wrong one.
SPLITS = {
    "period": "rollup_month",
    "week": "rollup_week",
    "score_band": "rollup_band",
    "decider": "rollup_month",
    **dict.fromkeys(DIMENSIONS, "rollup_month"),
}


@dataclass(frozen=True)
class Query:
    """SQL that returns one row per part and decider, its bound parameters, and the column of each measure."""

    sql: str
    params: dict[str, object]
    columns: dict[str, str] = field(default_factory=dict)

    def readable(self) -> str:
        """The SQL that ran, with its parameters listed above it."""
        bound = "\n".join(f"-- ${name} = {value!r}" for name, value in self.params.items())
        return f"{bound}\n{self.sql}" if bound else self.sql


def build_query(
    cards: Sequence[Card], filters: Filters, split: str | None, *, catalog: Sequence[Card], rollup: bool = True
) -> Query:
    """Sums of every measure of `cards` by part and decider. `catalog` is all cards the rollups were built from.

    split: a key of SPLITS or None for the whole. UserError for a split that does not exist.
    """
    if split is not None and split not in SPLITS:
        raise UserError("This split does not exist", f"'{split}' is no split.", f"Use one of {', '.join(SPLITS)}.")
    table = (SPLITS[split] if split else "rollup_month") if rollup else "facts"
    names = name_columns(catalog)
    measures: dict[str, Measure] = {names[m.name]: m for card in cards for m in build_measures(card).all()}
    where, params = filters.where(rollup=rollup)
    if split == "week":
        where = where.replace("period >=", "week >=").replace("period <=", "week <=")
        params = {k: _week_of(str(v), k) if k in ("start", "end") else v for k, v in params.items()}
    part = part_sql(split, rollup=rollup)
    if rollup:
        sums = ["sum(decisions) as decisions", *(f"sum({name}) as {name}" for name in measures)]
    else:
        sums = ["count(*) as decisions", *(f"{measure.sql} as {name}" for name, measure in measures.items())]
    listed = ",\n    ".join(sums)
    sql = f"select {part} as part, decider,\n    {listed}\nfrom {table}\nwhere {where}\ngroup by all\norder by all"
    return Query(sql, params, {m.name: names[m.name] for card in cards for m in build_measures(card).all()})


def part_sql(split: str | None, *, rollup: bool) -> str:
    """The column a split groups by, as text; the whole is ''."""
    if split is None:
        return "''"
    if split in DIMENSIONS:
        return column_sql(split, rollup=rollup)
    return f"cast({split} as varchar)"


def _week_of(month: str, end: str) -> str:
    """The first or last whole ISO week of a month: weeks that begin in it."""
    year, number = int(month[:4]), int(month[5:])
    day = dt.date(year, number, 1)
    if end == "end":
        day = dt.date(year + number // 12, number % 12 + 1, 1) - dt.timedelta(days=7)
    monday = day + dt.timedelta(days=-day.weekday() % 7)
    iso = monday.isocalendar()
    return f"{iso.year}-W{iso.week:02d}"
