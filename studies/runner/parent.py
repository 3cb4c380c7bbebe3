"""How a process ends with its parent, even if that was killed with SIGKILL, and how it outlives all of its
descendants.

The first is done in two ways, because neither is enough alone: the kernel's parent-death signal (Linux only; it
works even while Python is stuck in C code), and the end of standard input, a pipe that only the parent holds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LOOK_SECONDS = 0.02


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    Args:
        parent: process id of the parent, which it has sent itself: if it is gone already, no signal would come.
        by: the signal to be sent.
    """
    _prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: see `outlive_children`."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def outlive_children(patience: float) -> None:
    """Return when this process has no child left; kill those that are still there after `patience` seconds."""
    deadline = time.monotonic() + patience
    while children := _children():
        if time.monotonic() > deadline:
            for child in children:
                os.kill(child, signal.SIGKILL)  # ours until it is waited for, so its number is nobody else's
        for child in children:
            os.waitpid(child, os.WNOHANG)
        time.sleep(_LOOK_SECONDS)


def end_all_in(directory: Path, patience: float) -> None:
    """Kill the processes that have a file in a directory open for writing, and wait until they have ended."""
    deadline = time.monotonic() + patience
    while (left := _writers_in(directory)) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _writers_in(directory: Path) -> set[int]:
    """Return the processes that have a file there open for writing; none on systems without /proc.

    Nothing else identifies them: Ray's agents hide their command lines and drop their environment.
    """
    found, inside = set(), f"{directory.resolve()}/"
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(each).startswith(inside) and each.lstat().st_mode & stat.S_IWUSR:
                found.add(int(each.parent.parent.name))
    return found


def _children() -> list[int]:
    """Return the children in the kernel's list, which no longer has those that were waited for."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text(encoding="ascii").split()]


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value)
