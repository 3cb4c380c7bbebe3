"""Numbers that are known by their logarithm, and that a float may not hold."""

from __future__ import annotations

import math

LARGEST = 700.0
"""Logarithm of the largest number that is computed with."""
OUTSIDE = "outside a float's range"
"""The reason that stands beside a null."""


def representable(*logs: float) -> bool:
    """Whether floats hold the numbers of all these logarithms."""
    return all(abs(log) < LARGEST for log in logs)


def exponential(log: float) -> float | None:
    """Return e^log, None outside a float's range."""
    return math.exp(log) if representable(log) else None
