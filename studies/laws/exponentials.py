"""Numbers whose logarithm is known, and which a float may not hold."""

from __future__ import annotations

import math

LARGEST = 700.0
OUTSIDE = "outside a float's range"
"""The reason that stands beside a null."""


def representable(*logs: float) -> bool:
    """Whether floats hold the numbers of all these logarithms."""
    return all(abs(log) < LARGEST for log in logs)


def exponential(log: float) -> float | None:
    """Return e^log, None outside a float's range."""
    return math.exp(log) if representable(log) else None
