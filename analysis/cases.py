"""The list of cases: which ones, in which order, a page of them at a time, and what to undo when there are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analysis.case_drill import build_drill_condition, describe_drill
from analysis.case_words import describe_kind, describe_outcome
from analysis.filters import DIMENSIONS, Filters
from analysis.kept import kept_with_source
from analysis.reading import Drill
from analysis.source import Source

PAGE_SIZE = 50
EXPORT_LIMIT = 100_000
_FEW = 1_000  # rows up to which looking for the last value first is worth it

# The words stand in the URL and on the screen alike.
ALL = "all"
QUICK = {
    ALL: "true",
    "overrides": "is_override",
    "low-side overrides": "is_low_side",
    "high-side overrides": "is_high_side",
    "overrides without a reason": "is_override and is_reason_blank",
    "bypassed": "channel = 'bypassed'",
    "not scored": "score is null",
    "matured, bad": "bad",
    "matured, good": "is_outcome_known and not bad",
    "matured, outcome missing": "is_matured and bad is null",
}
MONEY, NEWEST, HIGHEST, LOWEST, EXPOSURE, BY_ID = (
    "money at stake", "newest", "highest score", "lowest score", "exposure", "case id",
)  # fmt: skip
SORT_SQL = {
    MONEY: "money_at_stake", NEWEST: "decided_at", HIGHEST: "score", LOWEST: "score", EXPOSURE: "exposure",
    BY_ID: "null",
}  # fmt: skip
_NEEDS = {
    MONEY: ("decisions.gain_if_good", "decisions.loss_if_bad"), EXPOSURE: ("decisions.exposure",),
    NEWEST: ("decisions.decided_at",), HIGHEST: ("decisions.score",), LOWEST: ("decisions.score",), BY_ID: (),
}  # fmt: skip
# What a row of the list, its kind and its outcome are told from; never a decider or a protected group.
_COLUMNS = (
    "case_id", "decision_no", "decided_on", "period", "channel", "basis", "disposition", "recommendation", "decision",
    "score", "shown_at", "is_in_scope", "is_shown_in_time", "is_low_side", "is_high_side", "is_as_recommended",
    "is_maturable", "is_matured", "bad", "money_at_stake", "exposure", "decided_amount", "team", "override_reason",
    "decided_at", "booked_at",
)  # fmt: skip


@dataclass(frozen=True)
class Selection:
    """Which cases are listed: the page's filters, the chart clicked, a quick filter; and their order."""

    filters: Filters
    drill: Drill | None = None
    quick: str = ALL
    sort: str = MONEY


@dataclass(frozen=True)
class ListedCase:
    """One row of the list. money_at_stake, exposure: minor units; score: 0 to 1; decided: local date or cohort."""

    case_id: str
    decision_no: int
    decided: dt.date | str | None
    decision: str
    recommendation: str
    kind: str
    score: float | None
    money_at_stake: int | None
    exposure: int | None
    outcome: str
    team: str
    reason: str


@dataclass(frozen=True)
class Undo:
    """One thing that narrows a list to nothing: what it is, in words, and the selection and its size without it."""

    name: str
    words: str
    selection: Selection
    cases: int


def list_sorts(source: Source) -> list[str]:
    """The orders this log can give, the best first: what is at stake, else the exposure, else the id."""
    offered = [name for name, needs in _NEEDS.items() if not source.missing(needs)]
    ranked = sorted(offered, key=[MONEY, EXPOSURE, NEWEST, HIGHEST, LOWEST, BY_ID].index)
    if MONEY in ranked:
        return [name for name in ranked if name != EXPOSURE]
    return ranked


def describe_sort(source: Source, sort: str) -> str:
    """Why the list is not in order of what is at stake, where it cannot be; "" otherwise."""
    if MONEY in list_sorts(source):
        return ""
    missing = ", ".join(source.missing(_NEEDS[MONEY]))
    return f"The list is ordered by {sort}: money at stake needs {missing}, which this log does not map."


def build_condition(source: Source, selection: Selection) -> tuple[str, dict[str, object]]:
    """The selection as a condition over `facts` and its bound parameters."""
    where, params = selection.filters.where(rollup=False)
    parts = [where]
    if selection.drill is not None:
        condition, bound = build_drill_condition(source, selection.drill)
        parts.append(condition)
        params |= bound
    if selection.quick != ALL:
        parts.append(f"({QUICK[selection.quick]})")
    return " and ".join(parts), params


def describe_selection(source: Source, selection: Selection) -> str:
    """The selection in words: "applications decided Mar 2026, behind Override rate, numerator, only overrides"."""
    words = [selection.filters.sentence(source.use_case.word("cases"))]
    if selection.drill is not None:
        words.append(f"behind {describe_drill(source, selection.drill)}")
    if selection.quick != ALL:
        words.append(f"only {selection.quick}")
    return ", ".join(words)


@kept_with_source(128)
def count_cases(source: Source, selection: Selection) -> int:
    """How many decisions the selection holds; of filters alone the sums know it."""
    if selection.drill is None and selection.quick == ALL:
        where, params = selection.filters.where()
        counted = source.rows(f"select coalesce(sum(decisions), 0) from rollup_month where {where}", params)
        return int(counted[0][0])
    where, params = build_condition(source, selection)
    return int(source.rows(f"select count(*) from facts where {where}", params)[0][0])


def list_cases(source: Source, selection: Selection, *, page: int = 1, size: int = PAGE_SIZE) -> list[ListedCase]:
    """One page of the list, the first being 1; in the same order every time, the case id deciding between equals."""
    return list(_list_cases(source, selection, int(page), int(size)))


@kept_with_source(64)  # a view seen before is not worth another look at every decision
def _list_cases(source: Source, selection: Selection, page: int, size: int) -> tuple[ListedCase, ...]:
    where, params = build_condition(source, selection)
    needed = _find_least(source, selection, where, params, page * size)
    sql = (
        f"select {', '.join(_COLUMNS)} from facts where {where}{needed}\norder by {build_order(selection.sort)} "
        f"limit {size} offset {(page - 1) * size}"
    )
    labels = dict(source.rows("select code, label from reason_codes"))
    rows = (dict(zip(_COLUMNS, found, strict=True)) for found in source.rows(sql, params))
    return tuple(_listed(source, row, labels) for row in rows)


def _find_least(source: Source, selection: Selection, where: str, params: dict[str, object], rows: int) -> str:
    """A further condition that leaves out cases too far down to be on the page; it sets $least.

    Finding the last value that can matter reads one column; without it every column of every case would be read.
    """
    if selection.sort == BY_ID or rows > _FEW:
        return ""
    column, first, last = SORT_SQL[selection.sort], "desc", "min"
    sign = ">="
    if selection.sort == LOWEST:
        first, last, sign = "asc", "max", "<="
    top = f"select {column} as value from facts where {where} order by 1 {first} nulls last limit {rows}"
    found = source.rows(f"select {last}(value), count(value) from ({top})", params)[0]
    if found[1] < rows:
        return ""
    params["least"] = found[0]
    return f" and {column} {sign} $least"


def find_undos(source: Source, selection: Selection) -> list[Undo]:
    """What empties a list: each filter whose removal alone brings cases back, those with most cases first.

    Empty where no single one does; `widen` then gives the whole.
    """
    undos = []
    for name, words, wider in _wider(selection):
        cases = count_cases(source, wider)
        if cases:
            undos.append(Undo(name, words, wider, cases))
    return sorted(undos, key=lambda undo: -undo.cases)


def widen(selection: Selection) -> Selection:
    """Every case of the use case, in the same order."""
    return Selection(Filters(selection.filters.use_case), sort=selection.sort)


def _wider(selection: Selection) -> list[tuple[str, str, Selection]]:
    """Each narrowing of a selection by name, in words, and the selection without it."""
    filters = selection.filters
    wider = []
    if selection.quick != ALL:
        wider.append(("show", f"the choice '{selection.quick}'", replace(selection, quick=ALL)))
    if selection.drill is not None:
        wider.append(("drill", "the chart you came from", replace(selection, drill=None)))
    if filters.start is not None and filters.end is not None:
        both = replace(filters, start=None, end=None)
        wider.append(("period", f"the period {filters.start} to {filters.end}", replace(selection, filters=both)))
    for name in ("start", "end", "cohort", *DIMENSIONS):
        value = getattr(filters, name)
        if value:
            shown = value if isinstance(value, str) else ", ".join(value)
            label = {"start": "from", "end": "to"}.get(name, name.replace("_", " "))
            wider.append((name, f"{label} {shown}", replace(selection, filters=filters.without(name))))
    return wider


def build_order(sort: str) -> str:
    column, first = SORT_SQL[sort], "asc" if sort == LOWEST else "desc"
    start = "" if sort == BY_ID else f"{column} {first} nulls last, "
    return f"{start}case_id asc, decision_no asc"


def _listed(source: Source, row: Mapping[str, Any], labels: Mapping[str, str]) -> ListedCase:
    words = source.use_case
    code = (row["override_reason"] or "").strip()
    return ListedCase(
        case_id=str(row["case_id"]),
        decision_no=int(row["decision_no"]),
        decided=row["decided_on"] or row["period"],
        decision=words.word(f"{row['decision']}ed") if row["decision"] else "",
        recommendation=words.word(row["recommendation"]) if row["recommendation"] else "",
        kind=describe_kind(row),
        score=row["score"],
        money_at_stake=row["money_at_stake"],
        exposure=row["exposure"] if row["exposure"] is not None else row["decided_amount"],
        outcome=describe_outcome(source, row),
        team=row["team"] or "",
        reason=labels.get(code, code),
    )
