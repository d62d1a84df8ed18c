"""Does "what changed" stay quiet where nothing changed, and does it name what drove a change that was planted?

Whole pages are simulated as the sums a rollup holds (period, split, group, decider), not as cases: four cards, four
splits, deciders with habits of their own who drift between the periods, and in the small teams few of them. The sums
go through everything that follows the query: estimates, one control over all cards, the choice of drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.changes import Changes, DeciderSums, estimate_mean_changes, estimate_rate_changes
from analysis.driver_choice import CardSums, choose_drivers
from analysis.driver_estimates import Cells
from analysis.driver_reading import CARDS, HIGH_SIDE, Explained
from analysis.reading import ChangeReading, Reading
from benchmarks.truth_gates import Truth

HABIT, DRIFT = 0.35, 0.1  # how far deciders differ for good, and move by chance between two periods (log scale)
RATES = {"override_rate": (0.05, 0.1), "adoption": (0.9,), "bypass_share": (0.08,)}  # low-side and high-side overrides
SEGMENTS, PRODUCTS = np.array([0.8, 1.0, 1.5]), np.array([0.9, 1.1])  # how their rates compare
MINIMUM = 20
# About the fracture of the demo of 300,000 decisions: high-side overrides rise by RISE of all cases everywhere and by
# PLANTED more in three teams of different regions.
PLANTED_TEAMS, PLANTED, RISE = (0, 5, 10), 0.1, 0.015
MONEY, MONEY_SPREAD = -440.0, 3_000.0  # per low-side override, and how single ones differ


@dataclass(frozen=True)
class Bank:
    """Teams of so many deciders, each with so many cases in a period."""

    teams: int
    members: int
    cases: float

    @property
    def team(self) -> np.ndarray:
        return np.repeat(np.arange(self.teams), self.members)


LARGE, SMALL = Bank(12, 10, 190), Bank(8, 4, 190)


def build_page(seed: int, bank: Bank, *, planted: float = 0.0, spread: float = 0.0) -> list[CardSums]:
    """The sums of one page. planted: added to the high-side rate of PLANTED_TEAMS in the later period; spread: to that
    of everybody."""
    rng = np.random.default_rng(seed)
    people = bank.teams * bank.members
    shape = (2, people, len(SEGMENTS), len(PRODUCTS))
    size = rng.lognormal(0, 0.3, people)[:, None, None]
    mean = bank.cases * size / len(SEGMENTS) / len(PRODUCTS) * np.ones(shape)
    cases = rng.poisson(mean).astype(float)
    cards = []
    overrides = np.zeros(shape)
    for name, rates in RATES.items():
        habit = np.exp(rng.normal(0, HABIT, people) - HABIT**2 / 2)
        later = np.exp(rng.normal(0, DRIFT, (2, people)))
        factor = (habit * later)[:, :, None, None] * SEGMENTS[:, None] * PRODUCTS
        y = []
        for direction, rate in enumerate(rates):
            chance = rate * factor if name != "adoption" else 1 - (1 - rate) * factor
            if name == "override_rate" and direction == 1:
                hit = np.isin(bank.team, PLANTED_TEAMS)[:, None, None]
                chance = chance + np.array([0.0, 1.0])[:, None, None, None] * (spread + planted * hit)
            y.append(rng.binomial(cases.astype(int), np.clip(chance, 0, 0.95 if direction == 0 else 0.6)))
        if name == "override_rate":
            overrides = np.asarray(y[0], float)
        cards.append(_sum_up(name, bank, cases, np.asarray(y, float)))
    money = overrides * MONEY + rng.normal(0, 1, shape) * MONEY_SPREAD * np.sqrt(overrides)
    cards.append(_sum_up("low_side_value", bank, overrides, money[None]))
    return cards


def _sum_up(name: str, bank: Bank, n: np.ndarray, y: np.ndarray) -> CardSums:
    """n (period, decider, segment, product) and y (direction, the same) as a card's sums by split."""
    y = y.swapaxes(0, 1)
    is_rate = name != "low_side_value"
    own_team = np.eye(bank.teams)[bank.team]  # (people, teams)
    regions = np.eye(4)[bank.team % 4]
    by_person_n, by_person_y = n.sum(axis=(2, 3)), y.sum(axis=(3, 4))
    nested = {"team": own_team, "region": regions}
    splits = {
        split: (by_person_n[:, None] * member.T, by_person_y[:, :, None] * member.T) for split, member in nested.items()
    }
    splits["segment"] = (n.sum(axis=3).swapaxes(1, 2), y.sum(axis=4).swapaxes(2, 3))
    splits["product"] = (n.sum(axis=2).swapaxes(1, 2), y.sum(axis=3).swapaxes(2, 3))
    whole = _cells(by_person_n[:, None], by_person_y[:, :, None], is_rate)
    found = _compare(by_person_n, by_person_y.sum(axis=1), is_rate)
    difference, low, high, p_value = (float(v[0]) for v in (found.difference, found.low, found.high, found.p_value))
    change = ChangeReading(difference, low, high, p_value)
    now, before = (Reading(float(v[0]), n=int(m.sum())) for v, m in ((found.after, n[1]), (found.before, n[0])))
    cells = {
        split: (tuple(f"{split} {k}" for k in range(top.shape[1])), _cells(top, bottom, is_rate))
        for split, (top, bottom) in splits.items()
    }
    return CardSums(name, now, before, change, whole if y.shape[1] > 1 else None, cells)


def _cells(n: np.ndarray, y: np.ndarray, is_rate: bool) -> Cells:
    none = np.zeros((2, n.shape[1]))
    loose = np.zeros((2, y.shape[1], n.shape[1]))
    return Cells(n, y, none, loose, loose, is_rate)


def _compare(n: np.ndarray, y: np.ndarray, is_rate: bool) -> Changes:
    person, group = np.arange(n.shape[1]), np.zeros(n.shape[1], int)
    sides = [DeciderSums(group, person, n[t], y[t]) for t in (0, 1)]
    return (estimate_rate_changes if is_rate else estimate_mean_changes)(sides[0], sides[1], groups=1)


def explain_page(seed: int, bank: Bank, *, planted: float = 0.0, spread: float = 0.0) -> dict[str, Explained]:
    """What the page would say of a simulated bank, by card."""
    items, _ = choose_drivers(build_page(seed, bank, planted=planted, spread=spread), MINIMUM)
    return dict(zip(CARDS, items, strict=True))


def claims_anything(page: dict[str, Explained]) -> bool:
    """Whether the page claims a change; drivers are named only with one."""
    return any(item.change.is_claimed for item in page.values())


def find_drivers(page: dict[str, Explained]) -> set[tuple[str, str]]:
    """(direction, group) of the drivers of the override rate."""
    return {(driver.direction, driver.part) for driver in page["override_rate"].drivers}


def misses(page: dict[str, Explained]) -> bool:
    """Whether the interval of the first planted team's contribution leaves out what was planted, by its share of
    cases."""
    driver = next(d for d in page["override_rate"].parts if (d.direction, d.part) == (HIGH_SIDE, "team 0"))
    change = driver.contribution
    if change.difference is None or change.low is None or change.high is None:
        return True
    weight = driver.weight
    return not change.low <= weight * (PLANTED + RISE) <= change.high


PLANTED_DRIVERS = {(HIGH_SIDE, f"team {team}") for team in PLANTED_TEAMS}


def build_truths(seeds: int) -> list[Truth]:
    """Null pages that claim something, planted drivers named, and others named beside them or where there are none."""
    truths = []
    for bank in (LARGE, SMALL):
        place = f"{bank.teams} teams of {bank.members}"
        quiet = [claims_anything(explain_page(seed, bank)) for seed in range(seeds)]
        truths.append(
            Truth(f"null pages of what changed that claim anything, {place}", sum(quiet), seeds, 0.05, "most")
        )
    pages = [explain_page(seed, LARGE, planted=PLANTED, spread=RISE) for seed in range(seeds)]
    found = [find_drivers(page) for page in pages]
    claimed = [page["override_rate"].change.is_claimed for page in pages]
    first = [min(PLANTED_DRIVERS) in drivers for drivers in found]
    beside = [bool(drivers - PLANTED_DRIVERS) for drivers in found]
    even = [find_drivers(explain_page(seed, LARGE, spread=PLANTED / 4)) for seed in range(seeds)]
    return [
        *truths,
        Truth("95 % interval of a contribution misses, 10 deciders", sum(map(misses, pages)), seeds, 0.05, "both"),
        Truth("planted rise of overrides claimed", sum(claimed), seeds, 0.8, "least"),
        Truth("planted team named as its driver, by contribution", sum(first), seeds, 0.8, "least"),
        Truth("another group named beside the planted three", sum(beside), seeds, 0.05, "most"),
        Truth("a group named in a rise spread evenly", sum(map(bool, even)), seeds, 0.05, "most"),
    ]
