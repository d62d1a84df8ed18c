"""Which physical lines of a chunk of CSV bytes can be taken as they stand, found with whole-array operations.

A plain line is one record: it has the right number of fields, its quotes open and close within it and only at the
ends of fields, and it has no NUL, stray carriage return or undecodable byte. Plain lines go to the fast parser;
every other line is looked at by itself (csv_records.py).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEWLINE, RETURN, QUOTE, NUL = 10, 13, 34, 0
Array = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    """Lines of a chunk: byte positions [start, end) without the newline, and which are plain or blank."""

    start: Array
    end: Array
    plain: Mask
    blank: Mask


def find_lines(chunk: bytes, delimiter: str, fields: int, encoding: str) -> Lines:
    """The lines of a chunk; a last line without a newline counts."""
    data = np.frombuffer(chunk, dtype=np.uint8)
    end = np.flatnonzero(data == NEWLINE)
    if chunk and not chunk.endswith(b"\n"):
        end = np.append(end, len(chunk))
    start = np.concatenate((np.zeros(min(1, len(end)), dtype=np.int64), end[:-1] + 1))
    quotes = np.flatnonzero(data == QUOTE)
    delimiters = _outside_quotes(np.flatnonzero(data == ord(delimiter)), quotes, start, end)
    counts = np.diff(np.searchsorted(delimiters, np.append(start, len(chunk))))
    length = end - start
    blank = (length == 0) | ((length == 1) & (data[np.minimum(start, len(chunk) - 1)] == RETURN))
    plain = (counts == fields - 1) & ~blank
    plain[np.diff(np.searchsorted(quotes, np.append(start, len(chunk)))) % 2 == 1] = False
    for position in (_odd_bytes(data), _undecodable(chunk, encoding), _odd_quotes(data, quotes, start, end, delimiter)):
        plain[np.searchsorted(end, position)] = False
    return Lines(start, end, plain, blank)


def take_lines(chunk: bytes, lines: Lines, chosen: Mask) -> bytes:
    """The bytes of the chosen lines, newlines included."""
    if chosen.all():
        return chunk
    data = np.frombuffer(chunk, dtype=np.uint8)
    size = np.minimum(lines.end + 1, len(chunk)) - lines.start
    return data[np.repeat(chosen, size)].tobytes()


def _odd_bytes(data: npt.NDArray[np.uint8]) -> Array:
    returns = np.flatnonzero(data == RETURN)
    inside = returns[returns + 1 < len(data)]
    stray = inside[data[inside + 1] != NEWLINE]
    return np.concatenate((np.flatnonzero(data == NUL), stray))


def _outside_quotes(positions: Array, quotes: Array, start: Array, end: Array) -> Array:
    """The positions that an even number of quotes precedes in their line."""
    if not len(quotes):
        return positions
    before = np.searchsorted(quotes, positions) - np.searchsorted(quotes, start)[np.searchsorted(end, positions)]
    outside: Array = positions[before % 2 == 0]
    return outside


def _odd_quotes(data: npt.NDArray[np.uint8], quotes: Array, start: Array, end: Array, delimiter: str) -> Array:
    """Quotes that neither open a field, close one, nor stand doubled inside one."""
    place = np.arange(len(quotes)) - np.searchsorted(quotes, start)[np.searchsorted(end, quotes)]
    before = np.where(quotes > 0, data[quotes - 1], NEWLINE)
    after = np.where(quotes + 1 < len(data), data[np.minimum(quotes + 1, len(data) - 1)], NEWLINE)
    opens = np.isin(before, (ord(delimiter), NEWLINE, QUOTE))
    closes = np.isin(after, (ord(delimiter), NEWLINE, RETURN, QUOTE))
    odd: Array = quotes[~np.where(place % 2 == 0, opens, closes)]
    return odd


def _undecodable(chunk: bytes, encoding: str) -> Array:
    """One position in each line with bytes that the encoding does not have."""
    found: list[int] = []
    if chunk.isascii():
        return np.array(found, dtype=np.int64)
    decode, view, begin = codecs.lookup(encoding).decode, memoryview(chunk), 0
    while 0 <= begin < len(chunk):
        try:
            decode(view[begin:], "strict")
            break
        except UnicodeDecodeError as error:
            found.append(begin + error.start)
            begin = chunk.find(b"\n", found[-1]) + 1 or -1
    return np.array(found, dtype=np.int64)
