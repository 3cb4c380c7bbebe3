"""The published plateau rule (D2): where a logged error first stays within 5 % of its final value.

E is the mean of the last three logged errors; the plateau begins at the first of two consecutive logged errors within
[0.95 E, 1.05 E]. On a curve that is still falling when the budget ends, the last points always look like a plateau, so
one found in the last tenth of the run is no crossing: the run is right-censored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grokscale.trainers.points import point
from grokscale.trainers.trial import Crossing, ErrorPoint

LAST = 3
BAND = 0.05
_LATEST = 0.9
_STEEP = 0.1
"""Largest |d log error / d log step| from the plateau's first point to the end; the rule's band alone allows 0.05 over
any stretch, which a slowly falling curve fills."""
_MOST = 1 << 16
"""Log points kept (8 bytes a number: the error and the measures of a column); a longer run has no plateau time."""


class PlateauLog:
    """The errors of all live columns at the plateau rule's cadence.

    Args:
        columns: number of columns.
        measures: names of what is measured beside the error, which alone decides where the plateau is.
        bracket: errors are known where they are logged and nowhere between: a plateau begins between two such steps.
    """

    def __init__(self, columns: int, measures: Sequence[str] = (), bracket: bool = False) -> None:
        self.steps: list[int] = []
        self._bracket = bracket
        self._measures = tuple(measures)
        self._points = np.empty((64, 1 + len(self._measures), columns))

    def see(self, step: int, values: np.ndarray) -> None:
        """Log the error and the measures of one step, shape (1 + measures, columns)."""
        size = len(self.steps)
        if size == _MOST:
            return
        if size == len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        self._points[size] = values
        self.steps.append(step)

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self._points = self._points[:, :, columns]

    def result(self, column: int, step: int) -> tuple[Crossing | None, ErrorPoint | None]:
        """Return `t2_plateau` of a run that ended at `step`, and the error there."""
        size = len(self.steps)
        if size == _MOST:
            return None, None
        errors = self._points[:size, 0, column]
        found = plateau(errors)
        if found is None:
            return Crossing(None, step, None, "right"), None
        at = self.steps[found]
        if still_falling(at, float(errors[found]), float(np.mean(errors[-LAST:])), step):
            return Crossing(None, step, None, "right"), None
        there = self._point(found, column)
        if at == 0:
            return Crossing(0, -1, 0, "left", stayed=0), there
        before = self.steps[found - 1] if self._bracket else at - 1
        if before < at - 1:
            return Crossing(None, before, at, "interval", stayed=at), there
        return Crossing(at, at - 1, at, "exact", stayed=at), there

    def least(self, column: int) -> ErrorPoint | None:
        """Return the least logged error: the minimum over the run as published code takes it."""
        errors = self._points[: len(self.steps), 0, column]
        return self._point(int(np.argmin(errors)), column) if errors.size else None

    def _point(self, at: int, column: int) -> ErrorPoint:
        return point(self._measures, np.append(self._points[at, :, column], self.steps[at]))

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {"steps": self.steps, "points": self._points[: len(self.steps)]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self.steps = list(state["steps"])
        room = np.empty((max(64, len(self.steps)), *state["points"].shape[1:]))
        self._points = np.concatenate([state["points"], room])


def still_falling(at: int, error: float, final: float, step: int) -> bool:
    """Return whether what looks like a plateau is only the end of a curve that was cut off.

    Args:
        at: step where the plateau would begin.
        error: the error there.
        final: mean of the last logged errors.
        step: the run's last.
    """
    if at == 0 or error == 0:
        return False
    fall = abs(np.log(final / error))
    return bool(at > _LATEST * step or fall > _STEEP * np.log(step / at))


def plateau(errors: np.ndarray) -> int | None:
    """Return the index at which D2 sees the plateau of a logged curve (points,), None where it sees none."""
    if errors.size < LAST:
        return None
    final = float(np.mean(errors[-LAST:]))
    near = np.abs(errors - final) <= BAND * final
    hits = np.flatnonzero(near[:-1] & near[1:])
    return int(hits[0]) if hits.size else None
