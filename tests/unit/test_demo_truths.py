"""Every planted truth is found again in the tables the demo writes, within a 99.9 % sampling bound.

One simulation of 300,000 decisions serves all tests. Each test says which estimator it uses; the bound is Z standard
errors computed from the counts at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.demo import DemoFiles, simulate_bank
from data.demo.officers import (
    BUSY_TEAM,
    BYPASS_TEAMS,
    EXPLANATION_MONTH,
    FRACTURE_TEAMS,
    OUTLIER_TEAM,
    REASON_CODES_MONTH,
    TEAMS,
    TRAINING_MONTH,
)
from data.demo.phases import AS_OF, PHASES
from data.demo.truths import TRUTHS, planted
from data.demo.versions import area_under_curve
from models.score import score_cases
from models.train import train_model

Z = 3.2905  # two-sided 99.9 %
DECISION_COLUMNS = [
    "case_id", "previous_case_id", "received_at", "decided_at", "team", "decider", "channel", "basis", "disposition",
    "booked_at", "model_version", "score", "recomputed_score", "recommendation", "original_recommendation", "decision",
    "override_reason", "arm", "gain_if_good", "loss_if_bad",
]  # fmt: skip


@dataclass(frozen=True)
class Demo:
    """The written files, the decisions with their truth, and those of them whose outcome is known."""

    files: DemoFiles
    cases: pd.DataFrame
    known: pd.DataFrame


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("bank")
    files = simulate_bank(train=train_model, score=score_cases, folder=folder, progress=lambda line: None)
    cases = pd.read_parquet(folder / "decisions.parquet", columns=DECISION_COLUMNS)
    truth = pd.read_parquet(folder / "truth.parquet")
    cases = cases.merge(truth, on="case_id", validate="one_to_one")
    cases["override"] = cases["is_override_eligible"] & (cases["decision"] != cases["recommendation"])
    for column in ("gain_if_good", "loss_if_bad"):
        cases[column] = cases[column].astype("float64")
    return Demo(files, cases, _known(folder, cases))


def _known(folder: Path, cases: pd.DataFrame) -> pd.DataFrame:
    """Matured booked cases with the latest final outcome by the horizon."""
    rows = pd.read_parquet(folder / "outcomes.parquet", columns=["case_id", "observed_at", "bad", "status"])
    rows = rows[rows["status"] == "final"].merge(cases, on="case_id")
    start = rows["booked_at"]
    rows = rows[(rows["observed_at"] <= start + pd.Timedelta(days=365)) & (start + pd.Timedelta(days=395) <= AS_OF)]
    return rows.sort_values("observed_at").drop_duplicates("case_id", keep="last")


def _is_within(value: float, expected: float, error: float) -> None:
    assert abs(value - expected) <= Z * error, f"{value:.4f} is not {expected:.4f} +- {Z * error:.4f}"


def _share_error(share: float, n: float) -> float:
    return float(np.sqrt(share * (1 - share) / n))


def _auc_with_error(score: pd.Series, bad: pd.Series) -> tuple[float, float]:
    """AUC and its standard error after Hanley and McNeil (Radiology 1982)."""
    auc, n_bad = area_under_curve(score.to_numpy(), bad.to_numpy()), int(bad.sum())
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    n_good = len(bad) - n_bad
    variance = auc * (1 - auc) + (n_bad - 1) * (q1 - auc**2) + (n_good - 1) * (q2 - auc**2)
    return auc, float(np.sqrt(variance / (n_bad * n_good)))


def _ratio_with_error(rows: pd.DataFrame) -> tuple[float, float]:
    """Defaults over summed scores; standard error by sum p(1-p) with the observed level."""
    expected = rows["score"].sum()
    ratio = rows["bad"].sum() / expected
    risk = np.minimum(rows["score"] * ratio, 0.99)
    return float(ratio), float(np.sqrt((risk * (1 - risk)).sum()) / expected)


def test_the_table_numbers_thirteen_truths_and_each_has_a_sentence() -> None:
    assert [truth.number for truth in TRUTHS] == list(range(1, 14))
    assert all(truth.sentence and truth.check and truth.parameters for truth in TRUTHS)


def test_1_each_version_ranks_the_whole_population_as_planted(demo: Demo) -> None:
    """AUC of the clean score on the outcome under acceptance; bypass and edits, which change the risk itself, apart."""
    plain = demo.cases[~demo.cases["channel"].eq("bypassed") & ~demo.cases["basis"].eq("input")]
    for _, cases in plain.groupby("model_version"):
        auc, error = _auc_with_error(cases["shadow_score"], cases["bad_if_accepted"])
        assert abs(auc - planted("model_health", "auc")) <= Z * error + planted("model_health", "training_tolerance")


def _accepted_fall(cases: pd.DataFrame) -> tuple[float, float]:
    """AUC of accepted cases before the fracture minus within it, on their outcomes from the truth, and its error."""
    accepted = cases[(cases["decision"] == "accept") & cases["score"].notna()]
    before = accepted[accepted["phase"].isin(["launch", "hesitation"])]
    within = accepted[accepted["phase"] == "fracture"]
    (early, error_early), (late, error_late) = (
        _auc_with_error(rows["score"], rows["bad_if_accepted"]) for rows in (before, within)
    )
    return early - late, float(np.hypot(error_early, error_late))


def test_1_the_auc_on_accepted_cases_falls_in_the_fracture(demo: Demo, tmp_path: Path) -> None:
    """Mean of two independent banks: one alone has an error of .012, too wide to tell a fall of .03 from none. At
    99.9 % it excludes nought, and does not lie below the planted fall."""
    simulate_bank(seed=11, train=train_model, score=score_cases, folder=tmp_path, progress=lambda line: None)
    other = pd.read_parquet(tmp_path / "decisions.parquet", columns=["case_id", "decision", "score"])
    other = other.merge(pd.read_parquet(tmp_path / "truth.parquet"), on="case_id")
    (first, error), (second, error_second) = _accepted_fall(demo.cases), _accepted_fall(other)
    fall, bound = (first + second) / 2, Z * np.hypot(error, error_second) / 2
    assert fall > bound
    assert fall + bound >= planted("model_health", "least_fall")


@pytest.mark.parametrize("phase", ["launch", "hesitation", "parallel", "fracture", "recovery"])
def test_2_override_rate_of_a_phase(demo: Demo, phase: str) -> None:
    """Overrides over eligible cases; binomial error."""
    eligible = demo.cases[demo.cases["is_override_eligible"] & (demo.cases["phase"] == phase)]
    expected = planted("override_rates", phase)
    _is_within(eligible["override"].mean(), expected, _share_error(expected, len(eligible)))


@pytest.mark.parametrize("phase", ["launch", "hesitation", "parallel", "fracture", "recovery", "steady"])
def test_2_high_side_to_low_side(demo: Demo, phase: str) -> None:
    """Log of the ratio of counts, outside the null burst; error sqrt(1/high + 1/low)."""
    overrides = demo.cases[
        demo.cases["override"] & (demo.cases["phase"] == phase) & demo.cases["recomputed_score"].isna()
    ]
    high, low = (overrides["recommendation"] == "accept").sum(), (overrides["recommendation"] == "reject").sum()
    _is_within(np.log(high / low), np.log(planted("override_rates", "high_per_low")), np.sqrt(1 / high + 1 / low))


def test_3_share_and_odds_ratio_of_the_private_fact(demo: Demo) -> None:
    """Share, binomial; coefficient of the fact in a logistic regression with the rest of the log-odds as offset."""
    cases, share = demo.cases, planted("private_fact", "share")
    fact = cases["hidden_fact"].to_numpy()
    _is_within(fact.mean(), share, _share_error(share, len(cases)))
    offset, bad = cases["log_odds_without_fact"].to_numpy()[fact], cases["bad_if_accepted"].to_numpy()[fact]
    beta = 0.0
    for _ in range(20):
        risk = 1 / (1 + np.exp(-(offset + beta)))
        beta += (bad - risk).sum() / (risk * (1 - risk)).sum()
    _is_within(beta, -np.log(planted("private_fact", "odds_ratio")), (risk * (1 - risk)).sum() ** -0.5)


@pytest.mark.parametrize(("reason", "parameter"), [("GUARANTEE", "fact_ratio"), ("RELATIONSHIP", "relationship_ratio")])
def test_3_observed_over_expected_of_low_side_overrides(demo: Demo, reason: str, parameter: str) -> None:
    """Defaults over summed scores of matured booked low-side overrides that gave the reason."""
    low = demo.known[demo.known["override"] & (demo.known["recommendation"] == "reject")]
    ratio, error = _ratio_with_error(low[low["override_reason"] == reason])
    _is_within(ratio, planted("private_fact", parameter), error)


def test_4_bypassed_share_by_phase_in_two_teams_only(demo: Demo) -> None:
    """Bypassed over bypassed and assisted, decided cases; binomial."""
    people = demo.cases[demo.cases["decision"].notna() & demo.cases["channel"].isin(["assisted", "bypassed"])]
    teams = [TEAMS[t] for t in BYPASS_TEAMS]
    assert len(teams) == planted("bypass", "teams")
    assert set(people.loc[people["channel"] == "bypassed", "team"]) == set(teams)
    for phase in PHASES:
        rows = people[people["team"].isin(teams) & (people["phase"] == phase.name)]
        expected = planted("bypass", phase.name)
        _is_within((rows["channel"] == "bypassed").mean(), expected, _share_error(expected, len(rows)))


def test_4_unscored_share_and_extra_risk_of_bypassed_cases(demo: Demo) -> None:
    """Unscored: binomial. Extra risk: default rates standardised to the bypassed cases' bands of the shadow score."""
    bypassed = demo.cases[demo.cases["channel"] == "bypassed"]
    expected = planted("bypass", "unscored")
    _is_within(bypassed["score"].isna().mean(), expected, _share_error(expected, len(bypassed)))
    known = demo.known.assign(
        band=np.digitize(demo.known["shadow_score"], [0.02, 0.035, 0.055, 0.08, 0.11, 0.16, 0.25])
    )
    parts = {
        c: known[known["channel"] == c].groupby("band")["bad"].agg(["mean", "size"]) for c in ("bypassed", "assisted")
    }
    around, usual = parts["bypassed"], parts["assisted"].loc[parts["bypassed"].index]
    weight = around["size"] / around["size"].sum()
    difference = (weight * (around["mean"] - usual["mean"])).sum()
    spread = weight**2 * (around["mean"] * (1 - around["mean"]) / around["size"]
                          + usual["mean"] * (1 - usual["mean"]) / usual["size"])  # fmt: skip
    _is_within(difference, planted("bypass", "extra_bad_rate"), np.sqrt(spread.sum()))


def test_5_edited_inputs(demo: Demo) -> None:
    """Shares, binomial; defaults over summed final scores. Edited cases are never eligible, so the rate cannot move."""
    assisted = demo.cases[(demo.cases["channel"] == "assisted") & demo.cases["decision"].notna()]
    edited = assisted[assisted["basis"] == "input"]
    share, flips = planted("input_edits", "share"), planted("input_edits", "flips")
    _is_within(len(edited) / len(assisted), share, _share_error(share, len(assisted)))
    flipped = edited["original_recommendation"] != edited["recommendation"]
    _is_within(flipped.mean(), flips, _share_error(flips, len(edited)))
    ratio, error = _ratio_with_error(demo.known[demo.known["basis"] == "input"])
    _is_within(ratio, planted("input_edits", "bad_ratio"), error)
    assert not edited["is_override_eligible"].any()


def test_6_second_applications(demo: Demo) -> None:
    """Declined cases named by a later one, in time to be decided before the end; accepted over decided second ones."""
    cases = demo.cases
    declined = cases[(cases["decision"] == "reject") & (cases["decided_at"] < "2026-06-01")]
    second = cases[cases["previous_case_id"].notna()]
    share = planted("reapplications", "share")
    _is_within(declined["case_id"].isin(second["previous_case_id"]).mean(), share, _share_error(share, len(declined)))
    both = second.merge(cases, left_on="previous_case_id", right_on="case_id", suffixes=("", "_before"))
    gap = both["received_at"] - both["decided_at_before"]
    assert gap.min() > pd.Timedelta(0)
    assert gap.max() <= pd.Timedelta(days=planted("reapplications", "days"))
    assert (both["team"] != both["team_before"]).all()
    decided = second[second["decision"].notna()]
    accepted = planted("reapplications", "accepted")
    _is_within((decided["decision"] == "accept").mean(), accepted, _share_error(accepted, len(decided)))


def test_7_take_up_falls_with_waiting_and_good_applicants_leave_twice_as_fast(demo: Demo) -> None:
    """Least squares of not taken up on days waited, errors robust to unequal variance; slopes of good and bad apart."""
    accepted = demo.cases[demo.cases["decision"] == "accept"]
    days = (accepted["decided_at"] - accepted["received_at"]) / pd.Timedelta(days=1)
    left = (accepted["disposition"] == "not_taken_up").to_numpy(dtype=float)
    below = (days < 9).to_numpy()
    fits = {}
    for name, chosen in {"all": below, "good": below & ~accepted["bad_if_accepted"].to_numpy(),
                         "bad": below & accepted["bad_if_accepted"].to_numpy()}.items():  # fmt: skip
        fits[name] = _line(days.to_numpy()[chosen], left[chosen])
    base, slope, error_base, error_slope = fits["all"]
    _is_within(base, planted("take_up", "base"), error_base)
    _is_within(slope, planted("take_up", "per_day"), error_slope)
    factor = planted("take_up", "good_to_bad")
    _is_within(fits["good"][1] - factor * fits["bad"][1], 0.0, np.hypot(fits["good"][3], factor * fits["bad"][3]))


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Intercept, slope and their robust standard errors (White)."""
    design = np.column_stack([np.ones_like(x), x])
    bread = np.linalg.inv(design.T @ design)
    beta = bread @ design.T @ y
    meat = (design * ((y - design @ beta) ** 2)[:, None]).T @ design
    errors = np.sqrt(np.diag(bread @ meat @ bread))
    return float(beta[0]), float(beta[1]), float(errors[0]), float(errors[1])


def test_8_null_burst(demo: Demo) -> None:
    """Share, binomial; mean shift, its standard error; ratio of two override rates on the log scale."""
    touched = demo.cases[demo.cases["recomputed_score"].notna()]
    share = planted("null_burst", "share")
    _is_within(len(touched) / len(demo.cases), share, _share_error(share, len(demo.cases)))
    assert touched["decided_at"].dt.date.nunique() == planted("null_burst", "days")
    shift = touched["recomputed_score"] - touched["score"]
    _is_within(shift.mean(), planted("null_burst", "score_shift"), shift.std() / np.sqrt(len(shift)))
    month = demo.cases[demo.cases["is_override_eligible"] & (demo.cases["month"] == touched["month"].iloc[0])]
    rates = month.groupby(month["recomputed_score"].notna())["override"].agg(["mean", "sum"])
    _is_within(np.log(rates["mean"][True] / rates["mean"][False]), np.log(planted("null_burst", "override_factor")),
               np.sqrt((1 / rates["sum"]).sum()))  # fmt: skip


def test_8_the_additional_overrides_are_right(demo: Demo) -> None:
    """High-side overrides the full inputs would have declined: at their true risk accepting loses money, 99.9 %."""
    touched = demo.cases[demo.cases["recomputed_score"].notna() & demo.cases["override"]]
    right = touched[(touched["recommendation"] == "accept") & (touched["recomputed_score"] >= 0.15)]
    assert len(right) > 100
    value = right["gain_if_good"] * (1 - right["true_risk"]) - right["loss_if_bad"] * right["true_risk"]
    assert value.mean() + Z * value.std() / np.sqrt(len(value)) < 0


def test_9_policy_rule(demo: Demo) -> None:
    """Stopped over recommended accepts, binomial; naive and judgement high-side rates around the rule's start."""
    start = planted("policy_rule", "month")
    cases = demo.cases[demo.cases["decision"].notna() & (demo.cases["recommendation"] == "accept")]
    cases = cases[cases["recomputed_score"].isna() & (cases["arm"] != "random_accept") & (cases["month"] >= start - 1)]
    after = cases[cases["month"] >= start]
    shown = after[after["channel"] != "bypassed"]
    share = planted("policy_rule", "share")
    _is_within((shown["basis"] == "policy").mean(), share, _share_error(share, len(shown)))
    judged = cases[cases["is_override_eligible"]]
    naive = cases[(cases["channel"] == "assisted") & cases["basis"].isin(["judgement", "policy"])]
    change, error = _change(judged, start)
    _is_within(change, 0.0, error)
    change, error = _change(naive, start)
    assert change - Z * error > 0.02


def _change(cases: pd.DataFrame, start: float) -> tuple[float, float]:
    declined = (cases["decision"] == "reject").groupby(cases["month"] >= start).agg(["mean", "size"])
    error = np.sqrt((declined["mean"] * (1 - declined["mean"]) / declined["size"]).sum())
    return float(declined["mean"][True] - declined["mean"][False]), float(error)


def test_10_explanations_cut_high_side_overrides_after_two_months(demo: Demo) -> None:
    """Callaway and Sant'Anna: each wave's change since the months before against not yet treated teams, averaged."""
    high = demo.cases[demo.cases["is_override_eligible"] & (demo.cases["recommendation"] == "accept")]
    _is_within(*_staggered(high, EXPLANATION_MONTH, -planted("interventions", "high_side_cut"), delay=2))


def test_10_training_and_reason_codes_change_no_override_rate(demo: Demo) -> None:
    """The same estimator on all eligible cases, early teams against late ones before the latter start."""
    eligible = demo.cases[demo.cases["is_override_eligible"]]
    _is_within(*_staggered(eligible, TRAINING_MONTH, planted("interventions", "training_effect"), delay=0))
    _is_within(*_staggered(eligible, REASON_CODES_MONTH, planted("interventions", "reason_codes_effect"), delay=0))


def _staggered(cases: pd.DataFrame, start: np.ndarray, expected: float, delay: int) -> tuple[float, float, float]:
    """Estimate, expectation and error. Months 11 to 20, in which nothing else changes, and the teams of the last wave,
    which is not treated yet, as controls; waves weighted by their treated cases."""
    last = int(max(start))
    window = cases[cases["month"].between(11, min(last - 1, 20))]
    first = window["team"].map(dict(zip(TEAMS, start, strict=True)))
    estimates, errors, weights = [], [], []
    for wave in sorted(set(start))[:-1]:
        cells = [
            window.loc[group & months, "override"]
            for group in (first == wave, first == last)
            for months in (window["month"] >= wave + delay, window["month"] < wave)
        ]
        after, before, control_after, control_before = (cell.mean() for cell in cells)
        estimates.append(after - before - (control_after - control_before))
        errors.append(np.sqrt(sum(cell.var() / len(cell) for cell in cells)))
        weights.append(len(cells[0]))
    share = np.array(weights) / np.sum(weights)
    # The waves share their controls, so their errors are added rather than averaged out.
    return float(share @ np.array(estimates)), expected, float(share @ np.array(errors))


def test_10_reason_codes_fill_blanks(demo: Demo) -> None:
    """Blank reasons over overrides, team-months with and without codes; binomial."""
    overrides = demo.cases[demo.cases["override"]]
    coded = overrides["month"] >= overrides["team"].map(dict(zip(TEAMS, REASON_CODES_MONTH, strict=True)))
    for has_codes, parameter in ((False, "blank_before"), (True, "blank_after")):
        rows, expected = overrides[coded == has_codes], planted("interventions", parameter)
        _is_within(rows["override_reason"].isna().mean(), expected, _share_error(expected, len(rows)))


def test_11_random_accepts(demo: Demo) -> None:
    """Share of cases near the cut-off, binomial; their mean true risk is that of all such cases."""
    near = demo.cases[demo.cases["is_near_cutoff"]]
    random = near[near["arm"] == "random_accept"]
    share = planted("random_accepts", "share")
    _is_within(len(random) / len(near), share, _share_error(share, len(near)))
    assert (random["decision"] == "accept").all()
    assert (demo.cases["arm"] == "random_accept").sum() == len(random)
    _is_within(
        random["shadow_score"].mean(), near["shadow_score"].mean(), near["shadow_score"].std() / len(random) ** 0.5
    )


def test_12_busy_team_and_outlier(demo: Demo) -> None:
    """Raw rate, binomial; overrides over the case mix's expectation, error sqrt(overrides) over expectation."""
    eligible = demo.cases[demo.cases["is_override_eligible"]]
    teams = eligible.groupby("team").agg(o=("override", "sum"), e=("expected_override", "sum"), n=("override", "size"))
    busy, outlier = teams.loc[TEAMS[BUSY_TEAM]], teams.loc[TEAMS[OUTLIER_TEAM]]
    rate = planted("teams", "busy_rate")
    _is_within(busy["o"] / busy["n"], rate, _share_error(rate, busy["n"]))
    _is_within(busy["o"] / busy["e"], planted("teams", "busy_ratio"), np.sqrt(busy["o"]) / busy["e"])
    _is_within(outlier["o"] / outlier["e"], planted("teams", "outlier_ratio"), np.sqrt(outlier["o"]) / outlier["e"])


def _contributions(eligible: pd.DataFrame, high: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Per team: mean share of eligible cases times the change of its high-side overrides over eligible cases, from the
    four months before the fracture to the fracture; and the variance, binomial."""
    sides = [eligible["month"].between(7, 10), eligible["month"].between(11, 14)]
    counts = [eligible[side].groupby("team").size() for side in sides]
    rates = [high[side].groupby(eligible.loc[side, "team"]).mean() for side in sides]
    weight = sum(count / count.sum() for count in counts) / 2
    variance = sum(rate * (1 - rate) / count for rate, count in zip(rates, counts, strict=True))
    return weight * (rates[1] - rates[0]), weight**2 * variance


def test_13_three_teams_bring_most_of_the_rise_of_high_side_overrides(demo: Demo) -> None:
    """The three teams' contributions less the planted share of the whole rise: not below nought at 99.9 %; each of them
    more than any other team, and low-side overrides rise as much elsewhere as in them."""
    eligible = demo.cases[demo.cases["is_override_eligible"]]
    three = [TEAMS[t] for t in FRACTURE_TEAMS]
    assert len(set(EXPLANATION_MONTH[list(FRACTURE_TEAMS)])) == len(three) == planted("fracture_teams", "teams")
    assert not {*FRACTURE_TEAMS} & {BUSY_TEAM, OUTLIER_TEAM, *BYPASS_TEAMS}
    found, variance = _contributions(eligible, eligible["override"] & (eligible["recommendation"] == "accept"))
    least, inside = planted("fracture_teams", "least_share"), found.index.isin(three)
    left = found[inside].sum() - least * found.sum()
    error = np.sqrt((variance * np.where(inside, 1 - least, -least) ** 2).sum())
    assert left + Z * error > 0
    assert found[inside].min() > found[~inside].max()
    low, variance = _contributions(eligible, eligible["override"] & (eligible["recommendation"] == "reject"))
    share = len(three) / len(TEAMS)
    _is_within(low[inside].sum() - share * low.sum(), 0.0,
               np.sqrt((variance * np.where(inside, 1 - share, -share) ** 2).sum()))  # fmt: skip
