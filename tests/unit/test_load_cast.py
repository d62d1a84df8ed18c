"""Text becomes the contract's types exactly, or fails with a reason; nothing is rounded or guessed."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from data.load.cast import Rules, cast_value, map_values, reason_for, strip_text
from data.schema import Column

NOW = datetime(2026, 11, 22)
BERLIN = Rules("Europe/Berlin", 2, NOW)
COMMA = Rules("UTC", 2, NOW, decimal=",")
GERMAN = Rules("Europe/Berlin", 2, NOW, timestamp_format="%d.%m.%Y %H:%M")
YEN = Rules("UTC", 0, NOW)


def cast(kind: str, text: str | None, rules: Rules = BERLIN, **more: object) -> tuple[object, str | None]:
    column = Column("it", kind, "", **more)  # type: ignore[arg-type]
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT CAST(? AS VARCHAR) AS raw", [text])
    value = cast_value(column, "x", rules)
    query = f"SELECT v, {reason_for(column, 'x', 'v', rules, 'true')} FROM (SELECT x, {value} AS v FROM "
    return con.execute(query + f"(SELECT {strip_text('raw')} AS x FROM t))").fetchall()[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kind", "text", "rules", "value"),
    [
        ("text", "  a b\u00a0\t", BERLIN, "a b"),
        ("integer", "12", BERLIN, 12), ("integer", "-3.0", BERLIN, -3), ("integer", "12,0", COMMA, 12),
        ("number", "1e3", BERLIN, 1000.0), ("number", "1,5", COMMA, 1.5),
        ("boolean", "Yes", BERLIN, True), ("boolean", "0", BERLIN, False), ("boolean", "FALSE", BERLIN, False),
        ("money", "1234.5", BERLIN, 123450), ("money", "1234,56", COMMA, 123456),
        ("money", "12.5000", BERLIN, 1250),
        ("money", "-0.01", BERLIN, -1),
        ("money", "99999999999999.99", BERLIN, 9999999999999999), ("money", "7", YEN, 7),
        ("timestamp", "2024-07-01T10:00:00", BERLIN, datetime(2024, 7, 1, 8)),
        ("timestamp", "2024-01-01 10:00", BERLIN, datetime(2024, 1, 1, 9)),
        ("timestamp", "2024-07-01T10:00:00Z", BERLIN, datetime(2024, 7, 1, 10)),
        ("timestamp", "2024-07-01T10:00:00-0500", BERLIN, datetime(2024, 7, 1, 15)),
        ("timestamp", "2024-07-01T10:00+02", COMMA, datetime(2024, 7, 1, 8)),
        ("timestamp", "2024-07-01", COMMA, datetime(2024, 7, 1)),
        ("timestamp", "01.07.2024 10:00", GERMAN, datetime(2024, 7, 1, 8)),
        ("timestamp", "2024-10-27 02:30", BERLIN, datetime(2024, 10, 27, 1, 30)),  # stands twice: standard time
        ("timestamp", "2024-03-31 02:30", BERLIN, datetime(2024, 3, 31, 1, 30)),  # skipped: an hour on
    ],
)  # fmt: skip
def test_values(kind: str, text: str, rules: Rules, value: object) -> None:
    assert cast(kind, text, rules) == (value, None)


@pytest.mark.parametrize(
    ("kind", "text", "rules", "reason"),
    [
        ("text", " ", BERLIN, "it: is empty and required"),
        ("integer", "1.7", BERLIN, "it: '1.7' is not a whole number"),
        ("integer", "1_000", BERLIN, "it: '1_000' is not a whole number"),
        ("number", "nan", BERLIN, "it: 'nan' is not a number"), ("number", "inf", BERLIN, "it: 'inf' is not a number"),
        ("number", "1.5", COMMA, "it: '1.5' is not a number with a decimal comma"),
        ("money", "12.345", BERLIN, "it: '12.345' is not an amount with at most 2 decimals"),
        ("money", "1e3", BERLIN, "it: '1e3' is not an amount with at most 2 decimals"),
        ("money", "1.234,56", COMMA, "it: '1.234,56' is not an amount with at most 2 decimals with a decimal comma"),
        ("money", "7.5", YEN, "it: '7.5' is not an amount with at most 0 decimals"),
        ("money", "99999999999999999999", BERLIN,
         "it: '99999999999999999999' is not an amount with at most 2 decimals"),
        ("timestamp", "01.13.2024 10:00", GERMAN,
         "it: '01.13.2024 10:00' is not a date and time of the form %d.%m.%Y %H:%M"),
        ("timestamp", "infinity", BERLIN, "it: 'infinity' is more than a day in the future, an impossible date"),
        ("timestamp", "2026-11-24", BERLIN, "it: '2026-11-24' is more than a day in the future, an impossible date"),
    ],
)  # fmt: skip
def test_reasons(kind: str, text: str, rules: Rules, reason: str) -> None:
    value, found = cast(kind, text, rules)
    assert found == reason
    assert value is None or kind == "timestamp"


def test_ranges_and_enumerations() -> None:
    assert cast("share", "1.7", low=0.0, high=1.0)[1] == "it: 1.7 is not between 0 and 1"
    assert cast("share", "1", low=0.0, high=1.0) == (1.0, None)
    assert cast("text", "Accept", values=("accept", "reject"))[1] == (
        "it: 'Accept' is not one of accept, reject (map it under [source.values.it])"
    )


def test_value_maps_change_only_what_they_name() -> None:
    con = duckdb.connect()
    mapped = map_values("x", {"1": "accept", "": "none", "NA": ""})
    query = f"SELECT {mapped} FROM (VALUES ('1'), (NULL), ('NA'), ('2')) t(x)"
    assert con.execute(query).fetchall() == [("accept",), ("none",), (None,), ("2",)]
