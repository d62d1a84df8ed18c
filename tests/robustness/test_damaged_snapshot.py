"""A snapshot's files go bad, one after the other: the last sound one is shown, in words; never a wrong number."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis import hashing, shown
from analysis.errors import DamageError, UserError
from analysis.store import describe_readiness, model_file, open_shown, open_source, read_shown
from data.engine import Reader
from data.snapshots import Store
from tests.unit.small_snapshots import publish, read_word, refuse
from tests.unit.stores import publish_random

MAIN = Path(__file__).parents[2] / "pages" / "_main.py"
FLIPS = 150


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A store of two published snapshots, the second shown: 300 decisions, then 500."""
    folder = tmp_path_factory.mktemp("published")
    publish_random(folder, 300, seed=1)
    publish_random(folder, 500, seed=2)
    return folder


@pytest.fixture
def store(published, tmp_path, monkeypatch):
    """A copy of that store, for a test to break."""
    shutil.copytree(published, tmp_path / "store")
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(hashing, "DELAY_SECONDS", 0.0)
    return Store((tmp_path / "store").resolve())


def change(path, edit):
    """Replace a file by another content, as a disk, a copy or a person may; its time is another then."""
    content = bytearray(path.read_bytes())
    path.unlink()
    path.write_bytes(bytes(edit(content)))


def flip(content, at=-1000):
    content[at] ^= 1
    return content


DAMAGES = {
    "database gone": lambda folder: (folder / "credit.duckdb").unlink(),
    "database empty": lambda folder: change(folder / "credit.duckdb", lambda content: b""),
    "database cut": lambda folder: change(folder / "credit.duckdb", lambda content: content[: len(content) // 5]),
    "database cut by a byte": lambda folder: change(folder / "credit.duckdb", lambda content: content[:-1]),
    "database zeroed": lambda folder: change(folder / "credit.duckdb", lambda content: bytes(len(content))),
    "database's header": lambda folder: change(folder / "credit.duckdb", lambda content: flip(content, 4200)),
    "database's first block": lambda folder: change(folder / "credit.duckdb", lambda content: flip(content, 13_000)),
    "use case gone": lambda folder: (folder / "credit.toml").unlink(),
    "use case changed": lambda folder: change(folder / "credit.toml", lambda c: c.replace(b"EUR", b"USD")),
    "use case no text": lambda folder: change(folder / "credit.toml", lambda content: b"\xff" * len(content)),
    "manifest gone": lambda folder: (folder / "manifest.json").unlink(),
    "manifest cut": lambda folder: change(folder / "manifest.json", lambda content: content[:-40]),
    "manifest empty": lambda folder: change(folder / "manifest.json", lambda content: b""),
    "manifest changed": lambda folder: change(folder / "manifest.json", lambda c: c.replace(b"-07-12", b"-07-13")),
    "folder gone": lambda folder: shutil.rmtree(folder),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_the_last_sound_snapshot_is_shown_and_the_page_says_so(store, damage):
    before, chosen = store.ids()
    DAMAGES[damage](store.folder(chosen))
    now, source = open_shown("credit")
    assert source.snapshot == now.manifest.id == before
    assert source.rows("select count(*) from facts") == [(300,)]
    words = now.describe(source.as_of_words)
    assert words.startswith(f"Snapshot {chosen} cannot be read (")
    assert f"). This page shows the one before it, {before}, as of 12 Jul 2026." in words
    found = describe_readiness()
    assert (found.is_ready, found.snapshot) == (True, before)
    assert found.words.startswith(f"Snapshot {chosen} cannot be read (")  # the hash may have told more meanwhile


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_where_there_is_no_other_it_is_told_in_words(store, damage):
    before, chosen = store.ids()
    shutil.rmtree(store.folder(before))
    DAMAGES[damage](store.folder(chosen))
    error = refuse(lambda: open_source("credit"))
    assert error.title in ("No snapshot can be shown", "There are no data yet")
    assert chosen in error.what_happened
    assert "analysis.jobs.load" in error.what_to_do
    assert not describe_readiness().is_ready


def test_a_repaired_snapshot_is_shown_again_without_a_restart(store):
    before, chosen = store.ids()
    file = store.folder(chosen) / "credit.duckdb"
    sound = file.read_bytes()
    change(file, lambda content: content[:-1])
    assert open_source("credit").snapshot == before
    change(file, lambda content: sound)
    now, source = open_shown("credit")
    assert (source.snapshot, now.trouble) == (chosen, "")
    assert source.rows("select count(*) from facts") == [(500,)]


def test_a_new_load_ends_the_matter(store):
    change(store.folder(store.ids()[-1]) / "credit.duckdb", lambda content: b"")
    assert read_shown().trouble
    made = publish_random(store.root, 400)
    assert (read_shown().manifest, read_shown().trouble) == (made, "")


def test_an_older_snapshot_chosen_and_damaged_is_never_replaced_by_a_later_one(store):
    """Somebody went back from the later one, with a reason: that is not undone behind their back."""
    before, later = store.ids()
    store.use(before)
    change(store.folder(before) / "credit.duckdb", lambda content: b"")
    error = refuse(read_shown)
    assert error.title == "No snapshot can be shown" and f"Later ones are there: {later}." in error.what_happened


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 5}', b'{"id": "../../etc"}', b"\x00" * 30])
def test_a_damaged_pointer_shows_the_newest_and_says_so(store, content):
    store.pointer.write_bytes(content)
    newest = store.ids()[-1]
    now, source = open_shown("credit")
    assert source.snapshot == newest
    assert now.describe("").startswith("The store's pointer is damaged: ")
    assert f"This page shows the newest snapshot that can be read, {newest}." in now.describe("")
    store.use(newest)
    assert read_shown().trouble == ""


# Never a wrong number


def answer(path):
    """Everything a page can ask: every table, every row."""
    reader = Reader(path)
    try:
        tables = [t for (t,) in reader.rows("select table_name from duckdb_tables() order by 1")]
        return {t: reader.rows(f'select count(*), sum(hash(t))::varchar from "{t}" t') for t in tables}
    finally:
        reader.close()


@pytest.fixture(scope="module")
def sound_file(published):
    return next((published / "snapshots").iterdir()) / "credit.duckdb"


def test_a_flipped_bit_anywhere_is_refused_and_never_another_answer(sound_file, tmp_path):
    """At FLIPS places drawn over the headers and the blocks. An answer may be right (nothing lies there) or refused."""
    content = sound_file.read_bytes()
    right = answer(sound_file)
    rng = np.random.default_rng(20261122)
    places = [*rng.integers(0, 12_288, FLIPS // 3), *rng.integers(12_288, len(content), FLIPS - FLIPS // 3)]
    found: Counter[str] = Counter()
    for number, place in enumerate(places):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(0, 8))
        file = tmp_path / f"{number}.duckdb"
        file.write_bytes(bytes(damaged))
        try:
            found["right" if answer(file) == right else f"wrong at {place}"] += 1
        except DamageError:
            found["refused"] += 1
        file.unlink()
    assert set(found) <= {"right", "refused"}, found
    assert found["refused"] > FLIPS // 2


@pytest.mark.parametrize("size", [512, 4_096, 262_144])
def test_a_lost_sector_is_refused_and_never_another_answer(sound_file, tmp_path, size):
    content = sound_file.read_bytes()
    right = answer(sound_file)
    for number, place in enumerate(range(0, len(content) - size, max(size, len(content) // 12) // size * size)):
        file = tmp_path / f"{number}.duckdb"
        file.write_bytes(content[:place] + bytes(size) + content[place + size :])
        try:
            assert answer(file) == right
        except DamageError:
            continue


def test_another_sound_database_in_its_place_is_found_by_its_hash(store):
    """A copy of the wrong file passes every check of the engine. Same size here; else it would be seen at once."""
    before, chosen = store.ids()
    file = store.folder(chosen) / "credit.duckdb"
    other = store.folder(before) / "credit.duckdb"
    size = max(file.stat().st_size, other.stat().st_size)
    manifest = deepcopy(store.manifest(chosen))
    part = manifest.parts["credit"]
    part.sizes["credit.duckdb"] = size
    (store.folder(chosen) / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    file.unlink()
    file.write_bytes(other.read_bytes().ljust(size, b"\0"))
    assert open_source("credit").snapshot == chosen, "nothing tells it from a sound one at first"
    hashing.wait_until_hashed()
    now, source = open_shown("credit")
    assert source.snapshot == before
    assert "credit.duckdb is damaged: its content is not what was published" in now.trouble


def test_each_content_is_hashed_once(store, monkeypatch):
    hashed = []
    check = hashing.check_slowly
    monkeypatch.setattr(hashing, "check_slowly", lambda path, expected: hashed.append(path) or check(path, expected))
    for _ in range(3):
        open_source("credit")
        hashing.wait_until_hashed()
    assert hashed == [store.folder(store.ids()[-1]) / "credit.duckdb"]


def test_a_passing_trouble_with_the_disk_is_forgotten(store, monkeypatch):
    """A reading error of a file whose hash is right (a network disk, say) is believed for a minute only."""
    before, chosen = store.ids()
    open_source("credit")
    shown.mark_damaged(store.root, store.manifest(chosen), DamageError("x", "the disk did not answer", "y"))
    hashing.wait_until_hashed()
    assert read_shown().manifest.id == before
    now = shown.time.monotonic()
    monkeypatch.setattr(shown.time, "monotonic", lambda: now + shown.RETRY_SECONDS + 1)
    assert open_source("credit").snapshot == chosen and read_shown().trouble == ""


# Models


@pytest.fixture
def with_models(store, tmp_path):
    """The same two snapshots, each with a model's file."""
    for name in store.ids():
        manifest = deepcopy(store.manifest(name))
        part = manifest.parts["credit"]
        folder = store.folder(name) / "models" / "credit"
        folder.mkdir(parents=True)
        (folder / "v1.ubj").write_bytes(b"a model's content")
        part.models["v1.ubj"] = hashing_of(folder / "v1.ubj")
        part.sizes["models/credit/v1.ubj"] = 17
        (store.folder(name) / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return store


def hashing_of(path):
    from data.durable import hash_file

    return hash_file(path)


@pytest.mark.parametrize("edit", [lambda c: b"", lambda c: c[:-1], lambda c: flip(c, -1)])
def test_a_damaged_model_sends_to_the_snapshot_before(with_models, edit):
    before, chosen = with_models.ids()
    assert read_shown().trouble == ""
    change(with_models.folder(chosen) / "models" / "credit" / "v1.ubj", edit)
    now, source = open_shown("credit")
    assert source.snapshot == before
    assert "v1.ubj is damaged or incomplete" in now.describe(source.as_of_words)
    assert model_file(source, "v1.ubj").read_bytes() == b"a model's content"


def test_without_another_snapshot_only_the_model_is_lost(with_models):
    before, chosen = with_models.ids()
    shutil.rmtree(with_models.folder(before))
    change(with_models.folder(chosen) / "models" / "credit" / "v1.ubj", lambda c: flip(c, -1))
    now, source = open_shown("credit")
    assert source.snapshot == chosen and source.rows("select count(*) from facts") == [(500,)]
    assert now.describe("").startswith(f"A model of snapshot {chosen} cannot be read (")
    with pytest.raises(UserError, match="its content is not what was written"):
        model_file(source, "v1.ubj")


# On the pages


def words(at):
    return "\n".join(str(e.value) for e in (*at.markdown, *at.info, *at.warning, *at.error)).replace("\\", "")


def list_pages():
    return sorted(p.name for p in MAIN.parent.glob("*.py") if not p.name.startswith("_"))


@pytest.mark.parametrize("page", list_pages())
def test_every_page_says_that_it_shows_the_one_before(store, page):
    before, chosen = store.ids()
    change(store.folder(chosen) / "credit.duckdb", lambda content: content[:-1])
    at = AppTest.from_file(str(MAIN), default_timeout=60).run().switch_page(page).run()
    assert not at.exception and not at.error, words(at)
    said = [str(e.value).replace("\\", "") for e in at.warning]
    assert any(f"Snapshot {chosen} cannot be read (" in line and before in line for line in said), said


def test_a_page_that_meets_the_damage_while_it_reads_runs_again_from_the_one_before(store):
    """The database opens, and what the first look reads is sound; the blocks behind it went bad while it was open."""
    before, chosen = store.ids()
    file = store.folder(chosen) / "credit.duckdb"
    at = AppTest.from_file(str(MAIN), default_timeout=60).run()
    assert not at.warning, words(at)
    size = file.stat().st_size
    with file.open("rb+") as damaged:  # in place: the open reader meets it
        damaged.seek(12_288)
        damaged.write(b"\xff" * (size - 12_288))
    at.switch_page("overrides.py").run()
    assert not at.exception and not at.error, words(at)
    assert f"Snapshot {chosen} cannot be read (" in words(at) and f"shows the one before it, {before}" in words(at)
    assert f"snapshot {before}" in words(at)


def test_what_a_small_store_lost_in_its_manifest_is_refused(tmp_path):
    """Every single bit of a manifest: either it reads the same, or it is refused."""
    store = Store(tmp_path / "store")
    manifest = publish(store)
    path = store.folder(manifest.id) / "manifest.json"
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 7)
        path.write_bytes(bytes(changed))
        try:
            assert store.current() == manifest, (place, bytes(changed[place - 10 : place + 10]))
        except UserError:
            continue
    path.write_bytes(content)
    assert read_word(store, store.current()) == "first"
    assert json.loads(content)["sha256"] and os.path.exists(path)
