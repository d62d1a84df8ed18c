"""When a decision's outcome is due, and which outcome counts. Small tables, real SQL."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.fact_tables import DISPOSITIONS, column, facts

# Maturity


def test_the_clock_starts_at_booking_or_else_at_the_decision_and_the_last_day_counts():
    # as of 1 July; 110 days of horizon and lag: a start on 13 March is matured to the second, a second later is not
    found = facts("""
        case_id   | channel  | decided_at          | booked_at           | decision
        on_day    | assisted | 2026-03-13 00:00    |                     | accept
        after     | assisted | 2026-03-13 00:00:01 |                     | accept
        booked    | assisted | 2026-01-01 00:00    | 2026-03-13 00:00    | accept
        book_late | assisted | 2026-01-01 00:00    | 2026-03-13 00:00:01 | accept
    """)
    assert column(found, "is_matured") == {"on_day": True, "after": False, "booked": True, "book_late": False}
    assert all(column(found, "is_maturable").values())


def matured(found):
    return {name for name, is_so in column(found, "is_matured").items() if is_so}


def test_only_a_booked_case_matures_where_dispositions_are_mapped():
    assert matured(facts(DISPOSITIONS)) == {"booked"}


def test_without_mapped_dispositions_every_accepted_case_matures():
    text = DISPOSITIONS.replace("withdrawn", "         ").replace(
        "pending   | assisted |            |          | pending", ""
    )
    assert matured(facts(text, unmapped=("disposition",))) >= {"booked", "not_taken", "empty"}
    assert "rejected" not in matured(facts(text, unmapped=("disposition",)))


def test_where_outcomes_cover_all_cases_a_rejected_one_matures_too():
    assert matured(facts(DISPOSITIONS, outcomes_cover="all")) == {"booked", "rejected"}


def test_a_log_of_cohorts_without_dates_is_matured_and_its_periods_are_the_cohorts():
    found = facts(
        """
        case_id | channel  | cohort  | decision
        a       | assisted | reading | accept
        b       | assisted | reading | reject
        c       | assisted | second  | accept
        """,
        """
        case_id | bad
        a       | true
        b       | false
        """,
        as_of=None,
        outcomes_cover="all",
    )
    assert column(found, "is_matured") == {"a": True, "b": True, "c": True}
    assert column(found, "bad") == {"a": True, "b": False, "c": None}
    assert column(found, "period") == {"a": "reading", "b": "reading", "c": "second"}
    assert set(column(found, "decided_on").values()) == {None}


def test_a_matured_case_is_never_pending_withdrawn_or_undecided():
    found = facts(DISPOSITIONS, as_of="2099-01-01", outcomes_cover="all", outcomes_log="bad_only")
    assert {found[n]["bad"] for n in ("withdrawn", "pending", "not_taken", "empty")} == {None}


# Outcomes


ONE_START = "case_id | channel | decided_at | booked_at | decision\n"


def accepted(*names, booked_at="2026-01-10"):
    return ONE_START + "\n".join(f"{name} | assisted | 2026-01-05 | {booked_at} | accept" for name in names)


def test_which_outcome_counts():
    # booked on 10 January: the horizon ends on 20 April at 00:00
    found = facts(
        accepted("early", "last_day", "later", "good_later", "interim", "reversed", "relapse", "recovers", "none"),
        """
        case_id    | observed_at      | bad   | status
        early      | 2026-02-01       | true  | final
        last_day   | 2026-04-20       | true  | final
        later      | 2026-04-20 00:01 | true  | final
        good_later | 2026-05-01       | false |
        interim    | 2026-02-01       | true  | interim
        reversed   | 2026-02-01       | true  | reversed
        reversed   | 2026-03-01       | false | final
        relapse    | 2026-02-01       | false | final
        relapse    | 2026-03-01       | true  | final
        recovers   | 2026-02-01       | true  | final
        recovers   | 2026-03-01       | false | final
        """,
    )
    assert column(found, "bad") == {
        "early": True,
        "last_day": True,
        "later": False,
        "good_later": False,
        "interim": None,
        "reversed": False,
        "relapse": True,
        "recovers": False,
        "none": None,
    }
    assert {n for n, known in column(found, "is_outcome_known").items() if not known} == {"interim", "none"}


def test_an_early_bad_waits_for_the_horizon_like_the_rest():
    found = facts(accepted("young", booked_at="2026-06-01"), "case_id | observed_at | bad\nyoung | 2026-06-10 | true")
    assert (found["young"]["is_matured"], found["young"]["bad"], found["young"]["is_outcome_known"]) == (
        False,
        None,
        False,
    )


@pytest.mark.parametrize(("log", "silence"), [("both", None), ("bad_only", False)])
def test_silence_is_good_only_where_the_log_holds_bads_alone(log, silence):
    found = facts(
        accepted("silent", "spoken"),
        "case_id | observed_at | bad\nspoken | 2026-02-01 | true",
        outcomes_log=log,
    )
    assert column(found, "bad") == {"silent": silence, "spoken": True}


def test_silence_about_a_case_that_has_not_matured_says_nothing():
    assert facts(accepted("young", booked_at="2026-06-01"), outcomes_log="bad_only")["young"]["bad"] is None


def test_the_outcome_belongs_to_the_last_decision_and_its_clock():
    found = facts(
        """
        case_id | decision_no | channel  | decided_at | decision
        a       | 1           | assisted | 2025-01-05 | reject
        a       | 2           | assisted | 2026-01-05 | accept
        b       | 1           | assisted | 2025-01-05 | accept
        b       | 3           | assisted | 2026-06-20 | accept
        """,
        """
        case_id | observed_at | bad
        a       | 2026-03-01  | true
        b       | 2025-02-01  | true
        """,
    )
    assert column(found, "bad") == {("a", 1): None, ("a", 2): True, ("b", 1): None, ("b", 3): None}
    assert column(found, "is_maturable") == {("a", 1): False, ("a", 2): True, ("b", 1): False, ("b", 3): True}


def test_an_outcome_of_a_case_nobody_decided_changes_nothing():
    found = facts(accepted("a"), "case_id | observed_at | bad\nghost | 2026-02-01 | true")
    assert column(found, "bad") == {"a": None}


moments = st.lists(
    st.tuples(st.integers(0, 160), st.booleans(), st.sampled_from(["final", "interim", "reversed", ""])),
    min_size=1,
    max_size=6,
    unique_by=lambda o: o[0],
)


@settings(max_examples=20)
@given(moments, st.sampled_from(["both", "bad_only"]))
def test_the_latest_final_outcome_by_the_horizon_counts(observations, log):
    booked = dt.datetime(2026, 1, 10)
    lines = [
        f"a | {booked + dt.timedelta(days=day)} | {str(bad).lower()} | {status}" for day, bad, status in observations
    ]
    found = facts(accepted("a"), "case_id | observed_at | bad | status\n" + "\n".join(lines), outcomes_log=log)
    finals = sorted(o for o in observations if o[2] in ("final", ""))
    in_time = [bad for day, bad, _ in finals if day <= 100]
    expected = in_time[-1] if in_time else False if finals or log == "bad_only" else None
    assert found["a"]["bad"] is expected
