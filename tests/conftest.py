"""What every test shares: reproducible Hypothesis runs and the way to the reference data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples every time, however slow the machine: a red build can be repeated.
settings.register_profile("project", derandomize=True, deadline=None)
settings.load_profile("project")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference data sets and known answers, which stands beside the project and may be absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("The reference data (../shared/data) are not beside the project.")
    return folder
