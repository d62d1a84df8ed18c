"""The project's habits that no linter knows: sizes, names, directions, and that what the documents name exists."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("analysis", "data", "models", "pages")
FILE_LINES = 320  # the aim is 300
FUNCTION_LINES = 60  # the aim is 40
NOT_OURS = {".git", ".venv", ".venv-canary", "__pycache__", "store", "test-results", "node_modules"}
TARGETS = ("run", "test", "check", "demo", "bench", "bench-truth", "lock", "canary", "pythons", "clean")


def _files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """The project's own files below the folders (default: all), caches, environment and stored data left out."""
    for folder in [ROOT / name for name in folders] or [ROOT]:
        for path in sorted(folder.rglob(f"*{suffix}")):
            parts = path.relative_to(ROOT).parts
            cached = any(part in NOT_OURS or part.endswith("_cache") or part == ".hypothesis" for part in parts)
            if path.is_file() and not cached:
                yield path


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(path: Path) -> set[str]:
    """Top-level names of everything a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def _make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, flags=re.MULTILINE))


def test_makefile_has_the_promised_targets() -> None:
    assert set(TARGETS) <= _make_targets()


def test_readme_tells_the_targets_and_names_none_that_is_missing() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"\bmake ([a-z][a-z-]*)\b", "\n".join(re.findall(r"`[^`]*`|^    .*$", readme, re.MULTILINE))))
    assert {"run", "test", "check", "bench"} <= told
    assert told <= _make_targets()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "Makefile"])
def test_every_module_a_document_runs_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    modules = set(re.findall(r"-m ((?:analysis|benchmarks|data|models)(?:\.\w+)*)", text))
    assert not [name for name in modules if importlib.util.find_spec(name) is None]
    packages = {name for name in modules if (ROOT / name.replace(".", "/")).is_dir()}
    assert not [name for name in packages if not (ROOT / name.replace(".", "/") / "__main__.py").is_file()]


def test_no_file_is_too_long_to_read_at_once() -> None:
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _files(*PACKAGES, suffix=".py")}
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_LINES}


def test_no_function_is_too_long_to_read_at_once() -> None:
    lengths = {
        f"{_name(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in _files(*PACKAGES, "benchmarks", suffix=".py")
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    print("Functions over the aim of 40 lines:", {name: lines for name, lines in lengths.items() if lines > 40})
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES}


def test_no_file_names_a_machine() -> None:
    """Paths of a home or of this checkout, this machine's name, private addresses and package mirrors."""
    here = {str(ROOT), str(Path.home()), socket.gethostname()} - {"", "/", "localhost"}
    patterns = [
        *(rf"(?<![\w/.-]){re.escape(name)}(?![\w-])" for name in here if len(name) > 4),
        r"(?<![\w.~-])/(?:home|root|Users|work)/\w",
        r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}\b",
        r"^--(?:extra-index-url|index-url|trusted-host|find-links)",
    ]
    forbidden = re.compile("|".join(patterns), flags=re.MULTILINE)
    found = []
    for path in _files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{_name(path)}: {match.group()}" for match in forbidden.finditer(text)]
    assert not found


def test_no_page_hides_a_package() -> None:
    """`pages/` comes first on the path while a page runs: pages/data.py would replace the package `data`."""
    ours = {*PACKAGES, "app", "benchmarks", "tests"}
    installed = {"streamlit", "pandas", "plotly", "duckdb", "numpy", "scipy", "sqlglot", "xgboost", "shap"}
    names = {path.stem for path in (ROOT / "pages").iterdir() if path.is_dir() or path.suffix == ".py"}
    assert not names & (ours | installed | sys.stdlib_module_names)


def test_every_package_says_it_is_one() -> None:
    folders = {path.parent for path in _files(*PACKAGES, "benchmarks", suffix=".py")}
    folders |= {ROOT / name for name in PACKAGES}
    assert not [_name(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_only_the_app_and_its_pages_know_streamlit() -> None:
    """Also inside functions. Tests and the protocol client in benchmarks/ speak to Streamlit from outside."""
    files = list(_files("analysis", "data", "models", suffix=".py"))
    assert not [_name(path) for path in files if "streamlit" in _imports(path)]


def test_nothing_reads_or_writes_pickles() -> None:
    modules = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    calls = {"read_pickle", "to_pickle"}
    found = []
    # Tests are left out: one makes a pickle, to see it refused.
    for path in [ROOT / "app.py", *_files(*PACKAGES, "benchmarks", suffix=".py")]:
        names = {node.attr for node in ast.walk(_parse(path)) if isinstance(node, ast.Attribute)}
        keywords = {node.arg for node in ast.walk(_parse(path)) if isinstance(node, ast.keyword)}
        if _imports(path) & modules or names & calls or "allow_pickle" in keywords:
            found.append(_name(path))
    assert not found


VIOLATIONS = {
    "Pages ask analysis: a page imports data": ("pages/wrong.py", "from data import schema"),
    "Pages ask analysis: a page imports models": ("pages/wrong.py", "import models"),
    "Pages ask analysis: a part of a page imports a database": ("pages/ui/wrong.py", "import duckdb"),
    "Analysis is pure: it imports streamlit": ("analysis/wrong.py", "import streamlit"),
    "Analysis is pure: a job imports duckdb": ("analysis/jobs/wrong.py", "import duckdb"),
    "Analysis is pure: it imports a page": ("analysis/wrong.py", "import pages"),
    "Only the jobs put data and models together: a module that is no job imports models": (
        "analysis/wrong.py",
        "import models",
    ),
    "Data reads: it imports analysis": ("data/wrong.py", "import analysis"),
    "Models score: they import data": ("models/wrong.py", "from data import schema"),
}


def _copy_packages(folder: Path) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("store", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert linter is not None, "import-linter is not installed: make check"
    return subprocess.run(
        [linter, "--no-cache"], cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def test_imports_point_the_agreed_way(tmp_path: Path) -> None:
    _copy_packages(tmp_path)
    done = _lint(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("sentence", VIOLATIONS)
def test_the_linter_refuses_an_import_the_wrong_way(sentence: str, tmp_path: Path) -> None:
    _copy_packages(tmp_path)
    file, line = VIOLATIONS[sentence]
    (tmp_path / file).write_text(f"{line}\n", encoding="utf-8")
    done = _lint(tmp_path)
    assert done.returncode == 1, done.stdout
    contract = sentence.split(":")[0]
    assert re.search(rf"^{contract}\b[^\n]*(\n[^\n]+)?BROKEN", done.stdout, flags=re.MULTILINE), done.stdout
    assert file.removesuffix(".py").replace("/", ".") in done.stdout


def test_jobs_may_put_data_and_models_together(tmp_path: Path) -> None:
    _copy_packages(tmp_path)
    (tmp_path / "analysis/jobs/together.py").write_text("import data.schema\nimport models\n", encoding="utf-8")
    done = _lint(tmp_path)
    assert done.returncode == 0, done.stdout
