"""Interleaved timing: every contender once a round, A B A B ..., so that what the machine does meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
Contender = Callable[[], Callable[[], T]]
"""Prepares one round, which is not timed, and returns what is."""


class Disagreement(Exception):
    """Two contenders did not do the same work, so that their times say nothing."""


@dataclass
class Timed(Generic[T]):
    """Seconds of each round, and what the last one returned."""

    seconds: list[float] = field(default_factory=list)
    results: list[T] = field(default_factory=list)

    @property
    def least(self) -> float:
        """The shortest round: the work itself, with the least of the machine's noise."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.seconds)

    @property
    def result(self) -> T:
        """What the last round returned."""
        return self.results[-1]


def interleaved(contenders: Mapping[str, Contender[T]], rounds: int) -> dict[str, Timed[T]]:
    """Time all contenders, in turn, for so many rounds."""
    timed: dict[str, Timed[T]] = {name: Timed() for name in contenders}
    for _ in range(rounds):
        for name, prepare in contenders.items():
            seconds, result = timed_once(prepare())
            timed[name].seconds.append(seconds)
            timed[name].results[:] = [result]
    return timed


def timed_once(run: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a call takes, and its result."""
    begun = time.perf_counter()
    result = run()
    return time.perf_counter() - begun, result


def agree(what: str, found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Check that two results of the same shape are one.

    Raises:
        Disagreement: they differ by more than `tolerance` somewhere.
    """
    if found.shape != expected.shape:
        raise Disagreement(f"{what}: shape {found.shape}, not {expected.shape}")
    difference = float(np.max(np.abs(found - expected), initial=0.0))
    if not difference <= tolerance:
        raise Disagreement(f"{what}: off by {difference:.3g}, more than {tolerance:g}")
