"""The search for a maximum of the likelihood with a random intercept, in units in which every number is near 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.mixed.centred import Centred, Units
from grokscale.studies.laws.likelihood.mixed.integrand import Place
from grokscale.studies.laws.likelihood.mixed.marginal import Integrated, integrate
from grokscale.studies.laws.likelihood.mixed.quadrature import Start
from grokscale.studies.laws.likelihood.newton import Numbers, climb
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

NO_SPREAD = 1e-3
"""tau/sigma at which draws do not differ at all."""
_LEAST_LOG_RHO = math.log(NO_SPREAD)
_MOST_STEPS = 60
_SHORTEST = 1e-3
"""Part of a Newton step: one that helps only by less of it runs along the rounding of the likelihood."""
_LONGEST = 2.0
"""Of log theta and log rho in one step."""
_LOST = 0.01
"""Distance, in standard errors, at which a search that gets no further has found nothing worth reporting."""
_SHARP = 1e-3
"""Sigma in widths of the narrowest bracket, below which no row tells it from 0."""
_NEAR = 0.1
"""Standard errors from a known maximum within which a search counts as there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is maximised.

    Attributes:
        units, centred: the rows, and their units.
        most_theta: log theta beyond which sigma cannot be distinguished from 0.
        seen: there are exact rows, whose likelihood may have its maximum there.
    """

    units: Units
    centred: Centred
    most_theta: float
    seen: bool

    @classmethod
    def of(cls, sample: Sample, units: Units) -> Problem:
        """Put the rows of a sample in units."""
        least, seen = sample.rounding, bool(sample.exact.any())
        if not seen:
            least = max(least, _SHARP * float((sample.upper - sample.lower)[sample.crossed].min()))
        return cls(units, Centred.of(sample, units), max(0.0, math.log(units.scatter / least)), seen)

    def bounded(self, point: Floats) -> Floats:
        """Return a point with rho and theta within their bounds."""
        theta, rho = point[-2:]
        return np.append(point[:-2], [min(theta, self.most_theta), max(rho, _LEAST_LOG_RHO)])

    def free(self, point: Floats, gradient: Floats) -> NDArray[np.bool_]:
        """Return which coordinates may move: not those at a bound beyond which the likelihood grows."""
        free = np.ones(len(point), dtype=bool)
        free[-2] = point[-2] < self.most_theta or gradient[-2] < 0
        free[-1] = point[-1] > _LEAST_LOG_RHO or gradient[-1] > 0
        return free


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a search ended.

    Attributes:
        place, here: the parameters and the likelihood there.
        free: which coordinates are not held at a bound, shape (p+3,).
        distance: what is left to the maximum, in standard errors; iterations: the steps taken.
    """

    place: Place
    here: Integrated
    free: NDArray[np.bool_]
    distance: float
    iterations: int


def search(problem: Problem, place: Place, known: Sequence[Maximum]) -> Maximum:
    """Climb to a maximum; one that is `known` ends every climb that comes close to it.

    Raises:
        NoMaximum: the climb leads nowhere.
    """
    point = problem.bounded(place.vector)
    start = Start.of(np.zeros(len(problem.centred.levels)))
    reached = climb(
        _Here(problem, point, integrate(problem.centred, Place.of(point), start)),
        most_steps=_MOST_STEPS,
        shortest=_SHORTEST,
        until=lambda here: _near(known, here.point) is not None,
    )
    here, distance = reached.here, float(reached.distance)
    if (maximum := _near(known, here.point)) is not None:
        return maximum
    if not distance < _LOST:
        raise NoMaximum
    return Maximum(Place.of(here.point), here.likelihood, here.free, distance, reached.iterations)


def _near(known: Sequence[Maximum], point: Floats) -> Maximum | None:
    """Return a maximum within a fraction of its standard errors of a point: from there Newton's steps lead to it."""
    for maximum in known:
        off = point - maximum.place.vector
        if off @ maximum.here.information @ off < _NEAR**2:
            return maximum
    return None


@dataclass(frozen=True, slots=True)
class _Here:
    """The log-likelihood as Newton's method sees it, in (level, slopes, log theta, log rho)."""

    problem: Problem
    point: Floats
    likelihood: Integrated

    @property
    def value(self) -> Numbers:
        return np.float64(self.likelihood.value)

    @property
    def free(self) -> NDArray[np.bool_]:
        return self.problem.free(self.point, self.likelihood.gradient)

    def newton(self) -> tuple[Floats, Numbers]:
        gradient, information, free = self.likelihood.gradient, self.likelihood.information, self.free
        if not (np.isfinite(gradient).all() and np.isfinite(information).all()):
            raise NoMaximum
        if not free[-2] and not self.problem.seen:
            raise NoMaximum
        step = np.zeros_like(gradient)
        gradient, information = gradient[free], information[np.ix_(free, free)]
        scale = np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-300))
        values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
        values = np.maximum(np.abs(values), 1e-10)  # away from the maximum it need not be positive
        step[free] = vectors @ ((vectors.T @ (gradient / scale)) / values) / scale
        return step, np.sqrt(np.maximum(gradient @ step[free], 0.0))

    def longest(self, step: Floats) -> Numbers:
        length = min(1.0, _LONGEST / max(float(np.abs(step[-2:]).max()), 1e-300))
        for at, bound in ((-2, self.problem.most_theta), (-1, _LEAST_LOG_RHO)):
            beyond = self.point[at] + length * step[at] - bound
            if (beyond > 0) if at == -2 else (beyond < 0):
                # a little further, for rounding: what lies beyond is cut off
                length = min(length, (bound - self.point[at]) / step[at] * (1 + 1e-12))
        return np.float64(length)

    def at(self, point: Floats) -> _Here:
        point = self.problem.bounded(point)
        likelihood = integrate(self.problem.centred, Place.of(point), self.likelihood.start)
        return _Here(self.problem, point, likelihood)
