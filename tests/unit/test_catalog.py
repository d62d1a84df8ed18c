"""A card that breaks a rule is refused with file, field, rule and what was received."""

from __future__ import annotations

import tomllib
from copy import deepcopy

import pytest

from analysis.catalog import DIRECTIONS, FOLDER, KINDS, UNITS, parse_card, read_card, read_catalog
from analysis.errors import UserError
from analysis.measures import build_measures, name_columns

RATIO = tomllib.loads((FOLDER / "override_rate.toml").read_text(encoding="utf-8"))
TYPICAL = tomllib.loads((FOLDER / "median_decision_minutes.toml").read_text(encoding="utf-8"))
TOTAL = {
    **{key: value for key, value in RATIO.items() if key not in ("denominator", "example")},
    "kind": "total",
    "unit": "money",
    "numerator": "sum(exposure)",
    "example": {"why": "w", "table": "t", "numerator": 1, "mistake": {"numerator": "count(*)", "answer": 2}},
}
FIELDS = (
    "label",
    "definition",
    "reading",
    "owner",
    "unit",
    "direction",
    "source",
    "rows",
    "time",
    "where",
    "numerator",
    "denominator",
    "changed",
    "example",
)


def refuse(raw):
    with pytest.raises(UserError) as caught:
        parse_card(raw, "test", "test.toml")
    assert caught.value.title == "A metric card breaks a rule"
    assert caught.value.what_to_do == "Change that field; CONTRIBUTING.md shows a card."
    return caught.value.what_happened


def change(**changes):
    return {**deepcopy(RATIO), **changes}


def without(name, raw=RATIO):
    return {key: value for key, value in raw.items() if key != name}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_required(name):
    assert refuse(without(name)) == f"test.toml, field '{name}': is required; received 'nothing'."


@pytest.mark.parametrize(("name", "kind"), [("value", "typical"), ("denominator", "mean"), ("numerator", "total")])
def test_each_kind_requires_its_own_fields(name, kind):
    raw = {"typical": TYPICAL, "mean": change(kind="mean"), "total": TOTAL}[kind]
    assert refuse(without(name, raw)) == f"test.toml, field '{name}': is required; received 'nothing'."


def test_a_total_needs_no_denominator_and_may_have_none():
    assert parse_card(TOTAL, "test", "test.toml").denominator == ""
    assert refuse({**TOTAL, "denominator": "count(*)"}).startswith(
        "test.toml, field 'denominator': the fields of a total card are "
    )


def test_an_unknown_field_is_told_with_those_that_exist():
    fields = ", ".join((*FIELDS, "kind", "needs", "matures_from"))
    expected = f"test.toml, field 'colour': the fields of a ratio card are {fields}; received 'red'."
    assert refuse(change(colour="red")) == expected


@pytest.mark.parametrize("name", [f for f in FIELDS if f not in ("changed", "example")])
@pytest.mark.parametrize("empty", ["", "   ", 3, [], None])
def test_a_field_says_something(name, empty):
    assert (
        refuse(change(**{name: empty}))
        == f"test.toml, field '{name}': must be text that says something; received {empty!r}."
    )


@pytest.mark.parametrize("wrong", ["", 3])
def test_a_field_that_may_be_left_out_is_not_left_empty(wrong):
    expected = f"test.toml, field 'matures_from': must be text that says something; received {wrong!r}."
    assert refuse(change(matures_from=wrong)) == expected


@pytest.mark.parametrize(
    ("name", "choices"), [("kind", KINDS), ("unit", UNITS), ("direction", DIRECTIONS), ("rows", ("decisions",))]
)
@pytest.mark.parametrize("wrong", ["percent", "Ratio"])
def test_one_of_few_words(name, choices, wrong):
    expected = f"test.toml, field '{name}': must be one of {', '.join(choices)}; received {wrong!r}."
    assert refuse(change(**{name: wrong})) == expected


def test_the_time_column_is_one_of_the_row_set():
    message = refuse(change(time="observed_at"))
    assert message.startswith("test.toml, field 'time': must be one of ") and message.endswith(
        "; received 'observed_at'."
    )


@pytest.mark.parametrize("name", ["where", "numerator", "denominator", "matures_from"])
def test_sql_is_refused_with_its_field_rule_and_text(name):
    received = {
        "where": "read_csv('x')",
        "matures_from": "read_csv('x')",
        "numerator": "count(*) filter (read_csv('x'))",
        "denominator": "sum(read_csv('x'))",
    }[name]
    message = refuse(change(**{name: received}))
    assert message.startswith(f"test.toml, field '{name}': may use only columns of the row set, ")
    assert message.endswith("; received \"READ_CSV('x')\".")


def test_the_value_of_a_typical_card_is_checked_too():
    message = refuse({**TYPICAL, "value": "decision_minutes / 60"})
    assert message.startswith("test.toml, field 'value': may use only ") and message.endswith(
        "; received 'decision_minutes / 60'."
    )


def test_an_average_cannot_be_added_up():
    assert refuse(change(numerator="avg(score)")) == (
        "test.toml, field 'numerator': must be count(*) or sum(...), with or without filter (...); "
        "received 'avg(score)'."
    )


@pytest.mark.parametrize("wrong", [[], "2026-11-22", {}, None])
def test_the_first_definition_is_dated(wrong):
    expected = f"test.toml, field 'changed': must list at least the first definition; received {wrong!r}."
    assert refuse(change(changed=wrong)) == expected


@pytest.mark.parametrize(
    "entry", [{"on": "2026-11-22", "why": "x"}, {"why": "x"}, {"on": 1, "why": "x", "who": "y"}, "x"]
)
def test_each_change_has_a_date_and_a_why(entry):
    assert refuse(change(changed=[entry])) == (
        f"test.toml, field 'changed': each entry needs on (a date) and why; received {entry!r}."
    )


@pytest.mark.parametrize("part", ["why", "table", "mistake", "numerator", "denominator"])
def test_the_example_is_complete(part):
    example = without(part, RATIO["example"])
    assert refuse(change(example=example)) == (
        "test.toml, field 'example': needs denominator, mistake, numerator, table, why, and may have settings; "
        f"received {example!r}."
    )


def test_the_example_has_nothing_else():
    assert "and may have settings" in refuse(change(example={**RATIO["example"], "note": "x"}))


@pytest.mark.parametrize("mistake", [{"answer": 1}, {"where": "true"}, "none", {"answer": 1, "label": "x"}])
def test_the_classic_mistake_changes_a_field_and_gives_its_answer(mistake):
    example = {**RATIO["example"], "mistake": mistake}
    assert refuse(change(example=example)) == (
        "test.toml, field 'example.mistake': needs answer and at least one of denominator, numerator, where; "
        f"received {mistake!r}."
    )


@pytest.mark.parametrize(
    "wrong", ["decisions.score", ["score"], ["decisions.mood"], ["moods.score"], [3], ["decisions."]]
)
def test_needs_are_columns_of_the_contract(wrong):
    expected = f"test.toml, field 'needs': must list contract columns as table.column; received {wrong!r}."
    assert refuse(change(needs=wrong)) == expected


def test_needs_may_name_any_table_of_the_contract_and_protected_groups():
    card = parse_card(
        change(needs=["decisions.group_sex", "outcomes.value", "trust_survey.score"]), "test", "test.toml"
    )
    assert card.needs == ("decisions.group_sex", "outcomes.value", "trust_survey.score")


def test_files_that_are_no_cards_are_named(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("label = ", encoding="utf-8")
    with pytest.raises(UserError, match=r"A metric card is not TOML: broken\.toml: .*Mend that line\."):
        read_card(broken)
    broken.write_bytes('label = "Größe"'.encode("latin-1"))
    with pytest.raises(UserError, match=r"A metric card is not UTF-8: broken\.toml: .*Save it as UTF-8\."):
        read_card(broken)


def test_a_card_is_added_by_one_file(tmp_path):
    text = (FOLDER / "override_rate.toml").read_text(encoding="utf-8")
    for name in ("b_rate", "a_rate"):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    found = read_catalog(tmp_path)
    assert list(found) == ["a_rate", "b_rate"]
    assert found["a_rate"].name == "a_rate" and found["a_rate"].label == "Override rate"


def test_measures_that_add_up_the_same_are_stored_once():
    cards = list(read_catalog().values())
    columns = name_columns(cards)
    assert set(columns) == {m.name for card in cards for m in build_measures(card).all()}
    stored = {}
    for card in cards:
        for measure in build_measures(card).all():
            what = (measure.value, measure.condition, measure.power)
            assert stored.setdefault(columns[measure.name], what) == what
    assert len(set(stored.values())) == len(stored) < len(columns)


def test_the_measures_of_a_card_carry_its_where_in_every_condition():
    card = parse_card(
        change(
            where="is_low_side or is_high_side",
            numerator="sum(exposure) filter (bad or is_matured)",
            denominator="count(*)",
            kind="mean",
            unit="money",
            matures_from="is_maturable",
        ),
        "test",
        "test.toml",
    )
    found = build_measures(card)
    both = "(is_low_side OR is_high_side) AND (bad OR is_matured)"
    assert found.numerator.sql == f"coalesce(sum(exposure) filter (where {both}), 0)"
    assert found.denominator.sql == "count(*) filter (where is_low_side OR is_high_side)"
    square = "cast(exposure as double)"
    assert found.squares.sql == f"coalesce(sum({square} * {square}) filter (where {both}), 0)"
    assert found.known.condition == "is_maturable AND is_outcome_known"
