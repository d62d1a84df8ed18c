"""The planted truths of the bank's demo: one table, read by the simulator and by the tests.

Every number the demo is said to contain stands here once. The simulator takes its parameters from `planted`; the tests
compare the written tables with the same values, within the sampling error of the counts at hand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """One planted truth: its number, a name, the sentence a reader may be told, its parameters and how it is checked.

    Shares are 0 to 1. A parameter is at once what the simulator uses and what an estimator should find.
    """

    number: int
    name: str
    sentence: str
    parameters: dict[str, float]
    check: str


TRUTHS: tuple[Truth, ...] = (
    Truth(
        1, "model_health",
        "The model ranks the whole population with an AUC of .78 throughout; on accepted cases the AUC falls by .03 "
        "or more in the fracture, because people select, not because the model ages.",
        {"auc": 0.78, "least_fall": 0.03, "training_tolerance": 0.006},
        "AUC of the clean score against the outcome under acceptance, per version (cases neither bypassed nor edited, "
        "which changes the risk itself); AUC of booked scored cases before and in the fracture (Hanley-McNeil errors).",
    ),
    Truth(
        2, "override_rates",
        "Overrides make up 6 % of eligible cases in the launch, 12 % in the hesitation, 22 % in the fracture and 9 % "
        "in the recovery; two high-side overrides for each low-side one.",
        {"launch": 0.06, "hesitation": 0.12, "parallel": 0.17, "fracture": 0.22, "recovery": 0.09, "high_per_low": 2.0,
         "recovery_start_factor": 1.3},
        "Overrides over eligible cases by phase; high-side over low-side counts, the null burst apart.",
    ),
    Truth(
        3, "private_fact",
        "In 8 % of cases officers know a fact the model does not, which divides the odds of default by 3. Low-side "
        "overrides for that reason have observed/expected defaults of .6, those for 'relationship' 1.6.",
        {"share": 0.08, "odds_ratio": 3.0, "fact_ratio": 0.6, "relationship_ratio": 1.6,
         "fact_reason_share": 0.15, "relationship_reason_share": 0.20},
        "Share of cases with the fact; logistic coefficient with the rest of the log-odds as offset; defaults over "
        "summed scores of matured booked low-side overrides, by reason.",
    ),
    Truth(
        4, "bypass",
        "Two of twelve teams bypass the system in 5 to 30 % of cases, mostly at month-end and over EUR 25,000; 40 % of "
        "it is never scored, and its default rate is 4 points higher at equal score.",
        {"teams": 2, "launch": 0.05, "hesitation": 0.10, "parallel": 0.20, "fracture": 0.30, "interventions": 0.20,
         "recovery": 0.10, "steady": 0.05, "unscored": 0.40, "extra_bad_rate": 0.04,
         "month_end_weight": 4.0, "large_weight": 4.0, "large_amount": 25_000, "month_end_days": 3},
        "Bypassed over bypassed and assisted in the two teams by phase; share unscored; default rate of booked "
        "bypassed cases against booked assisted ones in the same score bands.",
    ),
    Truth(
        5, "input_edits",
        "In 3 % of assisted cases the income is edited and the case scored again; 70 % of the edits flip the "
        "recommendation. Their default rate is 1.5 times the final score's, and the override rate does not show it.",
        {"share": 0.03, "flips": 0.70, "bad_ratio": 1.5},
        "Edited over assisted cases; flipped over edited; defaults over summed final scores of matured booked edits; "
        "override rate with and without the edited cases in the data.",
    ),
    Truth(
        6, "reapplications",
        "7 % of declined applicants apply again within 14 days, and 35 % of them are accepted by another team.",
        {"share": 0.07, "days": 14, "accepted": 0.35, "formerly_recommended": 0.33},
        "Declined cases that a later case names as its previous one; accepted over decided reapplications.",
    ),
    Truth(
        7, "take_up",
        "12 % of accepted offers are not taken up, plus 4 points for each day between receipt and decision; good "
        "applicants leave twice as fast per day as bad ones.",
        {"base": 0.12, "per_day": 0.04, "good_to_bad": 2.0},
        "Least squares of not taken up on days from receipt to decision (below the ceiling), and apart for good and "
        "bad by the truth file.",
    ),
    Truth(
        8, "null_burst",
        "For nine days a credit bureau's feed delivered nulls: 2 % of all cases, scores 3 points too low on average; "
        "overrides doubled on them, and the additional ones were right.",
        {"days": 9, "share": 0.02, "score_shift": 0.03, "override_factor": 2.0, "reach": 0.90},
        "Cases with a recomputed score over all; mean of recomputed minus score; override rate on them over that of "
        "the same month's other cases; value of accepting the high-side overridden ones below nought.",
    ),
    Truth(
        9, "policy_rule",
        "From May 2025 an affordability rule stops 5 % of recommended accepts: the naive high-side rate jumps by about "
        "as much, the high-side rate of judgement stays flat.",
        {"share": 0.05, "month": 23},
        "Stopped over recommended accepts; naive and judgement high-side rates before and after the rule's start.",
    ),
    Truth(
        10, "interventions",
        "Explanations cut high-side overrides by 4 points two months after a team gets them; reason codes cut blank "
        "reasons from 38 to 6 % and leave the override rate alone; training changes nothing.",
        {"high_side_cut": 0.04, "delay_months": 2, "blank_before": 0.38, "blank_after": 0.06,
         "reason_codes_effect": 0.0, "training_effect": 0.0},
        "Difference in differences of team-month rates, treated against not yet treated teams; blank reasons over "
        "overrides before and after.",
    ),
    Truth(
        11, "random_accepts",
        "Of the cases near the cut-off, 0.5 % are accepted at random, whatever anyone would have decided.",
        {"share": 0.005, "from_factor": 0.5, "to_factor": 2.5},
        "Random accepts over cases near the cut-off; their mean true risk against that of all cases near the cut-off.",
    ),
    Truth(
        12, "teams",
        "One busy team overrides 24 % of its cases, but its case mix explains it: observed/expected 1.03. One other "
        "team is a true outlier at 1.6.",
        {"busy_rate": 0.24, "busy_ratio": 1.03, "outlier_ratio": 1.6, "less_in_fracture": 0.13},
        "Overrides over eligible of the busy team; overrides over the summed case-mix expectation, both teams. Both "
        "ratios are of all three years; these two teams move less than the others when trust breaks.",
    ),
    Truth(
        13, "fracture_teams",
        "Two thirds or more of the rise of high-side overrides in the fracture come from three of the twelve teams, "
        "which decide a quarter of the cases; low-side overrides rise everywhere.",
        {"teams": 3, "extra": 0.11, "least_share": 2 / 3},
        "Contributions of the three teams (mean share of eligible cases times the change of the team's high-side "
        "overrides over eligible cases) to the change from the four months before; the sentences of what changed.",
    ),
)  # fmt: skip

_BY_NAME = {truth.name: truth.parameters for truth in TRUTHS}


def planted(name: str, parameter: str) -> float:
    """One parameter of a planted truth; KeyError where there is none of that name."""
    return _BY_NAME[name][parameter]
