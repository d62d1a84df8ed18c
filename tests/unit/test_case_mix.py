"""Overrides a team would have with everyone else's habits on its own cases: by hand, and on simulated truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from analysis.case_mix import estimate_adjusted
from analysis.filters import Filters
from analysis.jobs.publish import publish_loaded
from analysis.multiplicity import build_claims
from analysis.store import open_source
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from tests.unit.random_source import open_random
from tests.unit.stores import create_contract

ALL = Filters("credit")
# team, decider, product, eligible cases, overrides
BY_HAND = (
    ("A", "A1", "car loan", 40, 5),
    ("A", "A1", "credit card", 10, 5),
    ("A", "A2", "car loan", 40, 3),
    ("A", "A2", "credit card", 10, 3),
    ("B", "B1", "car loan", 20, 1),
    ("B", "B2", "credit card", 80, 24),
)


def publish_cells(root, cells, monkeypatch):
    """A published store of assisted decisions with these counts; one segment, one score band."""
    rows = [(team, decider, product, i < overrides) for team, decider, product, n, overrides in cells for i in range(n)]
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    store = Store(root)
    with store.writing() as work:
        file = work / "credit.duckdb"
        con = connect_work(file)
        create_contract(con, {"decisions": ("case_id",)})
        teams, deciders, products, differs = (list(column) for column in zip(*rows, strict=True))
        con.execute(
            "insert into decisions (case_id, decision_no, decided_at, channel, score, recommendation, segment, team, "
            "decider, product, decision) select 'C' || row_number() over (), 1, timestamp '2026-01-05', 'assisted', "
            "0.01, 'accept', 'retail', team, decider, product, case when differs then 'reject' else 'accept' end "
            "from (select unnest(?) as team, unnest(?) as decider, unnest(?) as product, unnest(?) as differs)",
            [teams, deciders, products, differs],
        )
        publish_loaded(
            store,
            con,
            file,
            parse_use_case(toml, "test"),
            dt.datetime(2026, 7, 12),
            use_case_toml=toml,
            mapping="by hand",
            models=None,
            progress=lambda _: None,
        )
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))
    return open_source("credit")


def test_two_teams_and_two_cells_by_hand(tmp_path, monkeypatch):
    """A expects 80 car loans at B's 1/20 and 20 cards at B's 24/80: 4 + 6. B expects 20 at 8/80 and 80 at 8/20: 2 + 32.

    A's people: residuals 10 - 5 and 6 - 5 on 50 cases each, mean .06, V = 2 (2^2 + 2^2) / 100^2 = .0016, t with 1
    degree; B's people are exactly at B's rates and add nothing to it.
    """
    source = publish_cells(tmp_path, BY_HAND, monkeypatch)
    query, found = estimate_adjusted(source, ALL, "team")
    assert set(found) == {"A", "B"} and "rollup_band" in query.sql
    a, b = found["A"], found["B"]
    assert (a.observed, a.n, b.observed, b.n) == (16, 100, 25, 100)
    assert (a.expected, b.expected) == (pytest.approx(10.0), pytest.approx(34.0))
    assert (a.ratio, a.expected_rate) == (pytest.approx(1.6), pytest.approx(0.10))
    assert a.change.difference == pytest.approx(0.06)
    half = float(stats.t.ppf(0.975, 1)) * 0.04
    assert (a.change.low, a.change.high) == (pytest.approx(0.06 - half), pytest.approx(0.06 + half))
    assert a.change.p_value == pytest.approx(2 * float(stats.t.sf(1.5, 1)))
    # Raw rates say the opposite: A overrides 16 %, B 25 %.
    assert a.observed / a.n < b.observed / b.n and a.ratio > 1 > b.ratio


def test_a_cell_nobody_else_decided_in_is_no_evidence(tmp_path, monkeypatch):
    cells = (*BY_HAND, ("A", "A1", "mortgage", 30, 25))
    _, found = estimate_adjusted(publish_cells(tmp_path, cells, monkeypatch), ALL, "team")
    assert found["A"].observed - found["A"].expected == pytest.approx(6.0)
    assert found["A"].expected == pytest.approx(10.0 + 25.0)
    assert found["B"].expected == pytest.approx(34.0)


def test_one_person_cannot_be_told_from_the_team(tmp_path, monkeypatch):
    cells = (("A", "A1", "car loan", 40, 5), ("B", "B1", "car loan", 40, 2))
    _, found = estimate_adjusted(publish_cells(tmp_path, cells, monkeypatch), ALL, "team")
    assert found["A"].expected == pytest.approx(2.0)
    assert found["A"].change.p_value is None
    assert found["A"].change.why == "One person decided all of these: nothing to compare."


def test_nobody_decided_anything():
    assert estimate_adjusted(open_random(), Filters("credit", team=("Nobody",)), "team")[1] == {}


@pytest.mark.parametrize("split", ["team", "segment", "product"])
def test_observed_and_expected_against_the_facts(split):
    source = open_random()
    _, found = estimate_adjusted(source, ALL, split)
    other = [c for c in ("segment", "product") if c != split]
    name = f"coalesce({split}, 'not recorded')"
    cell = ", ".join(f"coalesce({c}, 'not recorded')" for c in other)
    rows = source.rows(
        f"with cells as (select {name} as part, hash(score_band, {cell}) as cell, count(*) as n, "
        "count(*) filter (is_override) as y from facts where is_override_eligible group by all) "
        "select a.part, sum(a.y), sum(a.n), sum(coalesce(a.n * b.y / b.n, a.y)) from cells a left join "
        "(select x.part, x.cell, sum(z.y) as y, sum(z.n) as n from cells x join cells z on z.cell = x.cell "
        "and z.part <> x.part group by all) b on b.part = a.part and b.cell = a.cell group by a.part"
    )
    assert {part: (a.observed, a.n) for part, a in found.items()} == {part: (y, n) for part, y, n, _ in rows}
    for part, _, _, expected in rows:
        assert found[part].expected == pytest.approx(expected)


# Simulated truth: 12 teams of 15 people who differ (a fifth, in log terms); cells whose rates run from 4 to 40 %.
# Team 0 gets the hard cases, so that its raw rate stands out; team 1 may truly override more than its cases would
# lead to expect.

TEAMS, PEOPLE, SEEDS = 12, 15, range(200)
RATES = np.array([0.04, 0.06, 0.09, 0.15, 0.25, 0.40])


class Simulated:
    """What a source answers to the one query: sums per team, decider and cell."""

    def __init__(self, seed, outlier):
        rng = np.random.default_rng([20261122, seed])
        mix = rng.dirichlet(np.full(len(RATES), 6.0), TEAMS)
        mix[0] = [0.02, 0.03, 0.05, 0.10, 0.30, 0.50]
        team, person, cell = (i.ravel() for i in np.indices((TEAMS, PEOPLE, len(RATES))))
        n = rng.poisson(120 * mix[team, cell])
        habit = np.exp(rng.normal(0.0, 0.2, (TEAMS, PEOPLE)))[team, person] / np.exp(0.02)
        truth = np.where(team == 1, outlier, 1.0) * habit * RATES[cell]
        y = rng.binomial(n, np.minimum(truth, 1.0))
        kept = n > 0
        self.raw = np.bincount(team, y) / np.bincount(team, n)
        self.answer = {
            "part": np.array([f"T{t}" for t in team], dtype=object)[kept],
            "decider": np.array([f"T{t}-{p}" for t, p in zip(team, person, strict=True)], dtype=object)[kept],
            "cell": cell[kept],
            "y": y[kept],
            "n": n[kept],
        }

    def columns(self, sql, params=None):
        return self.answer


def simulate(outlier):
    return [(s, estimate_adjusted(s, ALL, "team")[1]) for s in (Simulated(seed, outlier) for seed in SEEDS)]


@pytest.fixture(scope="module")
def equal_teams():
    return simulate(1.0)


@pytest.mark.parametrize("team", ["T0", "T1", "T7"])
def test_a_team_that_differs_by_its_cases_alone_is_not_flagged(equal_teams, team):
    """A correct 5 % procedure flags it in 22 or more of 200 with probability under .001."""
    assert sum(found[team].change.p_value < 0.05 for _, found in equal_teams) < 22


def test_the_hard_cases_of_that_team_are_what_a_raw_rate_would_blame_it_for(equal_teams):
    assert sum(s.raw[0] == max(s.raw) for s, _ in equal_teams) > 190
    assert np.mean([found["T0"].ratio for _, found in equal_teams]) == pytest.approx(1.0, abs=0.02)


def test_a_true_outlier_is_claimed_among_all_teams():
    """At 80 % power it is claimed in 141 or fewer of 200 with probability under .001."""
    claimed, ratios = 0, []
    for _, found in simulate(1.6):
        names = list(found)
        claims = build_claims([found[n].change.p_value for n in names])
        claimed += bool(claims[names.index("T1")])
        ratios.append(found["T1"].ratio)
    assert claimed > 141
    assert np.mean(ratios) == pytest.approx(1.6, abs=0.03)
