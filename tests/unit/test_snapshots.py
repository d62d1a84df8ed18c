"""Snapshots: published whole, shown by one pointer, pruned by rule; one writer; what a killed load leaves behind."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from data.snapshots import NewPart, Store
from tests.unit.small_snapshots import publish, read_word, refuse


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def add_published(store, day, use_case="credit"):
    """A snapshot published on another day: a copy of a real one under that day's id."""
    made = publish(store, use_case)
    moved = replace(made, id=f"{day:%Y%m%d}T120000Z-aaaaaa", published_at=f"{day:%Y-%m-%d}T12:00:00+00:00")
    store.folder(made.id).rename(store.folder(moved.id))
    (store.folder(moved.id) / "manifest.json").write_text(moved.to_json(), encoding="utf-8")
    store.use(moved.id)
    return moved.id


# Publish, list, use


def test_nothing_was_published_yet(store):
    assert store.current() is None
    assert store.list_snapshots() == []
    error = refuse(lambda: store.manifest("20260101T000000Z-abc"))
    assert error.what_happened == f"'20260101T000000Z-abc' is not in {store.snapshots}."
    assert error.what_to_do == "There are: none yet."


def test_what_is_published_is_shown_and_says_what_it_holds(store):
    manifest = publish(store)
    assert store.current() == manifest == store.manifest(manifest.id)
    part = manifest.parts["credit"]
    assert (part.label, part.as_of, part.rows, part.mapping) == (
        "first",
        "2026-07-12T00:00:00",
        {"facts": 1},
        "test.toml",
    )
    assert read_word(store, manifest) == "first"
    assert not (store.root / "work").exists() and not (store.root / "writing.lock").exists()
    assert sorted(p.name for p in store.folder(manifest.id).iterdir()) == [
        "credit.duckdb",
        "credit.toml",
        "manifest.json",
    ]


def test_the_manifest_hash_is_that_of_the_file(store):
    manifest = publish(store)
    content = (store.folder(manifest.id) / "credit.duckdb").read_bytes()
    assert manifest.parts["credit"].sha256 == hashlib.sha256(content).hexdigest()


def test_only_model_files_are_taken_along(store, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("v1.ubj", "v2.json", "v3.pkl", "notes.txt"):
        (models / name).write_text(name, encoding="utf-8")
    manifest = publish(store, models=models)
    kept = store.folder(manifest.id) / "models" / "credit"
    assert sorted(p.name for p in kept.iterdir()) == ["v1.ubj", "v2.json"] == sorted(manifest.parts["credit"].models)
    later = publish(store, use_case="fraud")
    assert (store.folder(later.id) / "models" / "credit" / "v1.ubj").read_text(encoding="utf-8") == "v1.ubj"


def test_an_older_snapshot_can_be_shown_again(store):
    first, second = publish(store, word="first"), publish(store, word="second")
    assert store.current().id == second.id
    assert store.use(first.id) == first == store.current()
    assert {m.id for m in store.list_snapshots()} == {first.id, second.id}


def test_a_snapshot_is_never_changed_by_a_later_one(store):
    first = publish(store, word="first")
    before = {p.name: p.read_bytes() for p in store.folder(first.id).iterdir()}
    publish(store, word="second")
    publish(store, use_case="fraud")
    assert {p.name: p.read_bytes() for p in store.folder(first.id).iterdir()} == before


@pytest.mark.parametrize(
    "name", ["../credit", "..", "", "a/b", "a\\b", "/etc", "C:x", "a.b", ".hidden", "a b", "a\0b", "%2e"]
)
def test_an_id_cannot_point_outside_the_folder(store, name):
    publish(store)
    for action in (lambda: store.folder(name), lambda: store.manifest(name), lambda: store.use(name)):
        error = refuse(action)
        assert error.what_happened == f"'{name}' is not a snapshot's id."


def test_an_unknown_id_is_told_with_those_that_exist_and_nothing_changes(store):
    manifest = publish(store)
    error = refuse(lambda: store.use("20250101T000000Z-abcdef"))
    assert error.what_to_do == f"There are: {manifest.id}."
    assert store.current() == manifest


# Use cases a load does not touch


def test_a_use_case_that_was_not_touched_stays_readable_after_its_first_snapshot_is_pruned(store):
    first = publish(store, use_case="fraud", word="untouched")
    last = [publish(store, word=f"load {i}") for i in range(3)][-1]
    assert last.parts["fraud"] == first.parts["fraud"]
    shared = store.folder(first.id) / "fraud.duckdb"
    assert shared.stat().st_nlink >= 4
    shutil.rmtree(store.folder(first.id))
    assert read_word(store, last, "fraud") == "untouched"
    assert (store.folder(last.id) / "fraud.toml").read_text(encoding="utf-8").startswith('name = "fraud"')


def test_a_file_system_without_hard_links_gets_copies(store, monkeypatch):
    def refuse_link(*_args):
        raise OSError("no hard links here")

    publish(store, use_case="fraud", word="untouched")
    monkeypatch.setattr(os, "link", refuse_link)
    last = publish(store)
    assert read_word(store, last, "fraud") == "untouched"


# Prune


def test_prune_keeps_the_last_five_the_quarters_last_the_one_shown_and_those_cited(store):
    days = [dt.date(2025, m, d) for m in (1, 3, 4, 5, 6) for d in (10, 20)] + [dt.date(2026, 1, d) for d in range(1, 8)]
    ids = [add_published(store, day) for day in days]
    shown, cited = ids[4], ids[0]  # 10 April and 10 January 2025
    store.use(shown)
    removed = store.prune(cited=frozenset({cited}))
    last_of_quarters = {ids[3], ids[9]}  # 20 March and 20 June 2025; the first quarter of 2026 ends with the last five
    kept = {*ids[-5:], *last_of_quarters, shown, cited}
    assert set(removed) == set(ids) - kept
    assert {m.id for m in store.list_snapshots()} == kept
    assert store.current().id == shown
    assert sorted(p.name for p in store.snapshots.iterdir()) == sorted(kept)
    assert store.prune(cited=frozenset({cited})) == []


def test_prune_with_few_snapshots_removes_none(store):
    ids = {publish(store).id for _ in range(5)}
    assert store.prune() == []
    assert {m.id for m in store.list_snapshots()} == ids


# What a killed load leaves behind


def test_what_a_killed_load_left_is_never_listed_and_is_cleaned_by_the_next(store):
    manifest = publish(store)
    half = store.snapshots / ".20990101T000000Z-ffffff"
    half.mkdir()
    (half / "manifest.json").write_text("{", encoding="utf-8")
    (store.root / "work").mkdir()
    (store.root / "work" / "credit.duckdb").write_bytes(b"half")
    (store.root / ".current-abc123.json").write_text('{"id": "half', encoding="utf-8")
    assert [m.id for m in store.list_snapshots()] == [manifest.id]
    assert store.current() == manifest
    later = publish(store, word="later")
    assert not half.exists() and not (store.root / "work").exists()
    assert {m.id for m in store.list_snapshots()} == {manifest.id, later.id}


def test_files_of_the_desktop_among_the_snapshots_do_no_harm(store):
    manifest = publish(store)
    for name in (".DS_Store", "desktop.ini"):
        (store.snapshots / name).write_bytes(b"\0")
    later = publish(store)
    assert {m.id for m in store.list_snapshots()} == {manifest.id, later.id}


def test_a_load_that_fails_leaves_no_lock_and_no_work(store):
    with pytest.raises(RuntimeError, match="as planned"), store.writing() as work:
        (work / "half").write_text("x", encoding="utf-8")
        raise RuntimeError("as planned")
    assert sorted(p.name for p in store.root.iterdir()) == ["snapshots"]
    publish(store)


def test_a_load_that_dies_between_folder_and_pointer_changes_nothing_shown(store, monkeypatch):
    first = publish(store, word="first")

    def die(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Store, "_point_to", die)
        publish(store, word="second")
    assert store.current() == first
    assert read_word(store, first) == "first"


# One writer


HOLD = """
import sys
from pathlib import Path
from data.snapshots import NewPart, Store
with Store(Path(sys.argv[1])).writing():
    print("writing", flush=True)
    sys.stdin.read()
"""


def start_writer(store):
    """Another process that has the right to write, until its input is closed or it is killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)], cwd=Path(__file__).parents[2], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout.readline() == "writing\n"
    return writer


def end(writer):
    writer.stdin.close()
    writer.wait()
    writer.stdout.close()


def test_a_second_writer_is_told_who_writes(store):
    writer = start_writer(store)
    try:
        for action in (lambda: publish(store), store.prune):
            error = refuse(action)
            assert error.title == "Another load is running"
            assert error.what_happened == f"Process {writer.pid} is writing to {store.root}."
            assert error.what_to_do == "Wait until it has ended, then try again."
        assert (store.root / "work").exists()
    finally:
        end(writer)
    assert not (store.root / "writing.lock").exists()
    publish(store)


def test_two_loads_in_one_process_do_not_mix(store):
    with store.writing() as work:
        (work / "mine").write_text("x", encoding="utf-8")
        assert refuse(lambda: publish(Store(store.root))).title == "Another load is running"
        assert (work / "mine").exists()
    publish(store)


def test_the_lock_of_a_killed_process_is_no_lock(store):
    writer = start_writer(store)
    writer.kill()
    end(writer)
    assert (store.root / "writing.lock").read_text(encoding="utf-8") == str(writer.pid)
    assert store.current() is None
    publish(store)
    assert not (store.root / "writing.lock").exists()


@pytest.mark.parametrize("content", ["", "1", "999999", "not a number"])
def test_a_lock_file_that_nobody_holds_is_no_lock(store, content):
    """Also where its number is by chance that of another process that runs: only the system's lock counts."""
    store.root.mkdir()
    (store.root / "writing.lock").write_text(content, encoding="utf-8")
    publish(store)
    assert not (store.root / "writing.lock").exists()


def test_a_load_that_began_from_an_older_snapshot_is_refused(store):
    """It read what was there, another load published, then it would have built on the older one and lost that load."""
    before = publish(store, word="first")
    after = publish(store, word="second")
    error = refuse(lambda: store.writing(before).__enter__())
    assert error.title == "The store changed meanwhile" and after.id in error.what_happened
    assert not (store.root / "writing.lock").exists()
    assert refuse(lambda: store.writing(None).__enter__()).title == "The store changed meanwhile"
    with store.writing(after):
        pass


# Order of ids


def test_ids_stand_in_the_order_of_publication_within_a_second_and_when_the_clock_was_set_back(store):
    ids = [publish(store, word=str(i)).id for i in range(12)]
    assert ids == sorted(ids) == store.ids() and len(set(ids)) == 12
    ahead = store.snapshots / "20991231T235959Z-ffe123"  # published when the clock was wrong
    ahead.mkdir()
    after = [publish(store, word=str(i)).id for i in range(3)]
    assert [ahead.name, *after] == sorted([ahead.name, *after])
    assert after[1].startswith("21000101T000000Z-000"), "the number within the second was used up"
    assert store.manifest(after[0]).published_at.startswith(f"{dt.datetime.now(dt.UTC):%Y-}"), "it says the true time"


# Prune, in company


def test_a_damaged_manifest_stops_no_prune_and_its_snapshot_stays(store):
    ids = [add_published(store, dt.date(2026, 1, day)) for day in range(1, 10)]
    (store.folder(ids[1]) / "manifest.json").write_text("{", encoding="utf-8")
    said: list[str] = []
    assert store.prune(tell=said.append) == [ids[0], *ids[2:4]]
    assert store.ids() == [ids[1], *ids[4:]]
    assert len(said) == 1 and said[0].startswith(f"Snapshot {ids[1]} stays, because what it held is not known: ")


def test_prune_counts_only_sound_ones_among_the_last(store):
    """Were a damaged one counted, five damaged ones in a row would leave nothing to fall back to."""
    ids = [add_published(store, dt.date(2026, 1, day)) for day in range(1, 9)]
    for name in ids[2:]:
        (store.folder(name) / "credit.duckdb").write_bytes(b"")
    assert store.prune(keep=2) == ids[2:7]  # the last of the quarter, which is also the one shown, stays though damaged
    assert store.ids() == [*ids[:2], ids[7]]


def test_what_cannot_be_removed_stays_until_the_next_time_in_words(store, monkeypatch):
    """Windows refuses to rename a folder while a reader has a file of it open."""
    ids = [add_published(store, dt.date(2026, 1, day)) for day in range(1, 4)]
    said: list[str] = []

    def refuse_rename(source, target):
        raise PermissionError(13, "The process cannot access the file", str(source))

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse_rename)
        assert store.prune(keep=1, tell=said.append) == []
    assert [line.split(" stays")[0] for line in said] == [f"Snapshot {name} is still in use and" for name in ids[:2]]
    assert store.ids() == ids
    assert store.prune(keep=1) == ids[:2]


def test_a_snapshot_chosen_while_it_is_being_pruned_stays(store, monkeypatch):
    ids = [add_published(store, dt.date(2026, 1, day)) for day in range(1, 4)]
    rename = os.rename

    def choose_then_rename(source, target):
        if Path(source).name == ids[0]:
            Store(store.root).use(ids[0])
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", choose_then_rename)
        assert store.prune(keep=1) == [ids[1]]
    assert store.current().id == ids[0] and read_word(store, store.current()) == "first"


def test_a_damaged_snapshot_cannot_be_chosen(store):
    first, second = publish(store), publish(store)
    (store.folder(first.id) / "credit.duckdb").write_bytes(b"")
    assert "damaged or incomplete" in refuse(lambda: store.use(first.id)).what_happened
    assert store.current() == second


def test_a_damaged_use_case_is_not_taken_over_by_a_load_of_another(store):
    publish(store, use_case="fraud", word="untouched")
    before = publish(store)
    (store.folder(before.id) / "fraud.duckdb").write_bytes(b"")
    assert "fraud.duckdb is damaged or incomplete" in refuse(lambda: publish(store, word="later")).what_happened
    assert store.ids()[-1] == before.id and store.current() == before
    publish(store, use_case="fraud", word="again")  # a load of the damaged one itself mends it


def test_without_a_pointer_the_newest_snapshot_counts(store):
    """So that a load after a lost pointer, or after a first load cut off before it wrote one, drops no use case."""
    publish(store, use_case="fraud")
    last = publish(store)
    store.pointer.unlink()
    assert store.current() == last
    assert set(publish(store, word="later").parts) == {"credit", "fraud"}


def test_use_cases_published_together_are_one_snapshot(store):
    publish(store, use_case="fraud", word="before")
    first = publish(store, word="before")
    with store.writing() as work:
        new = []
        for name in ("credit", "fraud"):
            file = work / f"{name}.duckdb"
            shutil.copy(store.folder(first.id) / f"{name}.duckdb", file)
            new.append(NewPart(name, "together", f'name = "{name}"\n', None, file, {"facts": 1}, "test.toml"))
        made = store.publish(*new)
    assert [part.label for part in made.parts.values()] == ["together", "together"]
    assert store.ids()[-1] == made.id and len(store.ids()) == 3


def test_a_prune_removes_what_a_killed_prune_had_put_out_of_sight(store):
    manifest = publish(store)
    shutil.copytree(store.folder(manifest.id), store.snapshots / ".20200101T000000Z-000000")
    assert store.prune() == []
    assert [p.name for p in store.snapshots.iterdir()] == [manifest.id]
