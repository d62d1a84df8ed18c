"""Clustered intervals: exact small cases, degenerate cases, and coverage by simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.intervals import (
    FEW_CLUSTERS,
    NO_CASES,
    NO_VARIATION,
    ONE_CLUSTER,
    LooseSums,
    estimate_means,
    estimate_rates,
    t_multiplier,
    wilson_limits,
)
from benchmarks.truth import build_table
from benchmarks.truth_gates import Truth, count, find_gate
from benchmarks.truth_intervals import MEAN, RATE, build_money, build_rates, estimate_naive_rates, find_misses

SEEDS = 200


def _jackknife(n: np.ndarray, y: np.ndarray) -> float:
    """The variance by its definition: leave each cluster out and compute the ratio anew."""
    without = (y.sum() - y) / (n.sum() - n)
    return float((len(n) - 1) / len(n) * ((without - y.sum() / n.sum()) ** 2).sum())


def test_rate_by_hand() -> None:
    # Three deciders: 1 of 10, 3 of 10, 2 of 20; p = 6/40, e = -.5, 1.5, -1;
    # V = 2/3 (.25/900 + 2.25/900 + 1/400); degrees = 1600/600 - 1.
    found = estimate_rates([0, 0, 0], [10, 10, 20], [1, 3, 2], groups=1)
    variance = 2 / 3 * (0.25 / 900 + 2.25 / 900 + 1 / 400)
    assert found.value[0] == pytest.approx(0.15)
    assert found.variance[0] == pytest.approx(variance, rel=1e-12)
    assert found.degrees[0] == pytest.approx(5 / 3)
    assert found.clusters[0] == 3
    n = min(40, 0.15 * 0.85 / variance)
    assert found.effective_n[0] == pytest.approx(n)
    t = stats.t.ppf(0.975, 5 / 3)
    centre, half = (0.15 + t * t / (2 * n)), t * np.sqrt(0.15 * 0.85 / n + t * t / (4 * n * n))
    assert found.low[0] == pytest.approx((centre - half) / (1 + t * t / n))
    assert found.high[0] == pytest.approx((centre + half) / (1 + t * t / n))


def test_variance_is_the_delete_one_decider_jackknife() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(1, 60, 15).astype(float)
    y = np.floor(n * rng.random(15))
    assert estimate_rates(np.zeros(15, int), n, y, groups=1).variance[0] == pytest.approx(_jackknife(n, y), rel=1e-12)


def test_loose_cases_alone_give_the_ordinary_wilson_interval() -> None:
    none = np.zeros(0)
    found = estimate_rates(none, none, none, loose=LooseSums.from_counts([1_000], [120]), groups=1)
    t = np.array([stats.t.ppf(0.975, 999)])
    low, high = wilson_limits(np.array([0.12]), np.array([1_000.0]), t)
    assert (found.low[0], found.high[0]) == pytest.approx((low[0], high[0]))
    assert found.variance[0] == pytest.approx(0.12 * 0.88 / 1_000)
    assert found.clusters[0] == 1_000


def test_a_loose_case_counts_like_a_decider_with_one_case() -> None:
    # 30 deciders with one case each and the same 30 cases without a decider: the jackknife's N - 1 against N.
    y = np.arange(30) % 3 == 0
    people = estimate_rates(np.zeros(30, int), np.ones(30), y, groups=1)
    none = np.zeros(0)
    loose = estimate_rates(none, none, none, loose=LooseSums.from_counts([30], [10]), groups=1)
    assert loose.degrees[0] == people.degrees[0] == 29
    assert loose.variance[0] == pytest.approx(people.variance[0] * 29 / 30, rel=1e-9)


def test_groups_do_not_mix() -> None:
    first = estimate_rates([0, 0, 0], [10, 10, 20], [1, 3, 2], groups=1)
    both = estimate_rates([1, 0, 1, 0, 1], [10, 5, 10, 7, 20], [1, 4, 3, 0, 2], groups=2)
    for name in ("value", "low", "high", "variance", "degrees", "clusters", "n"):
        assert getattr(both, name)[1] == getattr(first, name)[0]


@pytest.mark.parametrize("hits", [0, 1])
def test_no_hit_at_all_has_an_interval_from_n_cases(hits: int) -> None:
    n = np.full(10, 20.0)
    found = estimate_rates(np.zeros(10, int), n, n * hits, groups=1)
    t = stats.t.ppf(0.975, 9)
    assert found.value[0] == hits
    assert found.effective_n[0] == 200
    open_end = found.high[0] if hits == 0 else 1 - found.low[0]
    assert open_end == pytest.approx(t * t / (200 + t * t))
    assert (found.low[0] if hits == 0 else 1 - found.high[0]) == 0
    careful = estimate_rates(np.zeros(10, int), n, n * hits, groups=1, design_effect=2.5)
    assert careful.effective_n[0] == 80
    assert careful.high[0] - careful.low[0] > found.high[0] - found.low[0]


def test_effective_n_never_exceeds_n() -> None:
    # Everyone at exactly one half: less variation than even independent cases would show.
    found = estimate_rates(np.zeros(8, int), np.full(8, 10.0), np.full(8, 5.0), groups=1)
    assert found.effective_n[0] == 80
    assert found.design_effect[0] == 1


def test_degenerate_groups_say_why() -> None:
    # 0: nothing; 1: one decider; 2: one decider with nine tenths; 3: one decider and one case without; 4: fine
    group = [1, 2, 2, 3, 4, 4, 4]
    n = [50, 90, 10, 9, 10, 10, 10]
    y = [10, 20, 3, 4, 1, 2, 5]
    loose = LooseSums.from_counts([0, 0, 0, 1, 0], [0, 0, 0, 0, 0])
    found = estimate_rates(group, n, y, loose=loose, groups=5)
    assert list(found.why) == [NO_CASES, ONE_CLUSTER, FEW_CLUSTERS, FEW_CLUSTERS, ""]
    assert np.isnan(found.value[0])
    assert found.value[1] == 0.2
    assert np.isnan(found.low[:4]).all()
    assert np.isnan(found.high[:4]).all()
    assert found.low[4] < found.value[4] < found.high[4]


def test_a_decider_without_cases_is_no_cluster() -> None:
    with_empty = estimate_rates([0, 0, 0, 0], [10, 10, 20, 0], [1, 3, 2, 0], groups=1)
    without = estimate_rates([0, 0, 0], [10, 10, 20], [1, 3, 2], groups=1)
    assert (with_empty.low[0], with_empty.clusters[0]) == (without.low[0], without.clusters[0])


def test_mean_by_hand() -> None:
    found = estimate_means([0, 0, 0], [2, 2, 4], [-100.0, 300.0, 200.0], groups=1)
    n, y = np.array([2.0, 2, 4]), np.array([-100.0, 300, 200])
    half = stats.t.ppf(0.975, 64 / 24 - 1) * np.sqrt(_jackknife(n, y))
    assert found.value[0] == 50
    assert (found.low[0], found.high[0]) == pytest.approx((50 - half, 50 + half))


def test_mean_of_loose_cases_is_the_textbook_error() -> None:
    x = np.array([3.0, -1, 4, 1, -5, 9])
    full = np.array([6.0])
    sums = LooseSums(full, np.array([x.sum()]), full, np.array([x.sum()]), np.array([(x**2).sum()]))
    none = np.zeros(0)
    found = estimate_means(none, none, none, loose=sums, groups=1)
    assert found.variance[0] == pytest.approx(x.var() / 6)
    assert found.degrees[0] == 5


def test_mean_without_variation_is_not_called_certain() -> None:
    group, n = np.repeat([0, 1, 2], 3), np.tile([3, 4, 5], 3)
    found = estimate_means(group, n, [0, 0, 0, 0.3, 0.4, 0.5, 3, 5, 4], groups=3)
    assert list(found.why) == [NO_VARIATION, NO_VARIATION, ""]
    assert np.isnan(found.low[:2]).all()


@pytest.mark.parametrize(
    ("group", "n", "y"),
    [
        ([0, 1], [1, 2], [1, 1]),
        ([-1], [1], [0]),
        ([0], [1], [2]),
        ([0], [1], [-1]),
        ([0], [-1], [0]),
        ([0], [1, 2], [0]),
    ],
)
def test_impossible_sums_are_refused(group: list[int], n: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match=r"group|denominator"):
        estimate_rates(group, n, y, groups=1)


def test_no_rows_at_all() -> None:
    none = np.zeros(0)
    assert list(estimate_rates(none, none, none, groups=2).why) == [NO_CASES, NO_CASES]


def test_t_is_refused_under_one_degree_of_freedom() -> None:
    found = t_multiplier(np.array([0.5, 1.0, 5 / 3, 1e9, np.nan]))
    assert np.isnan(found[[0, 4]]).all()
    assert found[1:4] == pytest.approx(
        [stats.t.ppf(0.975, 1), stats.t.ppf(0.975, 5 / 3), stats.norm.ppf(0.975)], rel=1e-6
    )


def test_gates_are_those_of_a_correct_procedure() -> None:
    assert find_gate(200, 0.05) == (2, 21)
    assert find_gate(1_000, 0.05)[1] == 73
    assert (find_gate(200, 0.8)[0], find_gate(1_000, 0.8)[0]) == (142, 760)


def test_the_table_says_which_claim_does_not_hold() -> None:
    table = build_table(
        [Truth("a", 21, 200, 0.05, "both"), Truth("b", 1, 200, 0.05, "both"), Truth("c", 1, 200, 0.05, "most")]
    )
    assert [row.split("|")[-2].strip() for row in table.splitlines()[2:]] == ["yes", "no", "yes"]
    assert "| 21 | 200 | 10.5 % | 5 % | 2 to 21 |" in table


@pytest.mark.parametrize(("deciders", "loose_cases"), [(40, 0), (12, 0), (40, 1_500)])
def test_intervals_cover_the_truth(deciders: int, loose_cases: int) -> None:
    low, high = find_gate(SEEDS, 0.05)
    rates = build_rates(SEEDS, deciders=deciders, loose_cases=loose_cases)
    found = estimate_rates(rates.group, rates.n, rates.y, loose=rates.loose, groups=SEEDS)
    assert low <= count(find_misses(found, RATE)) <= high
    money = build_money(SEEDS, deciders=deciders, loose_cases=loose_cases)
    means = estimate_means(money.group, money.n, money.y, loose=money.loose, groups=SEEDS)
    assert low <= count(find_misses(means, MEAN)) <= high


def test_ignoring_the_clustering_would_fail_the_same_gate() -> None:
    sample = build_rates(SEEDS)
    assert count(find_misses(estimate_naive_rates(sample), RATE)) > 2 * find_gate(SEEDS, 0.05)[1]
