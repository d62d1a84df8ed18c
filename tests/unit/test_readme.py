"""What README.md promises: its example loads as printed and the commands it names exist."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from analysis.catalog import read_catalog
from analysis.filters import Filters
from analysis.jobs import load, snapshots
from analysis.overrides import build_overrides
from analysis.store import open_source
from data.schema import ALWAYS, IN_SCOPE, TABLES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = {"business.toml", "mapping.toml", "loans.csv", "repayments.csv"}
OURS = ("analysis", "benchmarks", "data", "models")


def _blocks() -> dict[str, str]:
    """Fenced blocks by the file name that stands at the start of the line above them."""
    return dict(re.findall(r"^`([\w.]+\.(?:toml|csv))`[^\n]*\n\n```\w+\n(.*?)^```", README, re.MULTILINE | re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's four files, as printed, and a store of their own."""
    monkeypatch.setenv("EXECUTION_DEBT_STORE", str(tmp_path / "store"))
    for name, text in _blocks().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _load(folder: Path, *options: str) -> int:
    return load.main([str(folder / "mapping.toml"), *options])


def test_the_example_is_complete() -> None:
    assert set(_blocks()) == EXAMPLE


def test_the_example_loads_and_reports_what_the_readme_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _load(folder) == 0
    said = capsys.readouterr().out.splitlines()
    promised = [line for line in README.splitlines() if re.match(r"\w+ \(\w+\): \d+ read = ", line)]
    assert len(promised) == 2
    assert set(promised) <= set(said)
    page = build_overrides(open_source("business"), Filters("business"))
    assert page.decisions == 4
    rate = page.whole["override_rate"]
    counts = [rate.sums.total(rate.query.columns[f"override_rate__{part}"])[0] for part in ("numerator", "denominator")]
    assert counts == [2, 3]  # L-2 and L-3 of L-1, L-2 and L-3: L-4 was decided around the recommendation


def test_a_check_publishes_nothing_and_a_second_load_needs_a_word(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _load(folder, "--check") == 0
    assert not (folder / "store" / "current.json").exists()
    assert _load(folder) == 0
    assert _load(folder) == 2
    assert "--append" in capsys.readouterr().err
    assert _load(folder, "--replace", "--as-of", "2026-06-30") == 0
    source = open_source("business")
    assert source.as_of is not None and source.as_of.isoformat() == "2026-06-30T21:59:59.999999"


def test_a_mended_record_leaves_quarantine(folder: Path) -> None:
    assert _load(folder, "--quarantine", str(folder / "to_mend")) == 0
    before = open_source("business").rows("select file, line, columns, reasons from quarantine")
    assert before == [("loans.csv", 6, "score", "score: 1,7 is not between 0 and 1")]
    assert before[0][3] in README
    mended = folder / "to_mend" / "loans.mend.csv"
    text = mended.read_text(encoding="utf-8")
    assert ";1,7;" in text
    mended.write_text(text.replace(";1,7;", ";0,17;"), encoding="utf-8")
    assert _load(folder, "--append", "--mended", "loans", str(mended)) == 0
    source = open_source("business")
    assert source.rows("select count(*) from quarantine") == [(0,)]
    assert source.rows("select score from decisions where case_id = 'L-5'") == [(0.17,)]


def test_an_outcome_that_waits_is_judged_again(folder: Path) -> None:
    assert _load(folder) == 0
    assert open_source("business").rows("select case_id from waiting") == [("L-9",)]
    header = _blocks()["loans.csv"].splitlines()[0]
    late = "L-9;06.02.2025 10:00;1;approved;0,02;North;o-17;screen;paid_out;700,00"
    (folder / "loans_late.csv").write_text(f"{header}\n{late}\n", encoding="utf-8")
    assert _load(folder, "--append") == 0
    source = open_source("business")
    assert source.rows("select count(*) from waiting") == [(0,)]
    assert source.rows("select bad from outcomes where case_id = 'L-9'") == [(False,)]


def test_every_module_the_readme_runs_exists() -> None:
    modules = set(re.findall(r"python -m ([\w.]+)", README))
    assert {"analysis.jobs.demo", "analysis.jobs.load", "analysis.jobs.snapshots", "venv", "streamlit"} <= modules
    assert not [name for name in modules if importlib.util.find_spec(name) is None]
    for name in modules:
        if name.startswith(OURS) and not (ROOT / name.replace(".", "/")).is_dir():
            assert callable(importlib.import_module(name).main), name


def test_the_options_the_readme_names_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    usage = []
    for main in (load.main, snapshots.main):
        with contextlib.suppress(SystemExit):
            main(["--help"])
        usage.append(capsys.readouterr().out)
    table = re.findall(r"^\| `(--[^`]*)`", README, re.MULTILINE)
    named = {option for row in table for option in re.findall(r"--[a-z-]+", row)}
    assert {"--check", "--append", "--replace", "--as-of", "--quarantine", "--mended"} <= named
    assert not [option for option in named if option not in usage[0]]
    for command in re.findall(r"jobs\.snapshots (\w+)", README):
        assert re.search(rf"\b{command}\b", usage[1])


def test_the_contract_in_brief_is_the_contract() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", README, re.MULTILINE))
    assert set(rows) == set(TABLES)
    for name, needed in rows.items():
        required = {c.name for c in TABLES[name].columns if c.required in (ALWAYS, IN_SCOPE)}
        assert required <= set(re.findall(r"`(\w+)`", needed)), name


def test_paths_the_readme_names_exist() -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", README)
    assert linked
    assert not [path for path in linked if not (ROOT / path).exists()]
    layout = re.search(r"```text\napp\.py.*?```", README, re.DOTALL)
    assert layout is not None
    parent = ""
    for line in layout.group().splitlines()[1:-1]:
        name = line.split()[0]
        path = parent + name if line.startswith(" ") else name
        parent = name if not line.startswith(" ") and name.endswith("/") else parent
        assert (ROOT / path).exists(), path


def test_a_limit_of_the_example_is_a_metric() -> None:
    limits = re.findall(r"^\[limits\.(\w+)\]", README, re.MULTILINE)
    assert limits
    assert set(limits) <= set(read_catalog())
