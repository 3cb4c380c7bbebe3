"""The maximum of the likelihood with a random intercept a draw, in the predictors' own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from studies.laws.design import means
from studies.laws.fit import r2, rounding
from studies.laws.given import Parted
from studies.laws.likelihood import Sample
from studies.laws.mixed import Integrated, Place, integrate
from studies.laws.newton import AT_MAXIMUM, Evidence, NoMaximum
from studies.laws.noise import Floats

_MOST_STEPS = 60
_SHORTEST = 1e-3
"""Part of a Newton step: one that helps only by less of it runs along the rounding of the likelihood."""
_CLOSE = 1e-9
STARTS = (1.0, 0.1)
"""Several, as the likelihood is concave for a given rho only."""
_NONE = 1e-3
"""tau/sigma at which draws do not differ at all."""
_NO_MAXIMUM = 1e5
"""theta, in units of the start's scatter, from which on the likelihood grows without end."""
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
        weight: information of the rows on their curve, in rows.
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
    weight: float
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
    """Where a climb ended: the place, the likelihood there, the distance left in standard errors, the steps taken."""

    place: Place
    here: Integrated
    distance: float
    iterations: int


@dataclass(frozen=True, slots=True)
class _Units:
    """A line as the origin of log t and a scatter as its unit: see `fit`. Shapes (p,)."""

    origin: float
    x_mean: Floats
    x_scale: Floats
    slopes: Floats
    scatter: float

    def apply(self, sample: Sample) -> Sample:
        x = (sample.x - self.x_mean) / self.x_scale
        line = self.origin + x @ self.slopes
        return replace(
            sample, lower=(sample.lower - line) / self.scatter, upper=(sample.upper - line) / self.scatter, x=x
        )


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
    units, rho = _start(sample)
    scaled = units.apply(sample)
    places = [Place(0.0, np.zeros(sample.x.shape[1]), 1.0, max(rho * factor, 2 * _NONE)) for factor in starts]
    if near is not None and near.tau > 0 and len(near.slopes) == sample.x.shape[1]:
        places.insert(0, _as_place(near, units))
    parted = Parted.of(scaled)
    found: list[_Top] = []
    for place in places:
        try:
            found.append(_climb(parted, place, _first_modes(scaled, place), found))
        except NoMaximum:
            continue
        if near is not None:
            break
    if not found:
        raise NoMaximum
    best = max(found, key=lambda top: top.here.value)
    values = np.array([top.here.value for top in found])
    optima = len(np.unique(np.round((values.max() - values) / _SAME).clip(max=1e6)))
    return _in_own_units(best, units, sample, (len(starts), optima))


def _as_place(near: Mixed, units: _Units) -> Place:
    """Return a fit as parameters in these units: the inverse of `_in_own_units`."""
    return Place(
        level=float(near.level - units.origin + units.x_mean @ near.slopes) / near.sigma,
        slopes=(near.slopes * units.x_scale - units.slopes) / near.sigma,
        theta=units.scatter / near.sigma,
        rho=max(near.tau / near.sigma, 2 * _NONE),
    )


def _start(sample: Sample) -> tuple[_Units, float]:
    """Least squares within draws, then of the draws' means, over the rows bounded on both sides."""
    crossed = sample.crossed
    draw, x = sample.draw[crossed], sample.x[crossed]
    y = (sample.lower[crossed] + sample.upper[crossed]) / 2
    x_mean, x_scale = x.mean(axis=0), x.std(axis=0)
    x_scale = np.where(x_scale > 0, x_scale, 1.0)
    x = (x - x_mean) / x_scale
    size = np.bincount(draw, minlength=sample.draws)
    y_draw, x_draw = means(y[:, None], draw, sample.draws)[:, 0], means(x, draw, sample.draws)
    within = np.linalg.lstsq(x - x_draw[draw], y - y_draw[draw], rcond=None)[0] if x.size else np.zeros(x.shape[1])
    left = y - y_draw[draw] - (x - x_draw[draw]) @ within
    has = size > 0
    rest = y_draw[has] - x_draw[has] @ within
    between_x = np.column_stack([np.ones(has.sum()), x_draw[has] - 0])
    # what moves within draws keeps its slope from there
    moves = np.abs(x - x_draw[draw]).max(axis=0, initial=0) > 1e-9
    between_x[:, 1:][:, moves] = 0
    between = np.linalg.lstsq(between_x, rest, rcond=None)[0]
    scatter = np.sqrt((left**2).mean() + ((sample.upper - sample.lower)[crossed] ** 2).mean() / 12)
    scatter = float(max(scatter, rounding(sample), 1e-300))
    spread = float(np.std(rest - between_x @ between)) if has.sum() > 1 else 0.0
    return _Units(float(between[0]), x_mean, x_scale, within + between[1:], scatter), spread / scatter


def _climb(parted: Parted, place: Place, modes: Floats, tops: Sequence[_Top]) -> _Top:
    """Damped Newton steps to a maximum; a climb that comes close to one of the `tops` ends there."""
    vector = place.vector
    here = integrate(parted, place, modes)
    distance = np.inf
    for iteration in range(_MOST_STEPS):
        step, distance = _newton(here)
        if distance < _CLOSE:
            return _Top(Place.of(vector), here, distance, iteration)
        if (known := _near(tops, vector)) is not None:
            return known
        moved = _line_search(parted, vector, here, step, distance)
        if moved is None:
            break
        vector, here = moved
        if vector[-2] > np.log(_NO_MAXIMUM):
            raise NoMaximum
        if vector[-1] < np.log(_NONE) and here.gradient[-1] < 0:
            return _Top(Place.of(vector), here, 0.0, iteration)
    if not distance < 0.01:
        raise NoMaximum
    return _Top(Place.of(vector), here, distance, _MOST_STEPS)


def _near(tops: Sequence[_Top], vector: Floats) -> _Top | None:
    """Return a maximum within a fraction of its standard errors of a vector: there Newton's steps lead to it."""
    for top in tops:
        off = vector - top.place.vector
        if off @ top.here.information @ off < _NEAR**2:
            return top
    return None


def _first_modes(sample: Sample, place: Place) -> Floats:
    """Each draw's mean residual over the rows bounded on both sides."""
    crossed = sample.crossed
    y = (sample.lower[crossed] + sample.upper[crossed]) / 2 * place.theta - sample.x[crossed] @ place.slopes
    return means(y[:, None] - place.level, sample.draw[crossed], sample.draws)[:, 0] / place.rho


def _newton(here: Integrated) -> tuple[Floats, float]:
    gradient, information = here.gradient, here.information
    if not (np.isfinite(gradient).all() and np.isfinite(information).all()):
        raise NoMaximum
    scale = np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-12))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    values = np.maximum(np.abs(values), 1e-10)  # away from the maximum it need not be positive
    step = vectors @ ((vectors.T @ (gradient / scale)) / values) / scale
    longest = np.abs(step[-2:]).max()
    step = step * min(1.0, 2.0 / max(longest, 1e-300))
    return step, float(np.sqrt(max(gradient @ step, 0.0)))


def _line_search(
    parted: Parted, vector: Floats, here: Integrated, step: Floats, distance: float
) -> tuple[Floats, Integrated] | None:
    length = 1.0
    while length > _SHORTEST:
        moved = vector + length * step
        there = integrate(parted, Place.of(moved), here.modes)
        gain = there.value - here.value
        if gain >= 1e-4 * length * distance**2 or (distance < 1e-4 and gain > -1e-9 * (1 + abs(here.value))):
            return moved, there
        length /= 2
    return None


def _in_own_units(top: _Top, units: _Units, sample: Sample, search: tuple[int, int]) -> Mixed:
    place, here = top.place, top.here
    p = len(place.slopes)
    sigma = units.scatter / place.theta
    slopes = (units.slopes + sigma * place.slopes) / units.x_scale
    level = units.origin + sigma * place.level - units.x_mean @ slopes
    apart = place.rho > _NONE
    kept = np.arange(p + 3 if apart else p + 2)
    information = here.information[np.ix_(kept, kept)]
    # (level, slopes) in own units by (level, slopes, log theta): sigma goes down as theta goes up
    jacobian = np.zeros((p + 1, len(kept)))
    jacobian[1:, 1 : p + 1] = np.diag(sigma / units.x_scale)
    jacobian[1:, p + 1] = -sigma * place.slopes / units.x_scale
    jacobian[0] = -units.x_mean @ jacobian[1:]
    jacobian[0, 0], jacobian[0, p + 1] = sigma, jacobian[0, p + 1] - sigma * place.level
    covariance = jacobian @ _inverse(information) @ jacobian.T
    # the draws' parts in the same units, at the given variances
    back = np.linalg.inv(jacobian[:, : p + 1])
    scores = here.scores[:, : p + 1] @ back
    informations = back.T @ here.informations[:, : p + 1, : p + 1] @ back
    tau = sigma * place.rho if apart else 0.0
    offsets = tau * here.means
    value = here.value - int(sample.exact.sum()) * np.log(units.scatter)
    return Mixed(
        level=float(level),
        slopes=slopes,
        covariance=covariance,
        sigma=float(sigma),
        tau=float(tau),
        offsets=offsets,
        value=float(value),
        weight=here.weight,
        scores=scores,
        informations=informations,
        r2=r2(sample, level + offsets, slopes, float(sigma)),
        no_scatter=bool(sigma <= 2 * rounding(sample)),
        evidence=Evidence(top.distance, top.iterations, top.distance < AT_MAXIMUM, *search),
    )


def _inverse(information: Floats) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    try:
        with np.errstate(over="ignore"):
            factor = np.linalg.inv(np.linalg.cholesky(information / scale / scale[:, None]))
    except np.linalg.LinAlgError:
        raise NoMaximum from None
    return factor.T @ factor / scale / scale[:, None]
