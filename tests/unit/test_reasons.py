"""Reasons for overrides against counts taken straight from the facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from analysis.answer import answer_cards
from analysis.filters import Filters
from analysis.jobs.publish import publish_loaded
from analysis.reasons import answer_reasons
from analysis.store import open_source
from data import schema
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from tests.unit.random_source import open_random
from tests.unit.stores import AS_OF, create_contract, fill_random


@pytest.fixture(scope="module")
def source():
    return open_random()


@pytest.mark.parametrize(
    "filters", [Filters("credit"), Filters("credit", segment=("retail",), end="2025-03")], ids=["everything", "retail"]
)
def test_every_number_of_every_reason(source, filters):
    _, reasons = answer_reasons(source, filters)
    where, params = filters.where(rollup=False)
    rows = source.rows(
        "select coalesce(trim(override_reason), ''), count(*), count(*) filter (is_low_side), "
        "count(*) filter (is_low_side and is_outcome_known), "
        "count(*) filter (is_low_side and is_outcome_known and bad), "
        "sum(score) filter (is_low_side and is_outcome_known), "
        "avg(accept_advantage) filter (is_low_side and is_outcome_known) "
        f"from facts where {where} and is_override group by 1 order by 2 desc, 1",
        params,
    )
    assert [r.code for r in reasons] == [row[0] for row in rows]
    for reason, (_, overrides, low_side, known, bads, expected, value) in zip(reasons, rows, strict=True):
        assert (reason.overrides, reason.low_side) == (overrides, low_side)
        assert reason.observed_expected.n == reason.value.n == known
        if known >= 20:
            assert reason.observed_expected.value == pytest.approx(bads / expected)
            assert reason.value.value == pytest.approx(value)
        else:
            assert reason.value.value is None and reason.observed_expected.value is None
    assert (
        sum(r.overrides for r in reasons)
        == source.rows(f"select count(*) from facts where {where} and is_override", params)[0][0]
    )


def test_blank_is_a_reason_like_the_others_and_codes_have_their_words(source):
    reasons = {r.code: r for r in answer_reasons(source, Filters("credit"))[1]}
    assert (reasons[""].label, reasons[""].category, reasons[""].is_blank) == ("No reason recorded", "blank", True)
    assert (reasons["INC"].label, reasons["INC"].category, reasons["INC"].is_blank) == (
        "Income verified",
        "data",
        False,
    )
    assert set(reasons) == {"", "INC", "REL", "OTH"}


def test_the_most_frequent_come_first(source):
    counts = [r.overrides for r in answer_reasons(source, Filters("credit"))[1]]
    assert counts == sorted(counts, reverse=True)


def test_too_few_say_so(source):
    _, reasons = answer_reasons(source, Filters("credit", start="2024-01", end="2024-01"))
    few = [r for r in reasons if r.value.n < 20]
    assert few
    for reason in few:
        n = reason.value.n
        assert (
            reason.value.why == f"{n} low-side overrides with a known outcome: fewer than 20, too few to be reliable."
        )
        assert reason.value.refusal == "too few"


def test_money_is_not_computed_from_payoffs_that_are_not_mapped(source):
    bare = replace(source, mapped=source.mapped - {"decisions.gain_if_good"})
    for reason in answer_reasons(bare, Filters("credit"))[1]:
        assert reason.value.value is None
        assert reason.value.why == "Needs gain_if_good and loss_if_bad, which this log does not map."


def test_a_selection_without_overrides_has_no_reasons(source):
    assert answer_reasons(source, Filters("credit", team=("Nobody",)))[1] == ()


def test_cases_without_a_score_or_without_payoffs_are_in_neither_part_of_a_ratio(tmp_path, monkeypatch):
    """A bad outcome without a score would count as unexpected, a case without payoffs as worth nothing."""
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    store = Store(tmp_path)
    with store.writing() as work:
        con = connect_work(work / "credit.duckdb")
        create_contract(con, {"decisions": schema.decisions.names, "outcomes": schema.outcomes.names})
        fill_random(con, 4000, 7)
        con.execute("update decisions set score = null where hash(case_id || 's') % 3 = 0")
        con.execute("update decisions set loss_if_bad = null where hash(case_id || 'l') % 4 = 0")
        publish_loaded(
            store, con, work / "credit.duckdb", parse_use_case(toml, "test"), AS_OF, use_case_toml=toml, mapping="test",
            models=None, progress=lambda _: None,
        )  # fmt: skip
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    source = open_source("credit")
    known = "is_low_side and is_outcome_known"
    ratios = "count(*) filter (score is not null), count(*) filter (bad and score is not null) / sum(score)"
    values = "count(money_at_stake), avg(accept_advantage) filter (money_at_stake is not null)"
    rows = source.rows(
        f"select coalesce(trim(override_reason), ''), {ratios}, {values} from facts where {known} group by 1"
    )
    found = {r.code: r for r in answer_reasons(source, Filters("credit"))[1]}
    for code, scored, ratio, paid, value in rows:
        assert (found[code].observed_expected.n, found[code].value.n) == (scored, paid)
        assert found[code].observed_expected.value == (pytest.approx(ratio) if scored >= 20 else None)
        assert found[code].value.value == (pytest.approx(value) if paid >= 20 else None)
    paid, value, even = source.rows(
        f"select {values}, sum(gain_over_reject) / sum(gain_over_reject + loss_over_reject) "
        f"from facts where {known} and money_at_stake is not null"
    )[0]
    cards = answer_cards(source, ["low_side_value", "low_side_break_even"], Filters("credit"))
    assert cards["low_side_value"].reading().n == paid
    assert cards["low_side_value"].reading().value == pytest.approx(value)
    assert cards["low_side_break_even"].reading().value == pytest.approx(even)


@pytest.mark.parametrize(("zone", "words"), [("Europe/Berlin", "15 Aug 2026"), ("America/New_York", "14 Aug 2026")])
def test_the_snapshots_day_is_local(source, zone, words):
    """The end of 14 August in New York is 15 August in UTC."""
    local = replace(source, as_of=dt.datetime(2026, 8, 15, 3, 59), use_case=replace(source.use_case, time_zone=zone))
    assert local.as_of_words == words
