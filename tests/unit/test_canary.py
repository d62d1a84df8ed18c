"""`make canary`: what it would install, what it finds different, and what it writes down."""

from __future__ import annotations

from pathlib import Path

import pytest

from requirements import canary
from requirements.canary import FOLDER, Newer, Step, build_report, compare, read_pins, unpin, write_report


def test_pins_go_and_floors_markers_and_extras_stay(tmp_path: Path) -> None:
    (tmp_path / "run.in").write_text(
        '# a comment\nstreamlit[auth]==1.67.0\npyarrow==26.*\nshap==0.54.1 ; python_version == "3.12"\nshap==0.51.0 ; '
        'python_version < "3.12"\nnumba>=0.63 ; python_version < "3.12"  # why\n',
        encoding="utf-8",
    )
    (tmp_path / "dev.in").write_text("-r run.in\npytest\npyarrow\n", encoding="utf-8")
    assert unpin(tmp_path / "dev.in") == [
        "streamlit[auth]", "pyarrow", 'shap ; python_version == "3.12"', 'shap ; python_version < "3.12"',
        'numba>=0.63 ; python_version < "3.12"', "pytest",
    ]  # fmt: skip


def test_the_projects_own_requirements_lose_every_pin() -> None:
    wanted = unpin(FOLDER / "dev.in")
    assert "streamlit[auth]" in wanted and "pytest" in wanted
    assert not [line for line in wanted if "==" in line.partition(";")[0]]


def test_pins_are_read_as_far_as_their_markers_hold() -> None:
    locked = (
        "Some.Package==1.2 ; python_version >= '3.11' \\\n    --hash=sha256:00\n"
        "other==3 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n    # via some-package==9\n"
        "bare[extra]==4.0 \\\n    --hash=sha256:00\n"
    )
    assert read_pins(locked) == {"some-package": "1.2", "bare": "4.0"}
    pins = read_pins((FOLDER / "dev.txt").read_text(encoding="utf-8"))
    assert {"streamlit", "duckdb", "pytest"} <= set(pins)


def test_only_what_differs_is_told() -> None:
    assert compare({"a": "1", "b": "2"}, {"b": "3", "a": "1", "c": "1"}) == [Newer("b", "2", "3"), Newer("c", "", "1")]


def test_the_report_tells_versions_and_failures_and_goes_between_the_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        Step("ruff", True, ("All checks passed!",)),
        Step("tests", False, ("FAILED x", "1 failed, 9 passed in 3s")),
    ]
    report = build_report([Newer("b", "2", "3")], ["d"], steps, "the newest releases")
    assert "| b | 2 | 3 |" in report and "no longer needed: d." in report
    assert "- ruff: passed\n- tests: FAILED (1 failed, 9 passed in 3s)" in report
    assert "What tests said:\n\n```\nFAILED x" in report and "What ruff said" not in report
    assert "No package has a newer release" in build_report([], [], steps, "the newest releases")
    record = tmp_path / "canary.md"
    record.write_text(f"before\n{canary.BEGIN}\nold\n{canary.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(canary, "RECORD", record)
    write_report(report)
    assert record.read_text(encoding="utf-8") == f"before\n{canary.BEGIN}\n{report}\n{canary.END}\nafter\n"
    record.write_text("no marks", encoding="utf-8")
    with pytest.raises(RuntimeError, match="marks"):
        write_report(report)


def test_it_refuses_the_environment_the_project_runs_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(canary.sys, "prefix", str(tmp_path / ".venv"))
    with pytest.raises(SystemExit):
        canary.main([])
    assert not (tmp_path / ".venv").exists()


def test_the_record_has_the_marks() -> None:
    text = (FOLDER / "canary.md").read_text(encoding="utf-8")
    assert text.count(canary.BEGIN) == text.count(canary.END) == 1
