"""The one maximum of a concave log-likelihood, by damped Newton steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokscale.studies.laws.likelihood.fixed.expansion import Expansion, Point, expand
from grokscale.studies.laws.likelihood.maximum import AT_MAXIMUM, Evidence
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_MOST_STEPS = 100
_CLOSE = 1e-10
"""Distance to the maximum, in standard errors, at which the search ends: far below any digit that is compared."""
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
    point, here = start, expand(sample, start)
    before = np.inf
    for iteration in range(_MOST_STEPS):
        step, distance = _newton(here)
        # Newton's steps square the distance: one that no longer halves it is down to rounding
        if distance < _CLOSE or before / 2 < distance < AT_MAXIMUM:
            return _ended(point, here, distance, iteration)
        following = _line_search(sample, point, here, step, distance)
        if following is None:
            return _ended(point, here, distance, iteration)
        point, here = following
        before = distance
        if point.theta > _NO_MAXIMUM * start.theta:
            raise NoMaximum
    return _ended(point, here, _newton(here)[1], _MOST_STEPS)


def closed_form(sample: Sample, point: Point) -> Maximum:
    """Return the evidence at a least-squares solution: levels and slopes are at the maximum whatever theta is."""
    here = expand(sample, point)
    levels, slopes = here.levels, here.rest[:-1]
    distance = np.sqrt((levels**2 / here.levels_levels).sum() + (slopes**2 / np.diag(here.rest_rest)[:-1]).sum())
    return Maximum(point, here, Evidence(float(distance), 0, converged=True))


def _ended(point: Point, here: Expansion, distance: float, iterations: int) -> Maximum:
    if distance > _LOST:
        raise NoMaximum
    return Maximum(point, here, Evidence(distance, iterations, converged=distance < AT_MAXIMUM))


def _newton(here: Expansion) -> tuple[Point, float]:
    try:
        rest: Floats = np.linalg.solve(here.schur, here.rest - here.ratios.T @ here.levels).astype(float)
    except np.linalg.LinAlgError:
        raise NoMaximum from None
    levels = here.levels / here.levels_levels - here.ratios @ rest
    gain = float(levels @ here.levels + rest @ here.rest)
    if not np.isfinite(gain):
        raise NoMaximum
    return Point(levels, rest[:-1], float(rest[-1])), max(gain, 0.0) ** 0.5


def _line_search(
    sample: Sample, point: Point, here: Expansion, step: Point, distance: float
) -> tuple[Point, Expansion] | None:
    # theta stays positive, and no step leaves the region where the scale of the problem means anything; within a tenth
    # of a standard error the full step is right and rounding hides the gain
    longest = _LONGEST * max(1.0, point.theta)
    length = min(1.0, longest / max(np.abs(step.levels).max(), np.abs(step.slopes).max(initial=0.0), 1.0))
    if step.theta < 0:
        length = min(length, -0.9 * point.theta / step.theta)
    if distance < 0.1:
        moved = point.moved(step, length)
        return moved, expand(sample, moved)
    while length > 1e-10:
        moved = point.moved(step, length)
        there = expand(sample, moved)
        if there.value >= here.value + 1e-4 * length * distance**2:
            return moved, there
        length /= 2
    return None
