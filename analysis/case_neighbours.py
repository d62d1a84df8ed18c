"""The case before and the case after one of a list, found without reading the list."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.cases import BY_ID, LOWEST, SORT_SQL, Selection, build_condition
from analysis.source import Source

Key = tuple[str, int]  # case_id, decision_no


def find_neighbours(
    source: Source, selection: Selection, case_id: str, decision_no: int
) -> tuple[Key | None, Key | None] | None:
    """The case before and the case after one of the list, as (case_id, decision_no), each None at an end.

    None where the case is not in the list at all.
    """
    where, params = build_condition(source, selection)
    key = {"this_case": case_id, "this_no": decision_no}
    column = SORT_SQL[selection.sort]
    own = source.rows(
        f"select {column} from facts where {where} and case_id = $this_case and decision_no = $this_no", params | key
    )
    if not own:
        return None
    beside = _Beside(source, selection.sort, where, params)
    return beside.find(own[0][0], key, back=True), beside.find(own[0][0], key, back=False)


class _Beside:
    """Looks from one case of a list to the next: among cases of the same value, then at the next value, then at the
    cases without one, which stand last. Each look reads one column; sorting the list would read all it holds."""

    def __init__(self, source: Source, sort: str, where: str, params: Mapping[str, object]) -> None:
        self._source, self._sort, self._where, self._params = source, sort, where, dict(params)
        self._column = SORT_SQL[sort]

    def find(self, value: object, key: Mapping[str, object], *, back: bool) -> Key | None:
        beyond = f"(case_id, decision_no) {'<' if back else '>'} ($this_case, $this_no)"
        if self._sort == BY_ID:
            return self._first(beyond, key, back)
        same, bound = self._at(value)
        found = self._first(f"{same} and {beyond}", {**bound, **key}, back)
        if found is not None:
            return found
        other = self._next_value(value, back)
        if other is None and (back or value is None):
            return None  # the first of the list, or the last of those without a value
        return self._first(*self._at(other), back)

    def _at(self, value: object) -> tuple[str, dict[str, object]]:
        return (f"{self._column} is null", {}) if value is None else (f"{self._column} = $value", {"value": value})

    def _next_value(self, value: object, back: bool) -> object:
        """The value beside this one in the list's order; None at its end. Before the empty ones stands the last."""
        if value is None and not back:
            return None
        is_falling = self._sort != LOWEST
        lower = is_falling != back
        condition, bound = "true", {}
        if value is not None:
            condition, bound = f"{self._column} {'<' if lower else '>'} $value", {"value": value}
        nearest = "max" if lower else "min"
        sql = f"select {nearest}({self._column}) from facts where {self._where} and {condition}"
        return self._source.rows(sql, {**self._params, **bound})[0][0]

    def _first(self, condition: str, bound: Mapping[str, object], back: bool) -> Key | None:
        order = "desc" if back else "asc"
        rows = self._source.rows(
            f"select case_id, decision_no from facts where {self._where} and {condition}\n"
            f"order by case_id {order}, decision_no {order} limit 1",
            {**self._params, **bound},
        )
        return (str(rows[0][0]), int(rows[0][1])) if rows else None
