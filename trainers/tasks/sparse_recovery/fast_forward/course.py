"""A trial as what can be fast-forwarded: the task makes it, `run` follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grokscale.trainers.tasks.sparse_recovery.fast_forward.segment import Descent


@dataclass(frozen=True)
class Course:
    """A trial that can be fast-forwarded.

    Attributes:
        descent: what is descended.
        a0: initial point, shape (n,). a_star: ground truth, shape (n,), not 0.
        end: where training ends, shape (n,); NaN where it is not known.
        within: ||a(t) - end|| below which a test threshold is certified never to be crossed, and that at and below
            which the run has settled; -inf: never.
        observe: curve columns of iterates (points, n), each of shape (points,).
        measure: measures of an iterate (n,).
        regularized: there is a regulariser.
    """

    descent: Descent
    a0: np.ndarray
    a_star: np.ndarray
    end: np.ndarray
    within: Callable[[float], tuple[float, float]]
    observe: Callable[[np.ndarray], dict[str, np.ndarray]]
    measure: Callable[[np.ndarray], dict[str, float | None]]
    regularized: bool
