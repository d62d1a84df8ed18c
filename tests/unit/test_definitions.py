"""Definitions: examples worked through, found by search, traced to columns and pages, and described in a file."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from analysis.catalog import read_catalog
from analysis.definitions import (
    build_definition_sql,
    describe_card,
    describe_needs,
    find_nearest,
    list_definitions,
    search_definitions,
)
from analysis.errors import UserError
from analysis.example_tables import build_example
from analysis.formats import NBSP
from analysis.glossary import read_words, search_words
from analysis.jobs import describe
from analysis.lineage import list_contract_columns, trace_columns
from analysis.overrides import BESIDE, OUTCOMES, TILES
from analysis.statistics import STATISTICS
from analysis.uses import find_uses, list_pages
from analysis.worked import LEFT_OUT, work_card, work_statistic
from data.schema import TABLES
from tests.cards.examples import answer_example, parse_table

CARDS = read_catalog()
DEFINITIONS = list_definitions(CARDS)


def number(text):
    return float(text.replace(",", "").replace(NBSP, " ").removesuffix(".").removesuffix(" %").removesuffix(" min"))


def main_units(card, part):
    """A declared part as the example writes it: money in main units, everything else as it is."""
    is_money = "count" not in getattr(card, part) and card.unit in ("money", "share")
    return getattr(card.example, part) / (100 if is_money else 1)


@pytest.mark.parametrize("name", CARDS)
def test_the_numbers_in_the_words_are_those_the_example_gives(name):
    card = CARDS[name]
    worked = work_card(card)
    found = answer_example(card, parse_table(card.example.table))
    calculation, _, answer = worked.steps[-1].partition(" = ")
    if card.kind == "typical":
        assert worked.value == found["value"] == card.example.value
    elif card.kind == "total":
        assert worked.value == found["numerator"]
    else:
        top, below = calculation.split(" / ")
        assert (number(top), number(below)) == (main_units(card, "numerator"), main_units(card, "denominator"))
        assert worked.value == pytest.approx(found["numerator"] / found["denominator"])
    shown = number(answer) * {"share": 0.01, "money": 100}.get(card.unit, 1)
    assert shown == pytest.approx(worked.value, abs=0.0006 if card.unit == "share" else 100)
    assert worked.mistaken == pytest.approx(card.example.mistake["answer"])
    assert worked.mistake.endswith(f"where the answer is {answer}")


@pytest.mark.parametrize("name", CARDS)
def test_the_rows_that_count_add_up_to_the_answer(name):
    card = CARDS[name]
    worked = work_card(card)
    rows = [dict(zip(worked.header, row, strict=True)) for row in worked.rows]
    for row, counts in zip(rows, worked.counts, strict=True):
        assert counts == (not row.get(LEFT_OUT))
    for part in ("denominator", "numerator"):
        if part in worked.header:
            assert sum(number(row[part]) for row in rows if row[part]) == main_units(card, part)
    told = [step.partition(" (")[0] for step in worked.steps if step.startswith("Left out")]
    left = [row["case_id"] for row, counts in zip(rows, worked.counts, strict=True) if not counts]
    assert sorted(re.findall(r"\d+", " ".join(told))) == sorted(left)


def test_each_row_says_why_it_does_not_count():
    worked = work_card(CARDS["bypass_share"])
    assert [row[-1] for row in worked.rows] == ["", "", "", "not (channel <> 'withheld')", "not is_in_scope"]
    assert "Left out: case 5 (not is_in_scope: neither pending nor withdrawn)." in worked.steps


def test_a_mistake_that_counts_instead_of_adding_money_is_told_as_a_share():
    worked = work_card(CARDS["low_side_value"])
    assert worked.steps[-1].replace(NBSP, " ") == "-2,200 / 5 = -440."
    assert worked.mistake.replace(NBSP, " ") == "The classic mistake answers 4 / 5 = 80.0 % where the answer is -440."
    assert "The day maturity is counted to is 2026-06-30." in worked.steps


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_is_worked_on_its_cases(name):
    statistic = STATISTICS[name]
    worked = work_statistic(statistic)
    assert worked.value == pytest.approx(statistic.example.answer)
    assert f"{statistic.example.mistaken:.2f}" in worked.mistake and f"{statistic.example.answer:.2f}" in worked.mistake
    assert len(worked.rows) == len(statistic.example.score)


def change_example(name, **changes):
    card = CARDS[name]
    return replace(card, example=replace(card.example, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"numerator": 2}, "numerator is declared as 2 and computed as 1"),
        ({"denominator": 3}, "denominator is declared as 3 and computed as 2"),
        ({"mistake": {"where": "true", "answer": 0.9}}, "the mistake is declared to answer 0.9 and computes"),
        ({"table": "case_id | channel\n1 | assisted | x"}, "its table cannot be read (ValueError"),
        ({"table": ""}, "its table cannot be read (IndexError"),
        ({"settings": {"mood": 1}}, "its table cannot be read (TypeError"),
    ],
)
def test_an_example_that_does_not_give_its_answer_is_told_in_words(changes, words):
    with pytest.raises(UserError) as caught:
        work_card(change_example("override_rate", **changes))
    assert caught.value.title == "A worked example does not give its answer"
    assert caught.value.what_happened.startswith("In override_rate.toml, [example]: ") and words in str(caught.value)


def test_a_statistic_that_does_not_give_its_answer_is_told_in_words():
    statistic = STATISTICS["roc_auc"]
    with pytest.raises(UserError, match=r"'roc_auc' declares 0\.5 and computes 0\.75"):
        work_statistic(replace(statistic, example=replace(statistic.example, answer=0.5)))


def find(text="", **more):
    return [definition.name for definition in search_definitions(DEFINITIONS.values(), text, **more)]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_number_is_found_by_its_label_name_owner_and_source(name):
    definition = DEFINITIONS[name]
    assert find(definition.label)[0] == name
    for text in (name, definition.owner, definition.source, definition.definition):
        assert name in find(text)
    assert name in find(owner=definition.owner, unit=definition.unit)


def test_a_search_needs_every_word_and_says_nothing_of_case_or_order():
    assert find("RATE override high")[0] == find("high override rate")[0] == "high_side_override_rate"
    assert find("what does adoption mean?")[0] == "adoption"
    assert find("xylophone") == find("override xylophone") == []
    assert find("the") != []  # nothing but a filler: it is looked for as it is
    assert set(find("", unit="minutes")) == {n for n, d in DEFINITIONS.items() if d.unit == "minutes"}
    assert find("") == list(DEFINITIONS)


def test_an_owner_the_use_case_names_takes_the_place_of_the_suggested_one():
    owners = {"adoption": "Head of Branches"}
    assert find("branches", owners=owners) == ["adoption"]
    assert "adoption" not in find(owner=DEFINITIONS["adoption"].owner, owners=owners)


def test_the_nearest_names_of_one_that_does_not_exist():
    assert find_nearest(DEFINITIONS, "overide_rate")[0].name == "override_rate"
    assert find_nearest(DEFINITIONS, "Outcomes bak")[0].name == "outcome_coverage"
    assert find_nearest(DEFINITIONS, "<script>") == []


def test_words_are_found_the_word_itself_first():
    found = search_words(read_words(), "What does 'bypassed' mean?")
    assert (found[0].term, found[0].text) == ("bypassed", "channel: a person decided without the system.")
    eligible = search_words(read_words(), "is_override_eligible")
    assert (eligible[0].term, eligible[0].kind) == ("is_override_eligible", "helper column")
    assert search_words(read_words(), "decisions.approver")[0].kind == "column"
    assert search_words(read_words(), "xylophone") == []


def test_a_missing_glossary_is_told_in_words(tmp_path):
    with pytest.raises(UserError, match="The glossary is missing"):
        read_words(tmp_path / "GLOSSARY.md")


def test_columns_are_traced_through_helper_columns_to_the_contract():
    made = trace_columns("decisions")
    assert made["is_within_agreement"] == {"decisions.received_at", "decisions.decided_at", "decisions.disposition"}
    assert "outcomes.bad" in made["is_outcome_known"] and "outcomes.value" in made["realised_value"]
    assert made["is_reason_other"] == {"reason_codes.category"}
    assert "decisions.shown_at" in list_contract_columns(CARDS["override_rate"])


@pytest.mark.parametrize("name", CARDS)
def test_what_a_card_is_read_from_exists(name):
    columns = list_contract_columns(CARDS[name])
    assert set(CARDS[name].needs) <= set(columns)
    for column in columns:
        table, _, plain = column.partition(".")
        assert TABLES[table].column(plain) is not None, column


def test_needs_say_what_the_log_maps_and_what_is_required():
    needs = {need.column: need for need in describe_needs(DEFINITIONS["realised_value"], {"decisions.decision"})}
    assert next(iter(needs)) == "outcomes.value"
    assert needs["outcomes.value"].is_required and not needs["outcomes.value"].is_mapped
    assert needs["decisions.decision"].is_mapped and not needs["decisions.decision"].is_required
    assert needs["decisions.decision"].sentence == "The final decision."


@pytest.mark.parametrize("name", CARDS)
def test_the_definition_as_sql_runs_over_the_facts_and_gives_the_answer(name):
    card = CARDS[name]
    con = build_example(parse_table(card.example.table), card.example.settings)
    found = con.execute(build_definition_sql(describe_card(card))).fetchone()
    expected = [card.example.value] if card.kind == "typical" else [card.example.numerator, card.example.denominator]
    assert list(found) == [value for value in expected if value is not None]
    con.close()


def test_a_statistic_names_its_function():
    assert build_definition_sql(DEFINITIONS["roc_auc"]).endswith("answer_auc in analysis/score_statistics.py")


def test_pages_use_the_numbers_their_code_names():
    uses = find_uses(tuple(DEFINITIONS))
    on_overrides = {name for name, pages in uses.items() if "overrides" in [page.script for page in pages]}
    assert on_overrides == {*TILES, *OUTCOMES, *BESIDE, "roc_auc", "observed_expected"}
    assert not any(page.script == "definitions" for pages in uses.values() for page in pages)


def test_a_number_no_page_names_is_not_used_yet_and_imported_constants_count(tmp_path):
    for folder in ("pages", "analysis"):
        (tmp_path / folder).mkdir()
    write = {
        "pages/_main.py": 'st.Page("one.py", title="One")\nst.Page("two.py", title="Two")\nst.Page("one.py")\n',
        "pages/one.py": 'answer_cards(source, ["adoption"])\n',
        "pages/two.py": "",
        "analysis/one_parts.py": 'from analysis.shared import TILES\nSHOWN = (*TILES, "accept_rate")\n',
        "analysis/shared.py": 'TILES = ("override_rate",)\nOTHERS = ("roc_auc",)\n',
        "analysis/elsewhere.py": 'PAGE = "two"\nNAMES = {"bypass_share": 1}\n',
    }
    for path, text in write.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert [(page.script, page.title) for page in list_pages(tmp_path)] == [("one", "One"), ("two", "Two")]
    names = ("adoption", "override_rate", "accept_rate", "bypass_share", "roc_auc")
    scripts = {name: [p.script for p in pages] for name, pages in find_uses(names, tmp_path).items()}
    assert scripts == {
        "adoption": ["one"], "override_rate": ["one"], "accept_rate": ["one"], "bypass_share": ["two"], "roc_auc": [],
    }  # fmt: skip


def test_every_number_is_used_somewhere_or_says_that_it_is_not_yet():
    text = describe.build_readme()
    parts = dict(re.findall(r'^<a id="(\w+)"></a>\n(.*?)(?=^<a id=|\Z)', text, re.MULTILINE | re.DOTALL))
    assert set(parts) == set(DEFINITIONS)
    for name, pages in find_uses(tuple(DEFINITIONS)).items():
        titles = ", ".join(page.title for page in pages)
        assert f"- **Used on:** {titles or 'no page yet'}\n" in parts[name], name


def test_the_described_metrics_are_up_to_date(capsys):
    assert describe.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_description_is_told_with_its_line_and_the_command(tmp_path, capsys):
    text = describe.build_readme()
    file = tmp_path / "README.md"
    assert describe.check_readme(text, file) == 1
    file.write_text(text.replace("## Adoption", "## Adopted"), encoding="utf-8")
    assert describe.check_readme(text, file) == 1
    line = text.splitlines().index("## Adoption") + 1
    said = capsys.readouterr().err
    assert f"README.md is stale from line {line} on" in said and "python -m analysis.jobs.describe" in said
    file.write_text(text, encoding="utf-8")
    assert describe.check_readme(text, file) == 0


def test_nothing_in_a_card_becomes_markup_in_the_description(monkeypatch):
    card = replace(CARDS["adoption"], label="A|b <i>c</i>", definition="See [x](y) | *z*\nand `q`.")
    monkeypatch.setattr(describe, "read_catalog", lambda: {"adoption": card})
    text = describe.build_readme()
    assert r"## A\|b \<i\>c\</i\>" in text
    assert r"See \[x\](y) \| \*z\* and \`q\`." in text


def test_dates_of_changes_are_told():
    changed = replace(CARDS["adoption"].changed[0], on=dt.date(2027, 3, 1), why="Withheld left out.")
    definition = describe_card(replace(CARDS["adoption"], changed=(*CARDS["adoption"].changed, changed)))
    assert "1 Mar 2027: Withheld left out." in describe._describe(definition, ())
