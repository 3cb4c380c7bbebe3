"""Compiled functions that Python calls, with the types that it calls them with: what is compiled before a pack trains.

A part of a kernel that takes long is one too, so that processes may compile side by side what one would compile in a
row. Types are those of small stand-ins for what the engines hand over. Each task lists its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numba
import numpy as np

from grokscale.trainers import levels
from grokscale.trainers.compiled import Dispatcher
from grokscale.trainers.levels import Tracks


@dataclass(frozen=True, eq=False)
class Kernel:
    """A function and the types of its arguments.

    Attributes:
        function: as it is compiled.
        arguments: values of these types.
        seconds: what it takes to compile after those it needs, on an idle core (Zen 3, 2.45 GHz).
        after: kernels that it calls, or what would be compiled twice otherwise.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float
    after: tuple[Kernel, ...] = ()

    @property
    def name(self) -> str:
        """Of the function."""
        return self.function.__name__

    @cached_property
    def types(self) -> tuple[Any, ...]:
        """The arguments' types, as numba has them."""
        return tuple(map(numba.typeof, self.arguments))

    @property
    def dispatcher(self) -> Dispatcher:
        """What numba makes of the function."""
        return cast(Dispatcher, self.function)

    @property
    def loaded(self) -> bool:
        """Whether this process has its machine code."""
        return self.types in self.dispatcher.overloads

    @property
    def ready(self) -> bool:
        """Whether some process has compiled it."""
        return self.loaded or self.dispatcher.keeps(self.types)

    def load(self) -> None:
        """Take its machine code from the cache, or compile it."""
        self.dispatcher.compile(self.types)


_row, _steps, _flags = np.zeros(1), np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.bool_)
TRACKS = Tracks(_row, _steps, _steps, _flags, _steps[0], _steps[0], 1)
"""A stand-in for what an error's passages are kept in."""
PLAN = Kernel(levels.plan_all, (TRACKS, 0, _row, _row, _row), 0.25)
LOOKS = (PLAN,)
"""What looking takes wherever the steps themselves are not compiled."""


def missing(kernels: Iterable[Kernel]) -> list[Kernel]:
    """Return those that nobody has compiled yet."""
    return [kernel for kernel in kernels if not kernel.ready]
