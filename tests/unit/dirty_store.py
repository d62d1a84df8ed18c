"""A store after a real load of dirty files: quarantined records of thirty kinds, waiting ones, some out of scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.jobs import load
from tests.robustness import test_dirty_files as dirty

RECORDS, EACH = 3_000, 2
WAITING = 7
NASTY = '=HYPERLINK("x")<b>bold</b> [link](http://x) \u202eright to left\u202c שלום :red[x] $y$ ' + "long " * 2_400
MORE = """
[[source]]
name = "open cases"
table = "decisions"
files = ["open.csv"]
[source.columns]
case = "case_id"
what = "disposition"
at = "decided_at"
answer = "decision"
[source.constants]
channel = "assisted"
[[source]]
name = "repayments"
table = "outcomes"
files = ["repayments.csv"]
[source.columns]
case = "case_id"
at = "observed_at"
bad = "bad"
"""


def build_dirty(folder: Path) -> Path:
    """Write the files and load them into `folder`/store; the store's path. The mapping is `folder`/mapping.toml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dirty, "RECORDS", RECORDS)
        patch.setattr(dirty, "EACH", EACH)
        dirty.write_files(folder)
    (folder / "mapping.toml").write_text(dirty.MAPPING + MORE, encoding="utf-8")
    (folder / "open.csv").write_text(
        "case,what,at,answer\nP-1,pending,,\nP-2,pending,,\nP-3,withdrawn,,\n", encoding="utf-8"
    )
    lines = ["case,at,bad,note"]
    lines += [f"C{number:06},2025-05-05T10:00,{'yes' if number % 11 == 0 else 'no'}," for number in range(0, 900, 3)]
    lines += [f"X-{number},2025-03-01T10:00,no," for number in range(WAITING)]
    lines.append(f"<i>C</i>,31/12/2024,maybe; at: perhaps,{NASTY}")
    (folder / "repayments.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    store = folder / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(store))
        assert load.main([str(folder / "mapping.toml"), "--as-of", "2026-01-01"]) == 0
    return store
