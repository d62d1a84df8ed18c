"""Which columns a source must bring, given the use case and what else is mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.schema import ALWAYS, IN_SCOPE, TABLES, Column

if TYPE_CHECKING:
    from data.load.mapping import Mapping


def is_needed(mapping: Mapping, table: str, column: Column) -> bool:
    """Whether the column must be mapped and, for each record in scope, filled.

    Where `cohort` stands in for dates, `decided_at` and `observed_at` need not be there; scores monitored
    without people (`kind = monitoring`) have neither channel nor decision.
    """
    if column.required not in (ALWAYS, IN_SCOPE):
        return False
    if mapping.use_case.kind == "monitoring" and table == "decisions" and column.name in ("channel", "decision"):
        return False
    stands_in = column.name in ("decided_at", "observed_at") and mapping.provides("decisions", "cohort")
    return not stands_in


def needed_columns(mapping: Mapping, table: str) -> list[str]:
    """Our columns that every source of the table must map."""
    return [c.name for c in TABLES[table].columns if is_needed(mapping, table, c)]
