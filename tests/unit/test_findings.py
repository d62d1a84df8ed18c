"""The page's sentences: what is claimed and what is not, gains and losses, and what cannot be said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from analysis.compare import Claimed
from analysis.filters import Filters, shift_month
from analysis.findings import (
    NO_CLEAR_CHANGE,
    describe_change,
    describe_finding,
    describe_scope,
    describe_value,
    title_bands,
    title_reasons,
    title_split,
    title_trend,
    title_value,
)
from analysis.overrides import build_overrides
from analysis.reading import ChangeReading, Reading
from analysis.store import open_source
from tests.unit.random_source import open_random
from tests.unit.stores import publish_random

FILTERS = Filters("credit", start="2024-09", end="2025-02", compare="period before")
UNSEEN = " What became of applications people declined against the recommendation cannot be observed."


@pytest.fixture(scope="module")
def source():
    return open_random()


@pytest.fixture(scope="module")
def page(source):
    return build_overrides(source, FILTERS)


def plain(text):
    return text.replace("\u00a0", " ")


def with_readings(page, **readings):
    """The same page with other readings of the whole."""
    whole = {**page.whole}
    for name, reading in readings.items():
        whole[name] = replace(whole[name], readings=(reading,))
    return replace(page, whole=whole)


def with_claims(page, **claims):
    named = {name.replace("__", ":"): (claim,) for name, claim in claims.items()}
    return replace(page, claims=Claimed({**page.claims.by_name, **named}))


def valued(page, value, low, high, *, claimed):
    """A page whose low-side overrides are worth so much each, with a bad rate of 20 % against 12.3 % break-even."""
    page = with_readings(
        page,
        low_side_value=Reading(value, low, high, n=420),
        low_side_bad_rate=Reading(0.2, 0.16, 0.24, n=420),
        low_side_break_even=Reading(0.123, n=420),
    )
    return with_claims(page, zero__low_side_value=ChangeReading(value, low, high, 0.001, is_claimed=claimed))


# What low-side overrides were worth


def test_a_loss_is_told_as_a_loss_with_its_interval_turned_round(source, page):
    text = plain(describe_value(source, valued(page, -44_000, -61_000, -27_000, claimed=True)))
    assert text == (
        "Low-side overrides lost EUR 440 (270-610) each: 20.0 % (16.0-24.0 %) turned out bad, and they break even at "
        f"12.3 % (n = 420 whose outcome is known).{UNSEEN}"
    )


def test_a_gain_is_told_as_a_gain(source, page):
    text = plain(describe_value(source, valued(page, 44_000, 27_000, 61_000, claimed=True)))
    assert text.startswith("Low-side overrides earned EUR 440 (270-610) each: 20.0 %")


@pytest.mark.parametrize("value", [-44_000, 44_000])
def test_what_did_not_survive_the_control_is_neither_gain_nor_loss(source, page, value):
    text = plain(describe_value(source, valued(page, value, -50_000, 50_000, claimed=False)))
    assert text.startswith(f"Low-side overrides show no clear gain or loss, EUR {value // 100} (-500 to 500) each")
    assert "earned" not in text and "lost" not in text


def test_where_rejected_cases_have_outcomes_too_nothing_is_said_to_be_unobserved(source, page):
    covering = replace(source, use_case=replace(source.use_case, outcomes_cover="all"))
    assert "cannot be observed" not in describe_value(covering, valued(page, 1, 1, 1, claimed=True))


def test_value_that_has_not_matured_is_said_so(source):
    young = build_overrides(source, Filters("credit", start="2026-05", end="2026-06"))
    assert not young.whole["low_side_value"].reading().is_shown
    text = plain(describe_value(source, young))
    assert text.startswith("What low-side overrides were worth cannot be said yet. None of ")
    assert "has matured: their outcomes are not due by 12 Jul 2026." in text
    assert text.endswith(UNSEEN)


def test_without_payoffs_the_bad_rate_still_stands(source, page):
    bare = with_readings(
        page, low_side_value=Reading(None, why="Needs gain_if_good."), low_side_bad_rate=Reading(0.2, 0.16, 0.24, n=420)
    )
    assert plain(describe_value(source, bare)) == f"Of low-side overrides 20.0 % (16.0-24.0 %) turned out bad.{UNSEEN}"


@pytest.mark.parametrize(
    ("bad", "claimed", "title"),
    [
        (Reading(0.2, 0.16, 0.24, n=420), True, "Low-side overrides turn bad more often than they can afford"),
        (Reading(0.05, 0.03, 0.08, n=420), True, "Low-side overrides turn bad less often than break-even: they pay"),
        (Reading(0.13, 0.11, 0.15, n=420), True, "Low-side overrides: no clear difference from break-even"),
        (Reading(0.2, 0.16, 0.24, n=420), False, "Low-side overrides: no clear difference from break-even"),
        (Reading(0.2, n=420), True, "Of low-side overrides, 20.0 % turned out bad"),
        (
            Reading(None, n=3, why="3 applications: fewer than 20."),
            True,
            "What became of low-side overrides cannot be said yet",
        ),
    ],
)
def test_the_title_of_the_value_panel(source, page, bad, claimed, title):
    changed = with_readings(valued(page, -1.0, -2.0, -0.5, claimed=claimed), low_side_bad_rate=bad)
    assert plain(title_value(source, changed)) == title


# Changes


def changed(page, difference, *, claimed):
    reading = ChangeReading(difference, difference - 0.01, difference + 0.01, 0.001, is_claimed=claimed)
    return with_claims(page, change__override_rate=reading)


@pytest.mark.parametrize(
    ("difference", "words"),
    [(0.0212, "rose by 2.1 points"), (-0.0212, "fell by 2.1 points"), (0.02, "rose by 2.0 points")],
)
def test_a_claimed_change_is_told_with_its_size(source, page, difference, words):
    told = changed(page, difference, claimed=True)
    assert plain(title_trend(source, told)) == f"The override rate {words}"
    last = plain(describe_finding(source, told)[-1])
    assert last.startswith("Against applications decided Mar 2024 to Aug 2024, the override rate changed by ")
    assert f"{difference * 100:+.1f} points (" in last


def test_a_change_that_is_not_claimed_is_no_change(source, page):
    told = changed(page, 0.05, claimed=False)
    assert title_trend(source, told) == "Override rate by direction: no clear change between the two periods"
    assert describe_finding(source, told)[-1] == (
        "Against applications decided Mar 2024 to Aug 2024: no clear change in the override rate."
    )


def test_without_a_comparison_nothing_is_said_of_change(source):
    alone = build_overrides(source, replace(FILTERS, compare="nothing"))
    assert len(describe_finding(source, alone)) == 2
    assert title_trend(source, alone) == "Override rate by direction, month by month"
    undated = replace(source, options=replace(source.options, is_dated=False))
    assert title_trend(undated, alone) == "Override rate by direction"


def test_a_tiles_change(source):
    claimed = ChangeReading(0.021, 0.004, 0.038, 0.01, is_claimed=True)
    assert plain(describe_change(claimed, "share", source)) == "+2.1 points (0.4 to 3.8)"
    assert plain(describe_change(replace(claimed, is_claimed=False), "share", source)) == (
        f"{NO_CLEAR_CHANGE}: +2.1 points (0.4 to 3.8)"
    )
    assert plain(describe_change(ChangeReading(3.0, why="No interval."), "minutes", source)) == "+3 min"
    assert describe_change(ChangeReading(None, why="Too few."), "share", source) == "Too few."


# The finding and the scope


def test_the_finding_gives_rate_interval_denominator_and_both_directions(source, page):
    rate, low, high = (
        page.whole[n].reading() for n in ("override_rate", "low_side_override_rate", "high_side_override_rate")
    )
    first = plain(describe_finding(source, page)[0])
    assert first == (
        f"People decided differently from the recommendation in {rate.value * 100:.1f} % "
        f"({rate.low * 100:.1f}-{rate.high * 100:.1f} %) of {rate.n:,} eligible applications: "
        f"in {low.value * 100:.1f} % where "
        f'the system recommended "decline" and in {high.value * 100:.1f} % where it recommended "approve".'
    )
    n = source.rows("select count(*) from facts where is_override_eligible and period between '2024-09' and '2025-02'")[
        0
    ][0]
    assert rate.n == n


def test_a_suppressed_rate_is_told_with_its_reason_and_nothing_else(source, page):
    few = with_readings(
        page, override_rate=Reading(None, n=3, why="3 applications: fewer than 20, too few to be reliable.")
    )
    assert describe_finding(source, few) == [
        "How often people decided differently from the recommendation cannot be said here. "
        "3 applications: fewer than 20, too few to be reliable."
    ]


def test_the_scope_says_what_is_selected_how_much_matured_and_as_of_when(source, page):
    parts = plain(describe_scope(source, page)).split(" · ")
    n, maturable, matured = source.rows(
        "select count(*), count(*) filter (is_maturable), count(*) filter (is_matured) from facts "
        "where is_in_scope and period between '2024-09' and '2025-02'"
    )[0]
    assert parts == [
        "Retail credit",
        "applications decided Sep 2024 to Feb 2025",
        f"{n:,} of {source.decisions:,} decisions",
        f"{matured / maturable * 100:.0f} % matured (365 days after booking)",
        "as of 12 Jul 2026",
        f"snapshot {source.snapshot}",
    ]


def test_a_log_without_dates_has_no_day_in_its_scope(source, page):
    assert "as of" not in describe_scope(replace(source, as_of=None), page)


# Breakdowns


def split_page(page, split, claims):
    names = page.splits[split]["override_rate"].parts
    return replace(page, claims=Claimed({**page.claims.by_name, f"split:{split}": tuple(claims)})), names


def test_a_breakdown_names_the_part_that_stands_out_most_among_those_claimed(source, page):
    names = page.splits["segment"]["override_rate"].parts
    claims = [ChangeReading(-0.08, p_value=0.001, is_claimed=True), ChangeReading(0.05, p_value=0.001, is_claimed=True)]
    told, _ = split_page(page, "segment", claims)
    assert (
        title_split(source, told, "segment") == f"{names[0]} overrides less often than the rest; 1 other also differs"
    )
    only, _ = split_page(page, "segment", [replace(claims[0], is_claimed=False), claims[1]])
    assert title_split(source, only, "segment") == f"{names[1]} overrides more often than the rest"


def test_a_team_is_compared_with_what_its_cases_would_lead_to_expect(source, page):
    names = tuple(page.adjusted)
    claims = [ChangeReading(0.0, p_value=0.9)] * (len(names) - 1) + [
        ChangeReading(0.04, p_value=0.001, is_claimed=True)
    ]
    told, _ = split_page(page, "team", claims)
    assert title_split(source, told, "team") == f"{names[-1]} overrides more often than its cases would lead to expect"


@pytest.mark.parametrize(
    ("split", "words"), [("team", "teams"), ("region", "regions"), ("model_version", "model versions")]
)
def test_where_nothing_is_claimed_no_part_stands_out(source, page, split, words):
    count = len(page.claims.of(f"split:{split}"))
    told, _ = split_page(page, split, [ChangeReading(0.3, p_value=0.2)] * count)
    one = words.removesuffix("s")
    assert title_split(source, told, split) == f"Override rate by {one}: no clear difference between {words}"


def test_a_part_that_is_not_shown_is_not_named(source, page):
    answer = page.splits["segment"]["override_rate"]
    hidden = replace(answer, readings=tuple(Reading(None, n=3, why="Too few.") for _ in answer.parts))
    told, _ = split_page(page, "segment", [ChangeReading(0.3, p_value=0.001, is_claimed=True)] * len(answer.parts))
    told = replace(told, splits={**told.splits, "segment": {**told.splits["segment"], "override_rate": hidden}})
    assert title_split(source, told, "segment") == "Override rate by segment: no clear difference between segments"


def test_bands_and_reasons_are_counted_not_claimed(source, page):
    counts = {b.label: b.low_side + b.high_side for b in page.bands}
    top = max(counts, key=lambda label: counts[label])
    total = sum(counts.values())
    assert plain(title_bands(source, page)) == (
        f"Scores {top} hold {counts[top] / total * 100:.1f} % of all overrides with a score "
        f"({counts[top]:,} of {total:,})"
    )
    assert plain(title_reasons(source, page)).endswith(" of overrides give no reason or 'other'")
    empty = replace(page, bands=(), reasons=())
    assert title_bands(source, empty) == "No override with a score"
    assert title_reasons(source, empty) == "No overrides, so no reasons"


# Null data


def test_pages_about_nothing_claim_no_more_often_than_the_control_allows(tmp_path, monkeypatch):
    """Random decisions: nobody and no month truly differs. 56 pages may claim in 5 %; a correct
    procedure exceeds the limit with probability under .001.
    The value of low-side overrides, which is truly not 0, is left out."""
    pages, claiming = 0, 0
    for seed in range(4):
        root = tmp_path / str(seed)
        publish_random(root, 9_000, seed=seed)
        monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))
        source = open_source("credit")
        bare = replace(source, mapped=source.mapped - {"decisions.gain_if_good"})
        for k in range(14):
            month = shift_month("2024-02", 2 * k)
            page = build_overrides(bare, Filters("credit", start=month, end=month, compare="period before"))
            claims = [c for group in page.claims.by_name.values() for c in group]
            assert sum(c.p_value is not None for c in claims) > 5
            pages += 1
            claiming += any(c.is_claimed for c in claims)
    limit = int(stats.binom.ppf(0.999, pages, 0.05))
    assert pages == 56
    assert claiming <= limit
