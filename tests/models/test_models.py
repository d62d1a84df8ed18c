"""Training, scoring and explaining: reproducible, exact, and refused in words where a file or an input does not fit."""

from __future__ import annotations

import pickle  # noqa: TID251  # one is made here, to see it refused
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.explain import BIAS, explain_cases, explain_strongest
from models.registry import ModelProblem, load_model
from models.score import score_cases
from models.train import save_model, train_model


def _cases(n: int = 4_000) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(7)
    features = pd.DataFrame({
        "income": rng.lognormal(8.0, 0.5, n),
        "debts": rng.poisson(2.0, n).astype(float),
        "purpose": rng.choice(["car", "house", "travel"], n),
    })  # fmt: skip
    features.loc[::11, "income"] = np.nan
    features.loc[::13, "purpose"] = None
    log_odds = -2.0 + 0.5 * features["debts"] + 0.8 * (features["purpose"] == "travel") - (features["income"] > 3_000)
    return features, pd.Series(rng.random(n) < 1 / (1 + np.exp(-log_odds)))


@pytest.fixture(scope="module")
def trained() -> tuple[pd.DataFrame, pd.Series, bytes]:
    features, bad = _cases()
    return features, bad, train_model(features, bad, seed=3, rounds=40)


@pytest.fixture
def artifact(trained: tuple[pd.DataFrame, pd.Series, bytes], tmp_path: Path) -> Path:
    return save_model(trained[2], tmp_path / "v1.ubj")


@pytest.fixture
def features(trained: tuple[pd.DataFrame, pd.Series, bytes]) -> pd.DataFrame:
    return trained[0].head(200).copy()


def test_the_same_rows_and_seed_give_the_same_model(trained: tuple[pd.DataFrame, pd.Series, bytes]) -> None:
    features, bad, content = trained
    assert train_model(features, bad, seed=3, rounds=40) == content
    assert train_model(features, bad, seed=4, rounds=40) != content


def test_a_monotone_constraint_holds(tmp_path: Path) -> None:
    features, bad = _cases()
    path = save_model(train_model(features, bad, seed=1, rounds=40, increasing={"debts": 1}), tmp_path / "up.ubj")
    row = features.iloc[[1] * 12].reset_index(drop=True).assign(debts=np.arange(12.0))
    assert (score_cases(path, row).diff().dropna() >= 0).all()


def test_training_refuses_one_kind_of_outcome_and_unequal_lengths() -> None:
    features, bad = _cases(100)
    with pytest.raises(ModelProblem, match="only one kind"):
        train_model(features, pd.Series(np.zeros(100, bool)), seed=1)
    with pytest.raises(ModelProblem, match="100 rows and 99 outcomes"):
        train_model(features, bad.head(99), seed=1)


def test_scores_are_probabilities_under_the_same_index(artifact: Path, features: pd.DataFrame) -> None:
    features.index = pd.Index([f"C{i}" for i in range(len(features))])
    scores = score_cases(artifact, features)
    assert scores.index.equals(features.index)
    assert scores.between(0, 1).all()
    assert scores.nunique() > 20


def test_one_row_scores_as_it_does_among_others(artifact: Path, features: pd.DataFrame) -> None:
    whole = score_cases(artifact, features)
    for place in (0, 11, 13, 77):
        assert score_cases(artifact, features.iloc[[place]]).iloc[0] == whole.iloc[place]


def test_contributions_add_up_to_the_log_odds_of_the_score(artifact: Path, features: pd.DataFrame) -> None:
    contributions = explain_cases(artifact, features)
    assert list(contributions.columns) == [*features.columns, BIAS]
    scores = 1 / (1 + np.exp(-contributions.sum(axis=1)))
    np.testing.assert_allclose(scores, score_cases(artifact, features), atol=1e-6)


def test_contributions_equal_those_of_shap(artifact: Path, features: pd.DataFrame) -> None:
    import shap
    import xgboost as xgb

    model = load_model(artifact)
    table = xgb.DMatrix(model.prepare(features), enable_categorical=True)
    explainer = shap.TreeExplainer(model.booster)
    ours = explain_cases(artifact, features)
    np.testing.assert_array_equal(ours.drop(columns=BIAS).to_numpy(dtype="float32"), explainer.shap_values(table))
    np.testing.assert_allclose(ours[BIAS], float(np.ravel(explainer.expected_value)[0]), atol=1e-5)


def test_the_strongest_come_first_by_size_and_without_the_bias() -> None:
    row = pd.Series({"a": 0.1, "b": -0.9, "c": 0.5, "d": -0.1, BIAS: -3.0})
    assert list(explain_strongest(row, 3).index) == ["b", "c", "a"]
    assert explain_strongest(row, 3)["b"] == -0.9
    assert len(explain_strongest(row)) == 4
    with pytest.raises(ValueError, match="1 or more"):
        explain_strongest(row, 0)


def test_a_missing_model_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"gone\.ubj is missing"):
        load_model(tmp_path / "gone.ubj")


class _Trap:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.write_text, (self.path, "opened"))


@pytest.mark.parametrize("name", ["model.pkl", "model.pickle", "model.joblib", "model.ubj", "model.json"])
def test_a_pickle_is_never_opened_whatever_its_name(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    (tmp_path / name).write_bytes(pickle.dumps(_Trap(mark)))
    with pytest.raises(ModelProblem):
        load_model(tmp_path / name)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"not a model", b"{", b'{"learner": {}}', b"{L\x00\x00\x00"])
def test_what_is_not_a_model_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v1.ubj"
    path.write_bytes(content)
    with pytest.raises(ModelProblem, match=r"v1\.ubj is not"):
        load_model(path)


def test_a_cut_off_model_is_refused_in_words(trained: tuple[pd.DataFrame, pd.Series, bytes], tmp_path: Path) -> None:
    path = tmp_path / "v1.ubj"
    for size in (200, len(trained[2]) // 2, len(trained[2]) - 1):
        path.write_bytes(trained[2][:size])
        with pytest.raises(ModelProblem, match="damaged or incomplete"):
            load_model(path)


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"expected \.ubj or \.json"):
        load_model(tmp_path / "model.bin")
    with pytest.raises(ModelProblem, match=r"saved as \.ubj"):
        save_model(b"", tmp_path / "model.bin")


def test_features_that_do_not_fit_are_named(artifact: Path, features: pd.DataFrame) -> None:
    with pytest.raises(ModelProblem, match="missing: debts"):
        score_cases(artifact, features.drop(columns="debts"))
    with pytest.raises(ModelProblem, match="not known to the model: age"):
        score_cases(artifact, features.assign(age=1.0))
    with pytest.raises(ModelProblem, match="another order"):
        explain_cases(artifact, features[["debts", "income", "purpose"]])
    with pytest.raises(ModelProblem, match="'debts' must be a number"):
        score_cases(artifact, features.assign(debts="many"))


def test_an_unseen_category_is_refused_and_a_blank_is_not(artifact: Path, features: pd.DataFrame) -> None:
    blank = features.assign(purpose=pd.Series([None] * len(features), dtype="object"))
    assert score_cases(artifact, blank).notna().all()
    with pytest.raises(ModelProblem, match="'purpose' has a category the model was not trained with: 'yacht'"):
        score_cases(artifact, features.assign(purpose="yacht"))


def test_categories_may_come_in_any_order_or_as_text(artifact: Path, features: pd.DataFrame) -> None:
    turned = features.assign(purpose=pd.Categorical(features["purpose"], categories=["travel", "house", "car"]))
    assert score_cases(artifact, turned).equals(score_cases(artifact, features))


def test_a_loaded_model_is_kept_until_its_file_changes(artifact: Path, features: pd.DataFrame) -> None:
    first = load_model(artifact)
    assert load_model(artifact) is first
    table, bad = _cases()
    save_model(train_model(table, bad, seed=9, rounds=10), artifact)
    assert load_model(artifact) is not first
    assert len(score_cases(artifact, features)) == len(features)


def test_a_json_model_scores_like_the_ubj(artifact: Path, features: pd.DataFrame, tmp_path: Path) -> None:
    other = tmp_path / "v1.json"
    load_model(artifact).booster.save_model(other)
    np.testing.assert_allclose(score_cases(other, features), score_cases(artifact, features), atol=1e-7)
