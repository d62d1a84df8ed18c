"""The selection: URL and back, bound conditions, and words for what does not exist."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.filters import (
    COMPARE,
    DIMENSIONS,
    Filters,
    Options,
    check_filters,
    count_months,
    name_month,
    shift_month,
)  # fmt: skip

names = st.text(min_size=1, max_size=12).filter(lambda s: s.strip() == s)
months = st.builds(lambda y, m: f"{y:04d}-{m:02d}", st.integers(1999, 2100), st.integers(1, 12))
groups = st.lists(names, max_size=3, unique=True).map(tuple)
selections = st.builds(
    Filters,
    use_case=names,
    start=st.none() | months,
    end=st.none() | months,
    cohort=groups,
    compare=st.sampled_from(list(COMPARE)),
    snapshot=st.none() | names,
    **dict.fromkeys(DIMENSIONS, groups),
)
OPTIONS = Options(
    ("credit",), tuple(shift_month("2024-01", i) for i in range(24)), True, {"team": ("North 1", "South 2")}
)


@given(selections)
def test_a_selection_survives_its_url(filters):
    assert Filters.from_url(filters.to_url(), "other") == filters


@given(selections)
def test_values_are_bound_and_never_part_of_the_sql(filters):
    for rollup in (True, False):
        sql, params = filters.where(rollup=rollup)
        chosen = sum(len(getattr(filters, name)) for name in ("cohort", *DIMENSIONS))
        assert len(params) == chosen + (filters.start is not None) + (filters.end is not None)
        assert sql.count("$") == len(params)
        assert set(sql) <= set("abcdefghijklmnopqrstuvwxyz_0123456789 ()$,'<>=")


def test_a_url_parameter_that_is_no_filter_is_left_alone():
    assert Filters.from_url({"case": ["C-1"], "team": ["North 1"]}, "credit") == Filters("credit", team=("North 1",))


def test_what_does_not_exist_is_said_and_left_out():
    asked = Filters("credit", start="2025-13", end="2025-06", team=("North 1", "East 9"), region=("Moon",), compare="x")
    checked, problems = check_filters(asked, OPTIONS)
    assert checked == Filters("credit", end="2025-06", team=("North 1",))
    text = " ".join(problems)
    assert "'2025-13' is not a month" in text and "2025-03" in text
    assert "no team East 9" in text and "North 1, South 2" in text
    assert "no region Moon" in text and "not in this log" in text
    assert "'x' is not a comparison" in text
    assert len(problems) == 4


def test_a_period_that_ends_before_it_begins_is_said():
    checked, problems = check_filters(Filters("credit", start="2025-05", end="2025-01"), OPTIONS)
    assert (checked.start, checked.end) == (None, None)
    assert problems == ["The period ends (2025-01) before it begins (2025-05). It was left out."]


def test_a_log_without_dates_takes_no_months():
    options = Options(("readers",), ("UK", "USA"), False, {})
    checked, problems = check_filters(Filters("readers", start="2025-05", cohort=("UK", "Mars")), options)
    assert checked == Filters("readers", cohort=("UK",))
    assert len(problems) == 2


def test_the_period_to_compare_with():
    filters = Filters("credit", start="2025-04", end="2025-06", compare="period before", team=("North 1",))
    before = filters.earlier()
    assert (before.start, before.end, before.team) == ("2025-01", "2025-03", ("North 1",))
    year = Filters("credit", start="2025-01", end="2025-02", compare="year before").earlier()
    assert (year.start, year.end) == ("2024-01", "2024-02")
    assert Filters("credit", start="2025-01", end="2025-02").earlier() is None
    assert Filters("credit", start="2025-01", compare="year before").earlier() is None


def test_the_sentence():
    filters = Filters("credit", start="2026-01", end="2026-03", segment=("retail",), team=("North 1", "South 2"))
    assert filters.sentence("applications") == (
        "applications decided Jan 2026 to Mar 2026, segment retail, team North 1, South 2"
    )
    assert Filters("credit", start="2026-01", end="2026-01").sentence() == "cases decided Jan 2026"
    assert Filters("credit").sentence() == "cases of all periods"


@given(months, st.integers(-60, 60))
def test_months_shift_and_count(month, by):
    moved = shift_month(month, by)
    assert shift_month(moved, -by) == month
    if by >= 0:
        assert count_months(month, moved) == by + 1


def test_a_month_by_name_and_a_cohort_as_it_is():
    assert name_month("2026-03") == "Mar 2026"
    assert name_month("BraTS") == "BraTS"
