"""What a reader meets: damage told in words, a new snapshot found without a restart, an old one kept while in use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import analysis.store
from analysis.answer import answer_cards
from analysis.errors import UserError
from analysis.filters import Filters
from analysis.overrides import build_overrides
from analysis.store import _KEPT, Readiness, describe_readiness, is_outdated, open_source, read_manifest, read_shown
from data.snapshots import Store
from tests.unit.small_snapshots import publish, refuse
from tests.unit.stores import publish_random


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


# Damage


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'"x"', b"null", b'{"id": 5}', b'{"id": ["x"]}', b"\xff\xfe\x00"]
)
def test_a_damaged_pointer_is_told_in_words(store, content):
    publish(store)
    store.pointer.write_bytes(content)
    error = refuse(store.current)
    assert error.title == "The store's pointer is damaged"
    assert str(store.pointer) in error.what_happened
    assert error.what_to_do == "Choose one with `python -m analysis.jobs.snapshots use ID`."


def test_a_pointer_to_nowhere_is_told_in_words(store):
    manifest = publish(store)
    store.pointer.write_text('{"id": "20200101T000000Z-000000"}', encoding="utf-8")
    error = refuse(store.current)
    assert (error.title, error.what_to_do) == ("There is no such snapshot", f"There are: {manifest.id}.")
    assert store.use(manifest.id) == manifest == store.current()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"id": "x", "published_at": "", "parts": []}',
        b"\xff\xfe\x00",
        b'{"id": "x", "published_at": "", "parts": {"credit": {"use_case": "credit"}}}',
    ],
)
def test_a_damaged_manifest_is_told_in_words(store, content):
    manifest = publish(store)
    path = store.folder(manifest.id) / "manifest.json"
    path.write_bytes(content)
    error = refuse(store.current)
    assert error.title == "A snapshot's manifest is damaged"
    assert str(path) in error.what_happened
    assert error.what_to_do.startswith("Choose another snapshot with `python -m analysis.jobs.snapshots use ID`; where")


# The app beside the load


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A store of two published snapshots, the second shown: 300 decisions, then 500."""
    folder = tmp_path_factory.mktemp("published")
    publish_random(folder, 300, seed=1)
    publish_random(folder, 500, seed=2)
    return folder


@pytest.fixture
def empty_root(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    return tmp_path.resolve()


@pytest.fixture
def root(published, tmp_path, monkeypatch):
    """A copy of that store, for a test to break."""
    copy = tmp_path / "store"
    shutil.copytree(published, copy)
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(copy))
    return copy.resolve()


def other(root):
    """The id of the snapshot that is not shown."""
    found = Store(root)
    return next(m.id for m in found.list_snapshots() if m.id != found.current().id)


def test_an_app_without_data_says_how_to_get_some(empty_root):
    error = refuse(read_manifest)
    assert error.title == "There are no data yet"
    assert error.what_happened == f"No snapshot was ever published in {empty_root}."
    found = describe_readiness()
    assert not found.is_ready and "There are no data yet" in found.words


def count(source):
    return answer_cards(source, ["override_rate"], Filters("credit"))["override_rate"].decisions


def test_a_running_reader_keeps_its_snapshot_and_the_next_look_finds_the_new_one(root):
    new_id = Store(root).current().id
    old_id = other(root)
    Store(root).use(old_id)
    old = open_source("credit")
    before = count(old)
    assert open_source("credit") is old
    Store(root).use(new_id)
    new = open_source("credit")
    assert (old.snapshot, new.snapshot) == (old_id, new_id)
    assert count(old) == before != count(new)
    assert describe_readiness() == Readiness(True, new_id, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove files that are open")
def test_a_running_reader_survives_that_its_snapshot_is_pruned(root):
    store = Store(root)
    old_id = other(root)
    shown = store.current().id
    store.use(old_id)
    old = open_source("credit")
    store.use(shown)
    shutil.rmtree(store.folder(old_id))
    assert sum(count(old)) in range(280, 301)


def test_a_use_case_that_is_not_there_is_told_with_those_that_are(root):
    error = refuse(lambda: open_source("fraud"))
    assert (error.what_happened, error.what_to_do) == ("'fraud' is not there.", "There is credit.")


def test_a_file_that_is_open_is_not_opened_again(root):
    """The engine refuses a second opening; a reader that fell out of the small cache may still be somebody's."""
    held = open_source("credit")
    for _ in range(_KEPT + 1):
        publish_random(root, 50)
        open_source("credit")
    Store(root).use(held.snapshot)
    assert open_source("credit") is held
    assert sum(count(held)) > 0


def list_open_files():
    found = set()
    for handle in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the handle the list itself was read by
            found.add(os.readlink(f"/proc/self/fd/{handle}"))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
def test_readers_of_old_snapshots_are_closed_although_somebody_holds_them(root, monkeypatch):
    """A session holds the snapshot it saw last for as long as it lives. Idle, it is closed, and opens itself again."""
    monkeypatch.setattr(analysis.store, "_IDLE_SECONDS", 0.0)
    held = [open_source("credit")]
    before = count(held[0])
    for seed in range(_KEPT + 2):
        publish_random(root, 50, seed)
        held.append(open_source("credit"))
    opened = {path for path in list_open_files() if path.startswith(str(root)) and path.endswith(".duckdb")}
    assert len(opened) == _KEPT
    assert f"{root}/snapshots/{held[0].snapshot}/credit.duckdb" not in opened
    assert count(held[0]) == before and read_shown().trouble == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove files that are open")
def test_a_reader_that_was_closed_and_pruned_says_so_and_the_page_goes_on_with_the_one_shown(root, monkeypatch):
    monkeypatch.setattr(analysis.store, "_IDLE_SECONDS", 0.0)
    held = open_source("credit")
    for seed in range(_KEPT + 1):
        publish_random(root, 50, seed)
        open_source("credit")
    shutil.rmtree(Store(root).folder(held.snapshot))
    assert refuse(lambda: held.rows("select count(*) from facts")).title == "This snapshot is not complete"
    assert is_outdated(held) and read_shown().trouble == ""


def test_answers_kept_with_a_source_go_with_it(root):
    source = open_source("credit")
    first = build_overrides(source, Filters("credit"))
    assert build_overrides(source, Filters("credit")) is first
    assert build_overrides(source, Filters("credit", team=("North 1",))) is not first
    publish_random(root, 50)
    assert open_source("credit") is not source
    assert not source.kept, "an older snapshot's answers are let go when a newer one is opened"


def test_a_mistake_in_a_query_is_not_called_damage(root):
    with pytest.raises(Exception, match="does not exist") as caught:
        open_source("credit").rows("select * from nowhere")
    assert not isinstance(caught.value, UserError)


def test_the_pointer_names_a_snapshot_at_every_moment(store):
    """Another process reads the pointer all the while it is being swapped: it finds a whole one each time."""
    ids = [publish(store, word=str(i)).id for i in range(2)]
    code = (
        "import sys; from pathlib import Path; from data.snapshots import Store; store = Store(Path(sys.argv[1]))\n"
        "print('ready', flush=True); seen = set()\n"
        "while not Path(sys.argv[2]).exists(): seen.add(store.current().id)\n"
        "print(' '.join(sorted(seen)))"
    )
    stop = store.root / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(store.root), str(stop)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert reader.stdout.readline() == "ready\n"
    for i in range(200):
        store.use(ids[i % 2])
    stop.touch()
    out, _ = reader.communicate()
    assert reader.returncode == 0
    assert set(out.split()) <= set(ids) and out.split()
    assert json.loads(store.pointer.read_text(encoding="utf-8")) == {"id": ids[1]}
