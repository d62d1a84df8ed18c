"""The power goes off in the middle of a publish: by the order of its calls, what the pointer names is on the disk.

A power cut cannot be had in a test. What can be had is every call by which content and names reach the disk, in order:
a file's content is safe after the fsync of the file, its name after the fsync of its folder, and whatever was not
synced may be gone. So after each call the test asks what would still be there if the power failed now.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from data.snapshots import Store
from tests.unit.small_snapshots import publish

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the path behind a handle is read from /proc")


class Recorder:
    """Lets the calls through and writes down, in order, what they did."""

    def __init__(self, monkeypatch):
        self.events: list[tuple[str, str, str]] = []
        for name in ("fsync", "rename", "replace", "link"):
            monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name)))

    def _wrap(self, name, inner):
        def noted(*arguments, **named):
            paths = [os.readlink(f"/proc/self/fd/{a}") if name == "fsync" else str(a) for a in arguments]
            found = inner(*arguments, **named)
            self.events.append((name, paths[0], paths[-1]))
            return found

        return noted


def find_promises_broken(events, store):
    """Every moment at which the disk might hold a pointer to what is not wholly there, in words.

    Followed are the synced files and folders by their path; a rename of a folder takes along what was synced in it.
    """
    synced: set[str] = set()
    broken = []
    for kind, source, target in events:
        if kind == "fsync":
            synced.add(source)
        elif kind in ("rename", "replace"):
            if target == str(store.pointer):
                broken += [f"pointer before {p}" for p in _needed(store, source) if p not in synced]
            synced = {target + path.removeprefix(source) if path.startswith(source) else path for path in synced}
            synced.discard(os.path.dirname(target))  # the new name is not on the disk yet
        elif kind == "link":
            synced.discard(os.path.dirname(target))
            synced.add(target)  # the content is the other name's, synced when that was published
    if events[-1][:2] != ("fsync", str(store.root)):
        broken.append(f"the pointer's own name is not synced at the end, but {events[-1]}")
    return broken


def _needed(store, temporary):
    """What must lie on the disk before the pointer may name the newest snapshot: every file, every folder, the
    pointer's own content."""
    folder = store.folder(store.ids()[-1])
    below = [str(p) for p in folder.rglob("*")]
    return [*below, str(folder), str(store.snapshots), temporary]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("v1.ubj", "v2.json"):
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def test_everything_is_on_the_disk_before_the_pointer_names_it(store, models, monkeypatch):
    publish(store, use_case="fraud", models=models)
    recorder = Recorder(monkeypatch)
    publish(store, models=models)
    assert {kind for kind, *_ in recorder.events} == {"fsync", "rename", "replace", "link"}
    assert find_promises_broken(recorder.events, store) == []


def test_the_same_where_files_are_copied_instead_of_linked(store, models, monkeypatch):
    def refuse_link(*_arguments):
        raise OSError("no hard links here")

    publish(store, use_case="fraud", models=models)
    monkeypatch.setattr(os, "link", refuse_link)
    recorder = Recorder(monkeypatch)
    publish(store, models=models)
    assert find_promises_broken(recorder.events, store) == []


def test_choosing_another_snapshot_syncs_the_pointer_and_its_name(store, monkeypatch):
    first, _ = publish(store), publish(store)
    recorder = Recorder(monkeypatch)
    store.use(first.id)
    kinds = [(kind, Path(target).name) for kind, _, target in recorder.events]
    assert [kind for kind, _ in kinds] == ["fsync", "replace", "fsync"]
    assert kinds[1:] == [("replace", "current.json"), ("fsync", "store")]


def test_a_missing_sync_is_seen(store, models, monkeypatch):
    """The judge above, put to the test: each single fsync left out is a broken promise."""
    publish(store, use_case="fraud", models=models)
    recorder = Recorder(monkeypatch)
    publish(store, models=models)
    needed = 0
    for number, (kind, path, _) in enumerate(recorder.events):
        if kind == "fsync":
            without = [*recorder.events[:number], *recorder.events[number + 1 :]]
            assert find_promises_broken(without, store), f"nobody misses the fsync of {Path(path).name}"
            needed += 1
    assert needed >= 10
