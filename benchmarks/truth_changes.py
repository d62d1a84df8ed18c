"""Do tests of a change keep their size, find what is planted, and does a page without a change stay quiet?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.changes import (
    Changes,
    DeciderSums,
    estimate_mean_changes,
    estimate_rate_changes,
    estimate_rates_against_rest,
)
from analysis.intervals import LooseSums
from analysis.multiplicity import build_claims
from benchmarks.truth_gates import Truth, count

RATE, SPREAD = 0.15, 0.5  # rate before, and how far deciders differ for good (sd on the log-odds scale)
DRIFT = 0.2  # how far each decider moves by chance between two periods (same scale)
PLANTED = 0.07  # seven points, from 15 to 22 %
MOVED = -450.0  # money per case
TEAMS, MEMBERS, TEAM_PLANTED = 12, 12, 0.12  # the planted team's rate is 27 %, the others' 15 %


@dataclass(frozen=True)
class Periods:
    """Two periods' sums of the same deciders, group = seed, and the true change."""

    before: DeciderSums
    after: DeciderSums
    groups: int


def build_periods(seeds: int, *, change: float = 0.0, deciders: int = 40, loose_cases: int = 0) -> Periods:
    """Deciders with lasting habits and a little drift; a fifth work in one period only; sizes differ by period."""
    parts: list[list[np.ndarray]] = [[], []]
    loose: list[list[int]] = [[], []]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        habit = rng.normal(0, SPREAD, deciders)
        absent = rng.integers(0, 10, deciders)
        for period in (0, 1):
            cases = np.ceil(rng.lognormal(4, 0.6, deciders)) * (absent != period)
            rate = _spread_around(RATE + change * period, habit + rng.normal(0, DRIFT, deciders))
            parts[period].append(np.array([cases, rng.binomial(cases.astype(int), rate)]))
            loose[period].append(int(rng.binomial(loose_cases, RATE + change * period)))
    rows = [np.concatenate(p, axis=1) for p in parts]
    group, decider = np.repeat(np.arange(seeds), deciders), np.tile(np.arange(deciders), seeds)
    full = np.full(seeds, loose_cases)
    before, after = (
        DeciderSums(group, decider, rows[p][0], rows[p][1], LooseSums.from_counts(full, np.array(loose[p])))
        for p in (0, 1)
    )
    return Periods(before, after, seeds)


def build_money_periods(seeds: int, *, change: float = 0.0, deciders: int = 40) -> Periods:
    """Money per case of deciders with a lasting level each and noisy cases."""
    sums: list[list[np.ndarray]] = [[], []]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        level = rng.normal(-440, 900, deciders)
        for period in (0, 1):
            cases = np.ceil(rng.lognormal(4, 0.6, deciders))
            noise = rng.normal(0, 3_000, deciders) * np.sqrt(cases)
            sums[period].append(np.array([cases, cases * (level + change * period) + noise]))
    rows = [np.concatenate(p, axis=1) for p in sums]
    group, decider = np.repeat(np.arange(seeds), deciders), np.tile(np.arange(deciders), seeds)
    before, after = (DeciderSums(group, decider, r[0], r[1]) for r in rows)
    return Periods(before, after, seeds)


def build_page(seed: int, *, planted: float = 0.0) -> DeciderSums:
    """A breakdown by team, twelve deciders a team, group = team; the first team's rate is higher by `planted`."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(TEAMS), MEMBERS)
    cases = np.ceil(rng.lognormal(4, 0.4, len(team)))
    rate = _spread_around(RATE + planted * (team == 0), rng.normal(0, 0.2, len(team)))
    return DeciderSums(team, np.arange(len(team)), cases, rng.binomial(cases.astype(int), rate))


def find_page_claims(seeds: int, *, planted: float = 0.0) -> np.ndarray:
    """Claims of each simulated page, shape (seeds, teams): which teams the page would say differ from the rest."""
    pages = (estimate_rates_against_rest(build_page(seed, planted=planted), groups=TEAMS) for seed in range(seeds))
    return np.array([build_claims(page.p_value) for page in pages])


def estimate_unpaired_error(periods: Periods) -> np.ndarray:
    """Standard error of each change had the two periods been different people: what ignoring the pairing gives."""
    after = periods.after
    strangers = DeciderSums(after.group, np.asarray(after.decider) + 1_000, after.n, after.y, after.loose)
    return np.sqrt(estimate_rate_changes(periods.before, strangers, groups=periods.groups).variance)


def find_rejections(changes: Changes) -> np.ndarray:
    return np.asarray(np.nan_to_num(changes.p_value, nan=1.0) < 0.05)


def build_truths(seeds: int) -> list[Truth]:
    """Size and power of the change tests, and pages that claim something."""
    truths = []
    for loose_cases in (0, 1_500):
        place = f", {loose_cases:,} cases without a decider" if loose_cases else ", 40 deciders"
        for change, side, expected in ((0.0, "most", 0.05), (PLANTED, "least", 0.8)):
            periods = build_periods(seeds, change=change, loose_cases=loose_cases)
            marks = find_rejections(estimate_rate_changes(periods.before, periods.after, groups=seeds))
            truths.append(Truth(f"{_said(change)}, rate{place}", count(marks), seeds, expected, side))
    for change, side, expected in ((0.0, "most", 0.05), (MOVED, "least", 0.8)):
        periods = build_money_periods(seeds, change=change)
        marks = find_rejections(estimate_mean_changes(periods.before, periods.after, groups=seeds))
        truths.append(Truth(f"{_said(change)}, money per case, 40 deciders", count(marks), seeds, expected, side))
    quiet = np.asarray(find_page_claims(seeds).any(axis=1))
    found = find_page_claims(seeds, planted=TEAM_PLANTED)[:, 0]
    truths.append(Truth(f"null pages of {TEAMS} teams that claim one", count(quiet), seeds, 0.05, "most"))
    truths.append(
        Truth("planted team found among 12, after false-discovery control", count(found), seeds, 0.8, "least")
    )
    return truths


def _said(change: float) -> str:
    if change == 0:
        return "false alarm at 5 %"
    return f"planted change of {change:g} found"


def _spread_around(mean: np.ndarray | float, habit: np.ndarray) -> np.ndarray:
    """Rates whose average over many deciders is `mean` although their log-odds are spread by `habit`."""
    odds = np.exp(habit)
    return np.clip(np.asarray(mean) * odds / np.exp(habit.var() / 2), 0.0, 1.0)
