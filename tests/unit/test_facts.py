"""What a row of facts means: eligibility and sides, local dates, money, bands, times. Small tables, real SQL."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from data.rows import describe_columns
from tests.unit.fact_tables import DISPOSITIONS, column, facts

# Eligibility


def test_what_makes_a_decision_eligible_for_override_and_what_does_not():
    found = facts("""
        case_id    | channel   | basis     | score | recommendation | shown_at | decided_at | decision | disposition
        follows    | assisted  | judgement | 0.1   | accept         | 10:00    | 10:05      | accept   | booked
        differs    | assisted  | judgement | 0.1   | accept         | 10:00    | 10:05      | reject   |
        no_basis   | assisted  |           | 0.1   | reject         | 10:00    | 10:05      | accept   | booked
        not_taken  | assisted  | judgement | 0.1   | reject         | 10:00    | 10:05      | accept   | not_taken_up
        same_time  | assisted  | judgement | 0.1   | accept         | 10:05    | 10:05      | reject   |
        late       | assisted  | judgement | 0.1   | accept         | 10:06    | 10:05      | reject   |
        unknown    | assisted  | judgement | 0.1   | accept         |          | 10:05      | reject   |
        refer      | assisted  | judgement | 0.1   | refer          | 10:00    | 10:05      | reject   |
        unscored   | assisted  | judgement |       |                | 10:00    | 10:05      | reject   |
        policy     | assisted  | policy    | 0.1   | accept         | 10:00    | 10:05      | reject   |
        input      | assisted  | input     | 0.1   | accept         | 10:00    | 10:05      | reject   |
        system     | assisted  | system    | 0.1   | accept         | 10:00    | 10:05      | reject   |
        automated  | automated | judgement | 0.1   | accept         | 10:00    | 10:05      | reject   |
        bypassed   | bypassed  | judgement | 0.1   | accept         | 10:00    | 10:05      | reject   |
        withheld   | withheld  | judgement | 0.1   | accept         | 10:00    | 10:05      | reject   |
        pending    | assisted  | judgement | 0.1   | accept         | 10:00    |            |          | pending
        withdrawn  | assisted  | judgement | 0.1   | accept         | 10:00    | 10:05      | reject   | withdrawn
    """)
    eligible = {name for name, is_so in column(found, "is_override_eligible").items() if is_so}
    assert eligible == {"follows", "differs", "no_basis", "not_taken", "same_time"}
    assert {n for n, is_so in column(found, "is_override").items() if is_so} == eligible - {"follows"}
    assert {n for n, is_so in column(found, "is_low_side").items() if is_so} == {"no_basis", "not_taken"}
    assert {n for n, is_so in column(found, "is_high_side").items() if is_so} == {"differs", "same_time"}
    assert {n for n, is_so in column(found, "is_as_recommended").items() if is_so} == {"follows"}
    assert {n for n, is_so in column(found, "is_in_scope").items() if not is_so} == {"pending", "withdrawn"}
    assert {n for n, is_so in column(found, "is_timing_known").items() if not is_so} == {"unknown", "pending"}


SHOWN = """
    case_id | channel   | recommendation | shown_at | decided_at | decision
    empty   | assisted  | accept         |          | 10:05      | reject
    bypass  | bypassed  | accept         |          | 10:05      | reject
"""


def test_where_showing_times_are_mapped_an_empty_one_is_timing_unknown():
    found = facts(SHOWN)
    assert column(found, "is_override_eligible") == {"empty": False, "bypass": False}


def test_where_showing_times_are_not_mapped_at_all_assisted_means_shown_in_time():
    found = facts(SHOWN, unmapped=("shown_at",))
    assert column(found, "is_override_eligible") == {"empty": True, "bypass": False}
    assert column(found, "is_timing_known") == {"empty": False, "bypass": False}


CHOICES = {
    "channel": ("assisted", "bypassed"),
    "basis": ("judgement", "policy", ""),
    "recommendation": ("accept", "reject", "refer", ""),
    "shown_at": ("10:05", "10:06", ""),
    "decision": ("accept", "reject"),
    "disposition": ("booked", "withdrawn", ""),
}


def test_eligibility_is_the_definition_word_by_word_for_every_combination():
    names = ("case_id", "decided_at", *CHOICES)
    combinations = list(itertools.product(*CHOICES.values()))
    table = [" | ".join(names), *(" | ".join([str(i), "10:05", *cells]) for i, cells in enumerate(combinations))]
    found = facts("\n".join(table))
    for i, (channel, basis, recommendation, shown_at, decision, disposition) in enumerate(combinations):
        eligible = (
            channel == "assisted"
            and basis in ("judgement", "")
            and recommendation in ("accept", "reject")
            and shown_at == "10:05"
            and disposition != "withdrawn"
        )
        fact = found[str(i)]
        assert fact["is_override_eligible"] is eligible, fact
        assert fact["is_override"] is (eligible and decision != recommendation), fact
        assert fact["is_low_side"] + fact["is_high_side"] + fact["is_as_recommended"] == eligible, fact


# Local time


def test_dates_and_periods_are_local_across_midnight_and_both_changes_of_the_clock():
    found = facts(
        """
        case_id  | channel  | decided_at          | decision
        winter   | assisted | 2026-01-31 22:59:59 | accept
        february | assisted | 2026-01-31 23:00    | accept
        before   | assisted | 2026-03-28 22:59:59 | accept
        spring   | assisted | 2026-03-28 23:00    | accept
        summer   | assisted | 2026-03-29 22:00    | accept
        autumn   | assisted | 2025-10-24 22:00    | accept
        fall     | assisted | 2025-10-26 22:59:59 | accept
        november | assisted | 2025-10-31 23:00    | accept
        new_year | assisted | 2025-12-31 23:30    | accept
        """,
        time_zone="Europe/Berlin",
    )
    assert column(found, "decided_on") == {
        "winter": dt.date(2026, 1, 31),
        "february": dt.date(2026, 2, 1),
        "before": dt.date(2026, 3, 28),
        "spring": dt.date(2026, 3, 29),
        "summer": dt.date(2026, 3, 30),
        "autumn": dt.date(2025, 10, 25),
        "fall": dt.date(2025, 10, 26),
        "november": dt.date(2025, 11, 1),
        "new_year": dt.date(2026, 1, 1),
    }
    assert found["february"]["period"] == "2026-02" and found["winter"]["period"] == "2026-01"
    assert found["new_year"]["period"] == "2026-01" and found["new_year"]["week"] == "2026-W01"


def test_the_week_is_the_local_iso_week_whose_year_may_differ_from_the_dates():
    found = facts("""
        case_id | channel  | decided_at | decision
        a       | assisted | 2024-12-30 | accept
        b       | assisted | 2027-01-03 | accept
    """)
    assert column(found, "week") == {"a": "2025-W01", "b": "2026-W53"}


@settings(max_examples=15)
@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 6, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_the_local_date_is_what_the_zone_says(moment, zone):
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date()
    found = facts(f"case_id | channel | decided_at | decision\na | assisted | {moment} | accept", time_zone=zone)["a"]
    assert found["decided_on"] == local
    assert found["period"] == f"{local:%Y-%m}"
    assert found["week"] == "{}-W{:02d}".format(*local.isocalendar()[:2])


# Money


def test_money_helpers_in_minor_units_with_signed_reject_values():
    decisions = """
        case_id | channel  | decided_at | decision | gain_if_good | loss_if_bad | reject_good_value | reject_bad_value
        good    | assisted | 2026-01-05 | accept   | 700.10       | 5000        |                   |
        bad     | assisted | 2026-01-05 | accept   | 700          | 5000.01     |                   |
        signed  | assisted | 2026-01-05 | accept   | 700          | 5000        | -30               | 20.50
        signed2 | assisted | 2026-01-05 | accept   | 700          | 5000        | -30               | 20.50
        none    | assisted | 2026-01-05 | accept   |              | 5000        |                   |
        young   | assisted | 2026-06-05 | accept   | 700          | 5000        |                   |
    """
    found = facts(
        decisions,
        """
        case_id | observed_at | bad   | value
        good    | 2026-02-01  | false | 650
        bad     | 2026-02-01  | true  | -4000
        signed  | 2026-02-01  | false |
        signed2 | 2026-02-01  | true  | -4000
        signed2 | 2026-03-01  | true  | -3500
        none    | 2026-02-01  | false | 10
        young   | 2026-06-10  | true  | -100
        """,
    )
    assert column(found, "accept_advantage") == {
        "good": 70_010,
        "bad": -500_001,
        "signed": 73_000,
        "signed2": -502_050,
        "none": None,
        "young": None,
    }
    assert column(found, "gain_over_reject")["signed"] == 73_000
    assert column(found, "loss_over_reject")["signed"] == 502_050
    assert column(found, "money_at_stake")["good"] == 570_010
    assert column(found, "money_at_stake")["none"] is None
    assert column(found, "realised_value") == {
        "good": 65_000,
        "bad": -400_000,
        "signed": None,
        "signed2": -350_000,
        "none": 1_000,
        "young": None,
    }


# Scores


def test_bins_and_bands_of_scores_on_and_beside_the_edges():
    scores = {
        "0": (0, 0),
        "0.0999": (99, 0),
        "0.1": (100, 1),
        "0.19999": (199, 1),
        "0.2": (200, 2),
        "0.5": (500, 3),
        "0.4999": (499, 2),
        "0.999": (999, 3),
        "1": (999, 3),
        "": (None, None),
    }
    lines = [f"c{i} | assisted | 10:05 | accept | {score}" for i, score in enumerate(scores)]
    found = facts("case_id | channel | decided_at | decision | score\n" + "\n".join(lines))
    for i, expected in enumerate(scores.values()):
        assert (found[f"c{i}"]["score_bin"], found[f"c{i}"]["score_band"]) == expected


@settings(max_examples=10)
@given(st.lists(st.integers(1, 999), min_size=1, max_size=8, unique=True))
def test_a_score_on_an_edge_is_in_the_band_above_it_for_every_edge_in_thousandths(edges):
    bands = tuple(sorted(edge / 1000 for edge in edges))
    lines = [f"c{i} | assisted | 10:05 | accept | {score!r}" for i, score in enumerate(bands)]
    found = facts("case_id | channel | decided_at | decision | score\n" + "\n".join(lines), score_bands=bands)
    assert [found[f"c{i}"]["score_band"] for i in range(len(bands))] == list(range(1, len(bands) + 1))


def test_without_edges_there_is_one_band():
    found = facts(
        "case_id | channel | decided_at | decision | score\na | assisted | 10:05 | accept | 0.7", score_bands=()
    )
    assert found["a"]["score_band"] == 0


# Time and reasons


def test_decision_minutes():
    found = facts("""
        case_id   | channel   | shown_at | opened_at | decided_at | active_seconds | decision
        active    | assisted  | 10:00    | 10:01     | 10:05      | 90             | accept
        opened    | assisted  | 10:00    | 10:01     | 10:05      |                | accept
        shown     | bypassed  | 10:00    |           | 10:05:30   |                | accept
        backwards | assisted  | 10:00    | 10:06     | 10:05      |                | accept
        nothing   | assisted  |          |           | 10:05      |                | accept
        machine   | automated | 10:00    | 10:01     | 10:05      | 90             | accept
        none      | assisted  | 10:00    | 10:01     | 10:05      | 0              | accept
    """)
    assert column(found, "decision_minutes") == {
        "active": 1.5,
        "opened": 4.0,
        "shown": 5.5,
        "backwards": None,
        "nothing": None,
        "machine": None,
        "none": 0.0,
    }


def test_turnaround_to_the_second():
    text = """
        case_id   | channel  | received_at         | decided_at          | decision | disposition
        on_time   | assisted | 2026-01-05 10:00    | 2026-01-06 22:00    | accept   | booked
        late      | assisted | 2026-01-05 10:00    | 2026-01-06 22:00:01 | accept   | booked
        unknown   | assisted |                     | 2026-01-06 22:00    | accept   | booked
        withdrawn | assisted | 2026-01-05 10:00    | 2026-01-06 22:00    | accept   | withdrawn
    """
    found = facts(text, agreed_turnaround_hours=36)
    assert column(found, "is_turnaround_known") == {"on_time": True, "late": True, "unknown": False, "withdrawn": False}
    assert column(found, "is_within_agreement") == {
        "on_time": True,
        "late": False,
        "unknown": False,
        "withdrawn": False,
    }
    assert not any(column(facts(text), "is_turnaround_known").values())


def test_blank_and_other_reasons():
    found = facts(
        """
        case_id | channel  | decided_at | decision | override_reason
        empty   | assisted | 10:05      | accept   |
        spaces  | assisted | 10:05      | accept   | '  '
        other   | assisted | 10:05      | accept   | OTH
        coded   | assisted | 10:05      | accept   | INC
        padded  | assisted | 10:05      | accept   | ' OTH '
        unknown | assisted | 10:05      | accept   | ZZZ
        """,
        reason_codes="""
        code | label  | category
        OTH  | Other  | other
        INC  | Income | data
        """,
    )
    assert {n for n, is_so in column(found, "is_reason_blank").items() if is_so} == {"empty", "spaces"}
    assert {n for n, is_so in column(found, "is_reason_other").items() if is_so} == {"other", "padded"}


# The row set as a whole


def test_every_column_a_card_may_use_is_in_the_facts_and_has_a_sentence():
    found = facts(SHOWN)["empty"]
    described = describe_columns("decisions")
    assert set(described) == set(found)
    assert all(sentence.strip() for sentence in described.values())


def test_flags_are_true_or_false_and_never_empty():
    found = facts(
        DISPOSITIONS + "    odd | bypassed | 2025-01-05 | accept |\n", as_of="2026-07-01", outcomes_cover="all"
    )
    for row in found.values():
        for name, value in row.items():
            if name.startswith("is_"):
                assert value in (True, False), name
