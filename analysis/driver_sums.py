"""The sums behind "what changed": every card by every split and decider, one query per period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.driver_estimates import Cells
from analysis.driver_reading import DIRECTIONS
from analysis.filters import Filters
from analysis.intervals import FloatArray, IntArray, sum_by
from analysis.measures import Measure, build_measures, name_columns
from analysis.query import Query
from analysis.source import Source

WHOLE = "whole"


@dataclass(frozen=True)
class SplitSums:
    """Sums of both periods (index 0 before, 1 now) by split, part and decider; a row is one of these groups.

    period: 0 or 1. split: WHOLE or a split's name. part: its group ("" for the whole). decider: a code that means the
    same person everywhere, -1 for none; people: how many codes there are.
    """

    period: IntArray
    split: np.ndarray
    part: np.ndarray
    decider: IntArray
    people: int
    columns: dict[str, FloatArray]  # by measure


def build_split_query(source: Source, cards: Sequence[str], filters: Filters, splits: Sequence[str]) -> Query:
    """Sums of the cards' measures by decider, once for the whole and once per split, in one pass over the rollup."""
    where, params = filters.where()
    columns = _name_measures(source, cards)
    sets = ", ".join(["(decider)", *(f"({split}, decider)" for split in splits)])
    which = " ".join(f"when grouping({split}) = 0 then '{split}'" for split in splits)
    split = f"case {which} else '{WHOLE}' end" if splits else f"'{WHOLE}'"
    part = ", ".join([*splits, "''"])
    sums = ",\n    ".join(f"sum({column}) as {column}" for column in dict.fromkeys(columns.values()))
    sql = (
        f"select {split} as split, coalesce({part}) as part, decider,\n    {sums}\nfrom rollup_month\nwhere {where}\n"
        f"group by grouping sets ({sets})\norder by all"
    )
    return Query(sql, params, columns)


def read_split_sums(source: Source, before: Query, now: Query) -> SplitSums:
    """Both periods' rows, with deciders coded alike."""
    found = [source.columns(query.sql, query.params) for query in (before, now)]
    lengths = [len(rows["split"]) for rows in found]
    decider = np.concatenate([_texts(rows["decider"]) for rows in found])
    codes, names = pd.factorize(decider)  # none is -1
    columns = {
        measure: np.concatenate([np.ma.filled(np.ma.asarray(r[column]).astype(np.float64), 0.0) for r in found])
        for measure, column in now.columns.items()
    }
    return SplitSums(
        np.repeat([0, 1], lengths), np.concatenate([_texts(rows["split"]) for rows in found]),
        np.concatenate([_texts(rows["part"]) for rows in found]), codes.astype(np.intp), len(names), columns,
    )  # fmt: skip


def build_cells(source: Source, name: str, sums: SplitSums, split: str) -> tuple[tuple[str, ...], Cells]:
    """One card over one split: the parts' names in order, and their sums by direction, period and decider."""
    rows = sums.split == split
    codes, parts = pd.factorize(sums.part[rows], sort=True)
    measures = build_measures(source.catalog[name])
    assert measures.numerator is not None and measures.denominator is not None
    numerators = [build_measures(source.catalog[card]).numerator for card in DIRECTIONS.get(name, {}).values()]
    tops: list[Measure] = [top for top in numerators if top is not None] or [measures.numerator]
    place = _Place(sums.period[rows], codes, sums.decider[rows], len(parts), sums.people)
    n, loose_n = place.spread(sums.columns[measures.denominator.name][rows])
    tall = [place.spread(sums.columns[top.name][rows]) for top in tops]
    y, loose_y = (np.stack([side[i] for side in tall], axis=1) for i in (0, 1))
    loose_yy = loose_y  # of a count the square of 0 or 1 is itself
    if measures.squares is not None:
        loose_yy = place.spread(sums.columns[measures.squares.name][rows])[1][:, None]
    cells = Cells(n, y, loose_n, loose_y, loose_yy, is_rate=source.catalog[name].kind == "ratio")
    return tuple(str(part) for part in parts), cells


@dataclass(frozen=True)
class _Place:
    """Where a row belongs: period, part, decider (-1: none)."""

    period: IntArray
    part: np.ndarray
    decider: IntArray
    parts: int
    people: int

    def spread(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values as (period, part, decider), and those without a decider as (period, part)."""
        cell = self.period * self.parts + self.part
        own = self.decider >= 0
        dense = sum_by(
            cell[own] * self.people + self.decider[own], values[own], 2 * self.parts * self.people
        ).reshape(2, self.parts, self.people)  # fmt: skip
        loose = sum_by(cell[~own], values[~own], 2 * self.parts).reshape(2, self.parts)
        return dense, loose


def _name_measures(source: Source, cards: Sequence[str]) -> dict[str, str]:
    """Rollup column of every measure needed: the cards' own and their directions'."""
    names = name_columns(source.catalog.values())
    wanted = [*cards, *(side for card in cards for side in DIRECTIONS.get(card, {}).values())]
    found: dict[str, str] = {}
    for card in wanted:
        measures = build_measures(source.catalog[card])
        for measure in (measures.numerator, measures.denominator, measures.squares):
            if measure is not None:
                found[measure.name] = names[measure.name]
    return found


def _texts(values: np.ndarray) -> np.ndarray:
    """Text values as objects, None where empty."""
    masked = np.ma.asarray(values)
    objects = np.ma.getdata(masked).astype(object)
    objects[np.ma.getmaskarray(masked)] = None
    return np.asarray(objects)
