"""Files in a directory that others may be able to write to: nothing is followed, and whose a file is can be asked."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read(path: Path, *, own: bool) -> bytes:
    """Return what a file holds.

    Args:
        path: of a regular file; a symbolic link is none.
        own: take it only where it belongs to this user, and nobody else can write to it.

    Raises:
        FileNotFoundError: there is none.
        PermissionError: it cannot be read, or is not to be taken; the message says why.
    """
    # a pipe that somebody has put there would be waited for
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError("it is not a regular file")
        if own and (stranger := others(found)):
            raise PermissionError(stranger)
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def create(path: Path, *, own: bool) -> BinaryIO:
    """Open a new file for writing, in place of whatever bears its name; `own`: nobody else may read it."""
    with suppress(FileNotFoundError):
        path.unlink()
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if own else 0o666), "wb")


def others(found: os.stat_result) -> str | None:
    """Say how somebody else than this user could have written a file or to a directory; None: nobody could."""
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, and this process is user {os.geteuid()}"
    if found.st_mode & _OTHERS:
        return f"others than its owner can write to it (mode {stat.S_IMODE(found.st_mode):o})"
    return None
