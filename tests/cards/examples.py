"""Answers a card's worked example by the card's own SQL, over facts made from its little table."""

from __future__ import annotations

from analysis.catalog import Card
from analysis.example_tables import build_example, parse_table, value_of
from analysis.measures import build_measures

__all__ = ["answer_example", "build_example", "parse_table", "value_of"]


def answer_example(card: Card, rows: list[dict[str, str]], *, scoped: bool = True) -> dict[str, float | None]:
    """What the card's own SQL says of these rows: numerator, denominator or value; scoped as rollups are."""
    con = build_example(rows, card.example.settings)
    if card.kind == "typical":
        found = con.execute(f"select median({card.value}) from facts where ({card.where}) and {card.value} is not null")
        return {"value": found.fetchone()[0]}
    scope = "is_in_scope" if scoped else "true"
    measures = build_measures(card)
    parts = {name: m for name in ("numerator", "denominator") if (m := getattr(measures, name)) is not None}
    sql = ", ".join(f"{m.sql} as {name}" for name, m in parts.items())
    found = con.execute(f"select {sql} from facts where {scope}").fetchone()
    return dict(zip(parts, found, strict=True))
