"""Ending with one's parent, even where that was killed with SIGKILL.

Two ways, because neither suffices: the kernel's parent-death signal (Linux only, and it works while Python is stuck in
C code), and the end of standard input, a pipe that only the parent holds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    Args:
        parent: process id of the parent, as it says itself: where that is gone already, no signal would come.
        by: the signal that comes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(1)
