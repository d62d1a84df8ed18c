"""Everything the Overrides page says of one selection, computed at once so that claims are controlled together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from analysis.answer import Answer, answer_cards
from analysis.case_mix import Adjusted, estimate_adjusted
from analysis.compare import Claimed, claim_all, compare_periods, compare_with_rest
from analysis.filters import Filters
from analysis.intervals import estimate_means
from analysis.kept import kept_with_source
from analysis.marks import Event, read_marks
from analysis.query import Query
from analysis.reading import ChangeReading
from analysis.reasons import Reason, answer_reasons
from analysis.score_report import Band, answer_score_report
from analysis.score_statistics import ScoreAnswer, answer_auc, answer_observed_expected
from analysis.source import Source
from analysis.sums import split_card

TILES = (
    "override_rate", "low_side_override_rate", "high_side_override_rate", "low_side_value",
    "blank_or_other_reason_share",
)  # fmt: skip
OUTCOMES = ("low_side_bad_rate", "low_side_break_even", "bad_rate_as_recommended")
BESIDE = (
    "adoption", "automated_share", "bypass_share", "decided_before_shown_share", "median_decision_minutes",
    "turnaround_within_agreement_share", "accept_rate", "override_reason_share", "realised_value", "outcome_coverage",
)  # fmt: skip
SPLITS = ("team", "segment", "product", "region", "model_version")
DIRECTIONS = ("override_rate", "low_side_override_rate", "high_side_override_rate")


@dataclass(frozen=True)
class Overrides:
    """The page's numbers.

    whole, before: by card. trend: by card, over all periods of the groups chosen. splits: by dimension, then card.
    outcomes: by card, per segment. deciders: None where the use case does not permit them. scores: ROC AUC and
    observed / expected. claims: every comparison inspected, marked where it survives the control over all of them.
    """

    filters: Filters
    whole: dict[str, Answer]
    before: dict[str, Answer]
    trend: dict[str, Answer]
    splits: dict[str, dict[str, Answer]]
    adjusted: dict[str, Adjusted]
    bands: tuple[Band, ...]
    unscored: int
    reasons: tuple[Reason, ...]
    outcomes: dict[str, Answer]
    deciders: Answer | None
    scores: dict[str, ScoreAnswer]
    marks: tuple[Event, ...]
    claims: Claimed
    queries: dict[str, Query]

    @property
    def decisions(self) -> int:
        """Decisions in the selection."""
        return sum(self.whole["override_rate"].decisions)


@kept_with_source(64)  # an entry holds the sums its changes are made from, some megabytes
def build_overrides(source: Source, filters: Filters) -> Overrides:
    """Answer the page for one selection; kept, because many readers ask for the same one."""
    filters = replace(filters, snapshot=None)
    names = (*TILES, *OUTCOMES, *(n for n in BESIDE if n not in TILES))
    whole = answer_cards(source, names, filters)
    earlier = filters.earlier()
    before = answer_cards(source, TILES, earlier) if earlier else {}
    everything = replace(filters, start=None, end=None, cohort=())
    trend = answer_cards(source, (*TILES, *OUTCOMES), everything, "period")
    offered = [s for s in SPLITS if s in source.options.values]
    if not source.options.is_dated and len(source.options.periods) > 1:
        offered.append("period")  # cohorts are groups like any other: they have no order
    splits = {s: answer_cards(source, DIRECTIONS, filters, s) for s in offered}
    adjusted_query, adjusted = estimate_adjusted(source, filters, "team") if "team" in splits else (None, {})
    band_query, bands, unscored = answer_score_report(source, filters)
    reason_query, reasons = answer_reasons(source, filters)
    inspected: dict[str, Sequence[ChangeReading]] = {
        f"change:{name}": compare_periods(whole[name], before[name]) for name in before
    }
    inspected["zero:low_side_value"] = (compare_with_zero(whole["low_side_value"]),)
    for split, answers in splits.items():
        if split != "team":
            inspected[f"split:{split}"] = compare_with_rest(answers["override_rate"])
    inspected["split:team"] = tuple(a.change for a in adjusted.values())
    queries = {"score_report": band_query, "reasons": reason_query}
    if adjusted_query:
        queries["adjusted"] = adjusted_query
    outcomes = answer_cards(source, OUTCOMES, filters, "segment") if "segment" in splits else {}
    deciders = None
    if source.use_case.show_deciders:
        deciders = answer_cards(source, ["override_rate"], filters, "decider")["override_rate"]
    scores = {
        "roc_auc": answer_auc(source, filters),
        "roc_auc_automated": answer_auc(source, filters, population="automated"),
        "observed_expected": answer_observed_expected(source, filters),
    }
    marks = read_marks(source, [source.catalog[n] for n in DIRECTIONS])
    return Overrides(
        filters,
        whole,
        before,
        trend,
        splits,
        adjusted,
        bands,
        unscored,
        reasons,
        outcomes,
        deciders,
        scores,
        marks,
        claim_all(inspected),
        queries,
    )


def compare_with_zero(answer: Answer) -> ChangeReading:
    """Whether a mean differs from 0, as a comparison among the others the page makes."""
    reading = answer.reading()
    if not reading.is_shown or reading.low is None:
        return ChangeReading(reading.value, why=reading.why or reading.interval_why)
    own, loose = split_card(answer.card, answer.sums, answer.query)
    found = estimate_means(own.group, own.n, own.y, loose=loose, groups=1)
    error = float(np.sqrt(found.variance[0]))
    p_value = 2 * float(special.stdtr(float(found.degrees[0]), -abs(float(found.value[0])) / error))
    return ChangeReading(reading.value, reading.low, reading.high, p_value)
