"""Differences between periods and against the rest, checked against counts from the facts; and what is claimed."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.answer import answer_cards
from analysis.compare import claim, claim_all, compare_periods, compare_with_rest
from analysis.filters import Filters
from analysis.reading import ChangeReading
from tests.unit.random_source import open_random

NOW = Filters("credit", start="2025-03", end="2025-08", compare="period before")
SPLITS = ("team", "segment", "product", "region", "model_version")


@pytest.fixture(scope="module")
def source():
    return open_random()


def rate(source, condition):
    y, n = source.rows(
        "select count(*) filter (is_override), count(*) from facts where is_override_eligible and " + condition
    )[0]
    return y / n


def answers(source, name, split=None):
    return answer_cards(source, [name], NOW, split)[name], answer_cards(source, [name], NOW.earlier(), split)[name]


def test_a_change_is_the_difference_of_the_two_rates_in_the_facts(source):
    (change,) = compare_periods(*answers(source, "override_rate"))
    expected = rate(source, "period between '2025-03' and '2025-08'") - rate(
        source, "period between '2024-09' and '2025-02'"
    )
    assert change.difference == pytest.approx(expected, abs=1e-12)
    assert change.low < change.difference < change.high
    assert (change.p_value < 0.05) == (change.low > 0 or change.high < 0)
    assert not change.is_claimed  # before the control over everything, nothing is


@pytest.mark.parametrize("split", ["team", "segment", "channel"])
def test_the_change_of_every_part(source, split):
    now, before = answers(source, "override_rate", split)
    for part, change in zip(now.parts, compare_periods(now, before), strict=True):
        if change.difference is None:
            assert change.why
            continue
        where = f"coalesce({split}, 'not recorded') = '{part}' and "
        expected = rate(source, where + "period between '2025-03' and '2025-08'") - rate(
            source, where + "period between '2024-09' and '2025-02'"
        )
        assert change.difference == pytest.approx(expected, abs=1e-12)


def test_a_change_of_money_is_the_difference_of_the_two_means(source):
    matured = Filters("credit", start="2024-09", end="2025-05", compare="period before")
    now, before = (answer_cards(source, ["low_side_value"], f)["low_side_value"] for f in (matured, matured.earlier()))
    (change,) = compare_periods(now, before)
    assert change.difference == pytest.approx(now.reading().value - before.reading().value, rel=1e-12)


def test_turning_the_periods_round_turns_the_change_round(source):
    now, before = answers(source, "override_rate")
    (there,), (back,) = compare_periods(now, before), compare_periods(before, now)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert back.p_value == pytest.approx(there.p_value)


def test_a_period_against_itself_has_not_changed(source):
    now, _ = answers(source, "override_rate")
    (change,) = compare_periods(now, now)
    assert change.difference == pytest.approx(0.0, abs=1e-12)
    assert change.p_value is None or change.p_value > 0.99


def test_a_part_with_nothing_before_is_not_compared(source):
    now, _ = answers(source, "override_rate", "team")
    before = answer_cards(source, ["override_rate"], Filters("credit", start="2001-01", end="2001-06"), "team")[
        "override_rate"
    ]
    for change in compare_periods(now, before):
        assert change.difference is None and change.p_value is None
        assert change.why == "One side has too few cases to compare."


def test_a_total_and_a_median_change_without_an_interval(source):
    now, before = answers(source, "median_decision_minutes")
    (change,) = compare_periods(now, before)
    assert change.difference == pytest.approx(now.reading().value - before.reading().value)
    assert (change.low, change.high, change.p_value) == (None, None, None)
    assert change.why == "No interval is known for this change."


@pytest.mark.parametrize("split", SPLITS)
def test_each_part_against_the_rest(source, split):
    answer = answer_cards(source, ["override_rate"], NOW, split)["override_rate"]
    column = f"coalesce({split}, 'not recorded')"
    period = "period between '2025-03' and '2025-08'"
    for part, change in zip(answer.parts, compare_with_rest(answer), strict=True):
        if change.difference is None:
            assert not answer.reading(part).is_shown and change.why == "One side has too few cases to compare."
            continue
        expected = rate(source, f"{period} and {column} = '{part}'") - rate(
            source, f"{period} and {column} <> '{part}'"
        )
        assert change.difference == pytest.approx(expected, abs=1e-12)


def test_a_whole_has_no_rest(source):
    answer = answer_cards(source, ["override_rate"], NOW)["override_rate"]
    assert compare_with_rest(answer) == (ChangeReading(None, why="There is nothing to compare with."),)


def test_what_is_claimed_is_decided_over_everything_inspected_together():
    # ranks 1-4 of 5 at q = .05: limits .01, .02, .03, .04; .035 survives through rank 4
    p_values = [0.004, 0.2, 0.035, 0.015, 0.03]
    readings = [ChangeReading(1.0, 0.1, 2.0, p) for p in p_values]
    first, second = claim(readings[:2], readings[2:])
    assert [r.is_claimed for r in (*first, *second)] == [True, False, True, True, True]
    alone = claim([ChangeReading(1.0, 0.1, 2.0, 0.035), *[ChangeReading(0.0, -1.0, 1.0, 0.9)] * 9])[0]
    assert not any(r.is_claimed for r in alone)


def test_what_could_not_be_tested_is_never_claimed_and_does_not_count():
    untested = ChangeReading(None, why="too few")
    found = claim([ChangeReading(1.0, 0.1, 2.0, 0.04), *[untested] * 50])[0]
    assert found[0].is_claimed and not any(r.is_claimed for r in found[1:])
    assert claim([]) == [()] and claim() == []


def test_claims_by_name():
    found = claim_all({"a": [ChangeReading(1.0, p_value=0.001)], "b": [], "c": [ChangeReading(0.0, p_value=0.9)]})
    assert [r.is_claimed for r in found.of("a")] == [True]
    assert found.of("b") == () == found.of("nothing of that name")
    assert [r.is_claimed for r in found.of("c")] == [False]


def test_claims_of_noise_stay_within_their_rate():
    """500 pages of 20 comparisons of nothing: at most 5 % of pages may claim one; a correct control makes 41 or more
    of 500 with probability under .001 (binomial)."""
    rng = np.random.default_rng(20261122)
    pages = sum(
        any(r.is_claimed for r in claim([ChangeReading(0.0, p_value=float(p)) for p in rng.random(20)])[0])
        for _ in range(500)
    )
    assert 0 < pages <= 41
