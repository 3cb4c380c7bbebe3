"""The maximum of the likelihood with a random intercept a draw, in the predictors' own units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.maximum import AT_MAXIMUM, FLAT, Evidence, r2
from grokscale.studies.laws.likelihood.mixed.centred import Centred, Units
from grokscale.studies.laws.likelihood.mixed.integrand import Place
from grokscale.studies.laws.likelihood.mixed.marginal import Integrated, integrate
from grokscale.studies.laws.likelihood.mixed.quadrature import Start
from grokscale.studies.laws.likelihood.mixed.start import first_units
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

Chosen = NDArray[np.bool_]

_MOST_STEPS = 60
_SHORTEST = 1e-3
"""Part of a Newton step: one that helps only by less of it runs along the rounding of the likelihood."""
_CLOSE = 1e-9
STARTS = (1.0, 0.1)
"""Several, as the likelihood is concave for a given rho only."""
_NONE = 1e-3
"""tau/sigma at which draws do not differ at all."""
_LEAST_RHO = math.log(_NONE)
_LOST = 0.01
"""Distance, in standard errors, at which a search that gets no further has found nothing worth reporting."""
_FAR = 1e4
"""Distance between the line that rows are taken about and the law, in units of sigma, at which digits are lost."""
_MOST_LINES = 3
_SHARP = 1e-3
"""Sigma in widths of the narrowest bracket from which on all that it does is nothing."""
_NEAR = 0.1
"""Standard errors from a maximum within which a search counts as there."""
_SAME = 1e-6
"""Log-likelihoods that differ by less are one optimum."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """log t = level + x . slopes + u_draw + sigma * stretch * e by maximum likelihood.

    Attributes:
        level, slopes: the fixed part.
        covariance: of (level, slopes) by the observed information, uncorrected, shape (p+1, p+1).
        sigma, tau: standard deviations within and between draws; tau = 0 at the boundary.
        offsets: each draw's u given its rows, shape (draws,).
        value: log-likelihood of log t.
        weights: information of each draw's rows on their curve, in rows seen to the step, shape (draws,).
        within: the part of the information on the slopes that comes from within draws, shape (p, p).
        scores: of each draw by (level, slopes), the variances profiled out, shape (draws, p+1).
        informations: of each draw likewise, shape (draws, p+1, p+1).
        r2: share of the variation of log t within draws that x explains, over exact rows; None where there is none.
        no_scatter: sigma is rounding of the logarithm.
        evidence: of convergence.
    """

    level: float
    slopes: Floats
    covariance: Floats
    sigma: float
    tau: float
    offsets: Floats
    value: float
    weights: Floats
    within: Floats
    scores: Floats
    informations: Floats
    r2: float | None
    no_scatter: bool
    evidence: Evidence

    @property
    def intercepts(self) -> Floats:
        """Each draw's intercept given its rows, shape (draws,)."""
        return self.level + self.offsets


@dataclass(frozen=True, slots=True)
class _Top:
    """Where a climb ended.

    Attributes:
        place, here: the parameters and the likelihood there.
        free: which coordinates are not held at a bound, shape (p+3,).
        distance: what is left to the maximum, in standard errors; iterations: the steps taken.
    """

    place: Place
    here: Integrated
    free: Chosen
    distance: float
    iterations: int


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is climbed on.

    Attributes:
        units, centred: the rows in units.
        most_theta: log theta from which on nothing tells sigma from 0.
        seen: there are rows seen to the step, whose likelihood may have its maximum there.
    """

    units: Units
    centred: Centred
    most_theta: float
    seen: bool

    @classmethod
    def of(cls, sample: Sample, units: Units) -> _Ground:
        least, seen = sample.rounding, bool(sample.exact.any())
        if not seen:
            least = max(least, _SHARP * float((sample.upper - sample.lower)[sample.crossed].min()))
        return cls(units, Centred.of(sample, units), max(0.0, math.log(units.scatter / least)), seen)

    def bounded(self, vector: Floats) -> Floats:
        """Return a vector with rho and theta within their bounds."""
        theta, rho = vector[-2:]
        return np.append(vector[:-2], [min(theta, self.most_theta), max(rho, _LEAST_RHO)])

    def free(self, vector: Floats, gradient: Floats) -> Chosen:
        """Return which coordinates may move: not those at a bound beyond which the likelihood grows."""
        free = np.ones(len(vector), dtype=bool)
        free[-2] = vector[-2] < self.most_theta or gradient[-2] < 0
        free[-1] = vector[-1] > _LEAST_RHO or gradient[-1] > 0
        return free


def fit_mixed(sample: Sample, starts: Sequence[float] = STARTS, near: Mixed | None = None) -> Mixed:
    """Fit by maximum likelihood from several starts of the draws' scatter.

    Args:
        sample: at least two draws; x of full rank beside a constant.
        starts: of rho, in units of what the means of the draws say.
        near: a fit of about the same rows and as many predictors: the search begins there, and at `starts` if that
            leads nowhere.

    Raises:
        NoMaximum: the likelihood has none.
    """
    units, rho = first_units(sample)
    places = [Place(0.0, np.zeros(sample.x.shape[1]), 1.0, max(rho * factor, 2 * _NONE)) for factor in starts]
    if near is not None and near.tau > 0 and len(near.slopes) == sample.x.shape[1]:
        places.insert(0, _as_place(near, units))
    ground = _Ground.of(sample, units)
    found: list[_Top] = []
    for place in places:
        try:
            found.append(_climb(ground, place, found))
        except NoMaximum:
            continue
        if near is not None:
            break
    if not found:
        raise NoMaximum(sample)
    best = max(found, key=lambda top: top.here.value)
    values = np.array([top.here.value for top in found])
    optima = len(np.unique(np.round((values.max() - values) / _SAME).clip(max=1e6)))
    try:
        ground, best = _about_itself(sample, ground, best)
        return _in_own_units(best, ground.units, sample, (len(starts), optima))
    except NoMaximum:
        raise NoMaximum(sample) from None


def _about_itself(sample: Sample, ground: _Ground, top: _Top) -> tuple[_Ground, _Top]:
    """Climb on with the rows about the law that was found, where the line that they were about lies far from it."""
    for _ in range(_MOST_LINES):
        if np.abs(ground.centred.rows.x @ top.place.slopes).max(initial=0.0) < _FAR:
            return ground, top
        units, place = ground.units, top.place
        sigma = units.scatter / place.theta
        slopes = units.slopes + sigma * place.slopes / units.x_scale
        level = units.origin + sigma * place.level
        ground = _Ground.of(sample, replace(units, origin=level, slopes=slopes, scatter=sigma))
        top = _climb(ground, Place(0.0, np.zeros_like(slopes), 1.0, place.rho), [])
    return ground, top


def _as_place(near: Mixed, units: Units) -> Place:
    """Return a fit as parameters in these units: the inverse of `_in_own_units`."""
    return Place(
        level=float(near.level - units.origin + units.x_mean @ near.slopes) / near.sigma,
        slopes=(near.slopes - units.slopes) * units.x_scale / near.sigma,
        theta=units.scatter / near.sigma,
        rho=max(near.tau / near.sigma, 2 * _NONE),
    )


def _climb(ground: _Ground, place: Place, tops: Sequence[_Top]) -> _Top:
    """Damped Newton steps to a maximum; a climb that comes close to one of the `tops` ends there."""
    vector = ground.bounded(place.vector)
    here = integrate(ground.centred, Place.of(vector), Start.of(np.zeros(len(ground.centred.levels))))
    free, distance = ground.free(vector, here.gradient), np.inf
    for iteration in range(_MOST_STEPS):
        free = ground.free(vector, here.gradient)
        step, distance = _newton(here, free)
        if not free[-2] and not ground.seen:
            raise NoMaximum
        if distance < _CLOSE:
            return _Top(Place.of(vector), here, free, distance, iteration)
        if (known := _near(tops, vector)) is not None:
            return known
        moved = _line_search(ground, vector, here, step, distance)
        if moved is None:
            break
        vector, here = moved
    if not distance < _LOST:
        raise NoMaximum
    return _Top(Place.of(vector), here, free, distance, _MOST_STEPS)


def _near(tops: Sequence[_Top], vector: Floats) -> _Top | None:
    """Return a maximum within a fraction of its standard errors of a vector: there Newton's steps lead to it."""
    for top in tops:
        off = vector - top.place.vector
        if off @ top.here.information @ off < _NEAR**2:
            return top
    return None


def _newton(here: Integrated, free: Chosen) -> tuple[Floats, float]:
    gradient, information = here.gradient, here.information
    if not (np.isfinite(gradient).all() and np.isfinite(information).all()):
        raise NoMaximum
    step = np.zeros_like(gradient)
    gradient, information = gradient[free], information[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    values = np.maximum(np.abs(values), 1e-10)  # away from the maximum it need not be positive
    step[free] = vectors @ ((vectors.T @ (gradient / scale)) / values) / scale
    distance = float(np.sqrt(max(gradient @ step[free], 0.0)))
    longest = np.abs(step[-2:]).max()
    return step * min(1.0, 2.0 / max(longest, 1e-300)), distance


def _line_search(
    ground: _Ground, vector: Floats, here: Integrated, step: Floats, distance: float
) -> tuple[Floats, Integrated] | None:
    length = _until_bound(ground, vector, step)
    shortest = _SHORTEST * length
    while length > shortest:
        moved = ground.bounded(vector + length * step)
        there = integrate(ground.centred, Place.of(moved), here.start)
        gain = there.value - here.value
        if gain >= 1e-4 * length * here.gradient @ step or (distance < 1e-4 and gain > -1e-9 * (1 + abs(here.value))):
            return moved, there
        length /= 2
    return None


def _until_bound(ground: _Ground, vector: Floats, step: Floats) -> float:
    """Return how much of a step leads to the first bound, at most 1."""
    length = 1.0
    for at, bound in ((-2, ground.most_theta), (-1, _LEAST_RHO)):
        beyond = vector[at] + step[at] - bound
        if (beyond > 0) if at == -2 else (beyond < 0):
            length = min(length, (bound - vector[at]) / step[at])
    # a little further, for rounding: what lies beyond is cut off
    return min(1.0, length * (1 + 1e-12))


def _in_own_units(top: _Top, units: Units, sample: Sample, search: tuple[int, int]) -> Mixed:
    place, here = top.place, top.here
    p = len(place.slopes)
    sigma = units.scatter / place.theta
    slopes = units.slopes + sigma * place.slopes / units.x_scale
    level = units.origin + sigma * place.level - units.x_mean @ slopes
    # (level, slopes) in own units by (level, slopes, log theta, log rho): sigma goes down as theta goes up
    jacobian = np.zeros((p + 1, p + 3))
    jacobian[1:, 1 : p + 1] = np.diag(sigma / units.x_scale)
    jacobian[1:, p + 1] = -sigma * place.slopes / units.x_scale
    jacobian[0] = -units.x_mean @ jacobian[1:]
    jacobian[0, 0], jacobian[0, p + 1] = sigma, jacobian[0, p + 1] - sigma * place.level
    inverse = _inverse(here.information[np.ix_(top.free, top.free)])
    _tells_sigma(top, inverse, sample)
    covariance = jacobian[:, top.free] @ inverse @ jacobian[:, top.free].T
    # the draws' parts in the same units, at the given variances
    back = np.linalg.inv(jacobian[:, : p + 1])
    scores = here.scores[:, : p + 1] @ back
    informations = back.T @ here.informations[:, : p + 1, : p + 1] @ back
    own = units.x_scale / sigma
    apart = bool(top.free[-1])
    # the likelihood at rho = 0, to which it goes as a square
    value = here.value - (0.0 if apart else here.gradient[-1] / 2)
    offsets = sigma * here.offsets if apart else np.zeros(sample.draws)
    return Mixed(
        level=float(level),
        slopes=slopes,
        covariance=covariance,
        sigma=float(sigma),
        tau=float(sigma * place.rho) if apart else 0.0,
        offsets=offsets,
        value=float(value - int(sample.exact.sum()) * np.log(units.scatter)),
        weights=here.weights,
        within=here.within * np.outer(own, own),
        scores=scores,
        informations=informations,
        r2=r2(sample, level + offsets, slopes, float(sigma)),
        no_scatter=bool(sigma <= 2 * sample.rounding),
        evidence=Evidence(top.distance, top.iterations, top.distance < AT_MAXIMUM, *search),
    )


def _tells_sigma(top: _Top, inverse: Floats, sample: Sample) -> None:
    """Refuse a likelihood that grows, or is flat, all the way to sigma = 0, but for rows that lie on a law.

    Raises:
        NoMaximum: it does.
    """
    if top.free[-2]:
        if inverse[len(top.place.slopes) + 1, len(top.place.slopes) + 1] > FLAT:
            raise NoMaximum
        return
    seen = sample.draw[sample.exact]
    if len(seen) - len(np.unique(seen)) <= len(top.place.slopes):
        raise NoMaximum


def _inverse(information: Floats) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    try:
        with np.errstate(over="ignore"):
            factor = np.linalg.inv(np.linalg.cholesky(information / scale / scale[:, None]))
    except np.linalg.LinAlgError:
        raise NoMaximum from None
    return factor.T @ factor / scale / scale[:, None]
