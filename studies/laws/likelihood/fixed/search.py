"""The one maximum of the likelihood with an intercept a draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokscale.studies.laws.likelihood.fixed.expansion import Expansion, Point, expand
from grokscale.studies.laws.likelihood.maximum import Evidence
from grokscale.studies.laws.likelihood.newton import AT_MAXIMUM, Numbers, climb
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_LOST = 0.01
"""Distance, in standard errors, at which a search that gets no further has found nothing worth reporting."""
_LONGEST = 1e4
"""Longest step, in units of the scatter at hand."""
_NO_MAXIMUM = 1e7
"""theta in units of the start's residual scale: the likelihood grows without end (brackets that a line passes)."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the search ended: the parameters, the second-order expansion there, and the evidence."""

    point: Point
    expansion: Expansion
    evidence: Evidence


def maximise(sample: Sample, start: Point) -> Maximum:
    """Climb from `start` to the maximum.

    Raises:
        NoMaximum: see the class.
    """
    most = _NO_MAXIMUM * start.theta
    reached = climb(_Here(sample, start, expand(sample, start)), until=lambda here: here.parameters.theta > most)
    distance = float(reached.distance)
    if distance > _LOST or reached.here.parameters.theta > most:
        raise NoMaximum
    evidence = Evidence(distance, reached.iterations, converged=distance < AT_MAXIMUM)
    return Maximum(reached.here.parameters, reached.here.expansion, evidence)


def closed_form(sample: Sample, point: Point) -> Maximum:
    """Return the evidence at a least-squares solution: levels and slopes are at the maximum whatever theta is."""
    here = expand(sample, point)
    levels, slopes = here.levels, here.rest[:-1]
    distance = np.sqrt((levels**2 / here.levels_levels).sum() + (slopes**2 / np.diag(here.rest_rest)[:-1]).sum())
    return Maximum(point, here, Evidence(float(distance), 0, converged=True))


@dataclass(frozen=True, slots=True)
class _Here:
    """The log-likelihood as Newton's method sees it."""

    sample: Sample
    parameters: Point
    expansion: Expansion

    @property
    def point(self) -> Floats:
        return self.parameters.vector

    @property
    def value(self) -> Numbers:
        return np.float64(self.expansion.value)

    def newton(self) -> tuple[Floats, Numbers]:
        here = self.expansion
        try:
            rest: Floats = np.linalg.solve(here.schur, here.rest - here.ratios.T @ here.levels).astype(float)
        except np.linalg.LinAlgError:
            raise NoMaximum from None
        levels = here.levels / here.levels_levels - here.ratios @ rest
        gain = levels @ here.levels + rest @ here.rest
        if not np.isfinite(gain):
            raise NoMaximum
        return np.append(levels, rest), np.sqrt(np.maximum(gain, 0.0))

    def longest(self, step: Floats) -> Numbers:
        # theta stays positive, and no step leaves the region where the scale of the problem means anything
        theta, by_theta = self.parameters.theta, step[-1]
        length = min(1.0, _LONGEST * max(1.0, theta) / max(np.abs(step[:-1]).max(initial=0.0), 1.0))
        return np.float64(min(length, -0.9 * theta / by_theta) if by_theta < 0 else length)

    def at(self, point: Floats) -> _Here:
        parameters = Point.of(point, self.sample.draws)
        return _Here(self.sample, parameters, expand(self.sample, parameters))
