"""The SQL of a card: what is allowed comes through unchanged, everything else is refused with rule and text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from analysis.vocabulary import VocabularyError, parse_aggregate, parse_condition
from data.engine import connect_work

COLUMNS = {
    "decision": "VARCHAR",
    "recommendation": "VARCHAR",
    "score": "DOUBLE",
    "gain_if_good": "BIGINT",
    "bad": "BOOLEAN",
}
WORDS = (
    "may use only columns of the row set, numbers, texts, true, false, null, and, or, not, =, <>, <, <=, >, >=, is, "
    "in, between, +, -, *, abs, coalesce and case"
)
ONE = "must be one expression, without comments or semicolons"
COLUMN = "names a column the row set does not have"
LIST = "must list values after in, not a query or a column"
ADDITIVE = "must be count(*) or sum(...), with or without filter (...)"


def refuse(parse, text):
    with pytest.raises(VocabularyError) as caught:
        parse(text, COLUMNS)
    assert str(caught.value) == f"{caught.value.rule}; received {caught.value.received!r}"
    return caught.value.rule, caught.value.received


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("read_csv('/etc/passwd') = 1", "READ_CSV('/etc/passwd')"),
        ("md5(decision) = 'a'", "MD5(decision)"),
        ("getenv('HOME') = 'a'", "GETENV('HOME')"),
        ("exists(select 1)", "EXISTS(SELECT 1)"),
        ("(select 1) = 1", "(SELECT 1)"),
        ("score > all(select 1)", "ALL (SELECT 1)"),
        ("row_number() over () = 1", "ROW_NUMBER() OVER ()"),
        ("sum(score) over () > 1", "SUM(score) OVER ()"),
        ("count(*) > 1", "COUNT(*)"),
        ("avg(score) > 1", "AVG(score)"),
        ("cast(score as integer) = 1", "CAST(score AS INT)"),
        ("try_cast(score as integer) = 1", "TRY_CAST(score AS INT)"),
        ("score::text = '1'", "CAST(score AS TEXT)"),
        ("date '2026-01-01' = null", "CAST('2026-01-01' AS DATE)"),
        ("score / 2 > 1", "score / 2"),
        ("score % 2 = 1", "score % 2"),
        ("score ** 2 > 1", "POWER(score, 2)"),
        ("decision || 'x' = 'x'", "decision || 'x'"),
        ("decision like 'a%'", "decision LIKE 'a%'"),
        ("decision ~ 'a'", None),
        ("lambda x: x + 1", None),
        ("x -> x + 1", None),
        ("decision[1] = 'a'", "decision[1]"),
        ("columns(*)", "COLUMNS(*)"),
        ("*", "*"),
        ("score = $1", "$1"),
        ("score = ?", "?"),
        ("random() > 0.5", "RANDOM()"),
        ("current_date > null", "CURRENT_DATE"),
        ("decision is distinct from 'a'", "decision IS DISTINCT FROM 'a'"),
        ("[score]", "[score]"),
        ("{'a': score}", "{'a': score}"),
        ("interval 1 day", "INTERVAL '1' DAY"),
        ("select 1", "SELECT 1"),
        ("drop table facts", "DROP TABLE facts"),
        ("attach 'x.db'", None),
        ("copy facts to 'x.csv'", None),
        ("pragma version", None),
    ],
)
def test_anything_beyond_the_words_is_refused(text, received):
    rule, got = refuse(parse_condition, text)
    assert rule in (WORDS, "is not SQL", COLUMN)
    if received is not None:
        assert (rule, got) == (WORDS, received)


@pytest.mark.parametrize(
    ("text", "rule", "received"),
    [
        ("arm = 'x'", COLUMN, "arm"),
        ("facts.decision = 'x'", COLUMN, "facts.decision"),
        ("decision.x = 'x'", COLUMN, "decision.x"),
        ("main.facts.decision = 'x'", COLUMN, "main.facts.decision"),
        ('"arm" = 1', COLUMN, '"arm"'),
        ("DECISION = 'x'", COLUMN, "DECISION"),
        ("decision = accept", COLUMN, "accept"),
        ("decision in (select decision from outcomes)", LIST, "decision IN (SELECT decision FROM outcomes)"),
        ("decision in recommendation", LIST, "decision IN recommendation"),
        ("decision in ()", LIST, "decision IN ()"),
        ("bad; drop table facts", ONE, "bad; drop table facts"),
        ("bad;", ONE, "bad;"),
        ("bad -- and more", ONE, "bad -- and more"),
        ("bad /* and more */", ONE, "bad /* and more */"),
        ("", ONE, ""),
        ("   ", ONE, "   "),
        ("bad and", "is not SQL", "bad and"),
        ("(bad", "is not SQL", "(bad"),
        ("'open", "is not SQL", "'open"),
    ],
)
def test_the_refusal_names_the_rule_and_what_was_received(text, rule, received):
    assert refuse(parse_condition, text) == (rule, received)


@pytest.mark.parametrize(
    "text",
    [
        "count(distinct decision)",
        "count(score)",
        "count()",
        "count(* exclude (score))",
        "count(*) over ()",
        "avg(score)",
        "median(score)",
        "max(score)",
        "count(*) - 1",
        "(count(*))",
        "2 * sum(score)",
        "sum(score) over ()",
        "bad",
        "1",
        "count_if(bad)",
        "sum(score) filter (where bad) over ()",
        "sum(score) / count(*)",
        "string_agg(decision)",
        "approx_count_distinct(decision)",
        "arg_max(score, score)",
    ],
)
def test_only_counts_and_sums_can_be_added_up(text):
    assert refuse(parse_aggregate, text) == (ADDITIVE, text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("sum(distinct score)", WORDS),
        ("sum(score order by score)", WORDS),
        ("sum(sum(score))", WORDS),
        ("sum(*)", WORDS),
        ("sum(md5(decision))", WORDS),
        ("sum(score / 2)", WORDS),
        ("count(*) filter (count(*) > 1)", WORDS),
        ("count(*) filter (read_csv('x'))", WORDS),
        ("count(*) filter (arm = 1)", COLUMN),
        ("sum(arm)", COLUMN),
        ("count(*) filter (decision in (select 1))", LIST),
        ("count(*); count(*)", ONE),
        ("count(*) -- all", ONE),
        ("sum()", "is not SQL"),
    ],
)
def test_the_inside_of_an_aggregate_is_checked_too(text, rule):
    assert refuse(parse_aggregate, text)[0] == rule


def test_what_is_allowed_comes_back_as_value_and_condition():
    def sql(text):
        value, condition = parse_aggregate(text, COLUMNS)
        return value and value.sql("duckdb"), condition and condition.sql("duckdb")

    assert sql("count(*)") == (None, None)
    assert sql("count(*) filter (bad)") == (None, "bad")
    assert sql("COUNT(*) FILTER (WHERE bad)") == (None, "bad")
    assert sql("sum(gain_if_good)") == ("gain_if_good", None)
    assert sql("sum(-abs(score) * 2) filter (decision <> recommendation)") == (
        "-ABS(score) * 2",
        "decision <> recommendation",
    )


def test_a_text_may_hold_what_would_be_a_comment_or_a_second_statement():
    text = "decision = '; drop table facts; -- it''s /* text */'"
    assert parse_condition(text, COLUMNS).sql("duckdb") == text


# Random conditions of the allowed words: they parse, stay inside the columns, and mean the same after parsing.

_numbers = st.recursive(
    st.sampled_from(["score", "gain_if_good"]) | st.integers(0, 1000).map(str) | st.sampled_from(["0.25", "null"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"abs({x})"),
        inner.map(lambda x: f"-({x})"),
        st.tuples(inner, inner).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"case when bad then {t[0]} else {t[1]} end"),
    ),
    max_leaves=4,
)
_texts = st.text(alphabet="ab';-/* $%\"\\", max_size=8).map(lambda s: "'" + s.replace("'", "''") + "'")
_conditions = st.recursive(
    st.one_of(
        st.just("bad"),
        st.sampled_from(["true", "false", "score is null", "score is not null"]),
        st.tuples(_numbers, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _numbers).map(" ".join),
        st.tuples(st.sampled_from(["decision", "recommendation"]), st.sampled_from(["=", "<>"]), _texts).map(" ".join),
        st.lists(_texts, min_size=1, max_size=3).map(lambda v: f"decision in ({', '.join(v)})"),
        st.lists(_texts, min_size=1, max_size=3).map(lambda v: f"decision not in ({', '.join(v)})"),
        st.tuples(_numbers, _numbers, _numbers).map(lambda t: f"{t[0]} between {t[1]} and {t[2]}"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"not ({x})"),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def con():
    connection = connect_work()
    connection.execute(f"create table t ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    connection.execute(
        "insert into t values ('a', 'b', 0.25, 70000, true), ('b', 'b', 0.9, -5, false), (null, '', null, null, null), "
        "(';', 'a', 0, 0, true), ('', 'ab', 1, 1000, null)"
    )
    yield connection
    connection.close()


@settings(max_examples=150)
@given(_conditions)
def test_every_condition_of_the_words_parses_and_keeps_its_meaning(con, text):
    tree = parse_condition(text, COLUMNS)
    assert {c.name for c in tree.find_all(exp.Column)} <= set(COLUMNS)
    as_written, as_parsed = (con.execute(f"select {sql} from t").fetchall() for sql in (text, tree.sql("duckdb")))
    assert as_written == as_parsed


@settings(max_examples=60)
@given(_conditions, _numbers)
def test_every_sum_of_the_words_parses_and_adds_up_the_same(con, condition, value):
    text = f"sum({value}) filter (where {condition})"
    parsed_value, parsed_condition = parse_aggregate(text, COLUMNS)
    again = f"sum({parsed_value.sql('duckdb')}) filter (where {parsed_condition.sql('duckdb')})"
    assert con.execute(f"select {text} from t").fetchall() == con.execute(f"select {again} from t").fetchall()


_noise = st.text(alphabet="abcdeiorst _()*,;.<>='\"-/$[]{}0123456789", max_size=30)


@settings(max_examples=200)
@given(_noise)
def test_whatever_is_typed_is_either_inside_the_columns_or_refused_in_words(text):
    try:
        tree = parse_condition(text, COLUMNS)
    except VocabularyError as error:
        assert error.rule and error.received is not None
        return
    assert {c.name for c in tree.find_all(exp.Column)} <= set(COLUMNS)
    assert not list(tree.find_all(exp.Query, exp.Table, exp.Anonymous, exp.Command))
