"""Work in a thread of its own: after browser tests the main thread of a worker holds Playwright's event loop for good,
and no other loop may run there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def run_aside(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """What the function returns or raises, called in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments, **named).result()
