"""Benjamini-Hochberg against the example of the paper, and against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.multiplicity import build_adjusted_p_values, build_claims

# Benjamini and Hochberg (1995), the fifteen comparisons of their example; Bonferroni claims three, BH four.
PAPER = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_the_paper_claims_four_of_fifteen() -> None:
    claims = build_claims(PAPER)
    assert list(claims) == [True] * 4 + [False] * 11
    assert np.count_nonzero(np.array(PAPER) <= 0.05 / 15) == 3
    adjusted = build_adjusted_p_values(PAPER)
    assert adjusted[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])
    assert adjusted[-1] == 1


def test_order_does_not_matter() -> None:
    order = np.random.default_rng(3).permutation(15)
    assert list(build_claims(np.array(PAPER)[order])) == [i < 4 for i in order]


def test_what_cannot_be_tested_is_never_claimed_and_does_not_count() -> None:
    with_gaps = np.array([np.nan, 0.0001, np.nan, 0.04, 0.9])
    assert list(build_claims(with_gaps)) == [False, True, False, False, False]
    assert build_adjusted_p_values(with_gaps)[1] == pytest.approx(0.0003)
    assert np.isnan(build_adjusted_p_values(with_gaps)[[0, 2]]).all()
    assert not build_claims([np.nan, np.nan]).any()
    assert build_claims([]).shape == (0,)


def test_a_p_value_outside_its_range_is_refused() -> None:
    for wrong in (-0.01, 1.01):
        with pytest.raises(ValueError, match="p-values"):
            build_claims([0.2, wrong])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_step_up_definition(p_values: list[float], q: float) -> None:
    m = len(p_values)
    ranked = sorted(p_values)
    passing = [k for k in range(1, m + 1) if ranked[k - 1] * m / k <= q]
    claims = build_claims(p_values, q)
    assert np.count_nonzero(claims) >= max(passing, default=0)
    if passing:
        assert list(claims) == [p <= ranked[max(passing) - 1] for p in p_values]
    else:
        assert not claims.any()
