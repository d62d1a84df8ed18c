"""Writing the bank's tables as Parquet in the contract's own column names, a month at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.demo.phases import Array

MONEY = pa.decimal128(18, 2)
TIME = pa.timestamp("us")


class Tables:
    """Open Parquet files by table name; each `add` appends one row group. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, columns: dict[str, pa.Array]) -> None:
        """Append rows to `<name>.parquet`; the first call fixes the columns and their types."""
        table = pa.table(columns)
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", table.schema, compression="zstd",
                                                   compression_level=1)  # fmt: skip
        self._writers[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows


def as_money(values: Array, present: Array | None = None) -> pa.Array:
    """EUR in main units as exact decimals with two places; null where not `present`."""
    cents = np.rint(np.where(np.isfinite(values), values, 0.0) * 100).astype("int64")
    wide = np.empty((len(cents), 2), "int64")
    wide[:, 0], wide[:, 1] = cents, cents >> 63  # little-endian 128 bits, sign extended
    plain = pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(wide.tobytes())])
    if present is None:
        return plain
    return pc.if_else(pa.array(present), plain, pa.scalar(None, MONEY))


def as_time(values: Array, present: Array | None = None) -> pa.Array:
    """Naive UTC timestamps in microseconds; NaT and what is not `present` become null."""
    mask = None if present is None else ~present
    return pa.array(values.astype("datetime64[us]"), mask=mask, type=TIME)


def as_ids(prefix: str, numbers: Array, width: int, present: Array | None = None) -> pa.Array:
    """Text ids such as C00000123; null where not `present`."""
    text = pc.utf8_lpad(pa.array(numbers.astype("int64")).cast(pa.string()), width, "0")
    ids = pc.binary_join_element_wise(pa.scalar(prefix), text, "")
    return ids if present is None else pc.if_else(pa.array(present), ids, pa.scalar(None, pa.string()))


def as_words(codes: Array, words: Sequence[str], present: Array | None = None) -> pa.Array:
    """Text from positions in `words`; null where not `present`."""
    mask = None if present is None else ~present
    safe = codes if present is None else np.where(present, codes, 0)
    indices = pa.array(safe.astype("int32"), mask=mask)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(words), pa.string())).cast(pa.string())


def as_numbers(values: Array, present: Array | None = None) -> pa.Array:
    """Floats; NaN and what is not `present` become null."""
    mask = ~np.isfinite(values) if present is None else ~present | ~np.isfinite(values)
    return pa.array(values.astype("float64"), mask=mask)


def as_flags(values: Array, present: Array | None = None) -> pa.Array:
    """Booleans; null where not `present`."""
    return pa.array(values.astype(bool), mask=None if present is None else ~present)


def as_columns(features: pd.DataFrame) -> dict[str, pa.Array]:
    """A feature table's columns: floats, and text for categories; blanks are null."""
    columns: dict[str, pa.Array] = {}
    for name in features.columns:
        column = features[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy()
            columns[str(name)] = as_words(codes, list(column.cat.categories), codes >= 0)
        else:
            columns[str(name)] = as_numbers(column.to_numpy())
    return columns
