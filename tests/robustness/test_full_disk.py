"""The disk fills up in the middle of a load, a rebuild or a prune: words, nothing published, the last one still shown.

Full in two ways: a limit on the size of a file (any account may set one for itself), and a small disk of its own in
memory, which only root may mount.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.jobs import load
from analysis.store import open_source, read_shown
from data.snapshots import Store

if sys.platform == "win32":
    pytest.skip("Windows has no limit on file sizes and no mount to try it with", allow_module_level=True)
import resource

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
COMMANDS = {
    "load --replace": ["analysis.jobs.load", "MAPPING", "--replace"],
    "load --append": ["analysis.jobs.load", "MAPPING", "--append"],
    "rebuild": ["analysis.jobs.rebuild"],
}


def write_decisions(place: Path, n: int) -> None:
    lines = [f"C-{i:05d},2026-01-{i % 28 + 1:02d}T10:00,accept,accept" for i in range(n)]
    (place / "decisions.csv").write_text("case,at,said,decision\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (place / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (place / "small.toml").write_text(USE_CASE, encoding="utf-8")


def run(place: Path, store: Path, command: list[str], file_limit: int | None = None) -> tuple[int, str]:
    """Exit code and stderr of a command over the store, its files limited to so many bytes."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    arguments = [str(place / "mapping.toml") if a == "MAPPING" else a for a in command]
    done = subprocess.run(
        [sys.executable, "-B", "-m", *arguments], cwd=ROOT, env=os.environ | {"EXECUTION_DEBT_STORE": str(store)},
        capture_output=True, encoding="utf-8", preexec_fn=limit, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def check_untouched(root: Path, before: list[str], count: int) -> None:
    """Nothing was published, nothing lies about, no lock is left, and the last good snapshot is shown."""
    store = Store(root)
    assert store.ids() == before
    assert sorted(p.name for p in root.iterdir()) == ["current.json", "snapshots"]
    assert not [p.name for p in store.snapshots.iterdir() if p.name.startswith(".")]
    shown = read_shown()
    assert (shown.manifest.id, shown.trouble) == (before[-1], "")
    assert open_source("small").rows("select count(*) from facts") == [(count,)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    write_decisions(tmp_path, 300)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "limit"),
    [*(("load --replace", n) for n in (0, 100, 12_288, 300_000, 1_000_000)), ("load --append", 12_288),
     ("load --append", 1_000_000), ("rebuild", 100), ("rebuild", 1_000_000)],
)  # fmt: skip
def test_files_that_may_not_grow_are_told_in_words(place: Path, command: str, limit: int) -> None:
    assert load.main([str(place / "mapping.toml")]) == 0
    before = Store(place / "store").ids()
    code, said = run(place, place / "store", COMMANDS[command], limit)
    assert code == 2, said
    assert "A file may not grow any further" in said
    assert "The last snapshot takes" in said and "ulimit -f unlimited" in said
    assert "Nothing was published" in said and "Traceback" not in said
    check_untouched((place / "store").resolve(), before, 300)


@pytest.fixture
def small_disk(place: Path):
    """Mount a disk of so many megabytes at `place`/disk; the store lies on it."""
    mounted = []

    def mount(megabytes: float) -> Path:
        disk = place / "disk"
        disk.mkdir()
        size = f"size={int(megabytes * 1024)}k"
        if shutil.which("mount") is None or os.geteuid() != 0:
            pytest.skip("only root may mount a small disk to fill")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(disk)], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no small disk could be mounted here: {done.stderr.decode(errors='replace').strip()}")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize(
    ("command", "share"), [("load --replace", 0.02), ("load --replace", 0.7), ("load --append", 0.3), ("rebuild", 0.7)]
)
def test_a_full_disk_is_told_in_words(
    place: Path, small_disk, monkeypatch: pytest.MonkeyPatch, command: str, share: float
) -> None:
    """share: how much is left of what the first snapshot took."""
    disk = small_disk(20)
    store = (disk / "store").resolve()
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(store))
    assert load.main([str(place / "mapping.toml")]) == 0
    before = Store(store).ids()
    size = sum(p.stat().st_size for p in store.rglob("*") if p.is_file())
    filler = disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - int(size * share)))
    code, said = run(place, store, COMMANDS[command])
    assert code == 2, said
    assert "The disk is full" in said and f"{store} lies on a disk with" in said
    assert "The last snapshot takes" in said and "analysis.jobs.snapshots prune" in said and "Traceback" not in said
    check_untouched(store, before, 300)
    filler.unlink()
    code, said = run(place, store, COMMANDS[command])
    assert code == 0, said


def test_a_full_disk_does_not_keep_anybody_from_pruning_or_choosing(
    place: Path, small_disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte is left: the prune that makes room must still work; choosing another needs room for the pointer."""
    disk = small_disk(60)
    store = (disk / "store").resolve()
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(store))
    for _ in range(3):
        assert load.main([str(place / "mapping.toml"), "--replace"]) == 0
    ids = Store(store).ids()
    with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while True:
            filler.write(b"x" * 4096)
    code, said = run(place, store, ["analysis.jobs.snapshots", "use", ids[0]])
    assert code == 2 and "The disk is full" in said, said
    check_untouched(store, ids, 300)
    code, said = run(place, store, ["analysis.jobs.snapshots", "prune", "--keep", "1"])
    assert code == 0, said
    check_untouched(store, ids[-1:], 300)


def test_a_store_that_may_not_be_written_is_told_in_words(place: Path, small_disk, monkeypatch) -> None:
    """Also for root, who may write anywhere but on a disk mounted read-only. Reading goes on."""
    disk = small_disk(20)
    store = (disk / "store").resolve()
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(store))
    assert load.main([str(place / "mapping.toml")]) == 0
    before = Store(store).ids()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in [*COMMANDS.values(), ["analysis.jobs.snapshots", "prune"]]:
        code, said = run(place, store, command)
        assert code == 2, said
        assert "The store cannot be written" in said and "Traceback" not in said
        check_untouched(store, before, 300)
