"""One writer at a time: a lock the operating system holds for the process and releases at its death.

The file only names the holder; its presence alone means nothing. So a lock left by a killed process needs no taking
over, and two processes that both find it cannot both win.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data.errors import UserError

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a locked byte cannot be read by others there, so it lies far behind the holder's number

    def _try_lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold the lock; UserError naming the process that has it. The file is gone afterwards."""
    handle = _take(lock)
    try:
        _name_holder(handle)
        yield
    finally:
        if os.name == "nt":  # there an open file cannot be removed; if another opened it meanwhile, it stays
            os.close(handle)
            with suppress(OSError):
                lock.unlink()
        else:  # removed while held: whoever waits on the removed file notices (_is_same) and opens the new one
            lock.unlink(missing_ok=True)
            os.close(handle)


def _take(lock: Path) -> int:
    while True:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            _try_lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            raise UserError(
                "Another load is running",
                f"Process {_read_holder(lock)} is writing to {lock.parent}.",
                "Wait until it has ended, then try again.",
            ) from None
        except BaseException:
            os.close(handle)
            raise
        if _is_same(handle, lock):
            return handle
        os.close(handle)  # its holder removed it between our opening and locking it


def _is_same(handle: int, lock: Path) -> bool:
    """Whether the path still leads to the file we locked."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock))
    except FileNotFoundError:
        return False


def _name_holder(handle: int) -> None:
    with suppress(OSError):  # on a full disk there is no room for the number; the lock holds without it
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, str(os.getpid()).encode())


def _read_holder(lock: Path) -> str:
    with suppress(OSError, ValueError):
        content = lock.read_bytes()[:20].decode("ascii").strip()
        if content.isdigit():
            return content
    return "unknown"
