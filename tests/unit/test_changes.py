"""Changes paired by decider: exact small cases, degenerate cases, size and power by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.changes import (
    DeciderSums,
    estimate_mean_changes,
    estimate_means_against_rest,
    estimate_rate_changes,
    estimate_rates_against_rest,
)
from analysis.intervals import FEW_CLUSTERS, NO_CASES, NO_VARIATION, LooseSums, estimate_rates
from benchmarks.truth_changes import (
    MOVED,
    PLANTED,
    TEAM_PLANTED,
    build_money_periods,
    build_periods,
    estimate_unpaired_error,
    find_page_claims,
    find_rejections,
)
from benchmarks.truth_gates import count, find_gate

SEEDS = 200


def _one(decider: list[int], n: list[float], y: list[float], loose: LooseSums | None = None) -> DeciderSums:
    return DeciderSums(np.zeros(len(n), int), decider, n, y, loose)


def test_equal_deciders_give_the_paired_t_test() -> None:
    # Five deciders with 20 cases in both periods: the form reduces to the paired t-test of their rates.
    y0, y1 = np.array([2.0, 4, 6, 3, 5]), np.array([5.0, 6, 9, 4, 9])
    found = estimate_rate_changes(_one([0, 1, 2, 3, 4], [20] * 5, y0), _one([0, 1, 2, 3, 4], [20] * 5, y1), groups=1)
    test = stats.ttest_rel(y1 / 20, y0 / 20)
    interval = test.confidence_interval()
    assert found.difference[0] == pytest.approx(0.13)
    assert found.degrees[0] == pytest.approx(4)
    assert found.p_value[0] == pytest.approx(test.pvalue)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high))


def test_by_hand_with_unequal_deciders_and_loose_cases() -> None:
    # before: 10/2, 10/4 and 20 loose with 4; p0 = 10/40. after: 20/8, 10/1 and 10 loose with 3; p1 = 12/40.
    loose0, loose1 = LooseSums.from_counts([20], [4]), LooseSums.from_counts([10], [3])
    found = estimate_rate_changes(
        _one([7, 9], [10, 10], [2, 4], loose0), _one([9, 7], [20, 10], [8, 1], loose1), groups=1
    )
    move7 = (1 - 0.3 * 10) / 30 - (2 - 0.25 * 10) / 30
    move9 = (8 - 0.3 * 20) / 20 - (4 - 0.25 * 10) / 30
    loose = (4 - 2 * 0.25 * 4 + 0.0625 * 20) / 1600 + (3 - 2 * 0.3 * 3 + 0.09 * 10) / 1600
    assert found.difference[0] == pytest.approx(0.05)
    assert found.clusters[0] == 32
    assert found.variance[0] == pytest.approx(31 / 32 * (move7**2 + move9**2) + loose, rel=1e-12)


def test_different_people_give_the_two_sample_degrees_of_freedom() -> None:
    before = _one([0, 1, 2, 3], [20] * 4, [2, 4, 6, 3])
    after = _one([4, 5, 6, 7], [20] * 4, [5, 6, 9, 4])
    assert estimate_rate_changes(before, after, groups=1).degrees[0] == pytest.approx(6)


def test_few_people_on_one_side_leave_few_degrees_of_freedom() -> None:
    many = _one(list(range(50)), [20] * 50, [3, 5] * 25)
    two = _one([90, 91], [500, 500], [100, 150])
    assert 1 <= estimate_rate_changes(many, two, groups=1).degrees[0] < 1.2


def test_a_huge_before_leaves_the_error_of_after() -> None:
    n, y = [10.0, 20, 15, 40], [2.0, 3, 9, 11]
    after = estimate_rates(np.zeros(4, int), n, y, groups=1)
    huge = DeciderSums(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), LooseSums.from_counts([1e12], [3e11]))
    found = estimate_rate_changes(huge, _one([0, 1, 2, 3], n, y), groups=1)
    assert found.variance[0] == pytest.approx(after.variance[0] * 4 / 3, rel=1e-6)  # 3/4 there, all clusters here
    assert found.degrees[0] == pytest.approx(after.degrees[0], rel=1e-6)


def test_pairing_matters_and_repeated_rows_add_up() -> None:
    habit = np.array([2.0, 10, 4, 16, 8, 1])
    more = habit + np.array([2, 3, 2, 2, 1, 2])
    before, after = _one(list(range(6)), [20] * 6, habit), _one(list(range(6)), [20] * 6, more)
    strangers = _one(list(range(10, 16)), [20] * 6, after.y)
    paired, unpaired = (estimate_rate_changes(before, a, groups=1) for a in (after, strangers))
    assert paired.p_value[0] < 0.001 < 0.5 < unpaired.p_value[0]
    split = _one([*range(6), *range(6)], [10] * 12, np.concatenate([habit / 2, habit / 2]))
    again = estimate_rate_changes(split, after, groups=1)
    assert again.variance[0] == pytest.approx(paired.variance[0])


def test_group_against_the_rest_is_the_change_from_the_rest_to_the_group() -> None:
    rng = np.random.default_rng(5)
    group, decider = np.repeat([0, 1, 2], 6), np.tile(np.arange(6), 3)
    n = rng.integers(5, 40, 18).astype(float)
    y = np.floor(n * rng.random(18))
    loose = LooseSums.from_counts([10, 20, 0], [3, 1, 0])
    found = estimate_rates_against_rest(DeciderSums(group, decider, n, y, loose), groups=3)
    for g in range(3):
        inside, outside = group == g, group != g
        rest = LooseSums.from_counts([30 - loose.x[g]], [4 - loose.y[g]])
        own = LooseSums.from_counts([loose.x[g]], [loose.y[g]])
        direct = estimate_rate_changes(
            _one(decider[outside], n[outside], y[outside], rest),
            _one(decider[inside], n[inside], y[inside], own),
            groups=1,
        )
        for name in ("difference", "low", "high", "p_value", "variance", "degrees", "clusters"):
            assert getattr(found, name)[g] == pytest.approx(getattr(direct, name)[0]), name


def test_means_against_the_rest() -> None:
    group, decider = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    y = np.array([10.0, 20, 30, 40, -5, 0, 15, 20])
    found = estimate_means_against_rest(DeciderSums(group, decider, np.ones(8), y), groups=2)
    test = stats.ttest_rel(y[:4], y[4:])
    assert found.p_value == pytest.approx([test.pvalue, test.pvalue])
    assert found.difference == pytest.approx([17.5, -17.5])


def test_from_nothing_to_everything_is_a_change_and_from_nothing_to_nothing_is_not() -> None:
    n = np.full(6, 10.0)
    zero, full = _one(list(range(6)), n, n * 0), _one(list(range(6)), n, n)
    same = estimate_rate_changes(zero, zero, groups=1)
    assert (same.difference[0], same.p_value[0]) == (0, 1)
    assert same.low[0] < 0 < same.high[0]
    launch = estimate_rate_changes(zero, full, groups=1)
    assert launch.p_value[0] < 1e-3
    assert 0.5 < launch.low[0] < launch.high[0] <= 1


def test_newcombe_limits_against_the_published_example() -> None:
    # Newcombe (1998), table II, method 10, example (g): 10/10 - 0/20 = 1, .6791 to 1. Here with t for z.
    none = np.zeros(0)
    sides = [DeciderSums(none, none, none, none, LooseSums.from_counts([n], [y])) for n, y in ((20, 0), (10, 10))]
    found = estimate_rate_changes(*sides, groups=1, level=0.95)
    assert found.difference[0] == 1
    assert found.low[0] < 0.6791  # t with the cases' degrees of freedom is wider than z ...
    assert found.low[0] == pytest.approx(0.6791, abs=0.05)  # ... and not by much


def test_what_cannot_be_tested_has_no_p_value() -> None:
    group = [1, 2, 2, 2]
    before = DeciderSums(group, [0, 0, 1, 2], [10, 10, 10, 10], [0, 5, 5, 5])
    after = DeciderSums([0, *group[1:], 1], [0, 0, 1, 2, 0], [10, 10, 10, 10, 9], [1, 7, 7, 7, 3])
    found = estimate_mean_changes(before, after, groups=3)
    assert list(found.why) == [NO_CASES, FEW_CLUSTERS, NO_VARIATION]
    assert np.isnan(found.p_value).all()
    assert np.isnan(found.low).all()


@pytest.mark.parametrize("loose_cases", [0, 1_500])
def test_rate_changes_keep_their_size_and_find_what_is_planted(loose_cases: int) -> None:
    null = build_periods(SEEDS, loose_cases=loose_cases)
    assert (
        count(find_rejections(estimate_rate_changes(null.before, null.after, groups=SEEDS)))
        <= find_gate(SEEDS, 0.05)[1]
    )
    moved = build_periods(SEEDS, change=PLANTED, loose_cases=loose_cases)
    found = estimate_rate_changes(moved.before, moved.after, groups=SEEDS)
    assert count(find_rejections(found)) >= find_gate(SEEDS, 0.8)[0]


def test_money_changes_keep_their_size_cover_and_find_what_is_planted() -> None:
    low, high = find_gate(SEEDS, 0.05)
    null = build_money_periods(SEEDS)
    assert low <= count(find_rejections(estimate_mean_changes(null.before, null.after, groups=SEEDS))) <= high
    moved = build_money_periods(SEEDS, change=MOVED)
    found = estimate_mean_changes(moved.before, moved.after, groups=SEEDS)
    assert count(find_rejections(found)) >= find_gate(SEEDS, 0.8)[0]
    assert low <= count((found.low > MOVED) | (found.high < MOVED)) <= high


def test_ignoring_the_pairing_overstates_the_error() -> None:
    periods = build_periods(SEEDS)
    paired = np.sqrt(estimate_rate_changes(periods.before, periods.after, groups=SEEDS).variance)
    assert np.median(estimate_unpaired_error(periods) / paired) > 1.2


def test_pages_without_a_difference_stay_quiet_and_a_planted_team_is_found() -> None:
    assert count(find_page_claims(SEEDS).any(axis=1)) <= find_gate(SEEDS, 0.05)[1]
    assert count(find_page_claims(SEEDS, planted=TEAM_PLANTED)[:, 0]) >= find_gate(SEEDS, 0.8)[0]


@pytest.mark.parametrize(
    ("group", "decider", "n", "y"),
    [([0], [0, 1], [1], [0]), ([2], [0], [1], [0]), ([0], [-1], [1], [0]), ([0], [0], [-1], [0]), ([0], [0], [1], [2])],
)
def test_impossible_sums_are_refused(group: list[int], decider: list[int], n: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match=r"group|denominator"):
        estimate_rates_against_rest(DeciderSums(group, decider, n, y), groups=1)
