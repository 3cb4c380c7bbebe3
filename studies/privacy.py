"""What this product writes is for its user alone, from the moment that it is made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

UMASK = 0o077
"""Of every process of ours: others may neither read nor write what it makes."""


def keep_private() -> None:
    """Have this process, and those that it starts, make nothing that others can read or write."""
    os.umask(UMASK)


def make_directory(path: Path) -> None:
    """Make a directory for this user alone, and what is missing above it; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def private(path: str, flags: int) -> int:
    """Open a file as `open` does, of whose `opener` this is one: where it has to be made, for this user alone."""
    return os.open(path, flags, 0o600)


def is_private(path: Path) -> bool:
    """Return whether a path is a directory, no link to one, that belongs to this user and is open to no other one."""
    found = path.lstat()
    return _is_ours(found) and not found.st_mode & UMASK


def is_ours(path: Path) -> bool:
    """Return whether a path is a directory, no link to one, that belongs to this user."""
    try:
        return _is_ours(path.lstat())
    except FileNotFoundError:
        return False


def openness(path: Path) -> str | None:
    """Return what others can do about a directory that is there, to be said in one line; None: nothing."""
    found = path.stat()
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} belongs to another user (uid {found.st_uid}), who can read and replace everything in it"
    if found.st_mode & UMASK:
        mode = stat.S_IMODE(found.st_mode)
        return f"{path} is open to other users of this machine (mode {mode:04o}): chmod 700 {path}"
    return None


def _is_ours(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
