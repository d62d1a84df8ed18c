"""A mapping's errors name the file, the field, the rule and what was received."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from data.errors import UserError
from data.load import load_into, read_mapping

SOUND = """
use_case = "credit"
[[source]]
table = "decisions"
files = ["d.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
decision = "decision"
[source.constants]
channel = "assisted"
"""
TEN = "case,at,decision\nA,2024-05-01T10:00:00,accept\n"


def write(folder: Path, text: str, data: str = TEN) -> Path:
    (folder / "d.csv").write_text(data)
    (folder / "m.toml").write_text(text)
    return folder / "m.toml"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (('use_case = "credit"', ""), "use_case", "is required"),
        (('use_case = "credit"', 'use_case = "credit"\ntimezone = "UTC"'), "timezone", "did you mean 'time_zone'?"),
        (('use_case = "credit"', 'use_case = "credit"\ntime_zone = "Mars"'), "time_zone", "must be an IANA zone"),
        (('use_case = "credit"', 'use_case = "credit"\nas_of = "soon"'), "as_of", "received 'soon'"),
        (('"decisions"', '"decision"'), "source[1].table", "did you mean 'decisions'?"),
        (('files = ["d.csv"]', ""), "source[1]", "needs either files or sql"),
        (('"decided_at"', '"decidedat"'), "source[1].columns.'at'", "did you mean 'decided_at'?"),
        (('at = "decided_at"', 'at = "received_at"'), "source[1].columns", "needs a column mapped to 'decided_at'"),
        (('channel = "assisted"', ""), "source[1].columns", "needs a column mapped to 'channel'"),
        (('"assisted"', '"assisted"\nteam = ["x"]'), "source[1].constants.team", "must be one value"),
        (('channel = "assisted"', 'channel = "assisted"\ncase_id = "1"'), "constants.case_id", "already filled by"),
        (("[source.constants]", '[source.values.decision]\nA = "yes"\n[source.constants]'),
         "values.decision.'A'", "received 'yes'"),
        (("[source.constants]", '[source.values.team]\nA = "b"\n[source.constants]'),
         "values.team", "no source column"),
        (('files = ["d.csv"]', 'files = ["d.csv"]\nencoding = "utf-16"'), "encoding", "extends ASCII"),
        (('files = ["d.csv"]', 'files = ["d.csv"]\ndelimiter = "||"'), "delimiter", "one ASCII character"),
        (('case = "case_id"', 'case = "case_id"\n"*" = "*"'), "columns.'*'", "is for features only"),
    ],
)  # fmt: skip
def test_errors_name_field_rule_and_value(tmp_path: Path, change: tuple[str, str], field: str, words: str) -> None:
    path = write(tmp_path, SOUND.replace(*change, 1))
    with pytest.raises(UserError) as caught:
        read_mapping(path)
    assert str(path) in caught.value.what_happened
    assert field in caught.value.what_happened
    assert words in caught.value.what_happened


@pytest.mark.parametrize(
    ("text", "data", "words"),
    [
        (SOUND.replace("\ncase =", "\ncaes ="), TEN,
         "has no column 'caes' (did you mean 'case'?); its columns are case, at, decision"),
        (SOUND.replace("d.csv", "e.csv"), TEN, "'e.csv' matches nothing"),
        (SOUND, "case,at,case,decision\n", "case stands more than once"),
        (SOUND, "\n\n", "has no header line"),
        (SOUND.replace('"assisted"', '"phone"'), TEN, "channel: 'phone' is not one of assisted"),
        (SOUND.replace("[source.col", 'timestamp_format = "%!"\n[source.col'), TEN, "'%!'"),
        (SOUND.replace('files = ["d.csv"]', "sql = \"select * from 'd.csv'; select 1\""), TEN,
         "received 2 statement(s)"),
        (SOUND.replace('files = ["d.csv"]', "sql = \"copy (select 1) to 'x.csv'\""), TEN,
         "received 1 statement(s)"),
        (SOUND.replace('files = ["d.csv"]', "sql = \"summarize select 1\""), TEN, "received 1 statement(s)"),
        (SOUND.replace('files = ["d.csv"]', "sql = \"select * from 'none.csv'\""), TEN, "none.csv"),
    ],
)  # fmt: skip
def test_what_the_files_lack_is_said(tmp_path: Path, text: str, data: str, words: str) -> None:
    mapping = read_mapping(write(tmp_path, text, data))
    with pytest.raises(UserError) as caught:
        load_into(duckdb.connect(), mapping)
    assert words in caught.value.what_happened
    assert not (tmp_path / "x.csv").exists()


def test_as_of_means_the_end_of_a_day_in_the_zone(tmp_path: Path) -> None:
    mapping = read_mapping(write(tmp_path, 'as_of = "2026-07-12"\n' + SOUND))
    assert mapping.as_of == datetime(2026, 7, 12, 21, 59, 59, 999999)
    mapping = read_mapping(write(tmp_path, 'as_of = "2026-07-12T10:00:00+02:00"\n' + SOUND))
    assert mapping.as_of == datetime(2026, 7, 12, 8)


def test_a_cohort_stands_in_for_dates(tmp_path: Path) -> None:
    text = SOUND.replace('at = "decided_at"', 'at = "cohort"')
    con = duckdb.connect()
    report = load_into(con, read_mapping(write(tmp_path, text, TEN + "B,,reject\n")))
    assert report.sources[0].accepted == 1
    assert con.execute("SELECT raw, reasons FROM quarantine").fetchall() == [
        ("B,,reject", "decided_at: is empty and required")
    ]


def test_another_source_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the sources are decisions"):
        read_mapping(write(tmp_path, SOUND)).with_files("outcomes", [])
