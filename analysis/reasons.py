"""Reasons given for overrides: how often, and what became of the low-side ones, blank and 'other' included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.calibration import estimate_observed_expected
from analysis.filters import Filters
from analysis.intervals import estimate_means
from analysis.query import Query
from analysis.reading import TOO_FEW, Reading
from analysis.source import Source
from analysis.sums import Sums, read_sums

BLANK = ""


@dataclass(frozen=True)
class Reason:
    """One reason. code: as decisions cite it, "" for none given. observed_expected: of its matured low-side
    overrides, bads over the sum of their scores; value: money per such override, in minor units."""

    code: str
    label: str
    category: str
    overrides: int
    low_side: int
    observed_expected: Reading
    value: Reading

    @property
    def is_blank(self) -> bool:
        return self.code == BLANK


def answer_reasons(source: Source, filters: Filters) -> tuple[Query, tuple[Reason, ...]]:
    """Every reason with overrides in the selection, most frequent first; blank is a reason like the others."""
    where, params = filters.where()
    sql = (
        "select reason as part, decider, sum(overrides) as overrides, sum(low_side) as low_side,\n"
        "    sum(scored) as scored, sum(bads) as bads, sum(expected) as expected, sum(valued) as valued,\n"
        "    sum(value) as value\n"
        f"from rollup_reasons\nwhere {where}\ngroup by all\norder by all"
    )
    query = Query(sql, params)
    sums = read_sums(source.columns(sql, params))
    listed = source.rows("select code, label, category from reason_codes")
    words = {code: (label, category) for code, label, category in listed}
    ratios = _ratios(source, sums)
    values = _values(source, sums)
    overrides, low_side = sums.total("overrides") if sums.parts else (), sums.total("low_side") if sums.parts else ()
    reasons = []
    for i, code in enumerate(sums.parts):
        label, category = words.get(code, (code, "other")) if code else ("No reason recorded", "blank")
        reasons.append(Reason(code, label, category, int(overrides[i]), int(low_side[i]), ratios[i], values[i]))
    return query, tuple(sorted(reasons, key=lambda r: (-r.overrides, r.code)))


def _ratios(source: Source, sums: Sums) -> list[Reading]:
    if not sums.parts:
        return []
    scored, bads, expected = (sums.total(c) for c in ("scored", "bads", "expected"))
    own = sums.has_decider
    if bool(own.all()):
        found = estimate_means(sums.part, sums.columns["expected"], sums.columns["bads"], groups=len(sums.parts))
        value, low, high = found.value, found.low, found.high
    else:
        exact = estimate_observed_expected(bads, expected)
        value, low, high = exact.ratio, exact.low, exact.high
    return [_reading(source, value[i], low[i], high[i], int(scored[i])) for i in range(len(sums.parts))]


def _values(source: Source, sums: Sums) -> list[Reading]:
    if not sums.parts:
        return []
    valued = sums.total("valued")
    if source.missing(("decisions.gain_if_good", "decisions.loss_if_bad")):
        why = "Needs gain_if_good and loss_if_bad, which this log does not map."
        return [Reading(None, n=int(n), why=why) for n in valued]
    found = estimate_means(
        sums.part[sums.has_decider], sums.columns["valued"][sums.has_decider], sums.columns["value"][sums.has_decider],
        groups=len(sums.parts),
    )  # fmt: skip
    complete = sums.has_decider.all()
    total = sums.total("value")
    return [
        _reading(
            source, total[i] / valued[i] if valued[i] else np.nan,
            found.low[i] if complete else np.nan, found.high[i] if complete else np.nan, int(valued[i]),
        )
        for i in range(len(sums.parts))
    ]  # fmt: skip


def _reading(source: Source, value: float, low: float, high: float, n: int) -> Reading:
    minimum = source.use_case.minimum_group_size
    if n < minimum:
        why = f"{n} low-side overrides with a known outcome: fewer than {minimum}, too few to be reliable."
        return Reading(None, n=n, refusal=TOO_FEW, why=why)
    if np.isnan(value):
        return Reading(None, n=n, why="Needs scores and outcomes.")
    shown = bool(np.isfinite(low) and np.isfinite(high))
    why = "" if shown else "No interval can be given for these deciders."
    return Reading(float(value), float(low) if shown else None, float(high) if shown else None, n, interval_why=why)
