"""Ends in a row of what the runner starts anew each time: how many of them are a trouble of the runner's own."""

from __future__ import annotations

MOST = 5
"""Ends in a row that are put down to chance, less one."""


class Streak:
    """Counts ends in a row.

    Args:
        what: ends again and again, as the beginning of a sentence.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._last = ""

    @property
    def trouble(self) -> str | None:
        """What is wrong, in one sentence; None: nothing, or so few ends that they may be chance."""
        if self._count < MOST:
            return None
        return f"{self._what}, {self._count} times in a row; the last time: {self._last}"

    def ended(self, why: str) -> None:
        """Count an end."""
        self._count += 1
        self._last = why

    def lasted(self) -> None:
        """Begin anew: what had ended before does now what it is for."""
        self._count = 0
