"""A random intercept a draw, integrated out: the likelihood of draws that are themselves a sample.

    log t = a + x . b + u_draw + sigma * s * e,    u ~ N(0, tau^2)

in Olsen's parametrisation (see `likelihood`) with u = sigma * rho * w, w ~ N(0, 1), rho = tau/sigma. The integral over
w is that of a log-concave function, so for a given rho the whole is concave in (level, slopes, theta) (Prekopa), and
only rho needs several starts. Each draw's integral is taken by Gauss-Hermite quadrature around its own mode, in units
of its own curvature (Q. Liu, D. Pierce, Biometrika 81, 1994): within draws sigma may be a thousandth of tau. Gradient
and information are those of Louis (J. R. Stat. Soc. B 44, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from studies.laws.likelihood import Sample, rows
from studies.laws.noise import NORMAL, Floats

_NODES = {True: (15, 7), False: (31, 15)}
"""By whether the noise is normal; the more rows a draw has, the more its integrand is a Gaussian."""
_STRETCHED = 61
"""A censored row of little scatter is an edge in what rows of much scatter leave wide."""
_MANY = 30
"""Rows a draw from which the second number will do."""
_MOST_ROWS = 200_000
_CLOSE = 1e-10
_MODE_STEPS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Parameters: the level, slopes (p,), theta = 1/sigma > 0 and rho = tau/sigma > 0."""

    level: float
    slopes: Floats
    theta: float
    rho: float

    @property
    def vector(self) -> Floats:
        """(level, slopes, log theta, log rho), shape (p+3,)."""
        return np.array([self.level, *self.slopes, np.log(self.theta), np.log(self.rho)])

    @staticmethod
    def of(vector: Floats) -> Place:
        """Return the place of a vector."""
        return Place(float(vector[0]), vector[1:-2], float(np.exp(vector[-2])), float(np.exp(vector[-1])))


@dataclass(frozen=True, slots=True)
class Integrated:
    """The integrated log-likelihood at a place to second order, in (level, slopes, log theta, log rho).

    Attributes:
        value: log-likelihood of log t.
        modes: of w, shape (draws,): where the next integral may begin.
        means: of w given the rows, shape (draws,).
        scores: gradient of each draw's part, shape (draws, p+3).
        informations: minus the Hessian of each draw's part, shape (draws, p+3, p+3).
        weight: information of the rows on their curve, each in units of its own scatter, in rows seen to the step.
    """

    value: float
    modes: Floats
    means: Floats
    scores: Floats
    informations: Floats
    weight: float

    @property
    def gradient(self) -> Floats:
        """Sum of the scores."""
        return self.scores.sum(axis=0)

    @property
    def information(self) -> Floats:
        """Sum of the informations."""
        return self.informations.sum(axis=0)


def integrate(sample: Sample, place: Place, modes: Floats) -> Integrated:
    """Return the integrated log-likelihood with its gradient and Hessian.

    Args:
        sample: the rows; draws need no crossing.
        place: the parameters.
        modes: of w, about: the search for them begins there.
    """
    fixed = place.level + sample.x @ place.slopes
    modes, spread = _modes(sample, fixed, place, modes)
    # where every row is exact and the noise normal the integrand is Gaussian, and the square of a score of degree 4
    closed = sample.noise is NORMAL and bool(sample.exact.all())
    nodes = _NODES[sample.noise is NORMAL][len(fixed) >= _MANY * sample.draws]
    nodes = nodes if sample.stretch is None else _STRETCHED
    at, weights = np.polynomial.hermite_e.hermegauss(3 if closed else nodes)
    p, draws = sample.x.shape[1], sample.draws
    w = modes[:, None] + spread[:, None] * at
    logs = np.log(weights) + at**2 / 2 - w**2 / 2 - 0.5 * np.log(2 * np.pi) + np.log(spread)[:, None]
    scores = np.empty((len(at), draws, p + 3))
    informations = np.empty((len(at), draws, p + 3, p + 3))
    weighed = np.empty((len(at), draws))
    # as many nodes at a time as keep the arrays small
    several = max(1, _MOST_ROWS // max(1, len(fixed)))
    for first in range(0, len(at), several):
        chosen = slice(first, min(first + several, len(at)))
        copies = chosen.stop - first
        stacked = _repeat(sample, copies)
        eta = np.tile(fixed, copies) + place.rho * w.T[chosen].reshape(-1)[stacked.draw]
        value, *parts = rows(stacked, eta, place.theta)
        logs[:, chosen] += stacked.sums(value).reshape(copies, draws).T
        weighed[chosen] = stacked.sums(parts[2] * stacked.stretches**2).reshape(copies, draws)
        found = _nodes(stacked, place, w.T[chosen].reshape(-1), parts)
        scores[chosen], informations[chosen] = (part.reshape(copies, draws, *part.shape[1:]) for part in found)
    values = logsumexp(logs, axis=1)
    odds: Floats = np.exp(logs - np.reshape(values, (-1, 1))).T  # (nodes, draws)
    score = np.einsum("kd,kdi->di", odds, scores)
    information = np.einsum("kd,kdij->dij", odds, informations) - np.einsum("kd,kdi,kdj->dij", odds, scores, scores)
    information += np.einsum("di,dj->dij", score, score)
    return Integrated(
        value=float(values.sum()),
        modes=modes,
        means=(odds.T * w).sum(axis=1),
        scores=score,
        informations=information,
        weight=float((odds * weighed).sum()) / sample.noise.information,
    )


def _repeat(sample: Sample, copies: int) -> Sample:
    """Return the rows several times over, the draws of each copy numbered on from those of the one before."""
    if copies == 1:
        return sample
    draw = (np.arange(copies)[:, None] * sample.draws + sample.draw).reshape(-1)
    lower, upper = np.tile(sample.lower, copies), np.tile(sample.upper, copies)
    return replace(
        sample,
        lower=lower,
        upper=upper,
        x=np.tile(sample.x, (copies, 1)),
        draw=draw,
        draws=copies * sample.draws,
        stretch=None if sample.stretch is None else np.tile(sample.stretch, copies),
    )


def _nodes(sample: Sample, place: Place, w: Floats, parts: list[Floats]) -> tuple[Floats, Floats]:
    """Gradient and minus the Hessian of each draw's log-likelihood given w, in (level, slopes, log theta, log rho)."""
    eta, theta, eta_eta, eta_theta, theta_theta = parts
    p, last = sample.x.shape[1], sample.x.shape[1] + 1
    columns = [np.ones(len(eta)), *sample.x.T]
    score = np.empty((sample.draws, p + 3))
    info = np.empty((sample.draws, p + 3, p + 3))
    for i, column in enumerate(columns):
        score[:, i] = sample.sums(eta * column)
        info[:, i, last] = info[:, last, i] = sample.sums(eta_theta * column)
        for j in range(i + 1):
            info[:, i, j] = info[:, j, i] = sample.sums(eta_eta * column * columns[j])
    score[:, last] = sample.sums(theta)
    info[:, last, last] = sample.sums(theta_theta)
    # rho * w is one more column
    score[:, -1] = w * score[:, 0]
    info[:, -1, :-1] = info[:, :-1, -1] = w[:, None] * info[:, 0, :-1]
    info[:, -1, -1] = w * w * info[:, 0, 0]
    # theta and rho by their logarithms
    for at, scale in ((last, place.theta), (p + 2, place.rho)):
        score[:, at] *= scale
        info[:, at, :] *= scale
        info[:, :, at] *= scale
        info[:, at, at] -= score[:, at]
    return score, info


def _modes(sample: Sample, fixed: Floats, place: Place, start: Floats) -> tuple[Floats, Floats]:
    """Return each draw's mode of w and the spread of its peak, by Newton steps that never go down."""
    w, rho = start, place.rho

    def peak(at: Floats) -> tuple[Floats, Floats, Floats]:
        value, eta, _, eta_eta, _, _ = rows(sample, fixed + rho * at[sample.draw], place.theta)
        return sample.sums(value) - at**2 / 2, rho * sample.sums(eta) - at, rho**2 * sample.sums(eta_eta) + 1

    value, slope, bend = peak(w)
    for _ in range(_MODE_STEPS):
        step = slope / bend
        if (slope * step).max(initial=0.0) < _CLOSE**2:
            break
        length = np.ones_like(w)
        while True:
            moved = peak(w + length * step)
            worse = ~(moved[0] >= value - 1e-9 * (1 + np.abs(value))) & (slope * step > 1e-12)
            if not worse.any() or length.min() < 1e-8:
                break
            length = np.where(worse, length / 2, length)
        w = w + length * step
        value, slope, bend = moved
    return w, 1 / np.sqrt(bend)
