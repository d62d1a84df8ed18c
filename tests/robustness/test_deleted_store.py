"""The store vanishes, cannot be read or cannot be written while the dashboard runs: words, and what is open goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.store import describe_readiness, open_source, read_shown
from data.snapshots import Store
from tests.browser.server import serve
from tests.unit.small_snapshots import refuse
from tests.unit.stores import publish_random

ROOT = Path(__file__).parents[2]
MAIN = str(ROOT / "pages" / "_main.py")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    publish_random(folder, 300, seed=1)
    return folder


@pytest.fixture
def root(published, tmp_path, monkeypatch):
    shutil.copytree(published, tmp_path / "store")
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    return (tmp_path / "store").resolve()


def words(elements):
    return "\n".join(str(e.value) for e in elements).replace("\\", "")


def ask(url):
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove files that are open")
@pytest.mark.parametrize("gone", ["all", "pointer and snapshots", "snapshots"])
def test_what_is_open_goes_on_being_shown_and_the_page_says_that_the_store_is_gone(root, gone):
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    assert not at.warning and not at.error
    shown = read_shown()
    kept = root.with_name("kept")
    shutil.copytree(root, kept)
    if gone == "all":
        shutil.rmtree(root)
    else:
        shutil.rmtree(root / "snapshots")
        if gone != "snapshots":
            (root / "current.json").unlink()
    at.switch_page("overrides.py").run()
    assert not at.exception and not at.error, words(at.error)
    assert f"snapshot {shown.manifest.id}" in words(at.markdown)
    said = words(at.warning)
    assert said.startswith(f"The store {root} {'is gone' if gone == 'all' else 'can no longer be read'} ("), said
    assert "goes on showing snapshot" in said and "Put the folder back" in said
    found = describe_readiness()
    assert found.is_ready and found.words.replace("\\", "") == said
    shutil.rmtree(root, ignore_errors=True)
    kept.rename(root)
    at.run()
    assert not at.warning and not at.error and read_shown().trouble == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove files that are open")
def test_another_store_in_its_place_is_picked_up(root):
    source = open_source("credit")
    shutil.rmtree(root)
    assert read_shown().trouble
    made = publish_random(root, 200)
    assert (read_shown().manifest, read_shown().trouble) == (made, "")
    assert open_source("credit") is not source
    assert open_source("credit").rows("select count(*) from facts") == [(200,)]


def test_a_new_process_says_that_nothing_is_there_and_picks_the_store_up_when_it_comes(published, tmp_path):
    store = tmp_path / "later"
    with serve(store, tmp_path / "server.log") as url:
        status, said = ask(url)
        assert status == 503 and "There are no data yet" in said and str(store) in said
        shutil.copytree(published, store)
        shown = Store(store).current().id
        status, said = ask(url)
        assert (status, json.loads(said)) == (200, {"snapshot": shown})
        newest = publish_random(store, 100).id
        (Store(store).folder(newest) / "credit.duckdb").unlink()
        status, said = ask(url)
        assert status == 200 and json.loads(said)["snapshot"] == shown
        assert json.loads(said)["degraded"].startswith(f"Snapshot {newest} cannot be read (")


CODE = """
import os
from analysis.errors import UserError
from analysis.store import describe_readiness, open_source
open_source("credit")  # what is read of the project's own is read before: nobody may not enter every checkout
os.environ["EXECUTION_DEBT_STORE"] = os.environ["DENIED"]
os.setuid(65534)
try:
    print(open_source("credit").rows("select count(*) from facts"))
except UserError as error:
    print(error.title, "|", error.what_happened, "|", error.what_to_do)
print(describe_readiness().is_ready)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may run as another account")
@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("snapshots", "The store cannot be read"),
        ("current.json", "[(300,)]"),  # without the pointer the newest is shown, which the page says
        ("", "[(300,)]"),
        ("FILE", "cannot be read"),
    ],
)
def test_a_store_that_this_account_may_not_read_is_told_in_words(published, tmp_path, denied, said):
    """Run as nobody, who may read the code and the store but for what is denied."""
    place = Path("/tmp") / f"execution-debt-denied-{os.getpid()}"  # below pytest's own folder nobody may enter
    shutil.copytree(published, place)
    try:
        subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
        file = next((place / "snapshots").iterdir()) / "credit.duckdb"
        if denied:
            (file if denied == "FILE" else place / denied).chmod(0)
        variables = os.environ | {"EXECUTION_DEBT_STORE": str(published), "DENIED": str(place)}
        command = [sys.executable, "-B", "-c", CODE]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(place)
    assert done.returncode == 0, done.stderr
    answer, ready = done.stdout.splitlines()
    assert said in answer
    assert ready == str(said == "[(300,)]")


def test_a_store_that_is_a_file_is_told_in_words(tmp_path, monkeypatch):
    (tmp_path / "store").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    assert refuse(read_shown).title in ("The store cannot be read", "There are no data yet")
    assert not describe_readiness().is_ready
