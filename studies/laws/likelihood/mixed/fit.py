"""The maximum of the likelihood with a random intercept a draw, in the predictors' own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grokscale.studies.laws.likelihood.maximum import FLAT, Evidence, inverse, r2
from grokscale.studies.laws.likelihood.mixed.centred import Units
from grokscale.studies.laws.likelihood.mixed.integrand import Place
from grokscale.studies.laws.likelihood.mixed.search import NO_SPREAD, Maximum, Problem, search
from grokscale.studies.laws.likelihood.mixed.start import first_units
from grokscale.studies.laws.likelihood.newton import AT_MAXIMUM
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

STARTS = (1.0, 0.1)
"""Of rho, which the likelihood need not be concave in."""
_LEAST_RHO = 2 * NO_SPREAD
_FAR = 1e4
"""Distance between the line that rows are centred about and the law, in units of sigma, at which digits are lost."""
_MOST_LINES = 3
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


def fit_mixed(sample: Sample, starts: Sequence[float] = STARTS, near: Mixed | None = None) -> Mixed:
    """Fit by maximum likelihood from several starts of the draws' scatter.

    Args:
        sample: at least two draws; x of full rank beside a constant.
        starts: of rho, in units of what the means of the draws say.
        near: a fit of similar rows with as many predictors, from which the search begins; `starts` follow if it fails.

    Raises:
        NoMaximum: the likelihood has none.
    """
    units, rho = first_units(sample)
    places = [Place(0.0, np.zeros(sample.x.shape[1]), 1.0, max(rho * factor, _LEAST_RHO)) for factor in starts]
    if near is not None and near.tau > 0 and len(near.slopes) == sample.x.shape[1]:
        places.insert(0, _as_place(near, units))
    problem = Problem.of(sample, units)
    found: list[Maximum] = []
    for place in places:
        try:
            found.append(search(problem, place, found))
        except NoMaximum:
            continue
        if near is not None:
            break
    if not found:
        raise NoMaximum(sample)
    best = max(found, key=lambda maximum: maximum.here.value)
    values = np.array([maximum.here.value for maximum in found])
    optima = len(np.unique(np.round((values.max() - values) / _SAME).clip(max=1e6)))
    try:
        problem, best = _about_itself(sample, problem, best)
        return _in_own_units(best, problem.units, sample, (len(starts), optima))
    except NoMaximum:
        raise NoMaximum(sample) from None


def _about_itself(sample: Sample, problem: Problem, maximum: Maximum) -> tuple[Problem, Maximum]:
    """Search again with the rows centred about the law that was found, where that lies far from the first line."""
    for _ in range(_MOST_LINES):
        if np.abs(problem.centred.rows.x @ maximum.place.slopes).max(initial=0.0) < _FAR:
            return problem, maximum
        units, place = problem.units, maximum.place
        sigma = units.scatter / place.theta
        slopes = units.slopes + sigma * place.slopes / units.x_scale
        level = units.origin + sigma * place.level
        problem = Problem.of(sample, replace(units, origin=level, slopes=slopes, scatter=sigma))
        maximum = search(problem, Place(0.0, np.zeros_like(slopes), 1.0, place.rho), [])
    return problem, maximum


def _as_place(near: Mixed, units: Units) -> Place:
    """Return a fit as parameters in these units: the inverse of `_in_own_units`."""
    return Place(
        level=float(near.level - units.origin + units.x_mean @ near.slopes) / near.sigma,
        slopes=(near.slopes - units.slopes) * units.x_scale / near.sigma,
        theta=units.scatter / near.sigma,
        rho=max(near.tau / near.sigma, _LEAST_RHO),
    )


def _in_own_units(maximum: Maximum, units: Units, sample: Sample, starts_optima: tuple[int, int]) -> Mixed:
    place, here = maximum.place, maximum.here
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
    by_place = inverse(here.information[np.ix_(maximum.free, maximum.free)])
    _tells_sigma(maximum, by_place, sample)
    covariance = jacobian[:, maximum.free] @ by_place @ jacobian[:, maximum.free].T
    # the draws' parts in the same units, at the given variances
    back = np.linalg.inv(jacobian[:, : p + 1])
    scores = here.scores[:, : p + 1] @ back
    informations = back.T @ here.informations[:, : p + 1, : p + 1] @ back
    own = units.x_scale / sigma
    apart = bool(maximum.free[-1])
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
        evidence=Evidence(maximum.distance, maximum.iterations, maximum.distance < AT_MAXIMUM, *starts_optima),
    )


def _tells_sigma(maximum: Maximum, covariance: Floats, sample: Sample) -> None:
    """Refuse a likelihood that grows, or is flat, all the way to sigma = 0, but for rows that lie on a law.

    Raises:
        NoMaximum: it does.
    """
    if maximum.free[-2]:
        if covariance[len(maximum.place.slopes) + 1, len(maximum.place.slopes) + 1] > FLAT:
            raise NoMaximum
        return
    seen = sample.draw[sample.exact]
    if len(seen) - len(np.unique(seen)) <= len(maximum.place.slopes):
        raise NoMaximum
