"""The final score report against counts taken straight from the facts."""

from __future__ import annotations

import pytest

from analysis.filters import Filters
from analysis.score_report import answer_score_report, name_band
from tests.unit.random_source import open_random

SELECTIONS = {
    "everything": Filters("credit"),
    "a year of two teams": Filters("credit", start="2024-02", end="2025-01", team=("North 1", "not recorded")),
    "assisted": Filters("credit", channel=("assisted",), product=("car loan",)),
}


@pytest.fixture(scope="module")
def source():
    return open_random()


@pytest.mark.parametrize("name", SELECTIONS)
def test_every_count_of_every_band(source, name):
    filters = SELECTIONS[name]
    _, bands, unscored = answer_score_report(source, filters)
    where, params = filters.where(rollup=False)
    rows = source.rows(
        "select score_band, count(*), count(*) filter (decision = 'accept'), count(*) filter (decision = 'reject'), "
        "count(*) filter (is_low_side), count(*) filter (is_high_side), count(*) filter (is_override_eligible), "
        "count(*) filter (is_outcome_known and decision = 'accept'), "
        "count(*) filter (bad and is_outcome_known and decision = 'accept'), "
        "avg(score) filter (is_outcome_known and decision = 'accept') "
        f"from facts where {where} and score is not null group by 1 order by 1",
        params,
    )
    assert len(rows) > 8
    for band, row in zip(bands, rows, strict=True):
        number, decisions, accepts, rejects, low, high, eligible, known, bads, expected = row
        assert (band.number, band.decisions, band.accepts, band.rejects) == (number, decisions, accepts, rejects)
        assert (band.low_side, band.high_side) == (low, high)
        assert (band.override_rate.n, band.bad_rate.n) == (eligible, known)
        if eligible >= 20:
            assert band.override_rate.value == pytest.approx((low + high) / eligible)
        if known >= 20:
            assert band.bad_rate.value == pytest.approx(bads / known)
            assert band.bad_rate.low is None or band.bad_rate.low <= bads / known <= band.bad_rate.high
        else:
            assert band.bad_rate.value is None and band.bad_rate.why
        assert band.expected_rate == (pytest.approx(expected) if known else None)
    assert unscored == source.rows(f"select count(*) from facts where {where} and score is null", params)[0][0]
    assert (
        sum(b.decisions for b in bands) + unscored
        == source.rows(f"select count(*) from facts where {where}", params)[0][0]
    )


def test_bands_stand_in_order_and_are_named_by_their_edges(source):
    _, bands, _ = answer_score_report(source, Filters("credit"))
    assert [b.number for b in bands] == sorted(b.number for b in bands)
    edges = source.use_case.score_bands
    for band in bands:
        low, high = source.rows("select min(score), max(score) from facts where score_band = $n", {"n": band.number})[0]
        assert band.label == name_band(edges, band.number)
        assert band.number == 0 or low >= edges[band.number - 1]
        assert band.number == len(edges) or high < edges[band.number]


def test_too_few_known_outcomes_are_not_a_rate(source):
    _, bands, _ = answer_score_report(source, Filters("credit", start="2024-01", end="2024-01"))
    refused = [b for b in bands if 0 < b.bad_rate.n < 20]
    assert refused
    for band in refused:
        assert band.bad_rate.why == (
            f"{band.bad_rate.n} accepted cases with a known outcome: fewer than 20, too few to be reliable."
        )
        assert band.bad_rate.refusal == "too few"


def test_a_selection_without_decisions_has_no_bands(source):
    assert answer_score_report(source, Filters("credit", team=("Nobody",)))[1:] == ((), 0)


def test_where_no_outcome_is_known_the_band_says_so(source):
    _, bands, _ = answer_score_report(source, Filters("credit", start="2026-05", end="2026-06"))
    assert bands
    for band in bands:
        assert (band.bad_rate.value, band.expected_rate) == (None, None)
        assert band.bad_rate.why == "No accepted case with a known outcome."


def test_names_of_bands():
    edges = (0.02, 0.07, 0.125, 0.5)
    assert [name_band(edges, i) for i in range(5)] == ["under 2 %", "2-7 %", "7-12.5 %", "12.5-50 %", "50 % and over"]
    assert name_band((), 0) == "all scores"
