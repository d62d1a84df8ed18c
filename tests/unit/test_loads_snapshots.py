"""Snapshots as listed for an administrator, and verified: damaged ones, changed and missing files, older manifests."""

from __future__ import annotations

import hashlib
import json

import pytest

from analysis.intake_snapshots import describe_verdicts, format_bytes, list_snapshots, verify_snapshot
from analysis.jobs import load, rebuild, snapshots
from data.snapshots import Store
from tests.unit.small_snapshots import publish
from tests.unit.stores import publish_random


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path))
    return Store(tmp_path)


def verify(snapshot):
    return {step.verdict.file: step.verdict for step in verify_snapshot(snapshot) if step.verdict}


def test_the_newest_stands_first_and_the_shown_one_is_marked(store):
    first, second = publish(store), publish(store, "fraud")
    store.use(first.id)
    lines = list_snapshots(first.id)
    assert [(line.id, line.is_shown) for line in lines] == [(second.id, False), (first.id, True)]
    assert [part.use_case for part in lines[0].parts] == ["credit", "fraud"]
    part = lines[1].parts[0]
    content = (store.folder(first.id) / "credit.duckdb").read_bytes()
    assert part.sha256 == hashlib.sha256(content).hexdigest()
    assert part.size >= len(content) and part.mapping == "test.toml" and not lines[1].damage


def test_damaged_ones_are_told_and_keep_nothing_from_being_listed(store):
    whole, broken, bare, text, cut = (publish(store) for _ in range(5))
    (store.folder(cut.id) / "credit.duckdb").write_bytes((store.folder(cut.id) / "credit.duckdb").read_bytes()[:5000])
    (store.folder(broken.id) / "manifest.json").write_text("{", encoding="utf-8")
    (store.folder(bare.id) / "credit.duckdb").unlink()
    (store.folder(text.id) / "credit.toml").unlink()
    lines = {line.id: line for line in list_snapshots(whole.id)}
    assert lines[whole.id].damage == ""
    assert "manifest is damaged" in lines[broken.id].damage and lines[broken.id].parts == ()
    assert lines[bare.id].damage == "Missing: credit.duckdb."
    assert lines[text.id].damage == "Missing: credit.toml."
    assert "it has 5,000 bytes where" in lines[cut.id].damage


def test_verifying_finds_what_changed_and_what_is_gone(store):
    manifest = publish_random(store.root, decisions=100)
    assert {(name, v.is_sound) for name, v in verify(manifest.id).items()} == {
        ("credit.duckdb", True),
        ("credit.toml", True),
    }
    toml = store.folder(manifest.id) / "credit.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (store.folder(manifest.id) / "credit.duckdb").unlink()
    found = verify(manifest.id)
    assert found["credit.toml"].words.startswith("changed since it was published: its sha256 is ")
    assert found["credit.duckdb"].words == "missing"
    words = describe_verdicts(manifest.id, list(found.values()), 0.25)
    assert words.startswith(f"Snapshot {manifest.id}: 2 of 2 files are not as published (0.2 s): ")


def test_progress_counts_every_byte(store):
    manifest = publish_random(store.root, decisions=100)
    steps = list(verify_snapshot(manifest.id))
    size = sum((store.folder(manifest.id) / name).stat().st_size for name in ("credit.duckdb", "credit.toml"))
    assert steps[-1].done == steps[-1].total == size
    assert [step.done for step in steps] == sorted(step.done for step in steps)


def test_the_command_verifies_the_one_shown_or_another(store, capsys):
    assert snapshots.main(["verify"]) == 0
    assert "No snapshot yet" in capsys.readouterr().out
    first, second = publish(store), publish(store)
    (store.folder(first.id) / "credit.duckdb").write_bytes(b"another")
    assert snapshots.main(["verify"]) == 0
    assert f"Snapshot {second.id}: All 2 files are as published" in capsys.readouterr().out
    assert snapshots.main(["verify", first.id]) == 1
    said = capsys.readouterr().out
    assert "credit.duckdb: changed since it was published" in said and "1 of 2 files are not as published" in said
    assert snapshots.main(["verify", "../.."]) == 2


def test_a_manifest_from_before_the_mapping_was_kept_is_read(store):
    manifest = publish_random(store.root, decisions=100)
    path = store.folder(manifest.id) / "manifest.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    del raw["sha256"]
    for name in ("texts", "mapping_path", "sizes"):
        del raw["parts"]["credit"][name]
    path.write_text(json.dumps(raw), encoding="utf-8")
    part = store.manifest(manifest.id).parts["credit"]
    assert (part.mapping_file, part.mapping_path, part.texts) == ("", "", {})
    assert list(verify(manifest.id)) == ["credit.duckdb"]
    later = publish(store, "fraud")
    assert (store.folder(later.id) / "credit.toml").is_file()


MAPPING = """
use_case = "small.toml"
[[source]]
table = "decisions"
files = ["decisions.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
decision = "decision"
[source.constants]
channel = "assisted"
"""


def test_the_mapping_is_kept_through_rebuilds_and_loads_of_others(store, tmp_path_factory):
    place = tmp_path_factory.mktemp("mapping")
    (place / "mapping.toml").write_text("\ufeff" + MAPPING, encoding="utf-8")
    (place / "small.toml").write_text('name = "small"\nlabel = "Small"\n', encoding="utf-8")
    (place / "decisions.csv").write_text("case,at,decision\nC-1,2026-01-01,accept\n", encoding="utf-8")
    assert load.main([str(place / "mapping.toml")]) == 0
    loaded = store.current()
    rebuild.rebuild_current(progress=lambda line: None)
    rebuilt = store.current()
    publish(store, "fraud")
    for manifest in (loaded, rebuilt, store.current()):
        part = manifest.parts["small"]
        assert part.mapping_file == "small.mapping.toml"
        assert (store.folder(manifest.id) / part.mapping_file).read_text(encoding="utf-8") == MAPPING
        assert part.mapping_path == str((place / "mapping.toml").resolve())
        assert all(verdict.is_sound for verdict in verify(manifest.id).values())


def test_sizes_in_words():
    assert [format_bytes(n).replace("\u00a0", " ") for n in (12, 3_400, 5_000_000, 1_530_000_000)] == [
        "12 bytes", "3.4 kB", "5.0 MB", "1.5 GB",
    ]  # fmt: skip
