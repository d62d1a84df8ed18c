"""Rollups answer what the facts answer, for any filter and split; parts add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.answer import answer_cards
from analysis.discrimination import estimate_raw_auc
from analysis.filters import DIMENSIONS, Filters, shift_month
from analysis.jobs.publish import publish_loaded
from analysis.rollups import MINUTE_BINS
from analysis.score_statistics import answer_auc, answer_observed_expected
from analysis.store import open_source
from data import schema
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from tests.unit.stores import AS_OF, create_contract, fill_random, publish_random


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    publish_random(root, show_deciders=True, minimum_group_size=1)
    patch = pytest.MonkeyPatch()
    patch.setenv("EXECUTION_DEBT_STORE", str(root))
    yield open_source("credit")
    patch.undo()


ADDED = (
    "override_rate", "low_side_override_rate", "adoption", "low_side_value", "low_side_bad_rate", "outcome_coverage",
    "realised_value", "low_side_break_even", "blank_or_other_reason_share",
)  # fmt: skip
VALUES = {
    "segment": ("retail", "small business"), "region": ("North", "South", "not recorded"),
    "product": ("car loan", "credit card"), "channel": ("assisted", "automated", "bypassed"),
    "model_version": ("v1", "v2"), "team": ("North 1", "South 2", "not recorded"),
}  # fmt: skip
periods = st.none() | st.integers(0, 29).map(lambda i: shift_month("2024-01", i))
filters = st.builds(
    Filters,
    use_case=st.just("credit"),
    start=periods,
    end=periods,
    **{name: st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple) for name, values in VALUES.items()},
)
splits = st.sampled_from([None, "period", "score_band", "decider", *DIMENSIONS])


@settings(max_examples=60)
@given(filters, splits)
def test_the_rollup_answers_what_the_facts_answer(source, chosen, split):
    fast = answer_cards(source, ADDED, chosen, split)
    slow = answer_cards(source, ADDED, chosen, split, rollup=False)
    for name in ADDED:
        assert sorted(fast[name].parts) == sorted(slow[name].parts)
        for part in fast[name].parts:
            a, b = fast[name].reading(part), slow[name].reading(part)
            assert (a.n, a.numerator, a.refusal, a.why) == (b.n, b.numerator, b.refusal, b.why)
            for field in ("value", "low", "high", "matured_share", "observed_share"):
                x, y = getattr(a, field), getattr(b, field)
                assert (x is None) == (y is None), (name, part, field)
                assert x is None or x == pytest.approx(y, rel=1e-9, abs=1e-9)


@settings(max_examples=40)
@given(filters, st.sampled_from([None, "team", "period"]))
def test_a_median_from_bins_lies_within_its_stated_error(source, chosen, split):
    found = answer_cards(source, ["median_decision_minutes"], chosen, split)["median_decision_minutes"]
    where, params = chosen.where(rollup=False)
    part = {"team": "coalesce(team, 'not recorded')", "period": "period", None: "''"}[split]
    exact = dict(
        source.rows(
            f"select {part}, median(decision_minutes) from facts where {where} and channel <> 'automated' "
            "and decision_minutes is not null group by 1",
            params,
        )
    )
    assert set(exact) == set(found.parts)
    for name in found.parts:
        assert found.reading(name).value == pytest.approx(exact[name], rel=MINUTE_BINS.ratio - 1)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Deciders who take very different times, so that an interval which forgets them would be far too narrow."""
    root = tmp_path_factory.mktemp("uneven")
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    store = Store(root)
    with store.writing() as work:
        con = connect_work(work / "credit.duckdb")
        create_contract(con, {"decisions": schema.decisions.names, "outcomes": schema.outcomes.names})
        fill_random(con, 4000, 11)
        con.execute("update decisions set active_seconds = active_seconds * (1 + hash(decider) % 9)")
        publish_loaded(
            store, con, work / "credit.duckdb", parse_use_case(toml, "test"), AS_OF, use_case_toml=toml,
            mapping="random", models=None, progress=lambda _: None,
        )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        yield open_source("credit")


@pytest.mark.parametrize("split", [None, "team", "segment"])
def test_the_interval_of_a_median_allows_for_deciders_as_the_facts_do(uneven, split):
    names, filters = ["median_decision_minutes"], Filters("credit")
    fast = answer_cards(uneven, names, filters, split)[names[0]]
    slow = answer_cards(uneven, names, filters, split, rollup=False)[names[0]]
    assert len(fast.parts) == len(slow.parts) > 0
    for part in fast.parts:
        a, b = fast.reading(part), slow.reading(part)
        assert (a.value, a.n) == (pytest.approx(b.value), b.n)
        width = np.log(b.high / b.low)
        assert width > 0.3  # taken as independent cases they would give .12 to .18
        assert 0.85 < np.log(a.high / a.low) / width < 1.6


@settings(max_examples=40)
@given(filters)
def test_auc_from_bins_lies_within_its_stated_error(source, chosen):
    found = answer_auc(source, chosen)
    where, params = chosen.where(rollup=False)
    rows = source.rows(
        f"select score, bad from facts where {where} and is_outcome_known and decision = 'accept'", params
    )
    if not rows:
        assert found.parts == ()
        return
    score, bad = np.array(rows, dtype=float).T
    if 0 < bad.sum() < len(bad):
        exact = float(estimate_raw_auc(score, bad).value[0])
        assert abs(found.reading().value - exact) <= found.errors[0] + 1e-12
    ratio = answer_observed_expected(source, chosen).reading()
    assert ratio.value == pytest.approx(bad.sum() / score.sum(), rel=1e-9)
    assert ratio.n == len(rows)


@settings(max_examples=40)
@given(filters, st.sampled_from(["period", "score_band", "decider", *DIMENSIONS]))
def test_parts_add_up_to_the_whole(source, chosen, split):
    whole = answer_cards(source, ADDED, chosen)
    parts = answer_cards(source, ADDED, chosen, split)
    for name in ADDED:
        assert sum(parts[name].decisions) == sum(whole[name].decisions)
        assert sum(r.n for r in parts[name].readings) == whole[name].readings[0].n
        known = [r.numerator for r in parts[name].readings if r.numerator is not None]
        assert sum(known) == pytest.approx(whole[name].readings[0].numerator or 0.0, abs=0.5)


def test_weeks_add_up_to_the_whole_where_no_period_is_chosen(source):
    whole = answer_cards(source, ["override_rate"], Filters("credit"))["override_rate"]
    weeks = answer_cards(source, ["override_rate"], Filters("credit"), "week")["override_rate"]
    assert sum(r.n for r in weeks.readings) == whole.readings[0].n
