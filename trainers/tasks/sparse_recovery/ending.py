"""Where the training of sparse recovery ends, and what its distance from there proves.

A contracting method (proximal, plain descent) never moves away from its fixed point a_inf. So once
(||a_inf - a*|| - ||a(t) - a_inf||) / ||a*|| exceeds the threshold, no later step crosses it: infeasible, certified.
The subgradient and projected methods keep swinging about their end by a few alpha beta sqrt(n); within that of an a_inf
that lies above the threshold by more than the swing, they are stalled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.task import Ending
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.tasks.sparse_recovery.theory.chatter import chatter
from grokscale.trainers.trial import Trial, number

_SWINGS = 3.0
"""Chatter of a sign method, in units of alpha beta sqrt(n)."""
_TELLING = 0.5
"""Chatter above this fraction of ||a*|| says nothing of where a run is."""
_SETTLED = 1e-3
"""A contracting run has settled within this fraction of its floor, or of _NO_FLOOR ||a*|| where that is larger."""
_NO_FLOOR = 1e-6


class Ends:
    """The end points of all live columns, and the judgement of their distance.

    Attributes:
        points: a_inf, shape (columns, n); NaN where it is not known.
    """

    def __init__(self, draws: Sequence[SparseDraw], trials: Sequence[Trial]) -> None:
        pairs = list(zip(draws, trials, strict=True))
        self.points = np.stack([_end(draw, trial) for draw, trial in pairs])
        self._contracts = np.array([_contracts(trial) for trial in trials])
        self._chatter = np.array(
            [chatter(number(t.config, "alpha"), *strengths(t.config), draw.a_star) for draw, t in pairs]
        )
        self._scale = np.array([np.linalg.norm(draw.a_star) for draw in draws])
        targets = np.stack([draw.a_star for draw in draws])
        self._floor = np.linalg.norm(self.points - targets, axis=1)

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        for name, values in vars(self).items():
            setattr(self, name, values[columns])

    def judge(self, distance: np.ndarray, threshold: float) -> Ending:
        """Judge columns by ||a(t) - a_inf|| (columns,); comparisons with an unknown end are all False."""
        certifies, settles = self.within(threshold)
        settled = distance <= settles
        above = (self._floor - settles) / self._scale > threshold
        return Ending(distance < certifies, stalled=settled & above & ~self._contracts, settled=settled)

    def within(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the distance below which a column is certified, and that within which it has settled.

        Shapes (columns,); -inf: never, nan: its end is not known.
        """
        near = np.where(
            self._contracts, np.maximum(_SETTLED * self._floor, _NO_FLOOR * self._scale), _SWINGS * self._chatter
        )
        # a swing of the signal's own size would count a run as settled where it starts
        telling = self._contracts | (near <= _TELLING * self._scale)
        certifies = np.where(self._contracts, self._floor - threshold * self._scale, -np.inf)
        return certifies, np.where(telling, near, -np.inf)


def patience(draw: SparseDraw, trial: Trial, threshold: float) -> float:
    """Return the step from which a trial whose end is not known may be given up; infinite where it is known.

    Three times as long as the sign flow takes to the threshold or, where it never comes there, to its own end.
    """
    beta1, _ = strengths(trial.config)
    if beta1 == 0 or not np.isnan(_end(draw, trial)).any():
        return np.inf
    try:
        flow = draw.theory.sign_flow(draw.initial(trial.config))
    except ArithmeticError:
        return np.inf
    passage = flow.first_passage(threshold)
    return 3 * (float(flow.start[-1]) if passage is None else passage) / (number(trial.config, "alpha") * beta1)


def _contracts(trial: Trial) -> bool:
    return trial.config["optimizer"] in ("proximal", "gd") or strengths(trial.config)[0] == 0


def _end(draw: SparseDraw, trial: Trial) -> np.ndarray:
    """Return the point where the method ends, NaN where it is not known exactly, shape (n,)."""
    beta1, beta2 = strengths(trial.config)
    spectrum, a0 = draw.theory.spectrum, draw.initial(trial.config)
    unknown = np.full(spectrum.n, np.nan)
    projected = trial.config["optimizer"] == "projected"
    if beta1 == 0:
        if beta2 == 0:
            return spectrum.least_squares_limit(a0)
        return spectrum.a_hat() if projected else spectrum.ridge_point(beta2)
    if projected:
        if beta2 > 0:
            return unknown
        try:
            return draw.theory.sign_flow(a0).limit
        except ArithmeticError:
            return unknown
    point = draw.theory.lasso(beta1, beta2)
    return point.a if point.certified and point.unique else unknown
