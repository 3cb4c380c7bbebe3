"""How large a picture may be, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_SIDE, MOST_SIDE = 200, 2_000
"""Pixels: below, labels leave no room."""
MOST_PIXELS = 16_000_000
"""Of a png: more take many seconds, and gigabytes, to draw."""
MOST_TRIALS = 6
"""Panels of curves in one picture."""


@dataclass(frozen=True, slots=True)
class Size:
    """The whole picture in pixels, None for what the chart itself finds best.

    A picture of several panels comes within a few pixels.
    """

    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """A size that is settled."""

    width: int
    height: int


def settled(size: Size | None, width: int, height: int) -> Sides:
    """Return a size with what it leaves open."""
    size = size or Size()
    return Sides(size.width or width, size.height or height)
