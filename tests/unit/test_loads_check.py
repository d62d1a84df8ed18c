"""A corrected file's check: what it predicts is what the load then does; it publishes nothing and leaves nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import intake_check
from analysis.errors import UserError
from analysis.intake_check import Upload, start_check
from analysis.intake_export import export_to_mend, list_mend_files
from analysis.intake_plan import build_plan, find_writer, read_kept_mapping
from analysis.intake_result import count_settled, describe_result
from analysis.jobs import load
from analysis.loads import read_loads
from analysis.store import open_source
from data.snapshots import Store
from tests.unit.dirty_store import EACH, build_dirty
from tests.unit.stores import publish_random

PATIENCE = 120


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    place = tmp_path_factory.mktemp("dirty")
    build_dirty(place)
    return place


@pytest.fixture
def folder(built, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(built / "store"))
    return built


def get_to_mend(source) -> bytes:
    return next(export_to_mend(source, file) for file in list_mend_files(source) if file.source == "decisions")


def run(source, uploads, name="decisions"):
    check = start_check(build_plan(source), name, uploads)
    assert check.wait(PATIENCE)
    return check


def test_the_check_says_what_the_load_then_does(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(build_dirty(tmp_path)))
    source = open_source("credit")
    before = read_loads(source)
    corrected = (
        get_to_mend(source).replace(b",1.7,", b",0.7,").replace(b",USD,", b",EUR,").replace(b",phone,", b",assisted,")
    )
    check = run(source, [Upload("decisions.mend.csv", corrected)])
    report = check.report
    assert check.error is None and report is not None and report.published == ""
    one = report.sources[0]
    quarantined = next(r.quarantined for r in before.reports if r.source == "decisions")
    assert one.read == quarantined and one.conserves()
    # Three ways were corrected; wrong bytes stand as escapes in the file to mend, so those records are sound text now;
    # and of the duplicates one, now the first of its key in the file, changes its case.
    assert (one.added, one.changed) == (4 * EACH, 1)
    assert one.accepted == 4 * EACH + 1
    assert sum(cause.count for cause in report.causes) == one.quarantined == one.read - one.accepted
    assert count_settled(check, report) == one.accepted
    words = " ".join(describe_result(check, report, source.use_case))
    assert f"{one.read} records read: {one.accepted} would be accepted ({one.added} new, 1 changed), " in words
    assert f"{one.accepted} of {quarantined} quarantined records of decisions would be settled" in words
    assert "Nothing was published" in words

    assert Store(tmp_path / "store").current().id == source.snapshot
    assert list((tmp_path / "store" / "checks").iterdir()) == []
    assert not [line for line in (*check.lines, *(c.file for c in report.causes)) if "checks" in line]

    (tmp_path / "decisions.mend.csv").write_bytes(corrected)
    assert load.main([str(tmp_path / "mapping.toml"), "--append", "--mended", "decisions",
                      str(tmp_path / "decisions.mend.csv")]) == 0  # fmt: skip
    after = read_loads(open_source("credit"))
    assert [r for r in after.reports if r.source == "decisions"] == [one]
    assert after.quarantined == sum(report.held_after.values())
    assert after.waiting == report.still_waiting


def test_a_part_of_the_records_under_another_name_settles_by_key(folder):
    source = open_source("credit")
    lines = get_to_mend(source).split(b"\n")
    good = [line.replace(b",1.7,", b",0.7,") for line in lines[1:] if b",1.7," in line]
    assert len(good) == EACH
    check = run(source, [Upload("some of them.csv", b"\n".join([lines[0], *good]) + b"\n")])
    assert check.report is not None and check.report.sources[0].accepted == EACH
    assert count_settled(check, check.report) == EACH
    words = " ".join(describe_result(check, check.report, source.use_case))
    assert "none rejected" in words and "A record leaves quarantine when one with its key comes in" in words


def test_a_file_to_mend_that_lost_records_is_told(folder):
    source = open_source("credit")
    lines = get_to_mend(source).split(b"\n")
    good = next(line.replace(b",1.7,", b",0.7,") for line in lines if b",1.7," in line)
    check = run(source, [Upload("decisions.mend.csv", b"\n".join([lines[0], good]) + b"\n")])
    assert count_settled(check, check.report) == 1
    words = " ".join(describe_result(check, check.report, source.use_case))
    assert "59 that it does not hold would leave quarantine without coming in" in words


def test_a_check_and_a_load_do_not_wait_for_each_other(folder):
    source = open_source("credit")
    store = Store(folder / "store")
    with store.writing():
        assert find_writer() == str(os.getpid())
        check = run(source, [Upload("decisions.mend.csv", get_to_mend(source))])
        assert check.report is not None, check.lines
    assert find_writer() == ""
    assert store.current().id == source.snapshot


def test_one_check_at_a_time_and_cancelled_it_leaves_nothing(folder):
    source = open_source("credit")
    uploads = [Upload("decisions.mend.csv", get_to_mend(source))]
    first = start_check(build_plan(source), "decisions", uploads)
    with pytest.raises(UserError, match="Another check is running"):
        start_check(build_plan(source), "decisions", uploads)
    first.cancel()
    assert first.wait(PATIENCE) and not first.is_running
    assert first.is_cancelled and first.report is None and first.error is None
    assert list((folder / "store" / "checks").iterdir()) == []
    assert run(source, uploads).report is not None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("loans.xlsx", b"PK\x03\x04rest", "a spreadsheet"),
        ("loans.csv", b"PK\x03\x04rest", "a spreadsheet"),
        ("loans.parquet", b"PAR1....", "a Parquet file"),
        ("loans.csv", "case,no\n".encode("utf-16"), "in UTF-16"),
        ("loans.json", b'{"case": 1}', "not named as one of .csv, .tsv, .txt"),
        ("loans.csv", b" \n ", "empty"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(folder, name, content, words):
    source = open_source("credit")
    with pytest.raises(UserError, match="not a corrected CSV") as refused:
        start_check(build_plan(source), "decisions", [Upload(name, content)])
    assert words in refused.value.what_happened
    assert intake_check._slot.acquire(blocking=False)  # nothing is held by a check that never began
    intake_check._slot.release()


def test_too_many_files_are_refused(folder):
    with pytest.raises(UserError, match="too many files"):
        start_check(build_plan(open_source("credit")), "decisions", [Upload("a.csv", b"case\n")] * 11)


def test_a_source_that_does_not_exist_is_refused(folder):
    source = open_source("credit")
    with pytest.raises(UserError, match="There is no such source"):
        start_check(build_plan(source), "--replace", [Upload("a.csv", b"case\n")])


def test_what_the_load_refuses_is_told_in_its_words(folder):
    source = open_source("credit")
    check = run(source, [Upload("../../etc/odd [name].csv", b"case,no\nC-1,1\n")])
    assert check.report is None and check.error is not None
    assert check.error.title == "A mapped column is not in the source"
    assert "odd_name_.csv has no column 'received'" in check.error.what_happened


def test_files_of_one_name_are_both_read(folder):
    source = open_source("credit")
    header, *records = get_to_mend(source).split(b"\n")
    half = len(records) // 2
    parts = [b"\n".join([header, *records[:half]]) + b"\n", b"\n".join([header, *records[half:]])]
    check = run(source, [Upload("decisions.mend.csv", part) for part in parts])
    assert check.report is not None and check.report.sources[0].read == 60


def test_without_its_file_the_kept_mapping_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(build_dirty(tmp_path)))
    source = open_source("credit")
    assert build_plan(source).words == ""
    text = (tmp_path / "mapping.toml").read_text(encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(text + "\n# changed\n", encoding="utf-8")
    assert "was changed since this snapshot was built" in build_plan(source).words
    (tmp_path / "mapping.toml").unlink()
    plan = build_plan(source)
    assert "no longer where it was loaded from" in plan.words
    assert plan.build_command("decisions", ["a b.csv"]).startswith("python -m analysis.jobs.load mapping.toml --append")
    assert read_kept_mapping(source) == text
    check = start_check(plan, "decisions", [Upload("decisions.mend.csv", get_to_mend(source))])
    assert check.wait(PATIENCE) and check.report is not None, (check.error, check.lines)


def test_a_snapshot_without_a_mapping_says_why_it_cannot(tmp_path, monkeypatch):
    publish_random(tmp_path, decisions=50)
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    with pytest.raises(UserError, match="cannot be checked here") as refused:
        build_plan(open_source("credit"))
    assert "--check --append --mended SOURCE FILE" in refused.value.what_to_do


def test_a_mapping_of_another_use_case_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(build_dirty(tmp_path)))
    text = (tmp_path / "mapping.toml").read_text(encoding="utf-8").replace('"credit"', '"other.toml"')
    (tmp_path / "mapping.toml").write_text(text, encoding="utf-8")
    (tmp_path / "other.toml").write_text('name = "other"\nlabel = "Other"\n', encoding="utf-8")
    with pytest.raises(UserError, match="another use case"):
        build_plan(open_source("credit"))


def test_left_over_folders_of_a_killed_server_are_removed(folder):
    left = folder / "store" / "checks" / "left"
    left.mkdir(parents=True)
    (left / "customers.csv").write_text("x", encoding="utf-8")
    os.utime(left, (1_000_000, 1_000_000))
    source = open_source("credit")
    assert run(source, [Upload("a.csv", get_to_mend(source))]).report is not None
    assert not left.exists()


def test_the_command_writes_its_counts_and_its_refusals(folder, tmp_path):
    """As the page runs it: a process of its own, over the same store."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "analysis.jobs.load", str(folder / "mapping.toml"), "--check", "--append"]
    command += ["--report", str(report)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["snapshot"] == open_source("credit").snapshot and found["error"] is None
    assert {one["source"] for one in found["sources"]} == {"decisions", "open cases", "repayments"}
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    command[3] = str(tmp_path / "gone" / "mapping.toml")
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert json.loads(report.read_text(encoding="utf-8"))["error"][0] == "There is no such mapping"
