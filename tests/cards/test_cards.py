"""What holds for every card, made from the card alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.catalog import read_catalog
from analysis.measures import build_measures
from tests.cards.examples import answer_example, build_example, parse_table

CARDS = read_catalog()
FIRST_CARDS = {
    "override_rate", "low_side_override_rate", "high_side_override_rate", "override_reason_share",
    "blank_or_other_reason_share", "adoption", "automated_share", "bypass_share", "decided_before_shown_share",
    "median_decision_minutes", "turnaround_within_agreement_share", "accept_rate", "bad_rate_as_recommended",
    "low_side_bad_rate", "low_side_break_even", "low_side_value", "realised_value", "outcome_coverage",
}  # fmt: skip


def test_the_first_cards_are_there():
    assert set(CARDS) >= FIRST_CARDS


@pytest.mark.parametrize("name", CARDS)
def test_the_worked_example_gives_its_answer(name):
    card = CARDS[name]
    answer = answer_example(card, parse_table(card.example.table))
    for part in answer:
        assert answer[part] == getattr(card.example, part), part


@pytest.mark.parametrize("name", CARDS)
def test_the_example_says_what_the_classic_mistake_answers(name):
    card = CARDS[name]
    assert "classic mistake" in card.example.why


@pytest.mark.parametrize("name", CARDS)
def test_the_classic_mistake_fails_the_example(name):
    """The mistake is run, not only told: it gives the wrong answer the card says it gives."""
    card = CARDS[name]
    changes = {key: text for key, text in card.example.mistake.items() if key != "answer"}
    wrong = replace(card, name=f"{name}_mistaken", matures_from="", **changes)
    found = answer_example(wrong, parse_table(card.example.table), scoped=False)
    assert _divide(found) == pytest.approx(card.example.mistake["answer"])
    right = {part: getattr(card.example, part) for part in found}
    assert _divide(found) != pytest.approx(_divide(right))


def _divide(answer):
    return answer["value"] if "value" in answer else answer["numerator"] / answer["denominator"]


@pytest.mark.parametrize("name", CARDS)
def test_an_empty_table_counts_nothing(name):
    answer = answer_example(CARDS[name], [])
    assert all(part in (0, None) for part in answer.values())


@pytest.mark.parametrize("name", [n for n, c in CARDS.items() if c.kind == "ratio"])
def test_the_numerator_of_a_share_lies_within_its_denominator(name):
    card = CARDS[name]
    measures = build_measures(card)
    con = build_example(parse_table(card.example.table), card.example.settings)
    outside = con.execute(
        f"select count(*) from facts where ({measures.numerator.condition}) and not ({measures.denominator.condition})"
    ).fetchone()[0]
    assert outside == 0
