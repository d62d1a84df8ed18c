"""A stranger's files: 100,000 records, 3,000 of them broken in thirty ways. Nothing else may be lost with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from data.load import LoadReport, load_into, read_mapping, write_quarantine

RECORDS, EACH = 100_000, 100
HEADER = (
    "case,no,received,decided,booked,team,officer,channel,score,advice,answer,amount,gain,currency,explained,seconds,"
    "note"
)
COLUMNS = HEADER.split(",")
MAPPING = """
use_case = "credit"
[[source]]
table = "decisions"
files = ["decisions_*.csv"]
currency_column = "currency"
[source.columns]
case = "case_id"
no = "decision_no"
received = "received_at"
decided = "decided_at"
booked = "booked_at"
team = "team"
officer = "decider"
channel = "channel"
score = "score"
advice = "recommendation"
answer = "decision"
amount = "exposure"
gain = "gain_if_good"
explained = "explanation_viewed"
seconds = "active_seconds"
note = "override_note"
[source.values.decision]
approve = "accept"
decline = "reject"
[source.values.recommendation]
approve = "accept"
decline = "reject"
"""
Row = dict[str, str]


def write_line(row: Row) -> bytes:
    return ",".join(row.values()).encode()


def put(**values: str) -> Callable[[Row], bytes]:
    return lambda row: write_line({**row, **values})


def put_bytes(column: str, value: bytes) -> Callable[[Row], bytes]:
    return lambda row: write_line({**row, column: "@@"}).replace(b"@@", value)


# name, how to break a sound record, columns said to be at fault, a part of the reason
WAYS: list[tuple[str, Callable[[Row], bytes], str | None, str]] = [
    ("score above one", put(score="1.7"), "score", "score: 1.7 is not between 0 and 1"),
    ("score below zero", put(score="-0.2"), "score", "score: -0.2 is not between 0 and 1"),
    ("score in words", put(score="high"), "score", "score: 'high' is not a number"),
    ("unknown decision", put(answer="perhaps"), "decision",
     "decision: 'perhaps' is not one of accept, reject (map it under [source.values.decision])"),
    ("unknown channel", put(channel="phone"), "channel", "channel: 'phone' is not one of assisted, automated"),
    ("unknown advice", put(advice="hmm"), "recommendation", "'hmm' is not one of accept, reject, refer"),
    ("no case", put(case=""), "case_id", "case_id: is empty and required"),
    ("no decision", put(answer=" "), "decision", "decision: is empty and required"),
    ("no date", put(decided=""), "decided_at", "decided_at: is empty and required"),
    ("foreign date", put(decided="31/12/2024"), "decided_at", "decided_at: '31/12/2024' is not a date and time"),
    ("30 February", put(decided="2024-02-30T10:00:00"), "decided_at", "'2024-02-30T10:00:00' is not a date and time"),
    ("year 1970", put(received="1970-01-01"), "received_at", "'1970-01-01' is before 1990-01-01, an impossible date"),
    ("year 2093", put(decided="2093-01-05T10:00:00"), "decided_at", "is more than a day in the future"),
    ("decided before received", put(decided="2024-01-02T10:00:00"), "decided_at, received_at",
     "decided_at: 2024-01-02 09:00:00 (UTC) is before the case arrived, received_at 2024-03-01 08:00:00"),
    ("booked before decided", put(booked="2024-01-02"), "booked_at, decided_at", "is before the decision"),
    ("tenths of a cent", put(amount="100.005"), "exposure",
     "exposure: '100.005' is not an amount with at most 2 decimals"),
    ("amount in words", put(amount="much"), "exposure", "exposure: 'much' is not an amount"),
    ("negative gain", put(gain="-5.00"), "gain_if_good", "gain_if_good: -5.00 is below 0"),
    ("other currency", put(currency="USD"), "currency", "currency: 'USD' is not EUR (mixed currencies)"),
    ("number one and a half", put(no="1.5"), "decision_no", "decision_no: '1.5' is not a whole number"),
    ("number nought", put(no="0"), "decision_no", "decision_no: 0 is below 1"),
    ("neither yes nor no", put(explained="partly"), "explanation_viewed", "'partly' is not one of true, 1, yes"),
    ("negative time", put(seconds="-3"), "active_seconds", "active_seconds: -3 is below 0"),
    ("too few fields", lambda row: write_line({k: v for k, v in row.items() if k != "team"}), None,
     "has too few fields: 16 instead of 17"),
    ("too many fields", put(note="one,two"), None, "has too many fields: 18 instead of 17"),
    ("a quote never closed", put(note='"call back'), None, "a quote does not close properly"),
    ("text after a quote", put(note='"gut" feeling'), None, "a quote does not close properly"),
    ("bytes of another encoding", put_bytes("note", b"caf\xe9"), "note",
     "wrong encoding at column note: 0xE9 is not utf-8"),
    ("a NUL byte", put_bytes("team", b"te\0am"), "team", "a NUL byte at column team"),
    ("the same case twice", put(case="C000000"), "case_id, decision_no",
     "a duplicate: case_id 'C000000', decision_no '1' came first in line 2 of decisions_1.csv"),
]  # fmt: skip


@dataclass(frozen=True)
class Broken:
    file: str
    line: int
    columns: str | None
    reason: str
    raw: str
    sound: bytes


def make_row(number: int) -> Row:
    """A sound record; some are hard to read: quoted commas, quotes, newlines, accents, blanks around."""
    notes = {3: '"a, b"', 5: '"two\nlines"', 7: '"said ""no"""', 11: "café", 13: '5" pipe', 17: '"a\n\n""b"", c"'}
    note = next((text for step, text in notes.items() if number % step == 0), "")
    return dict(zip(COLUMNS, [
        f"C{number:06}", "", "2024-03-01T09:00:00+01:00", "2024-03-01 14:00", "2024-03-01", f" team {number % 7} ",
        "o1", "assisted", "0.25", "approve", "decline" if number % 9 == 0 else "approve", "1000.50", "70", "EUR", "yes",
        "61.5", note,
    ], strict=True))  # fmt: skip


def write_files(folder: Path) -> list[Broken]:
    """Two files with every broken record in a place known beforehand."""
    dice = random.Random(7)
    places = dice.sample(range(1, RECORDS), EACH * len(WAYS))
    way_of = {place: WAYS[n % len(WAYS)] for n, place in enumerate(places)}
    broken = []
    for file_no in (1, 2):
        name, lines, line = f"decisions_{file_no}.csv", [HEADER.encode()], 2
        half = RECORDS // 2
        for number in range(half * (file_no - 1), half * file_no):
            row = make_row(number)
            text = write_line(row)
            if number in way_of:
                _, break_it, columns, reason = way_of[number]
                row["note"] = row["note"] if "\n" not in row["note"] else ""
                sound, text = write_line(row), break_it(row)
                broken.append(Broken(name, line, columns, reason, text.decode("utf-8", "backslashreplace"), sound))
            lines.append(text + (b"\r" if number % 19 == 0 else b""))
            line += text.count(b"\n") + 1
            if number % 1000 == 0:
                lines.append(b"")  # a blank line is no record, but it is a line
                line += 1
        (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return broken


def load(folder: Path, name: str, **more: object) -> tuple[Path, LoadReport]:
    path = folder / name
    with duckdb.connect(str(path)) as con:
        mapping = read_mapping(folder / "mapping.toml")
        if "mended" in more:
            mapping = mapping.with_files("decisions", [more.pop("mended")])  # type: ignore[list-item]
        report = load_into(con, mapping, **more)  # type: ignore[arg-type]
    return path, report


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, LoadReport, list[Broken]]:
    folder = tmp_path_factory.mktemp("stranger")
    broken = write_files(folder)
    (folder / "mapping.toml").write_text(MAPPING)
    path, report = load(folder, "first.duckdb")
    return folder, path, report, broken


def test_exactly_the_broken_records_are_kept_apart(loaded: tuple[Path, Path, LoadReport, list[Broken]]) -> None:
    _, path, report, broken = loaded
    assert len(WAYS) == 30 and len(broken) == 3_000
    source = report.sources[0]
    assert (source.read, source.accepted, source.quarantined) == (100_000, 97_000, 3_000)
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute("SELECT file, line, columns, reasons, raw FROM quarantine ORDER BY record_id").fetchall()
        assert con.execute("SELECT count(*), count(DISTINCT case_id) FROM decisions").fetchall() == [(97_000, 97_000)]
    assert [(file, line) for file, line, *_ in found] == [(b.file, b.line) for b in broken]
    for (_, _, columns, reasons, raw), expected in zip(found, broken, strict=True):
        assert columns == expected.columns, reasons
        assert expected.reason in reasons
        assert raw == expected.raw


def test_sound_records_keep_their_values(loaded: tuple[Path, Path, LoadReport, list[Broken]]) -> None:
    _, path, _, _ = loaded
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute("SELECT sum(exposure), min(team), max(team) FROM decisions").fetchall() == [
            (97_000 * 100_050, "team 0", "team 6")
        ]
        notes = con.execute("SELECT DISTINCT override_note FROM decisions ORDER BY ALL NULLS FIRST").fetchall()
    texts = [None, '5" pipe', 'a\n\n"b", c', "a, b", "café", 'said "no"', "two\nlines"]
    assert [note for (note,) in notes] == texts


def test_mended_records_come_in_by_append(loaded: tuple[Path, Path, LoadReport, list[Broken]], tmp_path: Path) -> None:
    folder, path, _, broken = loaded
    (to_mend,) = write_quarantine(path, tmp_path)
    assert to_mend.name == "decisions.mend.csv"
    expected = [HEADER, *(b.raw for b in broken)]
    assert to_mend.read_bytes().decode().split("\n") == [*expected, ""]
    to_mend.write_bytes(b"\n".join([HEADER.encode(), *(b.sound for b in broken)]) + b"\n")
    second, report = load(folder, "second.duckdb", mended=to_mend, previous=path, mode="append")
    source = report.sources[0]
    assert (source.read, source.accepted, source.added, source.changed) == (3_000, 3_000, 3_000, 0)
    assert report.open_quarantine == 0
    with duckdb.connect(str(second), read_only=True) as con:
        assert con.execute("SELECT count(*), count(DISTINCT case_id) FROM decisions").fetchall() == [(100_000, 100_000)]


def test_what_was_not_mended_stays_in_quarantine(
    loaded: tuple[Path, Path, LoadReport, list[Broken]], tmp_path: Path
) -> None:
    folder, path, _, broken = loaded
    (to_mend,) = write_quarantine(path, tmp_path)
    lines = [b.raw.encode() if b.columns == "score" else b.sound for b in broken]
    to_mend.write_bytes(b"\n".join([HEADER.encode(), *lines]) + b"\n")
    third, report = load(folder, "third.duckdb", mended=to_mend, previous=path, mode="append")
    assert (report.sources[0].accepted, report.sources[0].quarantined, report.open_quarantine) == (2_700, 300, 300)
    with duckdb.connect(str(third), read_only=True) as con:
        assert con.execute("SELECT DISTINCT columns FROM quarantine").fetchall() == [("score",)]
