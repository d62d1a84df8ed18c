"""The summary of measured times."""

from __future__ import annotations

import pytest

from benchmarks.percentiles import percentile, summarise


def test_percentiles_are_measurements_by_nearest_rank() -> None:
    """Of 15, 20, 35, 40, 50 the 5th percentile is 15, the 30th and 40th 20, the 50th 35 and the 100th 50."""
    values = [40.0, 15.0, 50.0, 35.0, 20.0]
    assert [percentile(values, share) for share in (0.05, 0.3, 0.4, 0.5, 1)] == [15, 20, 20, 35, 50]


def test_a_summary_reads_as_a_sentence() -> None:
    summary = summarise([index / 1000 for index in range(1, 101)])
    assert (summary.n, summary.median, summary.p95, summary.worst) == (100, 0.05, 0.095, 0.1)
    assert summary.sentence() == "50 ms median, 95 ms p95, 100 ms worst of 100"


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_no_measurements_are_refused() -> None:
    with pytest.raises(ValueError, match="No measurements"):
        summarise([])
