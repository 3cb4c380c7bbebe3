"""Counts how often in a row something ended that the runner keeps starting: too often is trouble of the runner's."""

from __future__ import annotations

MOST = 5
"""Ends in a row from which on they are no longer put down to chance."""


class Streak:
    """Counts ends in a row.

    Args:
        what: the beginning of the sentence that says what ends again and again.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._last = ""

    @property
    def trouble(self) -> str | None:
        """What is wrong, in one sentence; None: nothing, or so few ends in a row that they may be chance."""
        if self._count < MOST:
            return None
        return f"{self._what}, {self._count} times in a row; the last time: {self._last}"

    def ended(self, why: str) -> None:
        """Count an end."""
        self._count += 1
        self._last = why

    def lasted(self) -> None:
        """Begin to count anew: what had ended before now works."""
        self._count = 0
