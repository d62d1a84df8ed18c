"""What drove a change: the arithmetic adds up, equals the published example, and says no more than it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.changes import DeciderSums, estimate_mean_changes, estimate_rate_changes
from analysis.driver_choice import CardSums, choose_drivers
from analysis.driver_estimates import Cells, estimate_parts, estimate_two_factors
from analysis.driver_reading import HIGH_SIDE, LOW_SIDE
from analysis.intervals import LooseSums
from analysis.reading import ChangeReading, Reading
from benchmarks.truth_drivers import (
    LARGE,
    PLANTED,
    PLANTED_DRIVERS,
    RISE,
    SMALL,
    build_page,
    claims_anything,
    explain_page,
    find_drivers,
    misses,
)
from benchmarks.truth_gates import find_gate

SEEDS = 200


def random_cells(seed: int, *, groups: int = 5, people: int = 7, directions: int = 2, is_rate: bool = True) -> Cells:
    """Deciders in several groups, cases without a decider, one group empty before and one empty in both periods."""
    rng = np.random.default_rng(seed)
    n = rng.integers(0, 30, (2, groups, people)).astype(float)
    loose_n = rng.integers(0, 12, (2, groups)).astype(float)
    n[0, 0] = loose_n[0, 0] = n[:, 1] = loose_n[:, 1] = 0
    y, loose_y = (np.floor(v[:, None] * rng.random((2, directions, 1, 1)[: v.ndim + 1]) / directions)
                  for v in (n, loose_n))  # fmt: skip
    return Cells(n, y, loose_n, loose_y, loose_y, is_rate)


def rates(cells: Cells) -> np.ndarray:
    return np.asarray((cells.y.sum(axis=(1, 2, 3)) + cells.loose_y.sum(axis=(1, 2))) / cells.cases.sum(axis=1))


def test_two_factors_give_the_published_example() -> None:
    # Das Gupta (1993): earnings 10930 x .717892 to 16591 x .825974 split into 4369.913 and 1487.262.
    rate, weight = estimate_two_factors(
        (np.array([10930.0]), np.array([16591.0])), (np.array([0.717892]), np.array([0.825974]))
    )
    assert weight[0] == pytest.approx(4369.913, abs=5e-4)
    assert rate[0] == pytest.approx(1487.262, abs=5e-4)


@pytest.mark.parametrize("seed", range(20))
def test_contributions_and_the_mix_add_up_to_the_change(seed: int) -> None:
    cells = random_cells(seed)
    found = estimate_parts(cells)
    before, now = rates(cells)
    total = found.contribution.value.sum() + found.mix.value[0]
    assert total == pytest.approx(now - before, abs=1e-12)
    # A group that was not there before has no change of its own: all it adds is mix.
    assert found.contribution.value[:, :2] == pytest.approx(0)
    assert np.isnan(found.excess.value[:, :2]).all()


def test_by_hand() -> None:
    # Two groups: 100 of 200 cases with rates 10 and 20 % before; 150 of 200 with 10 and 30 % now.
    cells = Cells(
        np.array([[[50.0, 50], [50, 50]], [[75, 75], [25, 25]]]),
        np.array([[[[5.0, 5], [10, 10]]], [[[8, 7], [8, 7]]]]),
        np.zeros((2, 2)), np.zeros((2, 1, 2)), np.zeros((2, 1, 2)),
    )  # fmt: skip
    found = estimate_parts(cells)
    assert found.contribution.value[0] == pytest.approx([0, 0.375 * 0.1])
    assert found.mix.value[0] == pytest.approx((0.1 - 0.25) * 0.25)
    assert found.excess.value[0] == pytest.approx([-0.1, 0.1])
    assert found.weight == pytest.approx([0.625, 0.375])
    assert found.beyond[0].sum() == pytest.approx(-found.mix.value[0])


@pytest.mark.parametrize("is_rate", [True, False])
def test_a_whole_direction_is_the_change_the_tile_shows(is_rate: bool) -> None:
    """With everything in one group the contribution is the change of analysis.changes, interval and p-value too."""
    rng = np.random.default_rng(3)
    n = rng.integers(5, 40, (2, 1, 9)).astype(float)
    y = np.floor(n[:, None] * rng.random((2, 2, 1, 9)) / 2)
    loose_n, loose_y = np.array([[30.0], [22]]), np.array([[[4.0], [5]], [[7], [3]]])
    found = estimate_parts(Cells(n, y, loose_n, loose_y, loose_y, is_rate)).contribution
    estimate = estimate_rate_changes if is_rate else estimate_mean_changes
    for d in (0, 1):
        sides = [
            DeciderSums(np.zeros(9, int), np.arange(9), n[t, 0], y[t, d, 0],
                        LooseSums.from_counts(loose_n[t], loose_y[t, d]))
            for t in (0, 1)
        ]  # fmt: skip
        expected = estimate(sides[0], sides[1], groups=1)
        assert found.value[d, 0] == pytest.approx(expected.difference[0])
        assert (found.low[d, 0], found.high[d, 0]) == pytest.approx((expected.low[0], expected.high[0]))
        assert found.p_value[d, 0] == pytest.approx(expected.p_value[0])


def test_excess_of_teams_that_share_nobody_has_both_variances() -> None:
    rng = np.random.default_rng(8)
    n = np.zeros((2, 2, 10))
    n[:, 0, :4], n[:, 1, 4:] = 20, 20
    y = np.floor(n * rng.random((2, 2, 10)))[:, None]
    none = np.zeros((2, 2))
    found = estimate_parts(Cells(n, y, none, none[:, None], none[:, None])).excess
    moves = (y[1, 0].sum(axis=0) - y[0, 0].sum(axis=0)) / 20
    own, rest = moves[:4], moves[4:]
    assert found.value[0, 0] == pytest.approx(own.mean() - rest.mean())
    error = np.sqrt(own.var(ddof=1) / 4 + rest.var(ddof=1) / 6)
    # 3 degrees of freedom, the smaller team's own: t is 3.182.
    assert found.high[0, 0] - found.value[0, 0] == pytest.approx(3.1824 * error, rel=1e-4)


def test_the_same_people_on_both_sides_are_compared_with_themselves() -> None:
    """Everybody rises alike in both products, however differently: nothing stands out, and surely so."""
    n = np.full((2, 2, 12), 100.0)
    rise = np.arange(12.0)
    y = np.stack([np.stack([np.full(12, 10.0), np.full(12, 20)]), np.stack([10 + rise, 20 + rise])])[:, None]
    y[1, 0, 0, :2] += [1, -1]
    none = np.zeros((2, 2))
    found = estimate_parts(Cells(n, y, none, none[:, None], none[:, None])).excess
    assert found.value[0, 0] == pytest.approx(0, abs=1e-12)
    assert found.high[0, 0] < 0.005  # as strangers the two sides would give .03


def test_no_case_that_counts_is_not_certainty() -> None:
    """0 of 24 in both periods, while the others rise: Wilson's centre stands in for the variation not seen."""
    n = np.zeros((2, 2, 16))
    n[:, 0, :4], n[:, 1, 4:] = 6, 200
    y = np.zeros((2, 1, 2, 16))
    y[0, 0, 1, 4:], y[1, 0, 1, 4:] = [20, 22] * 6, [29, 31] * 6
    none = np.zeros((2, 2))
    found = estimate_parts(Cells(n, y, none, none[:, None], none[:, None])).excess
    assert found.value[0, 0] == pytest.approx(-0.045)
    assert found.p_value[0, 0] > 0.5


def test_one_person_deciding_for_a_group_or_for_all_others_cannot_be_tested() -> None:
    n, y = np.zeros((2, 2, 6)), np.zeros((2, 1, 2, 6))
    n[:, 0, 0], n[:, 1, 1:] = 100, 20
    y[0, 0, 0, 0], y[1, 0, 0, 0], y[:, 0, 1, 1:] = 10, 40, [[2, 4, 3, 5, 1], [3, 3, 4, 4, 2]]
    none = np.zeros((2, 2))
    found = estimate_parts(Cells(n, y, none, none[:, None], none[:, None]))
    assert found.excess.value[0] == pytest.approx([0.29, -0.29])
    assert np.isnan(found.excess.p_value).all()
    assert np.isnan(found.contribution.p_value[0]).tolist() == [True, False]


def card(cells: Cells, *, p_value: float = 1e-9, names: tuple[str, ...] | None = None) -> CardSums:
    names = names or tuple(f"team {k}" for k in range(cells.n.shape[1]))
    before, now = rates(cells)
    change = ChangeReading(float(now - before), -1.0, 1.0, p_value)
    return CardSums("adoption", Reading(float(now)), Reading(float(before)), change, None, {"team": (names, cells)})


def risen_team(rest: float = 0.0) -> Cells:
    """Six teams of eight; the first rises by 20 points, the others by `rest`."""
    rng = np.random.default_rng(4)
    n = np.zeros((2, 6, 48))
    for team in range(6):
        n[:, team, 8 * team : 8 * team + 8] = 50
    y = np.round(n * 0.2 + (n > 0) * rng.integers(-1, 2, n.shape))
    y[1] += np.array([0.2, *[rest] * 5])[:, None] * n[1]
    none = np.zeros((2, 6))
    return Cells(n, np.round(y)[:, None], none, none[:, None], none[:, None])


def test_the_team_that_moved_is_named_and_only_while_the_whole_is_claimed() -> None:
    (item,), inspected = choose_drivers([card(risen_team())], 20)
    assert [driver.part for driver in item.drivers] == ["team 0"]
    assert (item.split, item.spread, item.compared, inspected) == ("team", False, (("team", 6),), 7)
    # Seven tested: the change and six teams. Nobody's share of cases moved, so the mix is 0 and cannot be tested.
    (quiet,), _ = choose_drivers([card(risen_team(), p_value=0.5)], 20)
    assert quiet.parts[0].excess.is_claimed
    assert not quiet.drivers and not quiet.spread and not quiet.split


def test_a_team_that_moved_against_the_change_is_not_named() -> None:
    cells = risen_team()
    turned = replace(cells, y=cells.y[::-1].copy())
    (item,), _ = choose_drivers([replace(card(turned), change=ChangeReading(0.05, 0.04, 0.06, 1e-9))], 20)
    assert item.parts[0].excess.is_claimed
    assert "team 0" not in {driver.part for driver in item.drivers}


def test_small_teams_are_neither_inspected_nor_named() -> None:
    (item,), _ = choose_drivers([card(risen_team())], 401)
    assert not item.parts and not item.compared and not item.spread
    cells = risen_team()
    few = replace(cells, n=cells.n.copy(), y=cells.y.copy())
    few.n[0, 0], few.y[0, 0, 0] = few.n[0, 0] / 50, 0  # 8 cases before
    (item,), _ = choose_drivers([card(few)], 20)
    assert "team 0" not in {driver.part for driver in item.parts}


def test_versions_that_replaced_one_another_are_not_compared() -> None:
    cells = risen_team()
    n, y = cells.n.copy(), cells.y.copy()
    n[0, 0], y[0, 0, 0], n[1, 1], y[1, 0, 1] = 0, 0, 0, 0
    (item,), _ = choose_drivers([card(replace(cells, n=n, y=y))], 20)
    assert not item.parts and not item.mixes and item.mix is None


def test_pages_without_a_change_stay_quiet() -> None:
    """Twelve teams of ten, and eight of four: at most as many as a correct 5 % procedure would have."""
    for bank in (LARGE, SMALL):
        claims = sum(claims_anything(explain_page(seed, bank)) for seed in range(SEEDS))
        assert claims <= find_gate(SEEDS, 0.05)[1]


def test_planted_drivers_are_found_and_others_are_not_named() -> None:
    pages = [explain_page(seed, LARGE, planted=PLANTED, spread=RISE) for seed in range(SEEDS)]
    found = [find_drivers(page) for page in pages]
    least = find_gate(SEEDS, 0.8)[0]
    assert sum(page["override_rate"].change.is_claimed for page in pages) >= least
    for planted in PLANTED_DRIVERS:
        assert sum(planted in drivers for drivers in found) >= least
    assert sum(bool(drivers - PLANTED_DRIVERS) for drivers in found) <= find_gate(SEEDS, 0.05)[1]
    low, high = find_gate(SEEDS, 0.05)
    assert low <= sum(map(misses, pages)) <= high


def test_directions_add_up_to_the_change_of_the_override_rate() -> None:
    items, _ = choose_drivers(build_page(1, LARGE, planted=PLANTED), 20)
    directions = items[0].directions
    assert [driver.direction for driver in directions] == [LOW_SIDE, HIGH_SIDE]
    assert sum(d.contribution.difference or 0 for d in directions) == pytest.approx(items[0].change.difference)
