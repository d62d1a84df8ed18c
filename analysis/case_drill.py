"""What a link from a chart asks for: the cases behind one part of one card, as a condition over the facts and in words.

A link can be written by hand, so everything it names is looked up before it is used, and what is protected on the
page it pretends to come from is refused here as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.answer import answer_cards, refuse_deciders
from analysis.catalog import Card
from analysis.filters import DIMENSIONS, NOT_RECORDED, Filters, column_sql, name_month
from analysis.measures import Measure, build_measures
from analysis.query import SPLITS
from analysis.reading import Drill
from analysis.source import Source

DRILL_KEYS = ("card", "part", "split", "value")
PARTS = {
    "numerator": "numerator",
    "denominator": "denominator",
    "waited": "cases it waits for",
    "matured": "matured cases",
    "known": "cases with a known outcome",
    "accepted": "accepted, not against the recommendation",
    "rejected": "rejected, not against the recommendation",
    "accepted_known": "accepted and scored, with a known outcome",
}
# Parts of the score report, whose shares leave the overrides out; only the accept rate has them.
_REPORT_PARTS = {
    "accepted": "is_in_scope and decision = 'accept' and not is_low_side",
    "rejected": "is_in_scope and decision = 'reject' and not is_high_side",
    "accepted_known": "is_outcome_known and decision = 'accept' and score is not null",
}
DRILL_SPLITS = (*SPLITS, "reason")
_SPLIT_WORDS = {"score_band": "score", "model_version": "model version"}
_REASON_SQL = "case when is_reason_blank then '' else trim(override_reason) end"


def read_drill(source: Source, query: Mapping[str, Sequence[str]]) -> tuple[Drill | None, list[str]]:
    """The drill a link asks for, and a sentence for each part of it that does not exist; such a drill is left out.

    Whether its values occur is not looked up: a value without cases is an empty list, not a mistake.
    """
    asked = {key: query[key][-1] for key in DRILL_KEYS if query.get(key)}
    if "card" not in asked:
        return None, [f"The link names a {key} but no metric; it was left out." for key in asked][:1]
    card = source.catalog.get(asked["card"])
    if card is None:
        return None, [f"There is no metric '{asked['card']}': the list is not narrowed to it."]
    part, split, value = asked.get("part", "numerator"), asked.get("split"), asked.get("value")
    if _measure(card, part) is None:
        offered = ", ".join(name for name in PARTS if _measure(card, name) is not None)
        return None, [f"{card.label} has no part '{part}', it has {offered}: the list is not narrowed to it."]
    if split is not None and split not in DRILL_SPLITS and not split.startswith("group_"):
        known = ", ".join(DRILL_SPLITS)
        return None, [f"Cases cannot be split by '{split}', only by {known}: the list is not narrowed to it."]
    if (split is None) != (value is None):
        return None, ["The link names half a group (a split without a value, or the other way round): it was left out."]
    return Drill(card.name, part, split, value), []


def refuse_drill(source: Source, drill: Drill, filters: Filters) -> str:
    """Why the cases behind this drill are protected, in words; "" where they may be listed.

    Protected groups are never drilled. A split by decider needs what showing it needs: the use case's permission,
    enough deciders in the selection and the minimum of cases of the one asked for.
    """
    if drill.split is not None and drill.split.startswith("group_"):
        return "Cases of a protected group are not listed: figures by protected group stop at the figure."
    return _refuse_decider(source, drill, filters) if drill.split == "decider" else ""


def _refuse_decider(source: Source, drill: Drill, filters: Filters) -> str:
    use_case = source.use_case
    if not use_case.show_deciders:  # asked first: nothing about the person may be read otherwise
        return f"Cases of single {use_case.word('deciders')} are protected: this use case does not permit listing them."
    answer = answer_cards(source, [drill.card], filters, "decider")[drill.card]
    if refusal := refuse_deciders(source, answer.sums):
        return refusal
    reading = answer.reading(str(drill.value))
    minimum = use_case.minimum_group_size
    if reading.n < minimum or reading.refusal:
        return (
            f"Cases of this {use_case.word('decider')} are protected: the selection holds fewer than {minimum} of them."
        )
    return ""


def build_drill_condition(source: Source, drill: Drill) -> tuple[str, dict[str, object]]:
    """The drill as a condition over `facts` and its bound parameters. The card's SQL was vetted when it was read."""
    measure = _measure(source.catalog[drill.card], drill.part)
    assert measure is not None and (drill.split is None or drill.split in DRILL_SPLITS), "read_drill checks both"
    parts = [f"({measure.condition})"]
    if measure.value:  # an amount: cases without one add nothing to it
        parts.append(f"({measure.value}) is not null")
    if drill.split is None:
        return " and ".join(parts), {}
    return " and ".join([*parts, f"{_split_sql(drill.split)} = $drill_value"]), {"drill_value": str(drill.value)}


def describe_drill(source: Source, drill: Drill) -> str:
    """The drill in words: "Override rate, numerator, team North 2"."""
    card = source.catalog[drill.card]
    words = [card.label, PARTS[drill.part]]
    if drill.split is not None:
        words.append(f"{_SPLIT_WORDS.get(drill.split, drill.split)} {describe_value(source, drill)}")
    return ", ".join(words)


def describe_value(source: Source, drill: Drill) -> str:
    """The group clicked, as a person names it: a month, a range of scores, a reason's label."""
    value = str(drill.value)
    if drill.split == "period":
        return name_month(value)
    if drill.split == "score_band" and value.isdigit():
        edges = (0.0, *source.use_case.score_bands, 1.0)
        if int(value) < len(edges) - 1:
            return f"{edges[int(value)] * 100:g} to {edges[int(value) + 1] * 100:g} %"
    if drill.split == "reason":
        found = source.rows("select label from reason_codes where code = $code limit 1", {"code": value})
        return str(found[0][0]) if found else value or NOT_RECORDED
    return value


def _split_sql(split: str) -> str:
    if split == "reason":
        return _REASON_SQL
    if split in DIMENSIONS:
        return column_sql(split, rollup=False)
    return f"cast({split} as varchar)"


def _measure(card: Card, part: str) -> Measure | None:
    """The measure whose cases are listed; a median has one part, the cases with a value, under both names."""
    if part not in PARTS:
        return None
    if card.kind == "typical" and part in ("numerator", "denominator"):
        return Measure(f"{card.name}__{part}", card.value, card.where)
    if part in _REPORT_PARTS:
        return Measure(f"{card.name}__{part}", "", _REPORT_PARTS[part]) if card.name == "accept_rate" else None
    found: Measure | None = getattr(build_measures(card), part)
    return found
