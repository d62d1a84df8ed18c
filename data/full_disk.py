"""A disk that is full, a file that may not grow, a folder that may not be written: told in words."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from data.errors import UserError

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
# The database passes the system's words on in its own error, without the number.
_SAID = {
    "full": ("no space left on device", "disk quota exceeded", "not enough space on the disk", "disk is full"),
    "limit": ("file too large",),
    "refused": ("read-only file system",),
}


class DiskError(UserError):
    """The disk is full or may not be written: nothing was published."""


@contextmanager
def disk_in_words(root: Path, work: Path | None = None, guide: int = 0) -> Iterator[None]:
    """Turn what a full or unwritable disk raises into a UserError; everything else passes.

    work: the folder whose size tells how much had been written. guide: bytes of the last snapshot, the best guess at
    what another one takes; 0 where there is none.
    """
    try:
        yield
    except DiskError:
        raise  # told already, nearer to where it happened
    except Exception as error:
        kind = _find_kind(error, root)
        if kind is None:
            raise
        raise _describe(kind, error, root, measure(work) if work else 0, guide) from error


def measure(folder: Path) -> int:
    """Bytes of the files in a folder; files that vanish meanwhile count 0."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _find_kind(error: BaseException | None, root: Path) -> str | None:
    """What kind of disk trouble is at the bottom of an error; None if it is of another sort."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            if error.errno in _FULL:
                return "full"
            if error.errno == errno.EFBIG:
                return "limit"
            if error.errno in _REFUSED and Path(str(error.filename)).is_relative_to(root):
                return "refused"  # elsewhere it is a file to be read, which is told by whoever reads it
        elif isinstance(error, duckdb.Error):
            said = str(error).lower()
            for kind, words in _SAID.items():
                if any(word in said for word in words):
                    return kind
        error = error.__cause__ or error.__context__
    return None


def _describe(kind: str, error: BaseException, root: Path, written: int, guide: int) -> DiskError:
    kept = "Nothing was published; the snapshot shown before still is."
    if kind == "refused":
        first = str(error).splitlines()[0]
        return DiskError(
            "The store cannot be written",
            f"This account may not write to {root} ({first}). {kept}",
            "Give it the right to write there, or name another folder in EXECUTION_DEBT_STORE.",
        )
    needs = f" The last snapshot takes {_mb(guide)}; building one needs about twice as much." if guide else ""
    wrote = f" {_mb(written)} of this one had been written." if written else ""
    if kind == "limit":
        return DiskError(
            "A file may not grow any further",
            f"The system's limit on the size of a file was reached in {root}.{wrote}{needs} {kept}",
            "Raise the limit (`ulimit -f unlimited`) for the account that loads, or use a disk without one; "
            "then try again.",
        )
    return DiskError(
        "The disk is full",
        f"{root} lies on a disk with {_mb(_read_free(root))} left.{wrote}{needs} {kept}",
        "Free space there (`python -m analysis.jobs.snapshots prune` removes old snapshots), or name a folder on a "
        "larger disk in EXECUTION_DEBT_STORE; then try again.",
    )


def _read_free(root: Path) -> int:
    place = root
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"
