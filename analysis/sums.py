"""Sums by part and decider, as arrays: what a query returned, and what intervals and changes are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.catalog import Card
from analysis.changes import DeciderSums
from analysis.intervals import FloatArray, IntArray, LooseSums, sum_by
from analysis.measures import build_measures
from analysis.query import Query


@dataclass(frozen=True)
class Sums:
    """One row per part and decider. parts: names in order; part: index into them; decider: "" for none."""

    parts: tuple[str, ...]
    part: IntArray
    decider: npt.NDArray[np.object_]
    has_decider: npt.NDArray[np.bool_]
    columns: Mapping[str, FloatArray]

    def total(self, column: str) -> FloatArray:
        """The column summed per part, shape (parts,)."""
        return sum_by(self.part, self.columns[column], len(self.parts))

    def at(self, parts: tuple[str, ...]) -> Sums:
        """The same sums with other parts in another order; rows of parts not asked for are left out."""
        index = {name: i for i, name in enumerate(parts)}
        codes = np.array([index.get(name, -1) for name in self.parts], dtype=np.intp)
        part = codes[self.part] if len(self.parts) else self.part
        kept = part >= 0
        return Sums(
            parts, part[kept], self.decider[kept], self.has_decider[kept],
            {name: values[kept] for name, values in self.columns.items()},
        )  # fmt: skip


def read_sums(found: Mapping[str, npt.NDArray[np.generic]]) -> Sums:
    """The columns a query of `build_query` returned, as Sums."""
    codes, names = pd.factorize(_objects(found["part"]), sort=False, use_na_sentinel=False)
    parts = tuple("" if name is None or name != name else str(name) for name in names)
    decider = _objects(found["decider"])
    has = np.array([name is not None for name in decider], dtype=bool)
    decider = np.where(has, decider, "")
    numbers = {
        name: np.ma.filled(np.ma.asarray(values).astype(np.float64), 0.0)
        for name, values in found.items()
        if name not in ("part", "decider")
    }
    return Sums(parts, codes.astype(np.intp), decider, has, numbers)


def _objects(values: npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
    masked = np.ma.asarray(values)
    objects: npt.NDArray[np.object_] = np.ma.getdata(masked).astype(object)
    objects[np.ma.getmaskarray(masked)] = None
    return objects


def split_card(
    card: Card, sums: Sums, query: Query, *, people_are_parts: bool = False
) -> tuple[DeciderSums, LooseSums]:
    """A card's numerator and denominator by decider, and its cases without one.

    people_are_parts: each part is one person, so the person's cases, not the persons, are the sample.
    """
    measures = build_measures(card)
    assert measures.numerator is not None and measures.denominator is not None
    y = sums.columns[query.columns[measures.numerator.name]]
    n = sums.columns[query.columns[measures.denominator.name]]
    # Of a count the square of 0 or 1 is itself.
    yy = y if measures.squares is None else sums.columns[query.columns[measures.squares.name]]
    loose = ~sums.has_decider if not people_are_parts else np.ones(len(n), dtype=bool)
    own = ~loose
    groups = len(sums.parts)

    def add(values: FloatArray) -> FloatArray:
        return sum_by(sums.part[loose], values[loose], groups)

    loose_sums = LooseSums(x=add(n), y=add(y), xx=add(n), xy=add(y), yy=add(yy))
    decider = pd.factorize(sums.decider[own])[0]
    return DeciderSums(sums.part[own], decider, n[own], y[own], loose_sums), loose_sums
