"""Files in a directory that others may be able to write to: nothing is followed, and whose a file is can be asked."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_READ = stat.S_IRGRP | stat.S_IROTH


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
    """Open a new file for writing, in place of whatever bears its name.

    Args:
        path: of the file.
        own: nobody else may read it; else whoever may read its directory.
    """
    with suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    if not own:
        _change_mode(handle, 0o600 | path.parent.stat().st_mode & _READ)
    return open(handle, "wb")


def make_directory(path: Path, *, own: bool) -> None:
    """Make a directory.

    Args:
        path: of the directory.
        own: for this user alone; else as open as the one that it lies in, whatever the umask.

    Raises:
        FileExistsError: there is something of this name.
    """
    path.mkdir(0o700)
    if not own:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            _change_mode(handle, stat.S_IMODE(path.parent.stat().st_mode) & ~stat.S_ISVTX)
        finally:
            os.close(handle)


def _change_mode(handle: int, mode: int) -> None:
    with suppress(PermissionError):  # a file system that knows no modes
        os.fchmod(handle, mode)


def others(found: os.stat_result) -> str | None:
    """Say how somebody else than this user could have written a file or to a directory; None: nobody could."""
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, and this process is user {os.geteuid()}"
    if found.st_mode & _OTHERS:
        return f"others than its owner can write to it (mode {stat.S_IMODE(found.st_mode):o})"
    return None
