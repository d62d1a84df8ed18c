"""Whether numbers can be trusted: each check over a log with just that fault, and owners of numbers."""

from __future__ import annotations

import datetime as dt

import pytest

from analysis.answer import answer_cards
from analysis.catalog import read_catalog
from analysis.filters import Filters
from analysis.owners import describe_owner, find_owner, list_unknown, list_unowned
from analysis.trust import GOOD, LOOK, UNKNOWN, Shown, build_checks, describe_checks
from data.use_case import FOLDER
from tests.unit.overview_store import month_of, publish_log

CREDIT = Filters("credit")
TOML = (FOLDER / "credit.toml").read_text(encoding="utf-8")
PUBLISHED = dt.datetime(2026, 7, 13, 9, tzinfo=dt.UTC)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.fixture
def publish(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    return lambda months, **more: publish_log(tmp_path, months, **more)


def shown(source, filters=CREDIT, today=dt.date(2026, 7, 20)):
    whole = Filters("credit")
    periods = source.options.periods
    return Shown(
        answer_cards(source, ["outcome_coverage"], filters)["outcome_coverage"],
        answer_cards(source, ["outcome_coverage"], whole, "period")["outcome_coverage"],
        filters, (periods[0], periods[-1]) if source.options.is_dated else None,
        [source.catalog[n] for n in ("override_rate", "low_side_value", "outcome_coverage")], PUBLISHED, today,
    )  # fmt: skip


def check(source, name, **more):
    found = {c.name: c for c in build_checks(source, shown(source, **more))}[name]
    return found.state, plain(found.number), plain(found.meaning)


def test_a_sound_log_whose_numbers_are_owned_has_nothing_to_look_at(publish):
    owners = "\n".join(f'{name} = "Somebody"' for name in read_catalog())
    source = publish([month_of("2025-03")], toml=f'name = "credit"\nlabel = "X"\n[owners]\n{owners}\n')
    checks = build_checks(source, shown(source))
    assert {c.name for c in checks if c.state != GOOD} == set()
    assert describe_checks(checks) == "Can these numbers be trusted? No check found anything to mend"
    assert {c.page for c in checks} == {"data", "definitions"}


def test_a_month_whose_outcomes_stayed_away_is_named(publish):
    """400 cases in each month are accepted but 40; of March's none came back: 720 of 1,080, 66.7 %."""
    source = publish([month_of("2025-02"), month_of("2025-03", known=False), month_of("2025-04")])
    state, number, meaning = check(source, "Outcomes back")
    assert (state, number) == (LOOK, "66.7 %")
    assert "of 1,080 matured applications; wanted: 95.0 %. Lowest in Mar 2025, 0 %" in meaning
    # Of a selection without March all outcomes are there.
    assert check(source, "Outcomes back", filters=Filters("credit", "2025-04", "2025-04"))[:2] == (GOOD, "100 %")


def test_what_has_matured_is_told_with_the_last_month_that_has(publish):
    source = publish([month_of("2025-05"), month_of("2025-09")])
    state, number, meaning = check(source, "Matured")
    assert (state, number) == (GOOD, "50.0 %")
    assert "due 395 days after booking; up to May 2025 all are." in meaning


def test_age_is_counted_to_today_and_only_age(publish):
    source = publish([month_of("2025-03")])
    young = check(source, "Up to date", today=dt.date(2026, 7, 20))
    assert young == (
        GOOD, "8 days old", "as of 12 Jul 2026, latest decision 10 Mar 2025, published 13 Jul 2026."
    )  # fmt: skip
    state, number, meaning = check(source, "Up to date", today=dt.date(2027, 7, 12))
    assert (state, number) == (LOOK, "365 days old") and "Load what has come since" in meaning
    assert check(source, "Matured", today=dt.date(2020, 1, 1))[1] == "100 %"


def test_refused_and_waiting_records_are_counted_with_the_reason_given_most_often(publish):
    def books(con):
        con.execute("create table load_files (records bigint)")
        con.execute("insert into load_files values (400), (600)")
        for i, (column, reason) in enumerate([("score", "score 1.7 is over 1"), ("team", "no team"), ("score", "x")]):
            con.execute(
                "insert into quarantine (record_id, table_name, columns, reasons) values (?, 'decisions', ?, ?)",
                [i, column, reason],
            )
        con.execute("insert into waiting (table_name) select unnest(['outcomes', 'outcomes', 'features'])")

    source = publish([month_of("2025-03")], books=books)
    assert check(source, "Records refused") == (
        LOOK, "3",
        "of 1,000 records read are in quarantine and in no number. Most often (2): score 1.7 is over 1. "
        "Correct them and load them again.",
    )  # fmt: skip
    state, number, meaning = check(source, "Records waiting")
    assert (state, number) == (LOOK, "3") and meaning.startswith("1 of features and 2 of outcomes wait")


def test_a_snapshot_without_books_says_that_it_cannot_be_said(publish):
    source = publish([month_of("2025-03")], books=lambda con: con.execute("drop table quarantine; drop table waiting"))
    assert check(source, "Records refused")[0] == check(source, "Records waiting")[0] == UNKNOWN


def test_empty_fields_are_told_with_what_they_do_to_the_numbers(publish):
    decisions, outcomes = month_of("2025-03")
    for i, row in enumerate(decisions):  # 400: a tenth without each
        name = ("shown_at", "decider", "team", "score")[i % 4] if i < 160 else None
        if name:
            row[name] = None
    source = publish([(decisions, outcomes)])
    for name, effect in (
        ("Timing unknown", "count in no override rate"), ("No officer", "too narrow"), ("No team", "no team in any"),
        ("No score", "no score band"),
    ):  # fmt: skip
        state, number, meaning = check(source, name)
        assert (state, number) == (LOOK, "10.0 %"), name
        assert "40 of 400" in meaning and effect in meaning


def test_columns_that_are_not_mapped_are_told_once_with_what_lacks(publish):
    source = publish([month_of("2025-03")], without=("gain_if_good", "shown_at"))
    state, number, meaning = check(source, "Columns missing")
    assert (state, number) == (LOOK, "2")
    assert "gain_if_good (Value per low-side override)" in meaning and "shown_at (every assisted decision" in meaning
    assert "Timing unknown" not in {c.name for c in build_checks(source, shown(source))}


def test_checks_to_look_at_come_first_and_are_counted(publish):
    source = publish([month_of("2025-03", known=False)])
    checks = build_checks(source, shown(source))
    states = [c.state for c in checks]
    assert states == sorted(states, key=[LOOK, UNKNOWN, GOOD].index)
    assert f"{states.count(LOOK)} of {len(checks)} checks" in describe_checks(checks)


def test_an_owner_is_the_organisations_own_or_that_of_the_limit_never_the_cards(publish):
    toml = (
        'name = "credit"\nlabel = "X"\n[limits.adoption]\nvalue = 0.9\nside = "lower"\nowner = "COO"\n'
        '[owners]\nbypass_share = "Branches"\nno_such_number = "Nobody"\n'
    )
    source = publish([month_of("2025-03")], toml=toml)
    assert [find_owner(source, n) for n in ("bypass_share", "adoption", "override_rate")] == ["Branches", "COO", ""]
    unowned = {card.name for card in list_unowned(source)}
    assert unowned == set(source.catalog) - {"bypass_share", "adoption"}
    assert list_unknown(source) == ("no_such_number",)
    assert describe_owner(source, source.catalog["override_rate"]) == "No owner named; Model Risk is suggested"
    assert describe_owner(source, source.catalog["adoption"]) == "Owner of number and limit: COO"
    state, number, meaning = check(source, "No owner")
    assert (state, number) == (LOOK, f"{len(unowned)} of {len(source.catalog)}")
    assert "The use case names no_such_number, which is no number" in meaning
