"""AUC from raw scores and from bins: by hand, against scikit-learn, against a peer's printed figures, and coverage."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.discrimination import (
    ONE_CLASS,
    SEPARATED,
    TOO_FEW,
    build_histogram,
    build_score_bin_sql,
    build_score_bins,
    estimate_auc,
    estimate_auc_change,
    estimate_raw_auc,
)
from benchmarks.truth_gates import count, find_gate
from benchmarks.truth_scores import AUC, build_scores, estimate_sample_auc

CAR_LOANS = Path(__file__).parents[2].parent / "shared" / "data" / "car_loan_monitoring"
# Printed in NannyML 0.13's documentation: realised ROC AUC of ten chunks of 5,000.
PRINTED = [0.970962, 0.970248, 0.976282, 0.967721, 0.969886, 0.960050, 0.958530, 0.959041, 0.963094, 0.957556]


def _binned(score: np.ndarray, bad: np.ndarray, bins: int = 1_000) -> list[np.ndarray]:
    place = build_score_bins(score, bins)
    return [np.bincount(place, mark, bins) for mark in (bad, 1 - bad)]


def test_by_hand_with_a_tie() -> None:
    # Bads at .9 and .5, goods at .5, .2, .7: pairs won 3 + (1 + .5 + 0) of 6.
    found = estimate_raw_auc(np.array([0.9, 0.5, 0.5, 0.2, 0.7]), np.array([1, 1, 0, 0, 0]))
    assert found.value[0] == pytest.approx(4.5 / 6)
    # DeLong: bads beat shares 1 and .5; goods are beaten by shares .75, 1 and .5.
    variance = np.var([1, 0.5], ddof=1) / 2 + np.var([0.75, 1, 0.5], ddof=1) / 3
    assert found.variance[0] == pytest.approx(variance)
    assert found.error[0] == 0


def test_raw_equals_scikit_learn_and_bins_stay_within_their_error() -> None:
    for seed in range(20):
        score, bad = build_scores(np.random.default_rng(seed), 500)
        truth = roc_auc_score(bad, score)
        assert estimate_raw_auc(score, bad).value[0] == pytest.approx(truth, abs=1e-12)
        for bins in (5, 50, 1_000):
            found = estimate_auc(*_binned(score, bad, bins))
            assert abs(found.value[0] - truth) <= found.error[0] + 1e-12
            assert found.low[0] <= found.value[0] <= found.high[0]


def test_realised_auc_of_the_car_loans_as_printed_by_a_peer() -> None:
    if not CAR_LOANS.exists():
        pytest.skip("the reference data ../shared/data/car_loan_monitoring is not here")
    files = [str(CAR_LOANS / f"car_loan_analysis{part}.parquet") for part in ("", "_target")]
    rows = duckdb.sql(
        f"select y_pred_proba, repaid from '{files[0]}' join '{files[1]}' using (id) order by id"
    ).fetchnumpy()
    score, label = rows["y_pred_proba"], rows["repaid"].astype(float)
    chunk = np.repeat(np.arange(10), 5_000)
    raw = [estimate_raw_auc(score[chunk == c], label[chunk == c]).value[0] for c in range(10)]
    assert np.round(raw, 6).tolist() == PRINTED
    place = build_score_bins(score, 20)  # these scores have two digits: 1,000 bins would leave no error to check
    binned = estimate_auc(*(build_histogram(chunk, place, mark, groups=10, bins=20) for mark in (label, 1 - label)))
    assert (np.abs(binned.value - raw) > 0).all()
    assert (np.abs(binned.value - raw) <= binned.error).all()
    assert binned.error.max() < 0.02
    fine = build_score_bins(score)
    full = estimate_auc(*(build_histogram(chunk, fine, mark, groups=10) for mark in (label, 1 - label)))
    assert full.value == pytest.approx(raw, abs=1e-9)


def test_an_interval_covers_the_truth() -> None:
    found = estimate_sample_auc(range(200))
    assert count((found.low > AUC) | (found.high < AUC)) <= find_gate(200, 0.05)[1]
    # The spread it states is the spread there is.
    assert np.sqrt(found.variance.mean()) == pytest.approx(found.value.std(), rel=0.15)


def test_a_change_of_auc_keeps_its_size_and_finds_a_loss_of_a_tenth() -> None:
    first, second = estimate_sample_auc(range(200)), estimate_sample_auc(range(200, 400))
    assert count(estimate_auc_change(first, second).p_value < 0.05) <= find_gate(200, 0.05)[1]
    rng = np.random.default_rng(1)
    score, bad = build_scores(rng, 20_000)
    worse = np.clip(score + rng.normal(0, 0.3, score.shape), 0, 1)
    change = estimate_auc_change(estimate_auc(*_binned(score, bad)), estimate_auc(*_binned(worse, bad)))
    assert change.high[0] < -0.02
    assert change.p_value[0] < 0.001


def test_degenerate_groups_say_why() -> None:
    bad = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 5], [1, 2, 3], [0, 0, 0]])
    good = np.array([[3, 4, 5], [3, 2, 1], [5, 0, 0], [3, 2, 1], [0, 0, 0]])
    found = estimate_auc(bad, good)
    assert list(found.why) == [ONE_CLASS, TOO_FEW, SEPARATED, "", ONE_CLASS]
    assert np.isnan(found.value[[0, 4]]).all()
    assert found.value[2] == 1
    assert np.isnan(found.low[[0, 1, 2, 4]]).all()
    assert np.isnan(estimate_auc_change(found, found).p_value[:3]).all()
    assert estimate_auc_change(found, found).p_value[3] == 1


def test_sql_and_numpy_put_scores_in_the_same_bin() -> None:
    scores = np.concatenate([[0.0, 1.0, 0.001, 0.9999, 0.5], np.random.default_rng(2).random(5_000)])
    connection = duckdb.connect()
    connection.execute("create table t (i integer, score double)")
    connection.executemany("insert into t values (?, ?)", [(i, float(s)) for i, s in enumerate(scores[:500])])
    found = connection.execute(f"select {build_score_bin_sql('score')} from t order by i").fetchall()
    assert [row[0] for row in found] == build_score_bins(scores[:500]).tolist()
    assert connection.execute(f"select {build_score_bin_sql('null::double')}").fetchone() == (None,)
    assert build_score_bins([0.0, 1.0]).tolist() == [0, 999]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="scores"):
        build_score_bins([0.5, 1.7])
    with pytest.raises(ValueError, match="scores"):
        build_score_bins([np.nan])
    with pytest.raises(ValueError, match="same shape"):
        estimate_auc([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="bad 0 or 1"):
        estimate_raw_auc([0.1, 0.2], [0, 2])
    with pytest.raises(ValueError, match="bins"):
        build_histogram([0], [1_000], [1], groups=2)


def test_sparse_rows_make_the_histogram() -> None:
    found = build_histogram([0, 1, 1, 1], [2, 0, 2, 2], [5, 1, 2, 3], groups=2, bins=3)
    assert found.tolist() == [[0, 0, 5], [1, 0, 5]]
