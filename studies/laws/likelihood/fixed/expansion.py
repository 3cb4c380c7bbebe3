"""The censored log-likelihood of log t with one intercept per draw, in Olsen's parametrisation.

    log t = a_draw + x . b + sigma * s * e,     theta = 1/sigma,  level = a/sigma,  slope = b/sigma

s is the stretch of a row, mostly 1. The log-likelihood is concave in (level, slope, theta) for every kind of censoring
(R. Olsen, Econometrica 46, 1978; for intervals because the density is log-concave), so that it has one maximum. The
Hessian is diagonal in the levels, which a Schur complement eliminates: a thousand draws cost no more than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample


@dataclass(frozen=True, slots=True)
class Point:
    """Parameters: levels (draws,), slopes (p,), theta > 0."""

    levels: Floats
    slopes: Floats
    theta: float

    @property
    def vector(self) -> Floats:
        """(levels, slopes, theta), shape (draws + p + 1,)."""
        return np.concatenate([self.levels, self.slopes, [self.theta]])

    @staticmethod
    def of(vector: Floats, draws: int) -> Point:
        """Return the parameters of a vector."""
        return Point(vector[:draws], vector[draws:-1], float(vector[-1]))


@dataclass(frozen=True, slots=True)
class Expansion:
    """The log-likelihood at a point to second order; the last of the `rest` is theta, the slopes come before it.

    Attributes:
        value: log-likelihood of log t.
        levels, rest: gradient by the levels and by the rest, shapes (draws,) and (p+1,).
        levels_levels: diagonal of minus the Hessian, shape (draws,).
        levels_rest: its off-diagonal block, shape (draws, p+1).
        rest_rest: its lower block, shape (p+1, p+1).
        weight: information on the linear predictor summed over rows, each in units of its own scatter.
    """

    value: float
    levels: Floats
    rest: Floats
    levels_levels: Floats
    levels_rest: Floats
    rest_rest: Floats
    weight: float

    @property
    def ratios(self) -> Floats:
        """Minus the derivative of the maximising levels by the rest, shape (draws, p+1)."""
        return self.levels_rest / self.levels_levels[:, None]

    @property
    def schur(self) -> Floats:
        """Information on the rest once the levels are profiled out, shape (p+1, p+1)."""
        return self.rest_rest - self.levels_rest.T @ self.ratios


def expand(sample: Sample, point: Point) -> Expansion:
    """Return the log-likelihood with its gradient and Hessian."""
    linear = point.levels[sample.draw] + sample.x @ point.slopes
    value, eta, theta, eta_eta, eta_theta, theta_theta = rows(sample, linear, point.theta)
    p = sample.x.shape[1]
    levels_rest = np.empty((sample.draws, p + 1))
    for j in range(p):
        levels_rest[:, j] = sample.sums(eta_eta * sample.x[:, j])
    levels_rest[:, p] = sample.sums(eta_theta)
    rest_rest = np.empty((p + 1, p + 1))
    rest_rest[:p, :p] = (sample.x.T * eta_eta) @ sample.x
    rest_rest[:p, p] = rest_rest[p, :p] = sample.x.T @ eta_theta
    rest_rest[p, p] = theta_theta.sum()
    return Expansion(
        value=float(value.sum()),
        levels=sample.sums(eta),
        rest=np.append(sample.x.T @ eta, theta.sum()),
        # a draw whose brackets hold its curve with certainty has no curvature left
        levels_levels=np.maximum(sample.sums(eta_eta), 1e-200),
        levels_rest=levels_rest,
        rest_rest=rest_rest,
        weight=float((eta_eta * sample.stretches**2).sum()),
    )
