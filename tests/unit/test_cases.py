"""The list of cases: order, paging, drills that agree with the chart they come from, protection, search, download."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.answer import answer_cards
from analysis.case_drill import describe_drill, read_drill, refuse_drill
from analysis.case_export import export_cases
from analysis.case_neighbours import find_neighbours
from analysis.case_search import find_decisions, search_nearby
from analysis.cases import (
    ALL,
    EXPOSURE,
    MONEY,
    QUICK,
    Selection,
    count_cases,
    describe_sort,
    find_undos,
    list_cases,
    list_sorts,
    widen,
)
from analysis.filters import Filters
from analysis.reading import Drill
from analysis.source import Source
from analysis.store import open_source
from tests.unit.case_store import CASES, publish_cases

FILTERS = Filters("credit")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return open_store(tmp_path_factory.mktemp("cases"))


def open_store(folder: Path, **more: object) -> Source:
    (folder / "models").mkdir()
    publish_cases(folder / "store", folder / "models", **more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(folder / "store"))
        return open_source("credit")


def list_all(source: Source, selection: Selection, size: int = 17) -> list[tuple[str, int]]:
    pages = -(-count_cases(source, selection) // size)
    rows = [row for page in range(1, pages + 1) for row in list_cases(source, selection, page=page, size=size)]
    return [(row.case_id, row.decision_no) for row in rows]


def test_pages_hold_every_case_once_and_those_with_most_at_stake_first(source: Source) -> None:
    assert len(set(list_all(source, Selection(FILTERS)))) == len(list_all(source, Selection(FILTERS))) == CASES
    stakes = [row.money_at_stake for row in list_cases(source, Selection(FILTERS), size=CASES)]
    known = [stake for stake in stakes if stake is not None]
    assert known == sorted(known, reverse=True)
    assert stakes[len(known) :] == [None] * 10  # empty ones stand last, and are not left out


@pytest.mark.parametrize("sort", ["money at stake", "newest", "highest score", "lowest score", "case id"])
def test_neighbours_are_those_of_the_list(source: Source, sort: str) -> None:
    selection = Selection(FILTERS, sort=sort)
    ids = list_all(source, selection, size=CASES)
    for i in (0, 1, 57, 150, CASES - 12, CASES - 10, CASES - 2, CASES - 1):  # the last ten have no money at stake
        before, after = ids[i - 1] if i else None, ids[i + 1] if i < CASES - 1 else None
        assert find_neighbours(source, selection, *ids[i]) == (before, after)
    assert find_neighbours(source, replace(selection, quick="bypassed"), "C-1000", 1) is None


@pytest.mark.parametrize("split", ["team", "segment", "period", "week", "score_band"])
@pytest.mark.parametrize("card", ["override_rate", "low_side_override_rate", "bypass_share", "low_side_bad_rate"])
def test_a_drill_lists_as_many_cases_as_the_chart_counted(source: Source, card: str, split: str) -> None:
    answer = answer_cards(source, [card], FILTERS, split)[card]
    assert answer.parts
    for part in answer.parts:
        for half in ("numerator", "denominator"):
            counted = answer.sums.total(answer.query.columns[f"{card}__{half}"])[answer.parts.index(part)]
            drill = Drill(card, half, split, part)
            assert count_cases(source, Selection(FILTERS, drill)) == counted, (part, half)


def test_a_drill_by_reason_takes_blank_for_not_recorded(source: Source) -> None:
    found = {}
    for code in ("INC", ""):
        found[code] = count_cases(source, Selection(FILTERS, Drill("override_rate", "numerator", "reason", code)))
    assert found["INC"] > 0
    assert sum(found.values()) == count_cases(source, Selection(FILTERS, quick="overrides"))
    drill = Drill("override_rate", "numerator", "reason", "INC")
    assert describe_drill(source, drill) == "Override rate, numerator, reason Income is higher"


def test_a_median_lists_the_cases_that_have_a_value(source: Source) -> None:
    drill = Drill("median_decision_minutes", "denominator", "team", "North 1")
    answer = answer_cards(source, [drill.card], FILTERS, "team", rollup=False)[drill.card]
    assert count_cases(source, Selection(FILTERS, drill)) == answer.reading("North 1").n > 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"card": ["nonsense"]}, "There is no metric 'nonsense'"),
        ({"card": ["override_rate"], "part": ["half"]}, "it has numerator, denominator"),
        ({"card": ["override_rate"], "split": ["star sign"], "value": ["x"]}, "cannot be split by 'star sign'"),
        ({"card": ["override_rate"], "split": ["team"]}, "half a group"),
        ({"split": ["team"], "value": ["North 1"]}, "names a split but no metric"),
    ],
)
def test_a_drill_that_does_not_exist_is_left_out_in_words(
    source: Source, query: dict[str, list[str]], words: str
) -> None:
    drill, problems = read_drill(source, query)
    assert drill is None
    assert len(problems) == 1
    assert words in problems[0]


def test_a_drill_survives_its_url_and_its_value_is_never_sql(source: Source) -> None:
    drill = Drill("override_rate", "denominator", "team", "x' or true --")
    assert read_drill(source, drill.to_url()) == (drill, [])
    assert count_cases(source, Selection(FILTERS, drill)) == 0


def test_a_drill_by_decider_needs_permission_people_and_cases(source: Source, tmp_path: Path) -> None:
    drill = Drill("override_rate", "denominator", "decider", "O-2")
    assert "does not permit" in refuse_drill(source, drill, FILTERS)
    shown = open_store(tmp_path, settings="show_deciders = true")
    assert refuse_drill(shown, drill, FILTERS) == ""
    assert "fewer than 20" in refuse_drill(shown, replace(drill, value="O-404"), FILTERS)
    assert "fewer than 20" in refuse_drill(shown, drill, replace(FILTERS, start="2024-01", end="2024-01"))
    # Each team's cases are decided by two of the six deciders.
    assert "fewer than 5" in refuse_drill(shown, drill, replace(FILTERS, team=("South 1",)))
    total = Drill("realised_value", "numerator", "decider", "O-404")
    assert refuse_drill(shown, total, FILTERS), "a sum has no minimum of its own, the drill has"


def test_a_protected_group_is_never_drilled(source: Source) -> None:
    drill, problems = read_drill(source, {"card": ["override_rate"], "split": ["group_sex"], "value": ["f"]})
    assert not problems
    assert drill is not None
    assert "protected group" in refuse_drill(source, drill, FILTERS)


def test_the_order_falls_back_and_says_so(source: Source, tmp_path: Path) -> None:
    assert list_sorts(source)[0] == MONEY
    assert describe_sort(source, MONEY) == ""
    without = open_store(tmp_path, unmapped=("gain_if_good",))
    assert list_sorts(without)[0] == EXPOSURE
    assert describe_sort(without, EXPOSURE).endswith("needs decisions.gain_if_good, which this log does not map.")
    exposures = [row.exposure for row in list_cases(without, Selection(FILTERS, sort=EXPOSURE), size=CASES)]
    assert exposures == sorted(exposures, reverse=True)  # type: ignore[type-var]


def test_quick_filters_narrow_and_never_widen(source: Source) -> None:
    counts = {quick: count_cases(source, Selection(FILTERS, quick=quick)) for quick in QUICK}
    assert counts[ALL] == CASES
    assert counts["overrides"] == counts["low-side overrides"] + counts["high-side overrides"] > 0
    assert counts["not scored"] == 0 < counts["matured, bad"] < counts["matured, good"]
    assert all(count <= CASES for count in counts.values())


def test_an_empty_list_names_each_filter_that_empties_it(source: Source) -> None:
    filters = replace(FILTERS, start="2024-01", end="2024-02", team=("North 1",), channel=("bypassed",))
    selection = Selection(filters, quick="overrides")
    assert count_cases(source, selection) == 0
    undos = find_undos(source, selection)
    assert {undo.name for undo in undos} == {"show", "channel"}  # without period or team it would still be empty
    assert [undo.cases for undo in undos] == sorted((undo.cases for undo in undos), reverse=True)
    for undo in undos:
        assert count_cases(source, undo.selection) == undo.cases > 0
    nothing = replace(selection, drill=Drill("override_rate", "numerator", "team", "South 1"))
    assert find_undos(source, nothing) == []
    assert count_cases(source, widen(nothing)) == CASES


def test_a_case_is_found_by_its_whole_id(source: Source) -> None:
    assert [row["case_id"] for row in find_decisions(source, "C-1007")] == ["C-1007"]
    assert find_decisions(source, "C-100") == ()
    assert find_decisions(source, "' or true --") == ()


def test_what_is_not_there_is_told_with_what_is(source: Source) -> None:
    near = search_nearby(source, "C-10070")
    assert near.nearest == ("C-1007",)
    assert f"{CASES:,} decisions" in near.searched
    assert source.snapshot in near.searched
    assert search_nearby(source, "c-1007").nearest == ("C-1007",)
    assert search_nearby(source, "zzz") == replace(near, case_id="zzz", nearest=())
    held = search_nearby(source, "C-77").elsewhere
    assert len(held) == 1
    assert "d.csv, line 17" in held[0]
    assert "score 1.7 is not between 0 and 1. Correct it" in held[0]
    assert search_nearby(source, "C-7").elsewhere == (), "part of another id is not this id"
    assert "1 record of table 'outcomes'" in search_nearby(source, "C-88").elsewhere[0]


def read_export(source: Source, selection: Selection) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export_cases(source, selection).decode("utf-8-sig"))))


def test_the_download_holds_every_row_in_order_and_nobody(source: Source) -> None:
    selection = Selection(FILTERS, quick="overrides")
    rows = read_export(source, selection)
    assert [row["case_id"] for row in rows] == [case_id for case_id, _ in list_all(source, selection)]
    assert not {"decider", "approver", "group_sex"} & set(rows[0])
    assert {row["override_note"] for row in rows} <= {"", "'=HYPERLINK(1) *seen*"}
    assert rows[0]["scope"] == "applications of all periods, only overrides"
    assert {row["snapshot"] for row in rows} == {source.snapshot}


def test_the_download_names_people_where_the_use_case_shows_them(tmp_path: Path) -> None:
    shown = open_store(tmp_path, settings="show_deciders = true")
    assert {"decider", "approver"} <= set(read_export(shown, Selection(FILTERS))[0])


def test_a_cut_download_says_so(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.case_export.EXPORT_LIMIT", 5)
    rows = read_export(source, Selection(FILTERS))
    assert len(rows) == 5
    assert rows[0]["scope"] == f"the first 5 of {CASES} applications of all periods, by money at stake"
