"""CSV intake by physical record, so that one broken line costs one record and each record knows its line.

Rules. A line is where a record starts. A properly quoted field may hold delimiters and newlines. Where a quote
does not close properly (its closing quote is not followed by a delimiter or a newline, or the record that arises
by spanning lines has the wrong number of fields, or would be longer than a megabyte), only the physical line with
the opening quote is broken and reading resumes on the next one. A quote inside an unquoted field is an ordinary
character. Blank lines are not records and are not counted. Lines may end in LF, CRLF or (old files) CR alone.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from data.errors import UserError
from data.load.csv_lines import Lines, find_lines, take_lines

CHUNK_BYTES = 32 << 20
RECORD_BYTES = 1 << 20  # a record that spans lines is at most this long
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes the encoding does not have, as `surrogateescape` keeps them
LINE_BYTES = 64 << 20  # a longer "line" is not CSV, and would have to be held in memory


@dataclass(frozen=True)
class Header:
    """The columns of a file, the header as it stands, and where the first record starts."""

    names: tuple[str, ...]
    text: str
    line: int
    offset: int
    returns_only: bool  # lines end in CR alone


@dataclass(frozen=True)
class BrokenRecord:
    """A physical line that is no record: why, and in which columns where that is known."""

    line: int
    offset: int
    length: int
    columns: str
    reason: str


@dataclass
class CsvChunk:
    """Records in file order. `table` has line, byte_offset, byte_length and c0, c1, ...: stripped text as wanted."""

    table: pa.Table
    broken: list[BrokenRecord] = field(default_factory=list)


def read_header(path: Path, delimiter: str, encoding: str) -> Header:
    """The header of a CSV file; UserError where there is none, it cannot be decoded or a name stands twice."""
    with path.open("rb") as file:
        start = file.read(RECORD_BYTES)
    returns_only = b"\n" not in start and b"\r" in start
    if returns_only:
        start = start.replace(b"\r", b"\n")
    skip = 3 if start.startswith(b"\xef\xbb\xbf") else 0
    rows = start[skip:].split(b"\n")
    blank = next((n for n, row in enumerate(rows) if row.strip()), None)
    if blank is None:
        raise UserError("The file is empty", f"{path} has no header line.", "Give it column names, or leave it out.")
    begin = skip + sum(len(row) + 1 for row in rows[:blank])
    lines = (row.decode(encoding) + "\n" for row in rows[blank:])
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = tuple(name.strip() for name in next(reader))
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"{path}, line {blank + 1}: {error}."
        raise UserError("The header cannot be read", what, "Mend it or name its encoding.") from error
    used = rows[blank : blank + reader.line_num]
    _check_names(path, names)
    offset = begin + sum(len(row) + 1 for row in used)
    text = b"\n".join(used).decode(encoding).rstrip("\r\n")
    return Header(names, text, blank + 1 + len(used), offset, returns_only)


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(
            "Two columns have one name",
            f"{path}: {', '.join(twice)} stands more than once in the header.",
            "Rename one of them.",
        )


def read_chunks(
    path: Path, header: Header, wanted: list[str], delimiter: str, encoding: str, size: int = CHUNK_BYTES
) -> Iterator[CsvChunk]:
    """The records of a file in chunks of about `size` bytes; memory does not grow with the file."""
    parser = _Parser(header.names, [header.names.index(name) for name in wanted], delimiter, encoding)
    line, offset, kept, final = header.line, header.offset, b"", False
    with path.open("rb") as file:
        file.seek(offset)
        while not final:
            data = file.read(size)
            final = not data
            kept += data.replace(b"\r", b"\n") if header.returns_only else data
            whole = kept if final else kept[: kept.rfind(b"\n") + 1]
            if len(kept) - len(whole) > LINE_BYTES:
                raise UserError("This is not a CSV file", f"{path}, line {line}: longer than 64 MB.", "Check the file.")
            if whole:
                chunk, lines_used, bytes_used = parser.parse(whole, line, offset, final)
                line, offset, kept = line + lines_used, offset + bytes_used, kept[bytes_used:]
                yield chunk


class _Parser:
    """Splits chunks of whole lines into records. Holds what stays the same for a file."""

    def __init__(self, names: tuple[str, ...], wanted: list[int], delimiter: str, encoding: str) -> None:
        self.names, self.wanted, self.delimiter, self.encoding = names, wanted, delimiter, encoding
        self.is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")

    def parse(self, chunk: bytes, line: int, offset: int, final: bool) -> tuple[CsvChunk, int, int]:
        """The chunk's records, and how many lines and bytes of it they use up (a record may go on)."""
        lines = find_lines(chunk, self.delimiter, len(self.names), self.encoding)
        odd, broken, spans, used = self._odd_records(chunk, lines, final)
        plain = lines.plain.copy()
        for first, last in spans:  # lines inside a quoted field are no records of their own
            plain[first:last] = False
        plain[used:] = False
        numbers = np.flatnonzero(plain)
        ends = lines.end.copy()
        longest = int((lines.end - lines.start).max()) + 2
        columns = self._plain_columns(take_lines(chunk, lines, plain), len(numbers), longest)
        if odd:
            odd_numbers = np.array([number for number, _, _ in odd], dtype=np.int64)
            ends[odd_numbers] = lines.end[np.array([last - 1 for _, last, _ in odd], dtype=np.int64)]
            numbers = np.concatenate((numbers, odd_numbers))
            order = np.argsort(numbers, kind="stable")
            numbers = numbers[order]
            more = [pa.array(texts, pa.string()) for texts in zip(*(fields for _, _, fields in odd), strict=True)]
            columns = [pa.chunked_array([*c.chunks, m]).take(order) for c, m in zip(columns, more, strict=True)]
        trim = pc.ascii_trim_whitespace if chunk.isascii() else pc.utf8_trim_whitespace
        columns = [trim(column) for column in columns]
        places = {
            "line": pa.array(numbers + line),
            "byte_offset": pa.array(lines.start[numbers] + offset),
            "byte_length": pa.array(ends[numbers] - lines.start[numbers]),
        }
        table = pa.table({**places, **{f"c{n}": column for n, column in enumerate(columns)}})
        moved = [BrokenRecord(b.line + line, b.offset + offset, b.length, b.columns, b.reason) for b in broken]
        bytes_used = len(chunk) if used >= len(lines.start) else int(lines.start[used])
        return CsvChunk(table, moved), used, bytes_used

    def _plain_columns(self, data: bytes, rows: int, longest: int) -> list[pa.ChunkedArray]:
        if not rows:
            return [pa.chunked_array([], pa.string()) for _ in self.wanted]
        if not self.is_utf8 and not data.isascii():
            data = data.decode(self.encoding).encode()
        names = [str(n) for n in range(len(self.names))]
        chosen = [str(n) for n in self.wanted]
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(column_names=names, block_size=max(2 << 20, 4 * longest)),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.delimiter, quote_char='"' if b'"' in data else False, ignore_empty_lines=False
            ),
            convert_options=pa.csv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
                include_columns=chosen,
            ),
        )
        if table.num_rows != rows:
            raise RuntimeError(f"{rows} lines became {table.num_rows} records")
        return [table.column(name) for name in chosen]

    def _odd_records(
        self, chunk: bytes, lines: Lines, final: bool
    ) -> tuple[list[tuple[int, int, list[str]]], list[BrokenRecord], list[tuple[int, int]], int]:
        """Records (first line, last line + 1, wanted fields) and broken lines, all counted from the chunk's start."""
        records: list[tuple[int, int, list[str]]] = []
        broken: list[BrokenRecord] = []
        spans: list[tuple[int, int]] = []
        reached = 0
        for number in np.flatnonzero(~lines.plain & ~lines.blank).tolist():
            if number < reached:
                continue
            found = self._record(chunk, lines, number, final)
            if found is None:
                return records, broken, spans, number
            last, fields, columns, reason = found
            if reason:
                start = int(lines.start[number])
                broken.append(BrokenRecord(number, start, int(lines.end[last - 1]) - start, columns, reason))
            elif fields:
                records.append((number, last, [fields[i] for i in self.wanted]))
            reached = last
            spans.append((number, last))
        return records, broken, spans, len(lines.start)

    def _record(self, chunk: bytes, lines: Lines, number: int, final: bool) -> tuple[int, list[str], str, str] | None:
        """The record that starts on a line: (last line + 1, fields, columns, reason); None: the rest is yet to come."""
        start, ran_out = int(lines.start[number]), False

        def texts() -> Iterator[str]:
            nonlocal ran_out
            for i in range(number, len(lines.start)):
                if i > number and lines.end[i] - start > RECORD_BYTES:
                    return
                yield chunk[lines.start[i] : lines.end[i] + 1].decode(self.encoding, "surrogateescape")
            ran_out = True

        reader = csv.reader(texts(), delimiter=self.delimiter, strict=True)
        try:
            fields = next(reader)
        except csv.Error:
            if ran_out and not final:
                return None
            return number + 1, [], "", _why_unreadable(chunk[start : lines.end[number]])
        last = number + reader.line_num
        wanted = len(self.names)
        if len(fields) != wanted and last - number > 1:
            reason = f"a quote does not close properly (it would give {len(fields)} fields instead of {wanted})"
            return number + 1, [], "", reason
        if not any(field.strip(" \r\n") for field in fields) and len(fields) == 1:
            return last, [], "", ""  # only spaces: a blank line
        if len(fields) != wanted:
            few = "too few" if len(fields) < wanted else "too many"
            return last, [], "", f"has {few} fields: {len(fields)} instead of {wanted}"
        columns, reason = self._wrong_bytes(fields)
        return last, fields, columns, reason

    def _wrong_bytes(self, fields: list[str]) -> tuple[str, str]:
        whole = "".join(fields)
        if "\0" not in whole and (whole.isascii() or not _ESCAPED.search(whole)):
            return "", ""
        columns, reasons = [], []
        for name, text in zip(self.names, fields, strict=True):
            wrong = [f"0x{ord(c) - 0xDC00:02X}" for c in text if _ESCAPED.match(c)]
            if wrong:
                reasons.append(f"wrong encoding at column {name}: {', '.join(wrong[:5])} is not {self.encoding}")
            if "\0" in text:
                reasons.append(f"a NUL byte at column {name}")
            if wrong or "\0" in text:
                columns.append(name)
        return ", ".join(columns), "; ".join(reasons)


def _why_unreadable(line: bytes) -> str:
    if b'"' in line:
        return "a quote does not close properly"
    if b"\r" in line.rstrip(b"\r"):
        return "has a carriage return inside the line"
    return f"a field is longer than {csv.field_size_limit():,} characters"
