"""Ending with one's parent, even where that was killed with SIGKILL; outliving one's children, theirs and orphans.

Two ways of the first, because neither suffices: the kernel's parent-death signal (Linux only, and it works while Python
is stuck in C code), and the end of standard input, a pipe that only the parent holds.
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
        parent: process id of the parent, as it says itself: where that is gone already, no signal would come.
        by: the signal that comes.
    """
    _prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: see `outlive_children`."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def outlive_children(patience: float) -> None:
    """Return when this process has no child left; those that are there after `patience` seconds are killed."""
    deadline = time.monotonic() + patience
    while children := _children():
        if time.monotonic() > deadline:
            for child in children:
                os.kill(child, signal.SIGKILL)  # ours until it is waited for, so its number is nobody else's
        for child in children:
            os.waitpid(child, os.WNOHANG)
        time.sleep(_LOOK_SECONDS)


def end_all_in(directory: Path, patience: float) -> None:
    """Kill the processes that write to a file in a directory, and wait until they have gone."""
    deadline = time.monotonic() + patience
    while (left := _writers_in(directory)) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _writers_in(directory: Path) -> set[int]:
    """Processes that have a file there open to write, none where there is no /proc.

    By what else could one know them: Ray's agents hide their command lines and lose their environment.
    """
    found, inside = set(), f"{directory.resolve()}/"
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(each).startswith(inside) and each.lstat().st_mode & stat.S_IWUSR:
                found.add(int(each.parent.parent.name))
    return found


def _children() -> list[int]:
    """Children by the kernel's list, which those have left that were waited for."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text(encoding="ascii").split()]


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value)
