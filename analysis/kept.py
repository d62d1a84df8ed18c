"""Answers kept with the snapshot they were made from, so that they never hold an old one open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from analysis.source import Source

P = ParamSpec("P")
R = TypeVar("R")
_lock = threading.Lock()


def kept_with_source(
    most: int,
) -> Callable[[Callable[Concatenate[Source, P], R]], Callable[Concatenate[Source, P], R]]:
    """Remember the last `most` answers of a function of a source and hashable arguments, for each source by itself.

    They go when the source does. (An lru_cache would keep the source, its open file and its memory with them.)
    """

    def decorate(answer: Callable[Concatenate[Source, P], R]) -> Callable[Concatenate[Source, P], R]:
        @wraps(answer)
        def remembered(source: Source, /, *arguments: P.args, **named: P.kwargs) -> R:
            key: Hashable = (arguments, tuple(sorted(named.items())))
            with _lock:
                kept: dict[Any, Any] = source.kept.setdefault(answer, {})
                if key in kept:
                    kept[key] = kept.pop(key)  # the last one asked for goes last
                    return kept[key]  # type: ignore[no-any-return]
            found = answer(source, *arguments, **named)
            with _lock:
                kept[key] = found
                while len(kept) > most:
                    del kept[next(iter(kept))]
            return found

        return remembered

    return decorate
