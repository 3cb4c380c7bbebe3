"""Panels side by side: how large each is, so that the whole has the size that was asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grokscale.studies.charts.sizes import Sides

_LEAST = 60


@dataclass(frozen=True, slots=True)
class Grid:
    """Panels in rows.

    Attributes:
        columns, rows: how many.
        width, height: of a panel's plotting area.
    """

    columns: int
    rows: int
    width: float
    height: float


def grid(count: int, size: Sides, *, beside: float, above: float, around: tuple[float, float]) -> Grid:
    """Return the grid of so many panels in a picture.

    Args:
        count: of panels.
        size: of the picture.
        beside: pixels of width that each panel takes beyond its plotting area.
        above: pixels of height that it takes beyond it.
        around: pixels that the whole takes beyond its panels, in width and in height.
    """
    columns = count if count <= 3 and size.width >= size.height else math.ceil(math.sqrt(count))
    rows = -(-count // columns)
    width = (size.width - around[0]) / columns - beside
    height = (size.height - around[1]) / rows - above
    return Grid(columns, rows, max(_LEAST, width), max(_LEAST, height))
