"""A load is killed at any moment (SIGKILL, so that nothing can be tidied up): the last good snapshot stays in place."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.jobs import load
from analysis.store import open_source, read_manifest
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
KILLS = 6
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL, and cannot tell a dead writer's lock")


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


def start_load(place):
    command = [sys.executable, "-m", "analysis.jobs.load", str(place / "mapping.toml"), "--replace"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def count():
    return open_source("small").rows("select count(*), sum(decisions) from facts, rollup_month")[0]


def test_a_killed_load_leaves_the_last_good_snapshot_and_the_next_load_succeeds(place):
    write_decisions(place, 200)
    assert load.main([str(place / "mapping.toml")]) == 0
    good, before = read_manifest(), count()
    write_decisions(place, 2_000)
    began = time.monotonic()
    whole = start_load(place)
    said, _ = whole.communicate()
    assert whole.returncode == 0, said
    took = time.monotonic() - began
    Store(place / "store").use(good.id)
    published = {m.id for m in Store(place / "store").list_snapshots()}

    rng = np.random.default_rng(20261122)
    killed = 0
    # The waits cover the whole run, its publishing at the end included; which step they hit depends on the machine.
    for wait in rng.uniform(0.3, 1.0, KILLS) * took:
        process = start_load(place)
        try:
            process.communicate(timeout=float(wait))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed += 1
        store = Store(place / "store")
        shown = store.current()
        listed = store.list_snapshots()
        assert {m.id for m in listed} >= published
        if shown.id == good.id:
            assert count() == before
        else:  # it had published before it was killed, or was done
            assert shown.id in {m.id for m in listed}
            assert open_source("small").rows("select count(*) from facts") == [(2_000,)]
            store.use(good.id)
    assert killed > 0

    last = start_load(place)
    said, _ = last.communicate()
    assert last.returncode == 0, said
    assert open_source("small").rows("select count(*) from facts") == [(2_000,)]
    assert sorted(p.name for p in (place / "store").iterdir() if not p.name.startswith(".")) == [
        "current.json",
        "snapshots",
    ]
    assert not [p for p in (place / "store" / "snapshots").iterdir() if p.name.startswith(".")]


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
