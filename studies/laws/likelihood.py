"""The censored likelihood of log t with an intercept a draw, in Olsen's parametrisation.

    log t = a_draw + x . b + sigma * s * e,     theta = 1/sigma,  level = a/sigma,  slope = b/sigma

Given the stretch s of each row, mostly 1, the log-likelihood is concave in (level, slope, theta) for every kind of row
(R. Olsen, Econometrica 46, 1978; for interval rows because the density is log-concave), so one Newton search finds the
only maximum. The curvature of the levels is diagonal: they are eliminated by a Schur complement, and a thousand draws
cost no more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.noise import NORMAL, Curve, Floats, Noise

_NO_SCATTER = 1e-13
"""Scatter of log t relative to its size that is rounding of the logarithm and nothing else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of the likelihood.

    Attributes:
        lower, upper: ends of log t, shape (rows,); equal where t was seen to the step, -inf or inf where open.
        x: predictors, shape (rows, p).
        draw: the draw of each row, 0 <= draw < draws, shape (rows,). Pooled: all 0.
        draws: number of draws, every one of them with a crossing (a row that is bounded on both sides).
        noise: of log t.
        stretch: by how much each row scatters more than sigma, s above, shape (rows,); None: 1 everywhere.
    """

    lower: Floats
    upper: Floats
    x: Floats
    draw: NDArray[np.intp]
    draws: int
    noise: Noise = NORMAL
    stretch: Floats | None = None

    @property
    def stretches(self) -> Floats:
        """The stretch of each row, shape (rows,)."""
        return np.ones(len(self.lower)) if self.stretch is None else self.stretch

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Rows bounded on both sides."""
        return np.isfinite(self.lower) & np.isfinite(self.upper)

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Rows whose time was seen to the step."""
        return self.lower == self.upper

    @property
    def rounding(self) -> float:
        """The scatter of log t that is rounding of the logarithm and nothing else."""
        return _NO_SCATTER * max(1.0, float(np.abs(self.lower[self.crossed]).max()))

    def sums(self, values: Floats) -> Floats:
        """Sum values of shape (rows,) over each draw, shape (draws,)."""
        return np.bincount(self.draw, values, self.draws).astype(float)


@dataclass(frozen=True, slots=True)
class Point:
    """Parameters: levels (draws,), slopes (p,), theta > 0."""

    levels: Floats
    slopes: Floats
    theta: float

    def moved(self, step: Self, length: float) -> Point:
        """Return the point `length` steps further."""
        return Point(
            self.levels + length * step.levels, self.slopes + length * step.slopes, self.theta + length * step.theta
        )


@dataclass(frozen=True, slots=True)
class Expansion:
    """The log-likelihood at a point to second order; the last of the `rest` is theta, the slopes come before it.

    Attributes:
        value: log-likelihood of log t.
        levels, rest: gradient, shapes (draws,) and (p+1,).
        levels_levels: diagonal of minus the Hessian, shape (draws,).
        levels_rest: its off-diagonal block, shape (draws, p+1).
        rest_rest: its lower block, shape (p+1, p+1).
        weight: information of the rows on their curve, each in units of its own scatter.
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
        """How the best levels follow the rest: -d levels / d rest, shape (draws, p+1)."""
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


def rows(sample: Sample, eta: Floats, theta: float) -> Floats:
    """Each row's log-likelihood, its derivatives by eta and theta, and minus the second ones: shape (6, rows).

    Args:
        sample: the rows.
        eta: of each row, where it expects theta * log t, shape (rows,).
        theta: 1/sigma.
    """
    noise, lower, upper = sample.noise, sample.lower, sample.upper
    if sample.stretch is not None:
        lower, upper, eta = lower / sample.stretch, upper / sample.stretch, eta / sample.stretch
    found = np.zeros((6, len(eta)))
    exact, crossed = sample.exact, sample.crossed
    for kind, curve, end in (
        (exact, noise.at, lower),
        (np.isposinf(upper), noise.above, lower),
        (np.isneginf(lower), noise.below, upper),
    ):
        if kind.any():
            chosen = slice(None) if kind.all() else kind
            found[:, chosen] = _one_end(curve(theta * end[chosen] - eta[chosen]), end[chosen])
    if (interval := crossed & ~exact).any():
        found[:, interval] = _two_ends(noise, lower[interval], upper[interval], eta[interval], theta)
    found[0, exact] += np.log(theta)
    found[2, exact] += 1 / theta
    found[5, exact] += 1 / theta**2
    if sample.stretch is not None:
        found[0, exact] -= np.log(sample.stretch[exact])
        found[[1, 4]] /= sample.stretch
        found[3] /= sample.stretch**2
    return found


def _one_end(f: Curve, end: Floats) -> Floats:
    # z = theta * end - eta
    return np.stack([f.value, -f.slope, end * f.slope, -f.bend, end * f.bend, -(end**2) * f.bend])


def _two_ends(noise: Noise, lower: Floats, upper: Floats, eta: Floats, theta: float) -> Floats:
    # m = theta * middle - eta, w = theta * width
    middle, width = (lower + upper) / 2, upper - lower
    f = noise.between(theta * middle - eta, theta * width)
    return np.stack(
        [
            f.value,
            -f.m,
            middle * f.m + width * f.w,
            -f.mm,
            middle * f.mm + width * f.mw,
            -(middle**2 * f.mm + 2 * middle * width * f.mw + width**2 * f.ww),
        ]
    )
