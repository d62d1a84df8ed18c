"""Quantiles from log bins: the stated error holds, SQL and numpy agree, order-statistic intervals cover."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quantiles import BEYOND_BINS, FEW_CASES, NO_CASES, LogBins, estimate_quantiles
from benchmarks.truth_gates import count, find_gate
from benchmarks.truth_scores import estimate_sample_medians

BINS = LogBins()


def _counts(durations: object, bins: LogBins = BINS) -> np.ndarray:
    return np.bincount(bins.build_bins(np.asarray(durations, float)), minlength=bins.count)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("ratio", [1.02, 1.5])
def test_quantiles_within_the_stated_error(q: float, ratio: float) -> None:
    bins = LogBins(ratio=ratio)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        durations = rng.lognormal(8, 1.5, int(rng.integers(1, 400)))
        exact = np.quantile(durations, q)
        found = estimate_quantiles(_counts(durations, bins), bins, q)
        assert abs(found.value[0] - exact) <= found.error[0]
        assert found.error[0] <= (ratio - 1) * exact * (1 + 1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(-100, 1e6), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.75]))
def test_any_durations_stay_within_the_stated_error(durations: list[float], q: float) -> None:
    exact = np.quantile(np.maximum(durations, 0), q)  # a negative duration counts as none
    found = estimate_quantiles(_counts(durations), BINS, q)
    assert abs(found.value[0] - exact) <= found.error[0] + 1e-9 * exact


def test_zero_and_negative_durations_have_their_own_bin() -> None:
    assert BINS.build_bins([-5, 0, 0.2, 0.999, 1, 1.01, 1.03]).tolist() == [0, 0, 1, 1, 2, 2, 3]
    found = estimate_quantiles(_counts([-3, 0, 0, 0, 50]), BINS)
    assert (found.value[0], found.error[0]) == (0, 0)


def test_every_bin_holds_what_its_edges_say() -> None:
    lower, upper = BINS.edges
    assert len(lower) == len(upper) == BINS.count
    assert (lower[2:] == upper[1:-1]).all()
    middle = np.sqrt(lower[2:-1] * upper[2:-1])
    assert BINS.build_bins(middle).tolist() == list(range(2, BINS.last))
    assert lower[-1] >= BINS.largest
    assert BINS.build_bins([lower[-1] * 1.001])[0] == BINS.last


def test_sql_and_numpy_put_durations_in_the_same_bin() -> None:
    rng = np.random.default_rng(4)
    durations = np.concatenate([[-7.0, 0, 1e-9, 0.5, 1, 60, 3_600, 1e12], rng.lognormal(8, 4, 1_000)])
    connection = duckdb.connect()
    connection.execute("create table t (i integer, seconds double)")
    connection.executemany("insert into t values (?, ?)", [(i, float(d)) for i, d in enumerate(durations)])
    rows = connection.execute(f"select {BINS.build_sql('seconds')} from t order by i").fetchall()
    assert [row[0] for row in rows] == BINS.build_bins(durations).tolist()
    assert connection.execute(f"select {BINS.build_sql('null::double')}").fetchone() == (None,)
    whole = connection.execute(f"select {BINS.build_sql('s')} from (select unnest([0, 1, 90]) as s)").fetchall()
    assert [row[0] for row in whole] == BINS.build_bins([0, 1, 90]).tolist()


def test_order_statistics_of_the_tables() -> None:
    # 95 % for a median: none under 6 cases, ranks 1 and 6 of 6, 2 and 9 of 10, 40 and 61 of 100.
    for n, first, final in ((6, 1, 6), (10, 2, 9), (100, 40, 61)):
        durations = 100.0 * 1.1 ** np.arange(n)
        found = estimate_quantiles(_counts(durations), BINS)
        lower, upper = BINS.edges
        assert found.low[0] == lower[BINS.build_bins(durations[first - 1])]
        assert found.high[0] == upper[BINS.build_bins(durations[final - 1])]
    few = estimate_quantiles(_counts([10, 20, 30, 40, 50]), BINS)
    assert few.why[0] == FEW_CASES
    assert np.isnan(few.low[0])
    assert few.value[0] == pytest.approx(30, rel=0.02)


def test_a_design_effect_widens_the_interval() -> None:
    counts = _counts(np.random.default_rng(9).lognormal(8, 1, 500))
    plain, widened = estimate_quantiles(counts, BINS), estimate_quantiles(counts, BINS, deff=4.0)
    assert widened.low[0] < plain.low[0] < plain.high[0] < widened.high[0]
    assert np.log(widened.high[0] / widened.low[0]) == pytest.approx(2 * np.log(plain.high[0] / plain.low[0]), rel=0.25)
    with pytest.raises(ValueError, match="design effect"):
        estimate_quantiles(counts, BINS, deff=0.5)


def test_degenerate_groups_say_why() -> None:
    bins = LogBins(smallest=1, largest=100, ratio=1.1)
    groups = np.array([_counts(d, bins) for d in ([1e9] * 20, [5] * 11 + [1e9] * 9, [5] * 20)] + [np.zeros(bins.count)])
    found = estimate_quantiles(groups, bins)
    assert list(found.why) == [BEYOND_BINS, BEYOND_BINS, "", NO_CASES]
    assert np.isnan(found.value[[0, 3]]).all()
    assert found.value[1] == pytest.approx(5, rel=0.1)
    assert np.isnan(found.low[[0, 1, 3]]).all()


def test_intervals_of_medians_cover() -> None:
    found = estimate_sample_medians(200, BINS)
    assert count((found.low > 3_600) | (found.high < 3_600)) <= find_gate(200, 0.05)[1]


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in ({"smallest": 0.0}, {"ratio": 1.0}, {"largest": 0.5}):
        with pytest.raises(ValueError, match="bins"):
            LogBins(**wrong)
    with pytest.raises(ValueError, match="missing"):
        BINS.build_bins([np.nan])
    with pytest.raises(ValueError, match="bins per group"):
        estimate_quantiles([1, 2, 3], BINS)
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate_quantiles(_counts([5]), BINS, q=1.0)
