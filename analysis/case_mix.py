"""Overrides a group would have with everyone else's habits on its own cases: observed against expected.

Raw rates of teams differ because their cases differ. Cells are score band x segment x product; a cell's expected
rate leaves the group itself out, so that a busy team is not compared with itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.filters import Filters
from analysis.intervals import sum_by
from analysis.query import Query
from analysis.reading import ChangeReading
from analysis.source import Source

_CELLS = ("score_band", "segment", "product")


@dataclass(frozen=True)
class Adjusted:
    """One group: overrides observed, overrides expected for its mix of cases, and the difference as a rate."""

    part: str
    observed: int
    expected: float
    n: int
    change: ChangeReading

    @property
    def ratio(self) -> float | None:
        return self.observed / self.expected if self.expected > 0 else None

    @property
    def expected_rate(self) -> float | None:
        return self.expected / self.n if self.n else None


def estimate_adjusted(source: Source, filters: Filters, split: str) -> tuple[Query, dict[str, Adjusted]]:
    """Observed and expected overrides per part of `split` (a filter dimension), indirectly standardised.

    Expected: sum over cells of the rest's rate times the part's eligible cases; a cell nobody else decided in counts
    as observed and is no evidence. The change is (observed - expected) / n with a t interval from the residuals
    summed per decider, the expected taken as fixed. Source: indirect standardisation as in Spiegelhalter (2005).
    """
    where, params = filters.where()
    cells = [c for c in _CELLS if c != split]
    sql = (
        f"select {split} as part, decider, hash({', '.join(cells)}) as cell,\n"
        "    sum(override_rate__numerator) as y, sum(override_rate__denominator) as n\n"
        f"from rollup_band\nwhere {where} and override_rate__denominator > 0\ngroup by all\norder by all"
    )
    query = Query(sql, params)
    found = source.columns(sql, params)
    y, n = (np.ma.filled(np.ma.asarray(found[c]).astype(float), 0.0) for c in ("y", "n"))
    part, names = pd.factorize(found["part"])
    cell = pd.factorize(found["cell"])[0]
    expected = _expected(part, cell, y, n, len(names))
    alone = np.ma.getmaskarray(np.ma.asarray(found["decider"]))
    decider = pd.factorize(np.where(alone, "", np.ma.getdata(found["decider"])))[0]
    decider = np.where(alone, decider.max(initial=0) + 1 + np.arange(len(decider)), decider)
    return query, {
        name: _adjust(name, i == part, y, n, expected, decider) for i, name in enumerate(str(v) for v in names)
    }


def _expected(part: np.ndarray, cell: np.ndarray, y: np.ndarray, n: np.ndarray, parts: int) -> np.ndarray:
    """Expected overrides of each row, from the rate of the other parts in its cell."""
    cells = int(cell.max(initial=0)) + 1
    own = part * cells + cell
    own_y, own_n = sum_by(own, y, parts * cells), sum_by(own, n, parts * cells)
    all_y, all_n = sum_by(cell, y, cells), sum_by(cell, n, cells)
    rest_y, rest_n = all_y[cell] - own_y[own], all_n[cell] - own_n[own]
    return np.where(rest_n > 0, n * rest_y / np.where(rest_n > 0, rest_n, 1.0), y)


def _adjust(
    name: str, mine: np.ndarray, y: np.ndarray, n: np.ndarray, expected: np.ndarray, decider: np.ndarray
) -> Adjusted:
    codes = pd.factorize(decider[mine])[0]
    people = int(codes.max(initial=-1)) + 1
    residual, cases = (sum_by(codes, v, people) for v in (y[mine] - expected[mine], n[mine]))
    total = float(cases.sum())
    observed, hoped = int(y[mine].sum()), float(expected[mine].sum())
    return Adjusted(name, observed, hoped, int(total), _residual_change(residual, cases, total))


def _residual_change(residual: np.ndarray, cases: np.ndarray, total: float) -> ChangeReading:
    people = len(residual)
    if people < 2 or total <= 0:
        return ChangeReading(None, why="One person decided all of these: nothing to compare.")
    mean = residual.sum() / total
    variance = people / (people - 1) * float(np.sum((residual - cases * mean) ** 2)) / total**2
    if variance <= 0:
        return ChangeReading(float(mean), why="How sure this is cannot be estimated.")
    degrees = max(1.0, total**2 / float(np.sum(cases**2)) - 1)
    error = variance**0.5
    half = float(special.stdtrit(degrees, 0.975)) * error
    p_value = 2 * float(special.stdtr(degrees, -abs(mean) / error))
    return ChangeReading(float(mean), float(mean - half), float(mean + half), p_value)
