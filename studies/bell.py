"""An event that a signal may bring about."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Protocol


class Stop(Protocol):
    """What a runner is asked to end by: a `Bell`, or a `threading.Event` where no signal sets it."""

    def is_set(self) -> bool:
        """Return whether the end is asked for."""
        ...

    def wait(self, seconds: float, /) -> bool:
        """Wait for that, so long at most; return whether it is asked for."""
        ...


class Bell:
    """Set once and for all, also by a signal handler.

    `threading.Event.set` waits for a lock that the code which the handler interrupts may hold: then neither goes on,
    for ever. Here a byte is written to a pipe that is never read.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def set(self) -> None:
        """Set it, now or again."""
        with contextlib.suppress(BlockingIOError):  # full of such bytes
            os.write(self._write, b"!")

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self.wait(0)

    def wait(self, seconds: float, /) -> bool:
        """Wait until it is set, so long at most; return whether it was."""
        return bool(self._poll.poll(1000 * seconds))
