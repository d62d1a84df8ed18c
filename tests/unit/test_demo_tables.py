"""The demo's tables keep the contract: columns, ids, order of events, money, scores that can be computed again."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data.demo import DemoFiles, simulate_bank
from data.demo.phases import AS_OF, allocate_cases, month_weights
from data.errors import UserError
from data.schema import TABLES
from models.score import score_cases
from models.train import train_model

N = 12_000


def _simulate(folder: Path, seed: int = 5) -> DemoFiles:
    return simulate_bank(N, seed, train=train_model, score=score_cases, folder=folder, progress=lambda line: None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return _simulate(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def decisions(files: DemoFiles) -> pd.DataFrame:
    return pd.read_parquet(files.folder / "decisions.parquet")


def test_the_mapping_names_every_source_and_only_columns_of_the_contract(files: DemoFiles) -> None:
    mapping = tomllib.loads(files.mapping.read_text(encoding="utf-8"))
    assert mapping["use_case"] == "credit"
    assert str(mapping["as_of"]) == str(AS_OF)
    for source in mapping["source"]:
        table = TABLES[source["table"]]
        names = pq.read_schema(files.folder / source["files"][0]).names
        extra = {n for n in names if n not in table.names and not n.startswith(table.prefixes or ("\0",))}
        assert not extra or table.open_ended, f"{table.name}: {extra}"
    assert "truth" not in {source["table"] for source in mapping["source"]}


def test_declared_values_ranges_and_required_columns_hold(files: DemoFiles) -> None:
    for name, table in TABLES.items():
        path = files.folder / f"{name}.parquet"
        if not path.exists():
            continue
        frame = pd.read_parquet(path)
        for column in (c for c in table.columns if c.name in frame):
            values = frame[column.name]
            if column.required == "always":
                assert values.notna().all(), f"{name}.{column.name} has blanks"
            if column.values:
                assert set(values.dropna()) <= set(column.values), f"{name}.{column.name}"
            if column.low is not None:
                assert (values.dropna() >= column.low).all(), f"{name}.{column.name}"
            if column.high is not None:
                assert (values.dropna() <= column.high).all(), f"{name}.{column.name}"
        assert not frame.duplicated(list(k for k in table.key if k in frame)).any(), name


def test_money_is_exact_and_times_are_microseconds(files: DemoFiles) -> None:
    schema = pq.read_schema(files.folder / "decisions.parquet")
    for name in ("exposure", "gain_if_good", "loss_if_bad", "recommended_amount", "decided_amount"):
        assert str(schema.field(name).type) == "decimal128(18, 2)"
    for name in ("received_at", "scored_at", "shown_at", "decided_at", "booked_at"):
        assert str(schema.field(name).type) == "timestamp[us]"


def test_the_number_of_decisions_is_about_what_was_asked(files: DemoFiles, decisions: pd.DataFrame) -> None:
    assert abs(len(decisions) - N) <= 0.01 * N
    assert files.rows["decisions"] == len(decisions)
    assert decisions["case_id"].is_unique
    assert allocate_cases(N).sum() == N
    assert month_weights().sum() == pytest.approx(1.0)


def test_events_stand_in_an_order_in_which_they_can_have_happened(decisions: pd.DataFrame) -> None:
    d = decisions[decisions["decided_at"].notna()]
    for earlier, later in (
        ("received_at", "scored_at"),
        ("scored_at", "decided_at"),
        ("opened_at", "decided_at"),
        ("decided_at", "booked_at"),
        ("decided_at", "approved_at"),
        ("decided_at", "reason_recorded_at"),
    ):
        both = d[d[earlier].notna() & d[later].notna()]
        assert len(both)
        assert (both[earlier] <= both[later]).all(), (earlier, later)
    assert (d["decided_at"] <= AS_OF).all()
    late = d["shown_at"] > d["decided_at"]
    assert 0 < late.sum() < 0.03 * (d["channel"] == "assisted").sum()


def test_channels_mean_what_the_contract_says(decisions: pd.DataFrame) -> None:
    automated = decisions[decisions["channel"] == "automated"]
    assert automated[["decider", "team", "shown_at", "override_reason"]].isna().all().all()
    assert set(automated["basis"]) <= {"system", "policy"}
    bypassed = decisions[decisions["channel"] == "bypassed"]
    assert bypassed["shown_at"].isna().all()
    assert bypassed["score"].isna().any()
    assert bypassed["score"].notna().any()
    assert (bypassed["score"].isna() == bypassed["recommendation"].isna()).all()
    assisted = decisions[(decisions["channel"] == "assisted") & decisions["decided_at"].notna()]
    assert assisted[["shown_at", "decider", "team", "score"]].notna().all().all()


def test_open_cases_have_no_decision_and_only_booked_ones_a_booking(decisions: pd.DataFrame) -> None:
    open_ = decisions["disposition"].isin(["withdrawn", "pending"])
    assert open_.any()
    assert decisions.loc[open_, ["decision", "decided_at", "basis"]].isna().all().all()
    assert decisions.loc[~open_, ["decision", "decided_at", "basis"]].notna().all().all()
    assert (decisions["booked_at"].notna() == (decisions["disposition"] == "booked")).all()
    accepted = decisions["decision"] == "accept"
    assert (decisions.loc[~open_, "disposition"].notna() == accepted[~open_]).all()


def test_recommendations_follow_the_version_of_the_time(files: DemoFiles, decisions: pd.DataFrame) -> None:
    versions = pd.read_parquet(files.folder / "model_versions.parquet")
    assert len(versions) >= 4
    assert versions["validation_auc"].between(0.75, 0.81).all()
    scored = decisions[decisions["score"].notna()].merge(versions, on="model_version")
    assert ((scored["score"] >= scored["cutoff"]) == (scored["recommendation"] == "reject")).all()
    assert (scored["scored_at"] >= scored["deployed_at"]).all()
    retired = scored["retired_at"].notna()
    assert (scored.loc[retired, "scored_at"] <= scored.loc[retired, "retired_at"] + pd.Timedelta(days=31)).all()
    refer = scored[scored["recommendation"] == "refer"].groupby("model_version")["score"].min()
    accept = scored[scored["recommendation"] == "accept"].groupby("model_version")["score"].max()
    assert (accept < refer[accept.index]).all()


def test_features_give_the_logged_score_again(files: DemoFiles, decisions: pd.DataFrame) -> None:
    features = pd.read_parquet(files.folder / "features.parquet").set_index("case_id").drop(columns="decision_no")
    scored = decisions[decisions["score"].notna()].set_index("case_id")
    assert set(features.index) == set(scored.index)
    assert features["employment_type"].map(type).eq(str).all()
    for version, rows in scored.groupby("model_version"):
        again = score_cases(files.folder / "models" / f"{version}.ubj", features.loc[rows.index])
        np.testing.assert_allclose(again, rows["score"], atol=1e-6)


def test_outcomes_belong_to_booked_cases_and_are_known_at_the_snapshot(
    files: DemoFiles, decisions: pd.DataFrame
) -> None:
    rows = pd.read_parquet(files.folder / "outcomes.parquet").merge(decisions, on="case_id", validate="many_to_one")
    assert (rows["disposition"] == "booked").all()
    assert (rows["recorded_at"] <= AS_OF).all()
    lag = (rows["recorded_at"] - rows["observed_at"]) / pd.Timedelta(days=1)
    assert lag.between(0, 30).all()
    days = (rows["observed_at"] - rows["booked_at"]) / pd.Timedelta(days=1)
    final = rows["status"] == "final"
    assert (days[final & ~rows["bad"]] == 365).all()
    assert (days[final & rows["bad"]] > 365).any(), "some defaults come after the horizon and must not count"
    assert {"interim", "reversed"} <= set(rows["status"])
    matured = decisions["booked_at"] + pd.Timedelta(days=395) <= AS_OF
    known = decisions.loc[matured, "case_id"].isin(rows.loc[final, "case_id"])
    assert 0.93 < known.mean() < 0.98


def test_training_cases_were_known_when_they_were_used(files: DemoFiles, decisions: pd.DataFrame) -> None:
    used = pd.read_parquet(files.folder / "training_cases.parquet").merge(decisions, on="case_id")
    assert len(used) == files.rows["training_cases"] > 0
    assert (used["booked_at"] + pd.Timedelta(days=365) <= used["used_at"]).all()


def test_the_same_seed_gives_the_same_bank_and_another_seed_another(files: DemoFiles, tmp_path: Path) -> None:
    def fingerprint(folder: Path) -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*.*")) if p.is_file()}

    again = _simulate(tmp_path / "again")
    assert fingerprint(again.folder) == fingerprint(files.folder)
    other = _simulate(tmp_path / "other", seed=6)
    assert fingerprint(other.folder)["decisions.parquet"] != fingerprint(files.folder)["decisions.parquet"]


def test_too_few_decisions_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Too few decisions"):
        simulate_bank(10, train=train_model, score=score_cases, folder=tmp_path, progress=print)
