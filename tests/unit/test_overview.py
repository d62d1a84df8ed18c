"""The Overview's months, sentences and claims, over logs whose rates are counted by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from analysis.filters import Filters
from analysis.overview import build_overview
from analysis.overview_periods import find_spans
from analysis.overview_words import (
    describe_limits,
    describe_overview,
    describe_overview_scope,
    title_directions,
    title_worth,
)
from data.use_case import FOLDER
from tests.unit.overview_store import month_of, publish_log

CREDIT = Filters("credit")
YEAR = [f"2024-{n:02d}" for n in range(8, 13)] + [f"2025-{n:02d}" for n in range(1, 13)]
YEAR += [f"2026-{n:02d}" for n in range(1, 7)]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.fixture
def publish(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    return lambda months, **more: publish_log(tmp_path, months, **more)


def said(source, filters=CREDIT) -> str:
    return plain("\n".join(describe_overview(source, build_overview(source, filters))))


def months(span):
    return (span.now.start, span.now.end), (span.before.start, span.before.end) if span.before else None


def test_the_first_visit_speaks_of_the_latest_whole_and_the_latest_matured_months(publish):
    source = publish([month_of(m, cases=4, high_side=0) for m in YEAR])
    spans = find_spans(source, CREDIT)
    assert not spans.is_chosen
    assert months(spans.behaviour) == (("2026-04", "2026-06"), ("2026-01", "2026-03"))
    # Decided and booked on 10 May 2025: due after 395 days, on 9 June 2026; June's on 10 July, two days before as_of.
    assert months(spans.outcomes) == (("2025-04", "2025-06"), ("2025-01", "2025-03"))


def test_a_month_is_whole_once_the_snapshots_date_is_past_its_end(publish):
    source = publish([month_of(m, cases=4, high_side=0) for m in YEAR], as_of=dt.datetime(2026, 6, 30, 12))
    assert months(find_spans(source, CREDIT).behaviour)[0] == ("2026-03", "2026-05")


def test_midnight_is_the_use_cases_own(publish):
    """30 June, 22:30 UTC is 1 July in Berlin."""
    source = publish([month_of(m, cases=4, high_side=0) for m in YEAR], as_of=dt.datetime(2026, 6, 30, 22, 30))
    assert months(find_spans(source, CREDIT).behaviour)[0] == ("2026-04", "2026-06")


def test_chosen_months_are_used_for_everything_and_compared_as_asked_or_with_those_before(publish):
    source = publish([month_of(m, cases=4, high_side=0) for m in YEAR])
    spans = find_spans(source, Filters("credit", "2025-10", "2025-11"))
    assert spans.is_chosen and spans.behaviour == spans.outcomes
    assert months(spans.behaviour) == (("2025-10", "2025-11"), ("2025-08", "2025-09"))
    asked = find_spans(source, Filters("credit", "2025-10", "2025-11", compare="year before"))
    assert months(asked.behaviour)[1] == ("2024-10", "2024-11")


def test_a_log_that_begins_too_late_is_not_compared_and_says_why(publish):
    source = publish([month_of(m, cases=4, high_side=0) for m in ("2026-03", "2026-04", "2026-05", "2026-06")])
    spans = find_spans(source, CREDIT)
    assert months(spans.behaviour) == (("2026-04", "2026-06"), None)
    assert "does not go back far enough" in spans.behaviour.why
    assert spans.outcomes.now == CREDIT and "has matured yet" in spans.outcomes.why


@pytest.mark.parametrize("chosen", [{"start": "2026-01"}, {"end": "2026-01"}])
def test_one_month_chosen_is_an_open_period(publish, chosen):
    source = publish([month_of(m, cases=4, high_side=0) for m in YEAR])
    spans = find_spans(source, Filters("credit", **chosen))
    assert spans.behaviour.now == Filters("credit", **chosen) and spans.behaviour.before is None
    assert "choose both months" in spans.behaviour.why


def test_a_change_that_survives_is_told_with_its_size(publish):
    """Of 400 cases a month 40 are high-side overrides before and 120 now: 10 % and 30 %, three times the rate."""
    before = [month_of(m, high_side=4) for m in ("2026-01", "2026-02", "2026-03")]
    now = [month_of(m, high_side=12) for m in ("2026-04", "2026-05", "2026-06")]
    source = publish([*before, *now])
    words = said(source)
    assert "In Apr-Jun 2026 people decided differently from the recommendation in 30.0 %" in words
    assert "of 1,200 eligible applications" in words
    assert "Against Jan-Mar 2026, the override rate rose by 20.0 points (" in words
    page = build_overview(source, CREDIT)
    assert title_directions(source, page) == "The override rate rose by 20.0\u00a0points against Jan-Mar 2026"


def test_a_fall_is_told_with_an_interval_of_the_same_sign(publish):
    before = [month_of(m, high_side=12) for m in ("2026-01", "2026-02", "2026-03")]
    source = publish([*before, *(month_of(m, high_side=4) for m in ("2026-04", "2026-05", "2026-06"))])
    told = said(source).partition("the override rate fell by 20.0 points (")[2].partition(")")[0]
    low, high = (float(part) for part in told.split(" to "))
    assert 0 < low < 20 < high


def test_without_a_change_the_page_says_no_clear_change(publish):
    source = publish([month_of(m) for m in ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")])
    words = said(source)
    assert "Against Jan-Mar 2026: no clear change in override rate, adoption or bypass share." in words
    assert "rose" not in words and "fell" not in words
    assert "no clear change" in title_directions(source, build_overview(source, CREDIT))


def test_what_low_side_overrides_were_worth_is_told_for_the_months_that_matured(publish):
    """Of 10 low-side overrides a decider 4 turn bad: 6 x 700 - 4 x 5,000 = -15,800, -1,580 a case."""
    source = publish([month_of(m, high_side=0, low_side=10, bads=3 + i % 3) for i, m in enumerate(YEAR)])
    words = said(source)
    # April 2025 has 5 bads, May 3, June 4: 12 of 30 a decider; every decider alike, so no interval and no claim.
    assert "Low-side overrides decided Apr-Jun 2025 show no clear gain or loss, EUR -1,580 each" in words
    assert "40.0 %" in words and "cannot be observed" in words
    page = build_overview(source, CREDIT)
    assert title_worth(source, page) == "Value of low-side overrides: no clear gain or loss, Apr-Jun 2025"


def test_a_period_that_has_not_matured_tells_no_value_and_no_change_of_it(publish):
    source = publish([month_of(m, low_side=10, bads=4) for m in YEAR])
    chosen = Filters("credit", "2026-01", "2026-03")
    words = said(source, chosen)
    assert "What low-side overrides were worth cannot be said yet. None of 300 applications has matured" in words
    half = build_overview(source, Filters("credit", "2025-06", "2025-07"))  # June is due, July is not
    assert half.whole["low_side_value"].reading().is_shown
    for page in (build_overview(source, chosen), half):
        for name in ("low_side_value", "outcome_coverage"):
            change = page.claims.of(f"change:{name}")[0]
            assert change.p_value is None and "matured" in change.why


def test_what_is_beyond_its_limit_is_told_with_its_owner(publish):
    """12 of 40 cases are overrides, against a limit of 15 %; 2 of 40 go round the system, the limit of 5 % exactly."""
    source = publish([month_of(m, high_side=12, bypassed=2) for m in YEAR])
    page = build_overview(source, CREDIT)
    told = plain(describe_limits(source, page))
    assert told.startswith("Beyond its limit: override rate 31.6 %")  # 12 of 38 eligible
    assert "against 15.0 % (owner: Head of Credit Risk)" in told
    assert "bypass" not in told


def test_a_number_beyond_its_limit_whose_interval_reaches_it_is_said_to(publish):
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8").replace("value = 0.15", "value = 0.099")
    source = publish([month_of(m) for m in YEAR], toml=toml)
    assert "an interval that reaches the limit (owner: Head of Credit Risk)" in said(source)


def test_limits_kept_and_no_limits_are_told(publish):
    source = publish([month_of(m, low_side=0) for m in YEAR])
    assert "Of 4 agreed limits the 3 that can be judged are kept." in said(source)  # no low-side case to judge by


def test_no_limit_agreed_is_told(publish):
    toml = 'name = "credit"\nlabel = "X"\n'
    source = publish([month_of(m) for m in YEAR], toml=toml)
    assert "No limit is agreed" in said(source)


def test_the_scope_line_counts_each_period(publish):
    source = publish([month_of(m) for m in YEAR])
    line = plain(describe_overview_scope(source, build_overview(source, CREDIT)))
    assert "9,200 of 9,200 decisions" in line  # 23 months of 400
    assert "behaviour: 1,200 applications decided Apr-Jun 2026 against Jan-Mar 2026" in line
    assert "outcomes and value: 1,200 decided Apr-Jun 2025 against Jan-Mar 2025, the latest months that" in line
    chosen = plain(describe_overview_scope(source, build_overview(source, Filters("credit", "2025-01", "2025-02"))))
    assert "800 of 9,200 decisions" in chosen and "behaviour" not in chosen
