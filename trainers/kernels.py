"""Every kernel that Python calls, and the types that it is called with: all there is to compile before a pack trains.

A part of a kernel that takes long is listed too, so that processes may compile side by side what one would compile in a
row. Types are those of small stand-ins for what the engines hand over.
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
from grokscale.trainers.linear import loop as linear_loop
from grokscale.trainers.linear.looks import Bounds
from grokscale.trainers.schedule import CURVE
from grokscale.trainers.tasks.sparse_recovery.fast_forward import decomposition, events, looks, modes, path, segment

_row, _rows, _cube = np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1))
_steps, _flags = np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.bool_)
_bounds = Bounds(_row, _row, _row, _row, _row, _row)
_tracks = Tracks(_row, _steps, _steps, _flags, _steps[0], _steps[0], 1)
_data = linear_loop.Data(_cube, _cube, _rows, _rows)
_slots = linear_loop.Slots(_cube, _cube, _cube, _rows, _rows, _rows, _steps, _cube)
_terms = segment.Terms(_rows, _rows, _row, 1.0, 1.0, 1.0)
_held = decomposition.Held(_rows, _row, _flags[0], 0)
_affine, _factors, _movement = modes.Affine(_row, _row, _rows), modes.Factors(_row, _row), (1.0, _row)
_segment = segment.Segment(_row, _affine, _affine, _affine, _factors, (_row, _row))
_track = looks.Track(_row, _flags, _steps, _steps)
_watched = looks.Watched(_row, _row, (1.0, 1.0), _track, _track)
_span = (0, 0, 0)


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


DECOMPOSE = Kernel(decomposition.decompose, (_rows, _rows, _flags[0], _held), 9.5)
SEGMENT_AT = Kernel(segment.segment_at, (_terms, _row, _held), 3.4, (DECOMPOSE,))
LOOK = Kernel(path.look_along, (_segment, _watched, CURVE, 0, _span), 3.1)
ENDS = Kernel(events.active_set_ends, (1.0, _row, _affine, _affine, _factors, 0), 1.2)
SHRINK_STEPS = Kernel(segment.shrink_steps, (_terms, _row, 1), 0.4)
LEAP = Kernel(path.leap_from, (_terms, _row, _held, _watched, CURVE, 0, _span), 3.2, (SEGMENT_AT, LOOK, ENDS))
PLAN = Kernel(levels.plan_all, (_tracks, 0, _row, _row, _row), 0.25)
WALK = Kernel(linear_loop.walk, (1, 0, _data, _slots, (_tracks, _bounds), (_tracks, _bounds), 0, 1, True), 8.0)

FAST_FORWARD = (
    DECOMPOSE,
    SEGMENT_AT,
    LOOK,
    ENDS,
    SHRINK_STEPS,
    Kernel(looks.follow_states, (_watched, _rows, _rows, _row, 0, 0), 0.5),
    Kernel(looks.first_within, (_affine, _factors, _movement, 1.0, (0.0, 1.0), 0, 1, 1), 0.3),
    Kernel(looks.first_overtaken, (_affine, _affine, _factors, _movement, 1), 0.3),
    Kernel(modes.value_at, (_affine, _factors, 0), 0.1),
    Kernel(looks.distance, (_row, _row), 0.1),
    LEAP,
)
"""What following a trial without its steps takes; in an order in which two processes finish soonest."""
STEPS = (WALK,)
"""What stepping on a CPU takes."""
LOOKS = (PLAN,)
"""What stepping elsewhere takes: there the steps themselves are not compiled."""
EVERY = (*FAST_FORWARD, *STEPS, *LOOKS)


def missing(kernels: Iterable[Kernel]) -> list[Kernel]:
    """Return those that nobody has compiled yet."""
    return [kernel for kernel in kernels if not kernel.ready]
