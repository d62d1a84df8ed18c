"""A use case file that breaks a rule is refused with file, field, rule and what was received."""

from __future__ import annotations

from dataclasses import fields

import pytest

from data.errors import UserError
from data.use_case import FOLDER, WORDS, Limit, UseCase, parse_use_case, read_use_case

START = 'name = "x"\nlabel = "X"\n'


def refuse(text, start=START):
    with pytest.raises(UserError) as caught:
        parse_use_case(start + text, "x.toml")
    assert caught.value.title == "The use case file breaks a rule"
    assert caught.value.what_to_do == "Change that field."
    return caught.value.what_happened


def test_a_name_and_a_label_are_enough_and_the_rest_has_defaults():
    found = parse_use_case(START, "x.toml")
    assert found == UseCase("x", "X")
    assert found.word("cases") == "cases"
    assert found.outcomes_cover == "accepted" and not found.show_deciders


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda p: p.stem)
def test_the_projects_own_use_cases_are_sound_and_named_after_their_files(path):
    assert read_use_case(path).name == path.stem


@pytest.mark.parametrize(
    ("text", "field", "rule", "received"),
    [
        ('outcomes_cover = "some"', "outcomes_cover", "must be one of accepted, all", "'some'"),
        ('outcomes_log = "good_only"', "outcomes_log", "must be one of both, bad_only", "'good_only'"),
        ('kind = "guessing"', "kind", "must be one of decisions, monitoring", "'guessing'"),
        ('horizon_days = "365"', "horizon_days", "must be int", "'365'"),
        ("horizon_days = 365.5", "horizon_days", "must be int", "365.5"),
        ("horizon_days = true", "horizon_days", "must be int", "True"),
        ("horizon_days = -1", "horizon_days", "must be 0 or more", "-1"),
        ("outcome_lag_days = -1", "outcome_lag_days", "must be 0 or more", "-1"),
        ("minor_digits = -2", "minor_digits", "must be 0 or more", "-2"),
        ("agreed_turnaround_hours = -0.5", "agreed_turnaround_hours", "must be 0 or more", "-0.5"),
        ("agreed_turnaround_hours = nan", "agreed_turnaround_hours", "must be 0 or more", "nan"),
        ('agreed_turnaround_hours = "48"', "agreed_turnaround_hours", "must be int or float", "'48'"),
        ("minimum_group_size = 0", "minimum_group_size", "must be 1 or more", "0"),
        ("show_deciders = 1", "show_deciders", "must be bool", "1"),
        ('score_bands = "0.1"', "score_bands", "must be list", "'0.1'"),
        ('words = "case"', "words", "must be dict", "'case'"),
        ('words = {customer = "x"}', "words.customer", f"the known words are {', '.join(WORDS)}", "'customer'"),
        ("words = {case = 3}", "words.case", "must be text", "3"),
        ("features = {income = 3}", "features.income", "must be text", "3"),
        ('assumptions = {cost = "x"}', "assumptions.cost", "must be a number", "'x'"),
        ("limits = {a = 3}", "limits.a", "needs value and owner, and may have side", "3"),
        ("limits = {a = {value = 1}}", "limits.a", "needs value and owner, and may have side", "{'value': 1}"),
        (
            'limits = {a = {value = 1, owner = "o", x = 1}}',
            "limits.a",
            "needs value and owner, and may have side",
            "{'value': 1, 'owner': 'o', 'x': 1}",
        ),
        ('limits = {a = {value = "1", owner = "o"}}', "limits.a.value", "must be a number", "'1'"),
        ('limits = {a = {value = 1, owner = " "}}', "limits.a.owner", "must say who owns it", "' '"),
        ('limits = {a = {value = 1, owner = "o", side = "left"}}', "limits.a.side", "must be upper or lower", "'left'"),
        ("owners = {adoption = 3}", "owners.adoption", "must say who owns it", "3"),
        ('owners = {adoption = " "}', "owners.adoption", "must say who owns it", "' '"),
        ('owners = "COO"', "owners", "must be dict", "'COO'"),
        (
            'time_zone = "Europe/Atlantis"',
            "time_zone",
            "must be an IANA zone such as Europe/Berlin",
            "'Europe/Atlantis'",
        ),
        ('time_zone = "Europe"', "time_zone", "must be an IANA zone such as Europe/Berlin", "'Europe'"),
        ('time_zone = ""', "time_zone", "must be an IANA zone such as Europe/Berlin", "''"),
        ('time_zone = "../UTC"', "time_zone", "must be an IANA zone such as Europe/Berlin", "'../UTC'"),
        ('thousands = "."', "thousands", "must differ from decimal_mark", "'.'"),
        ('decimal_mark = ","', "thousands", "must differ from decimal_mark", "','"),
    ],
)
def test_each_rule_names_file_field_rule_and_what_was_received(text, field, rule, received):
    assert refuse(text) == f"x.toml, field '{field}': {rule}; received {received}."


@pytest.mark.parametrize(
    "edges", ["[0.2, 0.1]", "[0.1, 0.1]", "[0.0]", "[1.0]", "[0.0005]", "['a', 0.1]", "[[0.1]]", "[true]", "[nan]"]
)
def test_bands_are_rising_edges_in_thousandths(edges):
    assert refuse(f"score_bands = {edges}").startswith(
        "x.toml, field 'score_bands': must be rising edges between 0 and 1 in thousandths; received ["
    )


def test_every_thousandth_may_be_an_edge():
    edges = tuple(i / 1000 for i in range(1, 1000))
    assert parse_use_case(f"{START}score_bands = {list(edges)}", "x.toml").score_bands == edges


@pytest.mark.parametrize("name", ["name", "label"])
@pytest.mark.parametrize("given", ["", '{} = ""'])
def test_a_name_and_a_label_are_required(name, given):
    kept = {"name": 'label = "X"\n', "label": 'name = "x"\n'}[name]
    received = "None" if not given else "''"
    assert refuse(given.format(name), kept) == f"x.toml, field '{name}': is required; received {received}."


@pytest.mark.parametrize("name", ["../x", "a/b", "a b", "a.b", "ä"])
def test_a_name_can_be_a_files_name(name):
    assert refuse("", f'name = "{name}"\nlabel = "X"\n') == (
        f"x.toml, field 'name': may have letters, digits, - and _, because files are named by it; received {name!r}."
    )


def test_an_unknown_field_is_told_with_those_that_exist():
    known = ", ".join(f.name for f in fields(UseCase))
    assert refuse("colour = 1") == f"x.toml, field 'colour': the known fields are {known}; received 'colour'."


def test_files_that_cannot_be_read_are_named(tmp_path):
    missing = tmp_path / "none.toml"
    with pytest.raises(UserError) as caught:
        read_use_case(missing)
    assert caught.value.what_happened == f"There is no file {missing}."
    assert "credit" in caught.value.what_to_do
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ", encoding="utf-8")
    with pytest.raises(UserError, match="The use case file is not TOML") as caught:
        read_use_case(broken)
    assert caught.value.what_happened.startswith(f"{broken}: ")
    broken.write_bytes('label = "Prüfung"'.encode("latin-1"))
    with pytest.raises(UserError, match="The use case file is not UTF-8"):
        read_use_case(broken)


def test_limits_owners_and_words_arrive():
    owned = parse_use_case(START + '[owners]\nadoption = "COO"\n', "x.toml")
    assert owned.owners == {"adoption": "COO"}
    found = parse_use_case(
        START + '[limits.override_rate]\nvalue = 0.15\nowner = "Head"\n[limits.coverage]\nvalue = 1\nowner = "O"\n'
        'side = "lower"\n[words]\ncases = "claims"\n',
        "x.toml",
    )
    assert found.limits == {"override_rate": Limit(0.15, "Head"), "coverage": Limit(1, "O", "lower")}
    assert (found.word("cases"), found.word("case")) == ("claims", "case")
    with pytest.raises(KeyError):
        found.word("customer")
