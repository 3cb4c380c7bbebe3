"""What a chart can refuse. The chart of a law refuses what the law does: see `studies.laws.errors`."""

from __future__ import annotations


class NothingDrawn(Exception):
    """There is nothing to draw so far; the message says what is missing."""
