"""What the books of a load say: counts, causes, records, downloads, columns; over a real load of dirty files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest

from analysis.intake_advice import _ELSE, advise, advise_all
from analysis.intake_columns import build_mapping_lines, describe_missing, list_tables
from analysis.intake_export import describe_list, export_list, export_to_mend, list_mend_files
from analysis.intake_finding import describe_load
from analysis.intake_records import (
    SHOWN_TEXT,
    Narrow,
    count_causes,
    count_records,
    find_record,
    list_choices,
    list_records,
    split_reasons,
)
from analysis.intake_text import reveal
from analysis.loads import describe_origin, describe_source, format_moment, read_loads, read_part
from analysis.store import open_source
from data.load import count_reasons, read_mapping, write_quarantine
from data.snapshots import Store
from tests.robustness.test_dirty_files import WAYS
from tests.unit.dirty_store import EACH, NASTY, RECORDS, WAITING, build_dirty
from tests.unit.stores import publish_random


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("dirty")
    build_dirty(place)
    return place


@pytest.fixture
def source(folder, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(folder / "store"))
    return open_source("credit")


@pytest.fixture
def ask(folder, source):
    """Ask the snapshot's file directly."""
    file = Store(folder / "store").folder(source.snapshot) / "credit.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        yield lambda sql: con.execute(sql).fetchall()


BROKEN = EACH * len(WAYS)


def test_the_report_is_what_the_load_counted(source):
    loads = read_loads(source)
    by_name = {report.source: report for report in loads.reports}
    decisions, repayments = by_name["decisions"], by_name["repayments"]
    assert (decisions.read, decisions.accepted, decisions.quarantined) == (RECORDS, RECORDS - BROKEN, BROKEN)
    assert (by_name["open cases"].out_of_scope, repayments.waiting >= WAITING) == (3, True)
    assert loads.out_of_scope == (("pending", 2), ("withdrawn", 1))
    assert loads.quarantined == loads.total("quarantined") == BROKEN + repayments.quarantined
    assert {(f.source, f.file, f.records) for f in loads.files} >= {("decisions", "decisions_1.csv", RECORDS // 2)}
    assert describe_source(by_name["open cases"], source.use_case) == (
        "open cases (decisions): 3 read = 0 accepted + 0 waiting + 3 out of scope + 0 quarantined; 3 added, 0 changed."
    )


def test_the_finding_has_every_count_and_the_commonest_cause(source):
    loads = read_loads(source)
    words = " ".join(describe_load(source, loads, count_causes(source, "quarantine")))
    came = loads.total("accepted") + 3
    assert words.startswith(f"Of {loads.total('read'):,} records read, {came:,} came in.")
    assert f"{loads.quarantined} were quarantined. {loads.waiting} wait for their decision." in words
    assert 'Most often: 8 records of decisions, the whole record ("' in words
    assert "No record was lost" in words


def test_causes_are_those_the_load_prints(source, folder):
    file = Store(folder / "store").folder(source.snapshot) / "credit.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        printed = count_reasons(con, limit=1000)
    causes = count_causes(source, "quarantine")
    assert [
        f"{c.count:,} of {c.source} in {c.columns or 'the record'}; the first in {c.file}, line {c.line}: {c.reason}"
        for c in causes
    ] == printed
    assert sum(c.count for c in causes) == read_loads(source).quarantined


@pytest.mark.parametrize(
    ("narrow", "test"),
    [
        (Narrow(source="repayments"), "source = 'repayments'"),
        (Narrow(table="outcomes"), "table_name = 'outcomes'"),
        (Narrow(column="decided_at"), "columns in ('decided_at', 'booked_at, decided_at', 'decided_at, received_at')"),
        (Narrow(text="  IS NOT between "), "reasons like '%is not between%'"),
        (Narrow(text="%' or true --"), "false"),
        (Narrow("decisions", "decisions", "score", "1.7"), "columns = 'score' and reasons like '%1.7%'"),
    ],
)
def test_a_narrowed_list_holds_what_it_says(source, ask, narrow, test):
    wanted = [row[0] for row in ask(f"select record_id from quarantine where {test} order by record_id")]
    assert count_records(source, "quarantine", narrow) == len(wanted)
    assert [r.record_id for r in list_records(source, "quarantine", narrow, size=1000)] == wanted
    assert sum(c.count for c in count_causes(source, "quarantine", narrow)) == len(wanted)


def test_pages_hold_every_record_once(source, ask):
    total = count_records(source, "quarantine")
    pages = [list_records(source, "quarantine", page=n, size=25) for n in range(1, -(-total // 25) + 1)]
    assert [r.record_id for page in pages for r in page] == [
        row[0] for row in ask("select record_id from quarantine order by record_id")
    ]


def test_choices_are_single_columns(source):
    choices = list_choices(source, "quarantine")
    assert set(choices.sources) == {"decisions", "repayments"} and set(choices.tables) == {"decisions", "outcomes"}
    assert {"booked_at", "decided_at", "score"} <= set(choices.columns)
    assert not [name for name in choices.columns if ", " in name or not name]


def test_one_record_is_whole_with_every_reason(source):
    found = list_records(source, "quarantine", Narrow(source="repayments", text="maybe"))
    assert len(found) == 1 and len(found[0].raw) == 200 and found[0].is_cut
    record = find_record(source, "quarantine", found[0].record_id)
    assert record.columns == "observed_at, bad"
    assert [reason.partition(":")[0] for reason in record.reasons] == ["observed_at", "bad"]
    assert "'maybe; at: perhaps'" in record.reasons[1]
    assert len(record.raw) == SHOWN_TEXT < record.length and record.is_cut
    assert NASTY[:30] in record.raw
    shown = reveal(record.raw)
    assert "\\u202e" in shown and "\u202e" not in shown and "<b>bold</b>" in shown and "שלום" in shown
    assert find_record(source, "quarantine", 10**12) is None


def test_a_value_is_not_taken_for_another_reason():
    text = "score: 'a; team: b' is not a number; team: is empty and required"
    assert split_reasons(text, "score, case_id")[0] == text
    assert split_reasons("bad: 'x; y' is no; a NUL byte at column team", "bad, team") == (
        "bad: 'x; y' is no",
        "a NUL byte at column team",
    )


def test_waiting_records_say_what_they_wait_for(source):
    waiting = list_records(source, "waiting", size=10_000)
    assert len(waiting) == read_loads(source).waiting
    assert waiting[-1].reasons == (f"case_id: no decision on case 'X-{WAITING - 1}' has come",)
    assert waiting[-1].table == "outcomes" and f"X-{WAITING - 1}," in waiting[-1].raw


def test_files_to_mend_are_those_the_load_writes(source, folder, tmp_path):
    written = write_quarantine(Store(folder / "store").folder(source.snapshot) / "credit.duckdb", tmp_path)
    offered = list_mend_files(source)
    assert [file.name for file in offered] == [path.name for path in written]
    assert sum(file.records for file in offered) == read_loads(source).quarantined
    for file, path in zip(offered, written, strict=True):
        assert export_to_mend(source, file) == path.read_bytes(), file.name


def test_the_list_is_safe_and_whole(source):
    content = export_list(source, "quarantine", Narrow(source="repayments"))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    total = count_records(source, "quarantine", Narrow(source="repayments"))
    assert len(rows) == total
    assert {row["scope"] for row in rows} == {describe_list(source, "quarantine", Narrow(source="repayments"), total)}
    assert all(not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


def test_every_quarantined_record_of_the_load_has_advice(source):
    for record in list_records(source, "quarantine", size=1000):
        assert _ELSE not in advise_all(record.reasons), record.reasons
    assert advise("colour: is not to our taste") == _ELSE
    assert len(advise_all(("a: is empty and required", "b: is empty and required"))) == 1


def test_columns_say_what_would_use_them(source):
    tables = {table.table: table for table in list_tables(source)}
    missing = {column.name: column for column in tables["decisions"].missing}
    assert "Decided before shown" in missing["shown_at"].used_by
    assert "score" in {column.name for column in tables["decisions"].mapped}
    assert "Decided before shown" in describe_missing(list(tables.values()))
    lines = build_mapping_lines(missing["basis"])
    assert '"<your column>" = "basis"' in lines and '"<your value>" = "judgement"' in lines


def test_the_lines_of_every_column_are_a_mapping(source, tmp_path):
    """What the page says about mapping a column is read by the load as it stands, once the blanks are filled."""
    for table in list_tables(source):
        for column in table.columns:
            path = tmp_path / "mapping.toml"
            needed = {"decisions": "case_id decided_at decision channel", "features": "case_id",
                      "outcomes": "case_id observed_at bad", "model_versions": "model_version deployed_at",
                      "interventions": "name started_at", "reason_codes": "code label category",
                      "training_cases": "model_version case_id used_at", "feed_runs": "feed ran_at rows",
                      "trust_survey": "responded_at item score"}[table.table].split()  # fmt: skip
            others = "\n".join(f'{name}_ = "{name}"' for name in needed if name != column.name)
            text = build_mapping_lines(column).replace(
                "[source.columns]", f'files = ["x.csv"]\n[source.columns]\n{others}'
            )
            for number in range(len(column.values)):
                text = text.replace('"<your value>"', f'"value {number}"', 1)
            path.write_text(f'use_case = "credit"\n{text}\n', encoding="utf-8")
            assert column.name in read_mapping(path).sources[0].provided


def test_the_mapping_is_kept_with_its_place(source, folder):
    part = read_part(source)
    assert part.mapping_path == str((folder / "mapping.toml").resolve())
    kept = Store(folder / "store").folder(source.snapshot) / part.mapping_file
    assert kept.read_text(encoding="utf-8") == (folder / "mapping.toml").read_text(encoding="utf-8")
    assert f"mapping.toml in {folder.resolve()}" in describe_origin(source, part)


def test_a_snapshot_without_the_books_of_a_load(tmp_path, monkeypatch):
    publish_random(tmp_path, decisions=50)
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    source = open_source("credit")
    loads = read_loads(source)
    assert not loads.has_books and not loads.reports
    assert describe_load(source, loads, []) == [
        "This snapshot was not written by a load: what was read and rejected is not known."
    ]
    assert list_mend_files(source) == []


def test_moments_are_local():
    assert format_moment("2026-07-01T22:30:00+00:00", "Europe/Berlin") == "2 Jul 2026 00:30"
    assert format_moment("2026-01-01T22:30:00", "Europe/Berlin") == "1 Jan 2026 23:30"
    assert format_moment("", "UTC") == "no date"


def test_the_fixture_has_what_it_says(folder: Path):
    assert len(NASTY) > SHOWN_TEXT
    assert (folder / "mapping.toml").is_file()
