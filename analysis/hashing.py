"""Hashes of large files, checked behind the pages' backs: one thread, one file at a time, each content once."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from data.soundness import check_slowly

DELAY_SECONDS = 5.0  # the first page comes first
_NICE = 19

_log = logging.getLogger("execution_debt")
_Content = tuple[int, int, int, int, str]  # where the file lies on the disk, its size and time, and the hash expected
_known: dict[_Content, bool] = {}
_waiting: queue.Queue[tuple[float, Path, str, Callable[[Path], None]]] = queue.Queue()
_asked: set[_Content] = set()
_lock = threading.Lock()
_threads: list[threading.Thread] = []  # none or one


def is_known_bad(path: Path, expected: str) -> bool:
    """Whether this very file was found to be another than published. A snapshot may share it with others."""
    content = _identify(path, expected)
    return content is not None and _known.get(content) is False


def hash_later(path: Path, expected: str, on_mismatch: Callable[[Path], None], *, at_once: bool = False) -> None:
    """Hash a file in the background unless that was done or asked; `on_mismatch` is called from there."""
    content = _identify(path, expected)
    with _lock:
        if content is None or (content in _asked and not at_once) or content in _known:
            return
        _asked.add(content)
        _waiting.put((time.monotonic() + (0 if at_once else DELAY_SECONDS), path, expected, on_mismatch))
        if not _threads:
            _threads.append(threading.Thread(target=_work, name="hash-snapshots", daemon=True))
            _threads[0].start()


def wait_until_hashed() -> None:
    """Wait until nothing is left to hash; for tests and commands."""
    _waiting.join()


def _work() -> None:
    if sys.platform == "linux":  # there a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    while True:
        due, path, expected, on_mismatch = _waiting.get()
        try:
            time.sleep(max(0.0, due - time.monotonic()))
            _hash(path, expected, on_mismatch)
        except OSError as error:  # gone or unreadable: whoever reads it next is told so then
            _log.info("%s could not be hashed: %s", path, error)
        finally:
            _waiting.task_done()


def _hash(path: Path, expected: str, on_mismatch: Callable[[Path], None]) -> None:
    content = _identify(path, expected)
    if content is None or content in _known:
        return
    is_sound = check_slowly(path, expected)
    if _identify(path, expected) != content:  # replaced meanwhile
        return
    _known[content] = is_sound
    if not is_sound:
        _log.error("%s is not what was published: its sha256 is another.", path)
        on_mismatch(path)


def _identify(path: Path, expected: str) -> _Content | None:
    try:
        at = os.stat(path)
    except OSError:
        return None
    return at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, expected
