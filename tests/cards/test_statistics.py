"""What holds for every registered statistic, made from its registration alone."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics import STATISTICS


@pytest.mark.parametrize("name", STATISTICS)
def test_the_worked_example_gives_its_answer_and_not_the_classic_mistake(name):
    statistic = STATISTICS[name]
    found = statistic.on_cases(np.array(statistic.example.score), np.array(statistic.example.bad, dtype=float))
    assert found == pytest.approx(statistic.example.answer, abs=1e-12)
    assert found != pytest.approx(statistic.example.mistaken, abs=1e-6)
    assert "classic mistake" in statistic.example.why


@pytest.mark.parametrize("name", STATISTICS)
def test_every_word_is_there(name):
    statistic = STATISTICS[name]
    for field in ("label", "definition", "reading", "owner", "unit", "direction", "source"):
        assert getattr(statistic, field).strip(), field
    assert statistic.changed
