"""The commands: load and snapshots, as a person types them."""

from __future__ import annotations

import pytest

from analysis.jobs import load, snapshots
from analysis.jobs.load import run_load
from analysis.store import open_source
from data.load import read_mapping
from data.snapshots import Store

MAPPING = """
use_case = "small.toml"
[[source]]
table = "decisions"
files = ["decisions.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
channel = "channel"
said = "recommendation"
decision = "decision"
"""
USE_CASE = 'name = "small"\nlabel = "Small"\nhorizon_days = 100\ntime_zone = "Europe/Berlin"\n'
HEADER = "case,at,channel,said,decision\n"
ROWS = (
    "A,2026-01-05T10:00,assisted,accept,accept\nB,2026-03-05T10:00,assisted,accept,reject\n"
    "C,2026-05-05T10:00,assisted,reject,accept\n"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a mapping, its use case and its file; the store is beside them."""
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "small.toml").write_text(USE_CASE, encoding="utf-8")
    write(tmp_path, ROWS)
    return tmp_path


def write(place, rows):
    (place / "decisions.csv").write_text(HEADER + rows, encoding="utf-8")


def run(place, *arguments):
    return load.main([str(place / "mapping.toml"), *arguments])


def store(place):
    return Store((place / "store").resolve())


def facts(sql):
    return open_source("small").rows(sql)


def test_a_first_load_publishes_and_says_so(place, capsys):
    assert run(place) == 0
    out, err = capsys.readouterr()
    manifest = store(place).current()
    assert manifest.parts["small"].rows["decisions"] == 3
    assert f"published snapshot {manifest.id}" in out and "decisions: 3 read = 3 accepted + " in out
    assert err == ""


def test_a_second_load_is_refused_until_it_says_how(place, capsys):
    assert run(place) == 0
    first = store(place).current()
    capsys.readouterr()
    assert run(place) == 2
    assert capsys.readouterr().err == (
        "\nThis use case already has data\n  The current snapshot holds 3 decisions of 'small'.\n"
        "  Say --append to add to them, or --replace to start over.\n"
    )
    assert store(place).current() == first
    assert [m.id for m in store(place).list_snapshots()] == [first.id]


def test_append_adds_and_changes_by_key_and_replace_starts_over(place):
    assert run(place) == 0
    write(place, "C,2026-05-05T10:00,assisted,reject,reject\nD,2026-05-06T10:00,assisted,reject,accept\n")
    assert run(place, "--append") == 0
    assert facts("select case_id, decision from facts order by case_id") == [
        ("A", "accept"),
        ("B", "reject"),
        ("C", "reject"),
        ("D", "accept"),
    ]
    assert run(place, "--replace") == 0
    assert facts("select case_id from facts order by case_id") == [("C",), ("D",)]


def test_check_reports_and_publishes_nothing(place, capsys):
    assert run(place, "--check") == 0
    out = capsys.readouterr().out
    assert "decisions: 3 read = 3 accepted + " in out and out.endswith("Checked only: nothing was published.\n")
    assert store(place).current() is None and store(place).list_snapshots() == []
    assert run(place) == 0
    first = store(place).current()
    write(place, "bad,not a time,assisted,accept,accept\n")
    assert run(place, "--check") == 0  # not refused where data are there: it changes none
    assert store(place).current() == first
    assert not (store(place).root / "work").exists()


def test_as_of_is_the_day_given_or_else_the_latest_time_read(place):
    assert run(place) == 0
    part = store(place).current().parts["small"]
    assert part.as_of == "2026-05-05T08:00:00"  # 10:00 in Berlin's summer
    assert facts("select case_id from facts where is_matured") == [("A",)]
    assert run(place, "--replace", "--as-of", "2026-08-14") == 0
    assert store(place).current().parts["small"].as_of == "2026-08-14T21:59:59.999999"  # the end of that day in Berlin
    assert facts("select case_id from facts where is_matured order by 1") == [("A",), ("C",)]


@pytest.mark.parametrize("arguments", [["--as-of", "soon"], ["--mended", "nobody", "decisions.csv"]])
def test_wrong_arguments_are_told_in_words(place, capsys, arguments):
    assert run(place, *arguments) == 2
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 3 and "Traceback" not in err
    assert store(place).current() is None


def test_a_mapping_that_is_not_there_is_told_in_words(place, capsys):
    assert load.main([str(place / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_append_and_replace_exclude_each_other(place, capsys):
    with pytest.raises(SystemExit) as caught:
        run(place, "--append", "--replace")
    assert caught.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_a_failed_load_changes_nothing(place):
    assert run(place) == 0
    first = store(place).current()
    (place / "decisions.csv").unlink()
    assert run(place, "--replace") == 2
    assert store(place).current() == first
    assert len(facts("select 1 from facts")) == 3
    assert not (store(place).root / "writing.lock").exists()


def test_quarantined_records_are_written_out_to_be_mended(place):
    write(place, ROWS + "D,2026-05-06T10:00,by phone,accept,accept\n")
    assert run(place, "--quarantine", str(place / "out")) == 0
    files = list((place / "out").iterdir())
    assert files and any("by phone" in f.read_text(encoding="utf-8") for f in files)
    assert len(facts("select 1 from facts")) == 3


# Snapshots


def test_snapshots_are_listed_shown_and_pruned(place, capsys):
    assert snapshots.main(["list"]) == 0
    assert capsys.readouterr().out == "No snapshot yet: `python -m analysis.jobs.demo` builds one.\n"
    mapping = read_mapping(place / "mapping.toml")
    ids = [run_load(mapping, "replace", progress=lambda _: None)[1].id for _ in range(2)]
    assert snapshots.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(
        f"{mark} {name}  small 3 decisions as of 2026-05-05" for mark, name in zip(" *", ids, strict=True)
    )
    assert snapshots.main(["use", ids[0]]) == 0
    assert capsys.readouterr().out == f"Now shown: {ids[0]}\n"
    assert store(place).current().id == ids[0]
    assert snapshots.main(["prune"]) == 0
    assert capsys.readouterr().out == "Nothing to remove.\n"


def test_an_unknown_snapshot_is_told_with_exit_code_2(place, capsys):
    assert snapshots.main(["use", "../x"]) == 2
    assert capsys.readouterr().err == (
        "There is no such snapshot: '../x' is not a snapshot's id. Use an id as listed.\n"
    )


def test_the_list_helps_somebody_whose_pointer_or_manifest_is_damaged(place, capsys):
    mapping = read_mapping(place / "mapping.toml")
    good, bad = (run_load(mapping, "replace", progress=lambda _: None)[1].id for _ in range(2))
    (store(place).folder(bad) / "manifest.json").write_text("{", encoding="utf-8")
    assert snapshots.main(["list"]) == 0
    out, err = capsys.readouterr()
    assert "A snapshot's manifest is damaged" in err
    assert f"  {good}  small 3 decisions as of 2026-05-05" in out.splitlines()
    assert f"  {bad}  damaged: " in out
    store(place).pointer.write_text("{", encoding="utf-8")
    assert snapshots.main(["list"]) == 0
    out, err = capsys.readouterr()
    assert "The store's pointer is damaged" in err and good in out
    assert snapshots.main(["use", good]) == 0
    assert store(place).current().id == good
