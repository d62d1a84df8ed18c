"""Physical records: the fast path takes exactly what Python's own strict CSV reader would, and places are true."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.load.csv_lines import find_lines
from data.load.csv_records import read_chunks, read_header


def read(path: Path, content: bytes, encoding: str = "utf-8") -> tuple[list[tuple[object, ...]], list[tuple[int, str]]]:
    path.write_bytes(content)
    header = read_header(path, ",", encoding)
    chunks = list(read_chunks(path, header, list(header.names), ",", encoding))
    rows = [tuple(v for k, v in row.items() if not k.startswith("byte")) for c in chunks for row in c.table.to_pylist()]
    return rows, [(b.line, b.reason) for c in chunks for b in c.broken]


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet='"",a \r', min_size=1, max_size=14))
def test_plain_lines_are_sound_by_the_strict_reader(line: str) -> None:
    if find_lines((line + "\n").encode(), ",", 3, "utf-8").plain[0]:
        assert len(next(csv.reader([line + "\n"], strict=True))) == 3


fields = st.lists(st.text(alphabet='",a\n é', max_size=5), min_size=3, max_size=3)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(fields, max_size=12), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"])
)
def test_what_a_proper_writer_writes_is_read_back(tmp_path: Path, rows: list[list[str]], style: int, end: str) -> None:
    path = tmp_path / "written.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=style, lineterminator=end).writerows([["a", "b", "c"], *rows])  # type: ignore[call-overload]
    found, broken = read(path, path.read_bytes())
    assert broken == []
    assert [row[1:] for row in found] == [tuple(text.strip(" \n") for text in row) for row in rows]


@pytest.mark.parametrize(
    ("content", "rows", "broken"),
    [
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [(2, "1", "2")], []),
        (b"\n\na,b\n\n1,2\n\n", [(5, "1", "2")], []),
        (b"a,b\r1,2\r3,4", [(2, "1", "2"), (3, "3", "4")], []),
        (b'a,b\n1,"x\n3,4\n5,6\n', [(3, "3", "4"), (4, "5", "6")], [(2, "a quote does not close properly")]),
        (b'a,b\n1,"x\n3,"y"\n', [(3, "3", "y")], [(2, "a quote does not close properly")]),
        (b'a,b\n1,"x\ny"\n3,4\n', [(2, "1", "x\ny"), (4, "3", "4")], []),
        # Reading resumes on the line after the opening quote, where a quote inside a field is an ordinary character.
        (b'a,b\n1,"x\ny",z\n', [(3, 'y"', "z")],
         [(2, "a quote does not close properly (it would give 3 fields instead of 2)")]),
        (b'a,b\n5" pipe,"say ""no"""\n', [(2, '5" pipe', 'say "no"')], []),
        (b"a,b\n1\n1,2,3\n , \n", [(4, "", "")],
         [(2, "has too few fields: 1 instead of 2"), (3, "has too many fields: 3 instead of 2")]),
        (b"a,b\n1\r2,3\n", [], [(2, "has a carriage return inside the line")]),
        (b"a,b\n\xff\xfe,1\n", [], [(2, "wrong encoding at column a: 0xFF, 0xFE is not utf-8")]),
    ],
)  # fmt: skip
def test_records_and_places(
    tmp_path: Path, content: bytes, rows: list[tuple[object, ...]], broken: list[tuple[int, str]]
) -> None:
    assert read(tmp_path / "f.csv", content) == (rows, broken)


def test_other_encodings_are_strict_too(tmp_path: Path) -> None:
    assert read(tmp_path / "f.csv", "a,b\né,€\n".encode("cp1252") + b"\x81,1\n", "cp1252") == (
        [(2, "é", "€")],
        [(3, "wrong encoding at column a: 0x81 is not cp1252")],
    )


def test_an_unclosed_quote_in_a_long_file_costs_one_record(tmp_path: Path) -> None:
    lines = [b"%d,text of a sound record" % n for n in range(30_000)]
    lines[7] = b'7,"never closed'
    found, broken = read(tmp_path / "f.csv", b"a,b\n" + b"\n".join(lines))
    assert broken == [(9, "a quote does not close properly")]
    assert len(found) == 29_999
