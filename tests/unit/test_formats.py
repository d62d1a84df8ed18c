"""One format per unit: exact texts, and no number that reads as another."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.formats import (
    format_change,
    format_change_reading,
    format_count,
    format_date,
    format_elapsed,
    format_interval,
    format_n_of,
    format_period,
    format_reading,
    format_value,
)
from analysis.reading import ChangeReading, Reading
from data.errors import UserError
from data.use_case import UseCase, parse_use_case

CREDIT = UseCase("credit", "Credit")
YEN = UseCase("jp", "Japan", currency="JPY", minor_digits=0)
GERMAN = UseCase("de", "Germany", thousands=".", decimal_mark=",")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.142, "share", "14.2 %"),
        (0.0, "share", "0 %"),
        (1.0, "share", "100 %"),
        (0.5, "share", "50.0 %"),
        (0.0042, "share", "0.42 %"),
        (0.0004, "share", "0.04 %"),
        (0.00004, "share", "0.004 %"),
        (0.000004, "share", "under 0.001 %"),
        (0.9997, "share", "99.97 %"),
        (0.99999, "share", "99.999 %"),
        (410_000_000, "money", "EUR 4.1 m"),
        (-32_000, "money", "EUR -320"),
        (1_840_000, "money", "EUR 18,400"),
        (9_999_949, "money", "EUR 99,999"),
        (70_400_000, "money", "EUR 0.70 m"),
        (-120_000_000, "money", "EUR -1.2 m"),
        (320_000_000_000, "money", "EUR 3.2 bn"),
        (1_250, "money", "EUR 12.50"),
        (1_200, "money", "EUR 12"),
        (-44_017, "money", "EUR -440"),
        (0, "money", "EUR 0"),
        (12, "minutes", "12 min"),
        (3.4, "minutes", "3.4 min"),
        (204, "minutes", "3.4 h"),
        (5000, "minutes", "3.5 days"),
        (3.4, "hours", "3.4 h"),
        (0.2, "hours", "12 min"),
        (1204, "count", "1,204"),
        (3.5, "count", "3.5"),
        (1.034, "ratio", "1.03"),
        (-0.001, "ratio", "0.00"),
    ],
)
def test_values(value: float, unit: str, text: str) -> None:
    assert plain(format_value(value, unit, CREDIT)) == text


@pytest.mark.parametrize(
    ("difference", "unit", "text"),
    [
        (0.021, "share", "+2.1 points"),
        (-0.0104, "share", "-1.0 points"),
        (0.0, "share", "0 points"),
        (120_000_000, "money", "EUR +1.2 m"),
        (-32_000, "money", "EUR -320"),
        (0.4, "hours", "+24 min"),
        (-12, "count", "-12"),
    ],
)
def test_changes(difference: float, unit: str, text: str) -> None:
    assert plain(format_change(difference, unit, CREDIT)) == text


@pytest.mark.parametrize(
    ("reading", "unit", "text"),
    [
        (Reading(0.142, 0.135, 0.149), "share", "14.2 % (13.5-14.9 %)"),
        (Reading(0.0004, 0.0001, 0.0012), "share", "0.04 % (0.01-0.12 %)"),
        (Reading(0.0, 0.0, 0.003), "share", "0 % (0.00-0.30 %)"),
        (Reading(0.142), "share", "14.2 %"),
        (Reading(120_000_000, 80_000_000, 160_000_000), "money", "EUR 1.2 m (0.8-1.6 m)"),
        (Reading(120_000_000, -40_000_000, 290_000_000), "money", "EUR 1.2 m (-0.4 to 2.9 m)"),
        (Reading(9_000_000, 2_000_000, 17_000_000), "money", "EUR 0.09 m (0.02-0.17 m)"),
        (Reading(-44_000, -90_000, 2_000), "money", "EUR -440 (-900 to 20)"),
        (Reading(80, 60, 100), "minutes", "1.3 h (1.0-1.7 h)"),
        (Reading(None, n=7, why="7 cases: too few."), "share", "7 cases: too few."),
    ],
)
def test_readings_and_their_intervals_share_one_magnitude(reading: Reading, unit: str, text: str) -> None:
    assert plain(format_reading(reading, unit, CREDIT)) == text


def test_intervals_alone() -> None:
    assert plain(format_interval(0.135, 0.149, "share", CREDIT)) == "13.5-14.9 %"
    assert plain(format_interval(-40_000_000, 290_000_000, "money", CREDIT)) == "EUR -0.4 to 2.9 m"


def test_changes_with_interval_or_reason() -> None:
    change = ChangeReading(0.021, 0.004, 0.038)
    assert plain(format_change_reading(change, "share", CREDIT)) == "+2.1 points (0.4 to 3.8)"
    assert format_change_reading(ChangeReading(None, why="No earlier period."), "share", CREDIT) == "No earlier period."


def test_currency_and_digits_are_the_use_cases() -> None:
    assert plain(format_value(18_400, "money", YEN)) == "JPY 18,400"
    assert plain(format_value(1_840_000, "money", GERMAN)) == "EUR 18.400"
    assert plain(format_value(0.142, "share", GERMAN)) == "14,2 %"
    assert format_n_of(48_210, 301_544, CREDIT) == "48,210 of 301,544"


def test_a_use_case_whose_digits_would_be_ambiguous_is_refused() -> None:
    with pytest.raises(UserError, match="must differ from decimal_mark"):
        parse_use_case('name = "x"\nlabel = "X"\nthousands = "."', "x.toml")


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2025-03", None, "Mar 2025"),
        ("2025-01", "2025-03", "Jan-Mar 2025"),
        ("2024-11", "2025-02", "Nov 2024 to Feb 2025"),
        ("2025-W09", None, "week 9 of 2025"),
        ("wave 1", "wave 2", "wave 1 to wave 2"),
        (None, None, "all periods"),
    ],
)
def test_periods(start: str | None, end: str | None, text: str) -> None:
    assert format_period(start, end) == text


def test_dates_and_elapsed_times() -> None:
    assert format_date(dt.date(2025, 3, 3)) == "3 Mar 2025"
    given_seconds = {40: "40 s", 20 * 60: "20 min", 12_240: "3.4 h", 200 * 86_400: "200 days"}
    assert [plain(format_elapsed(dt.timedelta(seconds=s))) for s in given_seconds] == list(given_seconds.values())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        format_value(bad, "share", CREDIT)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="furlongs"):
        format_value(1.0, "furlongs", CREDIT)


@given(value=st.floats(-1, 1), unit=st.sampled_from(["share", "ratio", "money", "minutes", "count"]))
def test_never_minus_nothing(value: float, unit: str) -> None:
    """A number that rounds to zero carries no sign."""
    for text in (format_value(value, unit, CREDIT), format_change(value, unit, CREDIT)):
        assert not re.search(r"[-+]0(\.0*)?(?![\d.])", text)


@given(share=st.floats(0.00001, 0.999989))
def test_only_all_is_written_as_all_and_only_none_as_none(share: float) -> None:
    text = format_value(share, "share", CREDIT)
    assert text.startswith("under") or 0 < float(text.split("\u00a0")[0]) < 100


@given(value=st.integers(-(10**13), 10**13))
def test_what_is_written_is_near_what_it_is(value: int) -> None:
    """Money: the text read back is within half of its last digit."""
    text = format_value(value, "money", CREDIT).replace("\u00a0", " ").removeprefix("EUR ")
    number, _, word = text.partition(" ")
    factor = {"": 1, "m": 1e6, "bn": 1e9}[word] * 100
    digits = len(number.partition(".")[2])
    assert abs(float(number.replace(",", "")) * factor - value) <= factor * 10**-digits * 0.5000001


def test_spaces_inside_a_number_do_not_break() -> None:
    assert " " not in format_value(410_000_000, "money", CREDIT)
    assert format_count(1204, CREDIT) == "1,204"
