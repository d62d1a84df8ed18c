"""CONTRIBUTING.md's three recipes, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COPIED = ("analysis", "data", "models", "pages", "tests/cards")
IGNORED = shutil.ignore_patterns("store", "__pycache__")

VISIT = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(str(Path("pages/_main.py").resolve()), default_timeout=60).run()
at.query_params["use_case"] = "business"
at.switch_page("bypass.py").run()
assert not at.exception and not at.error, [*at.exception, *at.error]
print(at.title[0].value)
print([m.value for m in at.markdown])
"""


def _block(path: str) -> str:
    """The fenced block that follows the sentence ending with this path."""
    found = re.search(rf"`{re.escape(path)}`:\n\n```\w+\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found, path
    return found.group(1)


def _run(folder: Path, *command: str) -> str:
    environment = os.environ | {"EXECUTION_DEBT_STORE": str(folder / "store"), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the recipes' three files and one line, and the README's tables loaded."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    for path in (
        "analysis/metrics/second_approval_share.toml",
        "pages/bypass.py",
        "data/checks/opened_before_received.sql",
    ):
        (folder / path).write_text(_block(path), encoding="utf-8")
    main = folder / "pages" / "_main.py"
    text = main.read_text(encoding="utf-8")
    before, cases, after = re.split(r"(^ *st\.Page\(\"cases\.py\".*\n)", text, maxsplit=1, flags=re.MULTILINE)
    main.write_text(before + cases + _block_of_line() + after, encoding="utf-8")
    _write_example(folder)
    return folder


def _block_of_line() -> str:
    found = re.search(r"its line in `pages/_main.py`:\n\n```python\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found.group(1)


def _write_example(folder: Path) -> None:
    """The README's example, with an opening time before the arrival in one record."""
    blocks = dict(re.findall(r"^`([\w.]+\.(?:toml|csv))`[^\n]*\n\n```\w+\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    more = '"Arrived" = "received_at"\n"Opened" = "opened_at"\n"Second" = "approver"\n[source.values.recommendation]'
    blocks["mapping.toml"] = blocks["mapping.toml"].replace("[source.values.recommendation]", more, 1)
    header, *records = blocks["loans.csv"].splitlines()
    lines = [f"{header};Arrived;Opened;Second"]
    for record in records:
        opened = "01.01.2025 07:30" if record.startswith("L-3") else "02.01.2025 09:00"
        lines.append(f"{record};01.01.2025 08:00;{opened};o-30")
    blocks["loans.csv"] = "\n".join(lines) + "\n"
    for name, text in blocks.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_the_metric_appears_and_its_tests_come_by_themselves(copy: Path) -> None:
    said = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/cards", "-k", "second_approval_share")
    assert re.search(r"\b([5-9]|\d\d) passed", said), said


@pytest.mark.slow
def test_the_check_quarantines_and_the_page_shows(copy: Path) -> None:
    said = _run(copy, "-m", "analysis.jobs.load", "mapping.toml", "--quarantine", "to_mend")
    assert "2 quarantined" in said
    kept = (copy / "to_mend" / "loans.mend.csv").read_text(encoding="utf-8")
    assert "L-3" in kept and "L-5" in kept
    reasons = _run(
        copy,
        "-c",
        "from analysis.store import open_source; s = open_source('business')\n"
        "print(s.rows(\"select columns, reasons from quarantine where raw like 'L-3%'\"))\n"
        "from analysis.answer import answer_cards; from analysis.filters import Filters\n"
        "a = answer_cards(s, ['second_approval_share'], Filters('business'))['second_approval_share']\n"
        "print(a.card.label, a.sums.total('second_approval_share__numerator'))",
    )
    assert "opened_at: 2025-01-01 06:30:00 (UTC) is before the case arrived, received_at 2025-01-01 07:00:00" in reasons
    assert "Low-side overrides with a second approval [1.]" in reasons
    shown = _run(copy, "-c", VISIT)
    assert shown.startswith("Bypass\n")
    assert "Decided around the recommendation" in shown


def test_the_card_shown_is_the_card() -> None:
    assert _block("analysis/metrics/override_rate.toml") == (ROOT / "analysis/metrics/override_rate.toml").read_text(
        encoding="utf-8"
    )


def test_files_and_names_it_speaks_of_exist() -> None:
    new = {"second_approval_share.toml", "bypass.py", "opened_before_received.sql", "page_data.py", "data.py"}
    named = set(re.findall(r"`((?:analysis|data|pages|benchmarks|requirements|tests)/[\w./-]+\.\w+)`", TEXT))
    assert named
    assert not [path for path in named if Path(path).name not in new and not (ROOT / path).exists()]
    parts = set(re.findall(r"`(\w+)(?:\(\))?`(?:, `\w+`)* \(`ui/(\w+\.py)`\)", TEXT))
    assert parts
    for name, file in parts:
        assert f"def {name}(" in (ROOT / "pages" / "ui" / file).read_text(encoding="utf-8"), name
