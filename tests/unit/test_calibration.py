"""Observed against expected bads, and break-even: worked examples and agreement of test and interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.calibration import (
    EXACT_POISSON,
    NO_EXPECTATION,
    NORMAL,
    estimate_accept_value,
    estimate_break_even_rate,
    estimate_observed_expected,
)
from benchmarks.truth_gates import count, find_gate
from benchmarks.truth_scores import find_ratio_alarms


def test_exact_poisson_interval_against_the_published_table() -> None:
    # Garwood's limits, as tabled everywhere: 0 events 0 to 3.689, 1: .0253 to 5.572, 10: 4.795 to 18.390.
    found = estimate_observed_expected([0, 1, 10], [1.0, 1.0, 1.0])
    assert found.low == pytest.approx([0, 0.0253, 4.795], abs=5e-4)
    assert found.high == pytest.approx([3.689, 5.572, 18.390], abs=5e-4)
    assert list(found.method) == [EXACT_POISSON] * 3


def test_worked_example() -> None:
    # Low-side overrides "known customer": 24 bads where the scores expected 15: 60 % more, and it is not chance alone.
    found = estimate_observed_expected(24, 15.0, 14.1)
    assert found.ratio[0] == pytest.approx(1.6)
    assert found.z[0] == pytest.approx(2 * (np.sqrt(24) - np.sqrt(15)))
    assert found.p_value[0] == pytest.approx(2 * stats.poisson.sf(23, 15.0))
    assert found.low[0] == pytest.approx(stats.chi2.ppf(0.025, 48) / 30)
    assert found.high[0] == pytest.approx(stats.chi2.ppf(0.975, 50) / 30)


def test_no_bad_at_all() -> None:
    found = estimate_observed_expected(0, 9.0)
    assert found.ratio[0] == found.low[0] == 0
    assert found.z[0] == -6
    assert found.p_value[0] == pytest.approx(2 * np.exp(-9))


def test_common_bads_use_the_variance_of_their_risks() -> None:
    # 400 cases at a risk of .4: E 160, sd sqrt(96); 185 bads are 2.55 sd more. Poisson limits, too wide here, miss it.
    found = estimate_observed_expected(185, 160.0, 96.0)
    assert found.method[0] == NORMAL
    assert found.z[0] == pytest.approx(25 / np.sqrt(96))
    assert found.p_value[0] == pytest.approx(2 * stats.norm.sf(25 / np.sqrt(96)))
    assert found.low[0] == pytest.approx((185 - stats.norm.ppf(0.975) * np.sqrt(96)) / 160)
    assert found.low[0] > 1 > estimate_observed_expected(185, 160.0).low[0]


def test_interval_leaves_out_one_exactly_where_the_test_rejects() -> None:
    observed = np.arange(0, 400)
    for expected, spread in ((30.0, 28.5), (150.0, 90.0), (0.4, 0.39)):
        found = estimate_observed_expected(observed, np.full(400, expected), np.full(400, spread))
        outside = (found.low > 1) | (found.high < 1)
        assert (outside == (found.p_value < 0.05)).all()


def test_nothing_expected_is_no_ratio() -> None:
    found = estimate_observed_expected([0, 2], [0.0, 0.0])
    assert list(found.why) == [NO_EXPECTATION] * 2
    assert np.isnan([found.ratio, found.low, found.high, found.p_value, found.z]).all()


def test_a_correct_score_is_seldom_called_wrong() -> None:
    assert count(find_ratio_alarms(200, low=0.0, high=0.1)) <= find_gate(200, 0.05)[1]
    low, high = find_gate(200, 0.05)
    assert low <= count(find_ratio_alarms(200, low=0.2, high=0.6)) <= high


def test_break_even_of_700_against_5000() -> None:
    assert estimate_break_even_rate(700, 5_000) == pytest.approx(0.1228, abs=5e-5)
    assert estimate_accept_value(0.2, 700, 5_000) == pytest.approx(-440)
    assert estimate_accept_value(estimate_break_even_rate(700, 5_000), 700, 5_000) == pytest.approx(0)


def test_break_even_with_four_payoffs() -> None:
    # Fraud: releasing a good payment earns 2, blocking it costs 30; releasing a bad one loses 400, blocking it saves 0.
    assert estimate_break_even_rate(2, 400, -30, 0) == pytest.approx(32 / 432)
    gain = np.array([10.0, 5, 50, 5, 0, 0])
    reject_good = np.array([0.0, 20, 0, 20, 0, 5])
    loss = np.array([10.0, 10, 10, 10, 0, 0])
    reject_bad = np.array([0.0, 0, -20, -20, 0, 0])
    found = estimate_break_even_rate(gain, loss, reject_good, reject_bad)
    # ordinary; never pays; always pays; rejecting the good and accepting the bad pays: none; nothing at stake: none;
    # only the good are worth something, and rejecting them: never
    assert found[:3] == pytest.approx([0.5, 0, 1])
    assert np.isnan(found[3:5]).all()
    assert found[5] == 0


@pytest.mark.parametrize(
    ("observed", "expected", "spread"), [(-1, 2, 1), (1.5, 2, 1), (1, -2, 1), (1, 2, 3), (1, 2, -1)]
)
def test_impossible_counts_are_refused(observed: float, expected: float, spread: float) -> None:
    with pytest.raises(ValueError, match=r"observed|sum of e"):
        estimate_observed_expected(observed, expected, spread)


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="bad rate"):
        estimate_accept_value(1.2, 700, 5_000)
