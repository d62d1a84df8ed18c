"""Several processes want to write at the same time: one does, the others are told which; a dead one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.snapshots import Store

ROOT = Path(__file__).parents[2]
# Each process tries to write again and again; before each try it puts a lock file of a dead process there, if there is
# none. Inside, a file that must not exist proves that nobody else is inside.
STRUGGLE = """
import os, sys, time
from pathlib import Path
from data.errors import UserError
from data.snapshots import Store
root, tries = Path(sys.argv[1]), int(sys.argv[2])
store, won, told = Store(root), 0, 0
sys.stdin.readline()
while won < tries:
    try:
        os.close(os.open(root / "writing.lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError:
        pass
    try:
        with store.writing():
            os.close(os.open(root / "inside", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            time.sleep(0.001)
            os.unlink(root / "inside")
            won += 1
    except UserError as error:
        assert error.title == "Another load is running", error
        told += 1
print(won, told)
"""
HOLD = """
import sys
from pathlib import Path
from data.snapshots import Store
with Store(Path(sys.argv[1])).writing():
    print("writing", flush=True)
    sys.stdin.read()
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_no_two_processes_ever_write_at_the_same_time(tmp_path):
    """Four processes, each of which wins forty times; were there a gap between finding a lock and taking it, two would
    be inside at once, and the second one's O_EXCL would fail."""
    store = Store(tmp_path / "store")
    store.snapshots.mkdir(parents=True)
    processes = [start(STRUGGLE, store.root, 40) for _ in range(4)]
    answers = [process.communicate("go\n") for process in _ready(processes)]
    assert [process.returncode for process in processes] == [0] * 4, answers
    assert [answer[0].split()[0] for answer in answers] == ["40"] * 4
    assert sum(int(answer[0].split()[1]) for answer in answers) > 0, "they never met: the test says nothing"
    assert not (store.root / "writing.lock").exists()


def _ready(processes):
    """All are told to begin before the first is waited for."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_real_second_load_is_told_and_takes_over_when_the_first_is_killed(tmp_path):
    store = Store(tmp_path / "store")
    first = start(HOLD, store.root)
    assert first.stdout.readline() == "writing\n"
    command = [sys.executable, "-m", "analysis.jobs.snapshots", "prune"]
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(store.root)}
    second = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert f"Process {first.pid} is writing to" in second.stderr
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert (store.root / "writing.lock").exists() and (store.root / "work").exists()
    third = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert third.returncode == 0, third.stderr
