"""Reads the records of one table's sources into staging, and the physical text of single records when it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from data.load.cast import Rules
from data.load.csv_records import BrokenRecord, CsvChunk, read_chunks
from data.load.inputs import Input
from data.load.mapping import Mapping, Source
from data.load.staging import Stage, build_cast_select, build_parquet_relation, used_columns
from data.load.typed import build_doubted_select, build_typed_select, plan_lanes, survey_file
from data.load.words import quote_name, quote_text

RAW_BATCH = 50_000


@dataclass(frozen=True)
class File:
    """One input in its place: the number it has in this load, the source it belongs to."""

    number: int
    source_no: int
    source: Source
    input: Input


@dataclass
class Intake:
    """State of the reading: the next record's number, the files so far and the records read per source."""

    con: duckdb.DuckDBPyConnection
    mapping: Mapping
    next_id: int
    progress: Callable[[str], None]
    files: list[File] = field(default_factory=list)
    records: dict[int, int] = field(default_factory=dict)  # file number -> records read
    typed: list[str] = field(default_factory=list)  # SELECTs of the table's records that stay in their files

    def read_file(self, file: File, stage: Stage, rules: Rules) -> None:
        """Stage every record of the file; broken ones go to staging.broken."""
        first = self.next_id
        if file.input.is_csv:
            self._read_csv(file, stage, rules)
        else:
            self._read_parquet(file, stage, rules)
        self.records[file.number] = self.next_id - first
        for note in file.input.notes:
            self.progress(f"{file.source.name}: {note}")
        self.progress(f"{file.source.name}: {file.input.shown}: {self.next_id - first:,} records read")

    def _read_csv(self, file: File, stage: Stage, rules: Rules) -> None:
        source, one = file.source, file.input
        assert one.header is not None
        select = build_cast_select(self.mapping, source, one, stage, rules, (file.source_no, file.number), "chunk")
        chunks = read_chunks(one.path, one.header, used_columns(source, one), source.delimiter, source.encoding)
        for chunk in _one_ahead(chunks):
            good, broken = self._number(chunk)
            self.con.register("chunk", good)
            self.con.execute(f"INSERT INTO {stage.rows} {select}")
            self.con.unregister("chunk")
            if broken is not None:
                self.con.register("chunk", broken)
                self.con.execute(
                    f"INSERT INTO staging.broken SELECT record_id, {file.number}, * EXCLUDE (record_id) FROM chunk"
                )
                self.con.unregister("chunk")

    def _number(self, chunk: CsvChunk) -> tuple[pa.Table, pa.Table | None]:
        """Record numbers in the order of the file, over sound and broken records together."""
        lines = chunk.table.column("line").to_numpy()
        wrong = np.array([b.line for b in chunk.broken], dtype=np.int64)
        every = np.sort(np.concatenate((lines, wrong)))
        start = self.next_id
        self.next_id += len(every)
        good = chunk.table.append_column("record_id", pa.array(np.searchsorted(every, lines) + start))
        if not chunk.broken:
            return good, None
        return good, _broken_table(chunk.broken, np.searchsorted(every, wrong) + start)

    def _read_parquet(self, file: File, stage: Stage, rules: Rules) -> None:
        source, one = file.source, file.input
        numbers, first = (file.source_no, file.number), self.next_id
        lanes = plan_lanes(source, one, stage.table, stage.kinds, rules)
        which = "true"
        if lanes is not None:
            survey = survey_file(self.con, self.mapping, stage.table, lanes, one, rules)
            if survey.doubts:
                doubted = build_doubted_select(survey, lanes, one)
                self.con.execute(f"INSERT INTO {stage.doubted} SELECT {first} + file_row_number FROM ({doubted})")
            which = f"{first} + file_row_number IN (SELECT record_id FROM {stage.doubted})" if survey.doubts else ""
            select = build_typed_select(stage.table, stage.kinds, survey, one, numbers, first, stage.doubted)
            self.typed.append(select)
        if which:
            relation = build_parquet_relation(source, one, first, which)
            select = build_cast_select(self.mapping, source, one, stage, rules, numbers, relation)
            self.con.execute(f"INSERT INTO {stage.rows} {select}")
        path = quote_text(str(one.path))
        self.next_id += int(self.con.execute(f"SELECT count(*) FROM read_parquet({path})").fetchall()[0][0])


def _one_ahead(chunks: Iterator[CsvChunk]) -> Iterator[CsvChunk]:
    """The same chunks; the next one is split into records while the engine casts this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = pool.submit(next, chunks, None)
            yield chunk


def _broken_table(broken: list[BrokenRecord], ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Table:
    return pa.table(
        {
            "record_id": pa.array(ids),
            "line": pa.array([b.line for b in broken], pa.int64()),
            "byte_offset": pa.array([b.offset for b in broken], pa.int64()),
            "byte_length": pa.array([b.length for b in broken], pa.int64()),
            "columns": pa.array([b.columns for b in broken], pa.string()),
            "reasons": pa.array([b.reason for b in broken], pa.string()),
        }
    )


def read_raws(con: duckdb.DuckDBPyConnection, files: list[File], wanted: str) -> None:
    """Fill staging.raws for the records of `wanted`, a SELECT of record_id, file_no, line, byte_offset, byte_length.

    CSV gives the physical text (wrong bytes as backslash escapes), other sources the record's values as JSON.
    """
    con.execute(f"CREATE OR REPLACE TABLE staging.wanted AS {wanted}")
    numbers = [row[0] for row in con.execute("SELECT DISTINCT file_no FROM staging.wanted ORDER BY 1").fetchall()]
    for number in numbers:
        file = files[number]
        if file.input.is_csv:
            for batch in _read_texts(con, file):
                con.register("chunk", batch)
                con.execute("INSERT INTO staging.raws SELECT * FROM chunk")
                con.unregister("chunk")
            continue
        values = ", ".join(f"{quote_text(name)}: {text}" for name, text in file.input.texts.items())
        path = quote_text(str(file.input.path))
        con.execute(
            f"INSERT INTO staging.raws SELECT {quote_name('_record')}, CAST(to_json({{{values}}}) AS VARCHAR) FROM "
            f"(SELECT w.record_id AS {quote_name('_record')}, r.* FROM staging.wanted w "
            f"JOIN read_parquet({path}, file_row_number = true) r ON r.file_row_number = w.line - 1 "
            f"WHERE w.file_no = {number})"
        )


def _read_texts(con: duckdb.DuckDBPyConnection, file: File) -> Iterator[pa.Table]:
    places = con.execute(
        "SELECT record_id, byte_offset, byte_length FROM staging.wanted "
        f"WHERE file_no = {file.number} ORDER BY byte_offset"
    ).fetchnumpy()
    total = len(places["record_id"])
    with file.input.path.open("rb") as opened:
        for begin in range(0, total, RAW_BATCH):
            part = slice(begin, begin + RAW_BATCH)
            texts = []
            for offset, length in zip(
                places["byte_offset"][part].tolist(), places["byte_length"][part].tolist(), strict=True
            ):
                opened.seek(offset)
                texts.append(opened.read(length).decode(file.source.encoding, "backslashreplace").rstrip("\r\n"))
            yield pa.table({"record_id": pa.array(places["record_id"][part]), "raw": pa.array(texts, pa.string())})
