"""Which contract columns a number is read from: helper columns followed through the row set's SQL to their tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import sqlglot
from sqlglot import exp

from analysis.catalog import Card
from analysis.measures import build_measures
from analysis.vocabulary import parse_condition
from data.rows import describe_columns, read_row_set
from data.schema import TABLES

Columns = Mapping[str, frozenset[str]]  # contract columns, as table.column, by the name of a column made from them


@lru_cache(maxsize=256)  # parsing takes a millisecond a condition
def list_columns(card: Card) -> tuple[str, ...]:
    """The columns a card names itself, contract and helper columns alike, in alphabetical order."""
    columns = tuple(describe_columns(card.rows))
    texts = [card.where, card.matures_from, card.value]
    for measure in build_measures(card).all():
        texts += [measure.condition, measure.value]
    trees = [parse_condition(text, columns) for text in texts if text]
    return tuple(sorted({column.name for tree in trees for column in tree.find_all(exp.Column)}))


def list_contract_columns(card: Card) -> tuple[str, ...]:
    """The contract columns behind a card, as table.column: what it needs, names, and what its helper columns read."""
    made = trace_columns(card.rows)
    found = {source for name in list_columns(card) for source in made.get(name, frozenset())}
    return tuple(sorted(found | set(card.needs)))


@cache
def trace_columns(rows: str) -> Columns:
    """The contract columns each column of a row set is made from; conditions of joins are not followed."""
    tree = sqlglot.parse_one(read_row_set(rows), read="duckdb")
    assert isinstance(tree, exp.Expression)
    made: dict[str, Columns] = {
        name: {column: frozenset({f"{name}.{column}"}) for column in table.names} for name, table in TABLES.items()
    }
    for query in tree.find_all(exp.CTE):
        made[query.alias] = _trace_select(query.this, made)
    return _trace_select(tree, made)


def _trace_select(select: exp.Expression, made: Mapping[str, Columns]) -> Columns:
    """The columns one SELECT gives, from those of the tables it reads; earlier columns of its own list count too."""
    tables = {t.alias_or_name: made.get(t.name, {}) for t in _list_tables(select)}
    given: dict[str, frozenset[str]] = {}
    for item in select.expressions:
        if item.is_star:
            source = item.table if isinstance(item, exp.Column) else ""
            given |= tables[source] if source else {k: v for t in tables.values() for k, v in t.items()}
        else:
            parts = [_find(column, tables, given) for column in item.find_all(exp.Column)]
            given[item.alias_or_name] = frozenset().union(*parts)
    return given


def _list_tables(select: exp.Expression) -> list[exp.Table]:
    clauses = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])]
    return [clause.this for clause in clauses if clause is not None and isinstance(clause.this, exp.Table)]


def _find(column: exp.Column, tables: Mapping[str, Columns], given: Columns) -> frozenset[str]:
    if column.table:
        return tables.get(column.table, {}).get(column.name, frozenset())
    for table in tables.values():
        if column.name in table:
            return table[column.name]
    return given.get(column.name, frozenset())
