"""No record is lost, whatever the file: read = accepted + waiting + out of scope + quarantined."""

from __future__ import annotations

from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.load import load_into, read_mapping
from data.load.csv_records import read_chunks, read_header

MAPPING = """
use_case = "credit"
[[source]]
table = "decisions"
files = ["decisions.csv"]
[source.columns]
case = "case_id"
at = "decided_at"
channel = "channel"
what = "disposition"
score = "score"
decision = "decision"
[[source]]
table = "outcomes"
files = ["outcomes.csv"]
[source.columns]
case = "case_id"
at = "observed_at"
bad = "bad"
"""
cases = st.sampled_from(["A", "B", "C", "D", "E", ""])
times = st.sampled_from(["2024-05-01T10:00:00", "2024-05-02", "2024-05-03T10:00:00Z", "1812-01-01", "soon", ""])
scores = st.sampled_from(["0.1", "1", "1.5", "", "x"])
sound = st.tuples(
    cases, times, st.sampled_from(["assisted", "phone"]), st.sampled_from(["booked", "pending", "gone", ""]), scores,
    st.sampled_from(["accept", "reject", "", '"accept"']),
).map(lambda fields: ",".join(fields).encode())  # fmt: skip
mess = st.text(alphabet='",\n\r\0aé ', max_size=12).map(str.encode) | st.binary(max_size=12)
decision_lines = st.lists(sound | mess, max_size=30)
outcome_lines = st.lists(
    st.tuples(cases, times, st.sampled_from(["yes", "0", "?"])).map(lambda fields: ",".join(fields).encode()) | mess,
    max_size=20,
)
END = st.sampled_from([b"\n", b"\r\n"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(decision_lines, outcome_lines, END, st.booleans())
def test_every_record_is_somewhere(
    tmp_path: Path, decisions: list[bytes], outcomes: list[bytes], end: bytes, closed: bool
) -> None:
    def write(name: str, header: bytes, lines: list[bytes]) -> None:
        (tmp_path / name).write_bytes(end.join([header, *lines]) + (end if closed else b""))

    write("decisions.csv", b"case,at,channel,what,score,decision", decisions)
    write("outcomes.csv", b"case,at,bad", outcomes)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    con = duckdb.connect()
    report = load_into(con, read_mapping(tmp_path / "mapping.toml"))
    for source in report.sources:
        apart = {
            book: con.execute(f"SELECT count(*) FROM {book} WHERE source = ?", [source.source]).fetchall()[0][0]
            for book in ("quarantine", "waiting")
        }
        kept = con.execute(f"SELECT count(*) FROM {source.table}").fetchall()[0][0]
        assert source.read == kept + apart["quarantine"] + apart["waiting"]
        assert (kept, apart["waiting"]) == (source.accepted + source.out_of_scope, source.waiting)
    bare = con.execute(
        "SELECT count(*) FROM quarantine WHERE reasons IS NULL OR raw IS NULL OR file IS NULL OR line < 2"
    )
    assert bare.fetchall() == [(0,)]
    ids = con.execute("SELECT count(*), count(DISTINCT record_id) FROM quarantine").fetchall()[0]
    assert ids[0] == ids[1]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(sound | mess, max_size=40), END, st.booleans(), st.integers(1, 200))
def test_records_do_not_depend_on_where_chunks_end(
    tmp_path: Path, lines: list[bytes], end: bytes, closed: bool, size: int
) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(end.join([b"a,b,c,d,e,f", *lines]) + (end if closed else b""))
    header = read_header(path, ",", "utf-8")

    def read(chunk_bytes: int) -> tuple[list[object], list[object]]:
        chunks = list(read_chunks(path, header, ["a", "c", "f"], ",", "utf-8", chunk_bytes))
        return [row for c in chunks for row in c.table.to_pylist()], [b for c in chunks for b in c.broken]

    whole, parts = read(1 << 20), read(size)
    assert parts == whole
    data = path.read_bytes()
    for row in whole[0]:  # each record knows its place
        start, length = row["byte_offset"], row["byte_length"]  # type: ignore[index]
        assert data[:start].count(b"\n") + 1 == row["line"]  # type: ignore[index]
        assert data[start : start + length].count(b"\n") == 0 or b'"' in data[start : start + length]
