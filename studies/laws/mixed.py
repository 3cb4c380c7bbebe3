"""A random intercept a draw, integrated out: the likelihood of draws that are themselves a sample.

    log t = a + x . b + u_draw + sigma * s * e,    u ~ N(0, tau^2)

in Olsen's parametrisation (see `likelihood`) with u = sigma * rho * w, w ~ N(0, 1), rho = tau/sigma. The integral over
w is that of a log-concave function, so for a given rho the whole is concave in (level, slopes, theta) (Prekopa), and
only rho needs several starts. Each draw's integral is taken by Gauss-Hermite quadrature around its own mode, in units
of its own curvature (Q. Liu, D. Pierce, Biometrika 81, 1994): within draws sigma may be a thousandth of tau. Gradient
and information are those of Louis (J. R. Stat. Soc. B 44, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from studies.laws.given import Given, Parted, expand, repeated
from studies.laws.likelihood import Sample, rows
from studies.laws.noise import NORMAL, Floats

_NODES = {True: (15, 7), False: (31, 15)}
"""By whether the noise is normal; the more rows a draw has, the more its integrand is a Gaussian."""
_STRETCHED = 61
"""A censored row of little scatter is an edge in what rows of much scatter leave wide."""
_MANY = 30
"""Rows a draw from which the second number will do."""
_MOST_ROWS = 20_000
"""Rows whose arrays stay in the cache."""
_CLOSE = 1e-10
_MODE_STEPS = 100
_TINY = 1e-6
"""Steps, in units of w, that may be as long as the one before: rounding is as long."""


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


def integrate(parted: Parted, place: Place, modes: Floats) -> Integrated:
    """Return the integrated log-likelihood with its gradient and Hessian.

    Args:
        parted: the rows; draws need no crossing.
        place: the parameters.
        modes: of w, about: the search for them begins there.
    """
    rest = parted.rest
    parabolas = parted.parabolas(place.level, place.slopes, place.theta)
    eta = place.level + rest.x @ place.slopes
    draws = rest.draws
    modes, spread = _modes(rest, eta, parabolas, place, modes)
    # without a rest the integrand is Gaussian, and the square of a score of degree 4
    nodes = _NODES[rest.noise is NORMAL][parted.rows >= _MANY * draws]
    nodes = nodes if rest.stretch is None else _STRETCHED
    at, weights = np.polynomial.hermite_e.hermegauss(nodes if len(eta) else 3)
    p = rest.x.shape[1]
    w = modes[:, None] + spread[:, None] * at
    logs = np.log(weights) + at**2 / 2 - w**2 / 2 - 0.5 * np.log(2 * np.pi) + np.log(spread)[:, None]
    scores = np.empty((len(at), draws, p + 3))
    informations = np.empty((len(at), draws, p + 3, p + 3))
    weighed = np.empty((len(at), draws))
    # as many nodes at a time as keep the arrays small
    several = max(1, _MOST_ROWS // max(1, len(eta)))
    for first in range(0, len(at), several):
        chosen = slice(first, min(first + several, len(at)))
        copies = chosen.stop - first
        stacked, here = repeated(rest, copies), w.T[chosen].reshape(-1)
        found = expand(stacked, np.tile(eta, copies) + place.rho * here[stacked.draw], place.theta)
        weighed[chosen] = found.weight.reshape(copies, draws)
        found = found + parabolas.repeated(copies).moved(place.rho * here)
        logs[:, chosen] += found.value.reshape(copies, draws).T
        parts = _by_place(found, place, here)
        scores[chosen], informations[chosen] = (part.reshape(copies, draws, *part.shape[1:]) for part in parts)
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
        weight=float(parted.straight.sum() + (odds * weighed).sum()) / rest.noise.information,
    )


def _by_place(given: Given, place: Place, w: Floats) -> tuple[Floats, Floats]:
    """Gradient and minus the Hessian of each draw's log-likelihood given w, in (level, slopes, log theta, log rho)."""
    last = given.score.shape[1] - 1
    score, info = np.empty((len(w), last + 2)), np.empty((len(w), last + 2, last + 2))
    score[:, :-1], info[:, :-1, :-1] = given.score, given.information
    # rho * w is one more column
    score[:, -1] = w * score[:, 0]
    info[:, -1, :-1] = info[:, :-1, -1] = w[:, None] * info[:, 0, :-1]
    info[:, -1, -1] = w * w * info[:, 0, 0]
    # theta and rho by their logarithms
    for at, scale in ((last, place.theta), (last + 1, place.rho)):
        score[:, at] *= scale
        info[:, at, :] *= scale
        info[:, :, at] *= scale
        info[:, at, at] -= score[:, at]
    return score, info


def _modes(rest: Sample, eta: Floats, parabolas: Given, place: Place, start: Floats) -> tuple[Floats, Floats]:
    """Return each draw's mode of w and the spread of its peak.

    The slope falls all the way: Newton steps within the bracket of its root, halves of that where they do not close in.
    """
    w, rho = start, place.rho

    def peak(at: Floats) -> tuple[Floats, Floats]:
        _, by_eta, _, eta_eta, _, _ = rows(rest, eta + rho * at[rest.draw], place.theta)
        given = parabolas.moved(rho * at)
        slope = rho * (given.score[:, 0] + rest.sums(by_eta)) - at
        return slope, rho**2 * (given.information[:, 0, 0] + rest.sums(eta_eta)) + 1

    low, high = np.full_like(w, -np.inf), np.full_like(w, np.inf)
    longest = np.full_like(w, np.inf)
    slope, bend = peak(w)
    for _ in range(_MODE_STEPS):
        step = slope / bend
        if not (far := slope * step >= _CLOSE**2).any():
            break
        low, high = np.where(slope > 0, w, low), np.where(slope > 0, high, w)
        closes = (w + step > low) & (w + step < high) & (np.abs(step) < np.maximum(longest, _TINY * (1 + np.abs(w))))
        with np.errstate(invalid="ignore"):
            middle = np.where(np.isfinite(low + high), (low + high) / 2, w + step)
        moved = np.where(far, np.where(closes, w + step, middle), w)
        longest = np.abs(moved - w) / 2
        w = moved
        slope, bend = peak(w)
    return w, 1 / np.sqrt(bend)
