"""Snapshots whose one table says a word: real ones, published in milliseconds."""

from __future__ import annotations

import datetime as dt

import pytest

from analysis.errors import UserError
from data.engine import Reader, connect_work
from data.snapshots import NewPart


def publish(store, use_case="credit", word="first", models=None):
    """A snapshot whose one table says a word."""
    with store.writing() as work:
        file = work / f"{use_case}.duckdb"
        con = connect_work(file)
        con.execute("create table facts as select $word as word", {"word": word})
        con.close()
        toml = f'name = "{use_case}"\nlabel = "{word}"\n'
        return store.publish(
            NewPart(use_case, word, toml, dt.datetime(2026, 7, 12), file, {"facts": 1}, "test.toml", models)
        )


def read_word(store, manifest, use_case="credit"):
    reader = Reader(store.folder(manifest.id) / manifest.parts[use_case].file)
    try:
        return reader.rows("select word from facts")[0][0]
    finally:
        reader.close()


def refuse(action):
    with pytest.raises(UserError) as caught:
        action()
    return caught.value
