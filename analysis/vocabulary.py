"""The SQL a card may use: an allow-list of syntax nodes, so that a card cannot reach outside its row set.

Refusing unknown functions would not be enough: `read_csv` and `md5` parse as typed nodes of their own.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

_CONDITION_NODES: tuple[type[exp.Expression], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between,
    exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Coalesce, exp.Case, exp.If,
)  # fmt: skip
_WORDS = (
    "columns of the row set, numbers, texts, true, false, null, and, or, not, =, <>, <, <=, >, >=, is, in, between, "
    "+, -, *, abs, coalesce and case"
)


class VocabularyError(ValueError):
    """A piece of a card's SQL that is not allowed; the message is the rule, `received` the offending text."""

    def __init__(self, rule: str, received: str) -> None:
        super().__init__(f"{rule}; received {received!r}")
        self.rule = rule
        self.received = received


def parse_condition(text: str, columns: Collection[str]) -> exp.Expression:
    """A condition or row-level value over `columns`; VocabularyError for anything else."""
    tree = _parse(text)
    _check(tree, columns)
    return tree


def parse_aggregate(text: str, columns: Collection[str]) -> tuple[exp.Expression | None, exp.Expression | None]:
    """One additive aggregate as (value, condition): `count(*)`, `count(*) filter (c)`, `sum(v)`, `sum(v) filter (c)`.

    value is None for a count, condition None where there is no filter. VocabularyError for anything else:
    averages, medians and distinct counts cannot be added up over groups.
    """
    tree = _parse(text)
    condition: exp.Expression | None = None
    if isinstance(tree, exp.Filter):
        condition = tree.expression.this
        tree = tree.this
        _check(condition, columns)
    if isinstance(tree, exp.Count) and tree.this == exp.Star() and not tree.expressions:
        return None, condition
    if isinstance(tree, exp.Sum) and isinstance(tree.this, exp.Expression):
        _check(tree.this, columns)
        return tree.this, condition
    raise VocabularyError("must be count(*) or sum(...), with or without filter (...)", text)


def _parse(text: str) -> exp.Expression:
    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
        trees = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        raise VocabularyError("is not SQL", text) from error
    # A comment or a semicolon would be lost here, but not where the card's text becomes part of a longer query.
    loose = any(token.comments or token.token_type is TokenType.SEMICOLON for token in tokens)
    if loose or len(trees) != 1 or trees[0] is None:
        raise VocabularyError("must be one expression, without comments or semicolons", text)
    tree = trees[0]
    assert isinstance(tree, exp.Expression)
    return tree


def _check(tree: exp.Expression, columns: Collection[str]) -> None:
    for node in tree.walk():
        if not isinstance(node, _CONDITION_NODES):
            raise VocabularyError(f"may use only {_WORDS}", node.sql("duckdb"))
        if isinstance(node, exp.Column) and (node.table or node.name not in columns):
            raise VocabularyError("names a column the row set does not have", node.sql("duckdb"))
        if isinstance(node, exp.In) and not node.expressions:
            raise VocabularyError("must list values after in, not a query or a column", node.sql("duckdb"))
