"""Where a number is used: read from the code of the pages, so that nobody has to keep a list.

A page's numbers are those its script in `pages/` names, and those the modules of the same name in `analysis/` name
(`analysis/overrides.py` and `analysis/overrides_*.py` for `pages/overrides.py`). A module for a page of another name
says so with `PAGE = "trust"`. Names it imports as constants (`from analysis.overrides import TILES`) count as its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NOT_PAGES = ("_main", "__init__", "definitions")  # the Definitions page shows every number: that is no use of one


@dataclass(frozen=True)
class Page:
    """A page as the navigation lists it: its script's name without .py, and its title."""

    script: str
    title: str


def find_uses(names: Collection[str], root: Path = ROOT) -> dict[str, tuple[Page, ...]]:
    """The pages that use each of these cards and statistics, in the order of the navigation; none: not used yet."""
    used = {page: _list_names(page.script, root) for page in list_pages(root) if page.script not in _NOT_PAGES}
    return {name: tuple(page for page, found in used.items() if name in found) for name in names}


@cache
def list_pages(root: Path = ROOT) -> tuple[Page, ...]:
    """The pages of the navigation, each once, as `pages/_main.py` declares them."""
    found: dict[str, Page] = {}
    for node in ast.walk(_parse(root / "pages" / "_main.py")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Page":
            script = _text(node.args[0]).removesuffix(".py")
            title = next((_text(word.value) for word in node.keywords if word.arg == "title"), script)
            found.setdefault(script, Page(script, title))
    return tuple(found.values())


@cache
def _list_names(script: str, root: Path) -> frozenset[str]:
    """Every text in the page's script and in its modules of analysis that could be a name."""
    modules = [root / "pages" / f"{script}.py"]
    for path in sorted((root / "analysis").glob("*.py")):
        if _page_of(path) == script or path.stem.startswith(f"{script}_"):
            modules.append(path)
    return frozenset().union(*(_read_names(path, root) for path in modules))


def _page_of(path: Path) -> str:
    """The page a module of analysis is for: what it declares, else its own name."""
    if not re.search(r"^PAGE = ", path.read_text(encoding="utf-8"), re.MULTILINE):
        return path.stem
    for node in _parse(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "PAGE" for t in node.targets):
            return _text(node.value)
    return path.stem


def _read_names(path: Path, root: Path) -> frozenset[str]:
    """The texts of a module, and those of the constants it imports from other modules of analysis."""
    tree = _parse(path)
    texts = _list_texts(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis."):
            constants = {alias.name for alias in node.names if alias.name.isupper()}
            other = root / f"{(node.module or '').replace('.', '/')}.py"
            if constants and other.is_file():
                texts |= _list_constants(_parse(other), constants)
    return texts


def _list_constants(tree: ast.Module, names: Collection[str]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in names for t in node.targets):
            found |= _list_texts(node.value)
    return found


def _list_texts(tree: ast.AST) -> frozenset[str]:
    return frozenset(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
