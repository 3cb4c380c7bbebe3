"""How fast the errors of sparse recovery can move: what lets steps go by without a look.

Proximal steps and plain descent are non-expansive below the step-size limit, so no later step is longer than the last
one. A subgradient step splits into row space and null space: with M = I - alpha X^T X, of norm <= 1,

    a(t+m) - a(t) = (M^m - I) P(a(t) - a_hat) - alpha beta sum_j M^j sign(.),

of norm at most c ||P(a(t) - a_hat)|| + m alpha beta sqrt(n), and ||P(a - a_hat)|| <= ||X (a - a_hat)|| / sigma_min. On
the row space the eigenvalues of M lie in [1 - alpha sigma_max^2, 1), so c = 1 + max(0, alpha sigma_max^2 - 1) <= 2. The
projected method has the second term only. The test error moves by that over ||a*||, the train error by at most
sigma_max times that over ||y||; once projected it stays where it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from grokscale.trainers.linear.looks import HAIR, Bounds
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.task import Speed
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.trial import Trial, number

_PROJECTION = 1e-9
"""Train error that rounding may leave or take after a projection onto the solutions of X a = y."""


def bounds(draws: Sequence[SparseDraw], trials: Sequence[Trial], rule: str) -> tuple[Bounds, Bounds]:
    """Return the bounds of train and test error, each trial with its draw, from the first step on."""
    columns = len(trials)
    norm_y = np.array([np.linalg.norm(draw.y) for draw in draws])
    norm_a_star = np.array([np.linalg.norm(draw.a_star) for draw in draws])
    sigma_max = np.array([_sigma(draw, 0) for draw in draws])
    unexplained = np.array([_unexplained(draw) for draw in draws])
    beta1, beta2 = np.array([strengths(trial.config) for trial in trials]).T
    start_per_misfit, rate, rate_per_movement = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    if rule in ("proximal", "gd") or not (beta1 > 0).any():
        rate_per_movement += 1
    elif (beta2 > 0).any():
        rate += np.inf  # nothing is known
    else:
        n = draws[0].X.shape[1]
        alpha = np.array([number(trial.config, "alpha") for trial in trials])
        rate += alpha * beta1 * math.sqrt(n)
        if rule != "projected":
            overshoot = np.maximum(alpha * sigma_max**2 - 1, 0)
            start_per_misfit += (1 + overshoot) / np.array([_sigma(draw, -1) for draw in draws])
    none = np.zeros(columns)

    def scaled(norm: np.ndarray, factor: np.ndarray | float) -> Bounds:
        movement = (start_per_misfit, rate, rate_per_movement)
        return Bounds(norm, unexplained, none, *(values * factor / norm for values in movement))

    train = scaled(norm_y, sigma_max)
    if rule == "projected":
        train = Bounds(norm_y, unexplained, none + _PROJECTION, none, none, none)
    return train, scaled(norm_a_star, 1.0)


def speed(bounds: Bounds, residual: np.ndarray, movement: np.ndarray) -> Speed:
    """Return what the bounds say at ||X a - y|| and ||a(t) - a(t-1)||, shapes (columns,)."""
    square = residual**2
    misfit = np.sqrt(np.maximum(square - bounds.unexplained, 0) + HAIR * square)
    start = bounds.start + bounds.start_per_misfit * misfit
    return Speed(start, bounds.rate + bounds.rate_per_movement * movement)


def _sigma(draw: SparseDraw, which: int) -> float:
    sigma = draw.theory.spectrum.sigma
    return float(sigma[which]) if sigma.size else (0.0 if which == 0 else math.inf)


def _unexplained(draw: SparseDraw) -> float:
    left = draw.X @ draw.theory.spectrum.a_hat() - draw.y
    return float(left @ left)
