"""Writing so that a power cut cannot take it back: content first, then the name it is found under."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path


def write_durably(path: Path, text: str) -> None:
    """Write a file and wait until its content lies on the disk; its folder is for the caller to sync."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        _sync(file.fileno())


def copy_durably(source: Path, target: Path) -> None:
    """Copy a file and wait until the copy lies on the disk."""
    shutil.copy2(source, target)
    sync_file(target)


def sync_file(path: Path) -> None:
    """Wait until a file's content lies on the disk."""
    with path.open("rb+") as file:
        _sync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder lie on the disk."""
    if os.name == "nt":  # Windows cannot open folders; its renames are journalled
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def sync_folders(path: Path) -> None:
    """The same for a folder and every folder within it, the innermost first."""
    for folder in sorted((p for p in path.rglob("*") if p.is_dir()), reverse=True):
        sync_folder(folder)
    sync_folder(path)


def hash_file(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(handle: int) -> None:
    if sys.platform == "darwin":  # fsync there only reaches the drive's cache
        import fcntl

        try:
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
        except OSError:  # a file system that knows no such thing
            pass
    os.fsync(handle)
