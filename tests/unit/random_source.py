"""One published store of random decisions for several test files: it is built once in each test process."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest

from analysis.source import Source
from analysis.store import open_source
from tests.unit.stores import publish_random

_folder = tempfile.TemporaryDirectory(prefix="execution-debt-random-", ignore_cleanup_errors=True)


@cache
def open_random() -> Source:
    """4,000 random decisions, groups of 20 or more shown, single deciders permitted."""
    root = Path(_folder.name)
    publish_random(root, 4000, show_deciders=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        return open_source("credit")
