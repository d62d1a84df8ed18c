"""A load is killed at any moment (SIGKILL, so that nothing can be tidied up): the last good snapshot stays in place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.jobs import load
from analysis.store import open_source, read_manifest
from benchmarks.kill_check import Wrong, check_tidy, inspect_store
from benchmarks.kill_steps import APPENDED, KINDS, write_inputs
from data.snapshots import Store

ROOT = Path(__file__).parents[2]
MAPPING = """
use_case = "small.toml"
[[source]]
table = "decisions"
files = ["decisions.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
said = "recommendation"
decision = "decision"
[source.constants]
channel = "assisted"
"""
USE_CASE = 'name = "small"\nlabel = "Small"\nhorizon_days = 100\n'
KILLS = 54
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither fork nor SIGKILL")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "small.toml").write_text(USE_CASE, encoding="utf-8")
    return tmp_path


def write_decisions(place, n):
    lines = [
        f"C-{i:05d},2026-01-{i % 28 + 1:02d}T10:00,accept,{'reject' if i % 5 == 0 else 'accept'}" for i in range(n)
    ]
    (place / "decisions.csv").write_text("case,at,said,decision\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_commands_killed_at_random_moments_leave_the_old_or_the_new_snapshot(tmp_path):
    """SIGKILL at KILLS moments drawn over the whole duration of each command that writes; what is found afterwards is
    looked at by benchmarks/kill_check.py, whose eye for damage the tests below put to the test."""
    report = tmp_path / "kills.md"
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", str(KILLS), "--report", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + (report.read_text("utf-8") if report.exists() else "")
    rows = [line.strip("| ").split(" | ") for line in report.read_text(encoding="utf-8").splitlines() if "|" in line]
    kinds = {kind: sum(int(row[2]) for row in rows[2:-1] if row[0] == kind) for kind in KINDS}
    assert sum(kinds.values()) == KILLS and min(kinds.values()) == KILLS // len(KINDS)
    assert {row[5] for row in rows[2:-1]} == {"0"}
    assert len({row[1] for row in rows[2:-1]}) >= 6, "the kills hit too few steps to say anything"


@pytest.fixture
def sound(place):
    """A store of two snapshots, by the kills' own log, and what the kills expect to find in it."""
    write_inputs(place)
    for _ in range(2):
        assert load.main([str(place / "base.toml"), "--replace"]) == 0
    return inspect_store(place / "store", [])


def break_file(store, change):
    file = store.folder(store.ids()[0]) / "small.duckdb"
    content = bytearray(file.read_bytes())
    file.unlink()
    file.write_bytes(change(content))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda store: shutil.rmtree(store.folder(store.ids()[0])), "lost "),
        (lambda store: break_file(store, lambda content: content[:-1]), "is damaged or incomplete"),
        (lambda store: break_file(store, lambda content: content[:-1] + b"x"), "is not what was published"),
        (lambda store: (store.folder(store.ids()[0]) / "manifest.json").unlink(), "There is no such snapshot"),
        (lambda store: (store.snapshots / "20990101T000000Z-000000").mkdir(), "There is no such snapshot"),
        (lambda store: store.pointer.write_text('{"id": "20990101T000000Z-000000"}'), "cannot be read"),
        (lambda store: store.pointer.unlink(), "pointer"),
    ],
)
def test_what_a_kill_must_not_leave_is_seen(place, sound, damage, words):
    store = Store(place / "store")
    kept = store.ids()
    assert inspect_store(store.root, kept) == sound
    damage(store)
    with pytest.raises(Wrong, match=words):
        inspect_store(store.root, kept)


def test_a_lost_record_is_seen(place, sound):
    lines = (place / "base.csv").read_text(encoding="utf-8").splitlines()
    (place / "base.csv").write_text("\n".join([*lines[:150], *lines[151:]]) + "\n", encoding="utf-8")
    assert load.main([str(place / "base.toml"), "--replace"]) == 0
    found = inspect_store(place / "store", [])
    assert found["hashes"]["decisions"] != sound["hashes"]["decisions"]
    assert found["counts"]["decisions"] == sound["counts"]["decisions"] - 1


def test_an_append_told_twice_is_the_same_content_as_told_once(place, sound):
    """What the kills rely on where one hit after the publishing: the same command again must change nothing."""
    found = []
    for _ in range(2):
        assert load.main([str(place / "more.toml"), "--append"]) == 0
        found.append(inspect_store(place / "store", []))
    assert found[0].pop("id") != found[1].pop("id")
    assert found[0] == found[1] and found[0]["counts"] == vars(APPENDED) != sound["counts"]


def test_what_lies_about_is_seen(place, sound):
    check_tidy(place / "store")
    for name in ("work", "snapshots/.20990101T000000Z-000000", ".current-abc.json", "writing.lock"):
        left = place / "store" / name
        left.mkdir()
        with pytest.raises(Wrong, match="left behind"):
            check_tidy(place / "store")
        left.rmdir()


STEPS = ("records read", "facts:", "rollup_month:", "rollup_reasons:")


@pytest.mark.parametrize("step", STEPS)
def test_a_load_killed_at_a_known_step_leaves_the_last_good_snapshot(place, step):
    """As above, at moments a slow or fast machine cannot shift: when the load has just said what it did."""
    write_decisions(place, 50)
    assert load.main([str(place / "mapping.toml")]) == 0
    good = read_manifest()
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom analysis.jobs.load import run_load\n"
        "from data.load import read_mapping\n"
        "def stop(line):\n    if sys.argv[2] in line: os.kill(os.getpid(), signal.SIGKILL)\n"
        "run_load(read_mapping(Path(sys.argv[1])), 'replace', progress=stop)\n"
    )
    process = subprocess.run([sys.executable, "-c", code, str(place / "mapping.toml"), step], cwd=ROOT, check=False)
    assert process.returncode == -9
    store = Store(place / "store")
    assert (store.root / "writing.lock").exists() and (store.root / "work").exists()
    assert store.current() == good and store.list_snapshots() == [good]
    assert open_source("small").rows("select count(*) from facts") == [(50,)]
    write_decisions(place, 60)
    assert load.main([str(place / "mapping.toml"), "--replace"]) == 0
    assert open_source("small").rows("select count(*) from facts") == [(60,)]
    assert not (store.root / "writing.lock").exists() and not (store.root / "work").exists()
