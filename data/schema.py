"""The data contract, declared once: every table, column, type, unit and constraint.

DDL, load checks, documentation, the demo and column mapping are all made from `TABLES`; nothing else
repeats a column's type. Words: DESIGN of the contract stands in README.md, GLOSSARY.md has the terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "share": "DOUBLE",  # a number in [0, 1]
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",  # UTC, without a zone
    "money": "BIGINT",  # minor units (cents) of the use case's currency
}

ALWAYS = "always"
IN_SCOPE = "in scope"  # may be empty where the disposition is pending or withdrawn
OPTIONAL = "optional"  # may be empty, or missing altogether


@dataclass(frozen=True)
class Column:
    """One column of the contract: its kind (a key of SQL_TYPES), what it means and what it allows."""

    name: str
    kind: str
    sentence: str
    required: str = OPTIONAL
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One table of the contract; `prefixes` name families of columns a user may add (group_sex)."""

    name: str
    sentence: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    prefixes: tuple[str, ...] = ()
    open_ended: bool = False  # any further column is taken as it is (model features)

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


def _c(name: str, kind: str, sentence: str, required: str = OPTIONAL, **more: Any) -> Column:
    return Column(name, kind, sentence, required, **more)


CHANNELS = ("assisted", "automated", "bypassed", "withheld")
BASES = ("judgement", "policy", "input", "system")
DISPOSITIONS = ("booked", "not_taken_up", "withdrawn", "pending")
OUT_OF_SCOPE_DISPOSITIONS = ("withdrawn", "pending")
DECISIONS = ("accept", "reject")
RECOMMENDATIONS = ("accept", "reject", "refer")
OUTCOME_STATUSES = ("interim", "final", "reversed")
REASON_CATEGORIES = ("policy", "data", "judgement", "other")

_MONEY: dict[str, Any] = {"low": 0.0, "unit": "minor units"}
_SCORE: dict[str, Any] = {"unit": "probability of the bad outcome", "low": 0.0, "high": 1.0}

decisions = Table(
    "decisions",
    "One row per decision on a case: what the system recommended, what was decided, by whom and why.",
    ("case_id", "decision_no"),
    (
        _c("case_id", "text", "The case, in the source's own id.", ALWAYS),
        _c("decision_no", "integer", "1 for the first decision on a case, 2 for the next; 1 where not mapped.", low=1),
        _c("applicant_id", "text", "The pseudonymous applicant or customer; ties re-applications together."),
        _c("previous_case_id", "text", "The earlier case this one continues."),
        _c("received_at", "timestamp", "When the case arrived."),
        _c("scored_at", "timestamp", "When the model scored it."),
        _c("shown_at", "timestamp", "When the recommendation was first shown to the person deciding."),
        _c("opened_at", "timestamp", "When the person opened the case."),
        _c("decided_at", "timestamp", "When the final decision was made.", IN_SCOPE),
        _c("active_seconds", "number", "Time the person actively worked on the case.", low=0, unit="seconds"),
        _c("team", "text", "The team that decided."),
        _c("queue", "text", "The queue the case waited in."),
        _c("assignment", "text", "How the case reached its decider.", values=("random", "rule", "self")),
        _c("decider", "text", "The pseudonymous id of the person who decided."),
        _c(
            "channel",
            "text",
            "Whether the person saw the recommendation, the system decided, it was worked "
            "around, or an experiment hid it.",
            ALWAYS,
            values=CHANNELS,
        ),
        _c(
            "basis",
            "text",
            "Why the decision is what it is: judgement, a policy rule, changed inputs, the system.",
            values=BASES,
        ),
        _c("policy_rule", "text", "The hard rule that decided, where basis is policy."),
        _c("disposition", "text", "What became of the case after the decision.", values=DISPOSITIONS),
        _c("booked_at", "timestamp", "When an accepted case was booked; the outcome's clock starts here."),
        _c("model_version", "text", "The model version that scored the case."),
        _c("score", "share", "The model's probability of the bad outcome.", **_SCORE),
        _c("shown_score", "share", "The score the person saw, where it differs from `score`.", **_SCORE),
        _c("recomputed_score", "share", "The score with repaired inputs, computed later.", **_SCORE),
        _c("recommendation", "text", "What the system recommended.", values=RECOMMENDATIONS),
        _c("original_recommendation", "text", "The recommendation before inputs were edited.", values=RECOMMENDATIONS),
        _c("recommended_amount", "money", "The amount the system recommended.", **_MONEY),
        _c("initial_decision", "text", "The person's own answer before seeing the recommendation.", values=DECISIONS),
        _c("decision", "text", "The final decision.", IN_SCOPE, values=DECISIONS),
        _c("decided_amount", "money", "The amount decided.", **_MONEY),
        _c("override_reason", "text", "The reason code given for differing from the recommendation."),
        _c("override_note", "text", "The reason in the decider's own words."),
        _c("reason_recorded_at", "timestamp", "When the reason was recorded."),
        _c("approver", "text", "The pseudonymous id of the second person who approved."),
        _c("approved_at", "timestamp", "When the second person approved."),
        _c("explanation_viewed", "boolean", "Whether the decider opened the explanation."),
        _c("exposure", "money", "The amount at risk if accepted.", **_MONEY),
        _c("gain_if_good", "money", "What accepting earns if the case turns out good, discounted; positive.", **_MONEY),
        _c("loss_if_bad", "money", "What accepting loses if the case turns out bad, discounted; positive.", **_MONEY),
        _c(
            "reject_good_value",
            "money",
            "What rejecting a good case is worth; signed, 0 where not mapped.",
            unit="minor units",
        ),
        _c(
            "reject_bad_value",
            "money",
            "What rejecting a bad case is worth; signed, 0 where not mapped.",
            unit="minor units",
        ),
        _c("segment", "text", "The customer segment."),
        _c("region", "text", "The region."),
        _c("product", "text", "The product."),
        _c("cohort", "text", "Stands in for the period where the log has no dates."),
        _c("arm", "text", "The arm of an experiment (control, treatment, random_accept, ...)."),
        _c("arm_probability", "share", "The probability with which the case was put in its arm.", low=0.0, high=1.0),
    ),
    prefixes=("group_",),
)

features = Table(
    "features",
    "One row per decision: the model's inputs, in the model's own names.",
    ("case_id", "decision_no"),
    (
        _c("case_id", "text", "The case the inputs belong to.", ALWAYS),
        _c("decision_no", "integer", "The decision the inputs belong to; 1 where not mapped.", low=1),
    ),
    open_ended=True,
)

outcomes = Table(
    "outcomes",
    "One row per observation of what became of a case; the latest final one counts.",
    ("case_id", "observed_at"),
    (
        _c("case_id", "text", "The case observed.", ALWAYS),
        _c("observed_at", "timestamp", "When the outcome happened.", IN_SCOPE),
        _c("bad", "boolean", "Whether the outcome was the bad one.", ALWAYS),
        _c(
            "value",
            "money",
            "Value realised so far, cumulative and discounted to the decision date; signed.",
            unit="minor units",
        ),
        _c(
            "status",
            "text",
            "Whether the observation is interim, final or was reversed; final where not mapped.",
            values=OUTCOME_STATUSES,
        ),
        _c("guardrail", "text", "A side effect seen with the outcome (complaint, unsubscribe)."),
        _c("recorded_at", "timestamp", "When the outcome reached the log."),
    ),
)

model_versions = Table(
    "model_versions",
    "One row per deployed version of the model.",
    ("model_version",),
    (
        _c("model_version", "text", "The version's name, as decisions cite it.", ALWAYS),
        _c("trained_at", "timestamp", "When it was trained."),
        _c("deployed_at", "timestamp", "When it went live.", ALWAYS),
        _c("retired_at", "timestamp", "When it was replaced."),
        _c("cutoff", "share", "Scores at or above the cut-off are recommended for rejection.", low=0.0, high=1.0),
        _c("owner", "text", "Who owns the version."),
        _c("artifact", "text", "File of the model (.ubj or .json, relative to the mapping); never pickle."),
        _c("validation_auc", "share", "ROC AUC at validation.", low=0.0, high=1.0),
    ),
)

interventions = Table(
    "interventions",
    "One row per thing the organisation changed: training, explanations, reason codes, a launch.",
    ("name", "team", "started_at"),
    (
        _c("name", "text", "What was launched, in few words.", ALWAYS),
        _c("kind", "text", "Its kind (explanation, reason_codes, training, threshold, model, ...)."),
        _c("team", "text", "The team it was launched in; empty means all teams."),
        _c("started_at", "timestamp", "When it began.", ALWAYS),
        _c("description", "text", "What it was, in a sentence."),
        _c("owner", "text", "Who owns it."),
    ),
)

reason_codes = Table(
    "reason_codes",
    "One row per reason a decider may give for differing from the recommendation.",
    ("code",),
    (
        _c("code", "text", "The code as decisions cite it.", ALWAYS),
        _c("label", "text", "The reason in words.", ALWAYS),
        _c("category", "text", "Its family.", ALWAYS, values=REASON_CATEGORIES),
    ),
)

training_cases = Table(
    "training_cases",
    "One row per case used to train a model version.",
    ("model_version", "case_id"),
    (
        _c("model_version", "text", "The version trained.", ALWAYS),
        _c("case_id", "text", "The case used.", ALWAYS),
        _c("used_at", "timestamp", "When it was used.", ALWAYS),
    ),
)

feed_runs = Table(
    "feed_runs",
    "One row per run of a feed that decisions depend on.",
    ("feed", "ran_at"),
    (
        _c("feed", "text", "The feed's name.", ALWAYS),
        _c("ran_at", "timestamp", "When it ran.", ALWAYS),
        _c("rows", "integer", "Rows it delivered.", ALWAYS, low=0),
        _c("status", "text", "What the feed said of itself."),
        _c("owner", "text", "Who owns it."),
    ),
)

trust_survey = Table(
    "trust_survey",
    "One row per answer to one item of a trust survey.",
    ("responded_at", "team", "decider", "item"),
    (
        _c("responded_at", "timestamp", "When the answer was given.", ALWAYS),
        _c("team", "text", "The team of the person who answered."),
        _c("decider", "text", "The pseudonymous person."),
        _c("item", "text", "The item answered.", ALWAYS),
        _c("score", "integer", "The answer, 1 (disagree) to 5 (agree).", ALWAYS, low=1, high=5),
    ),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        decisions, features, outcomes, model_versions, interventions, reason_codes, training_cases, feed_runs,
        trust_survey,
    )
}  # fmt: skip


def build_ddl(table: Table, extra: Iterable[Column] = ()) -> str:
    """CREATE TABLE for one contract table; `extra` are mapped columns beyond the declared ones.

    Keys are not declared to the engine: duplicates are quarantined with words, not refused by an index.
    """
    columns = ", ".join(f'"{c.name}" {c.sql_type}' for c in (*table.columns, *extra))
    return f'CREATE TABLE "{table.name}" ({columns})'
