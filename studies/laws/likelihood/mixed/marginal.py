"""The marginal likelihood with a random intercept per draw, which is integrated out.

    log t = a + x . b + u_draw + sigma * s * e,    u ~ N(0, tau^2)

in Olsen's parametrisation (see `fixed.expansion`), with rho = tau/sigma. The integrand is log-concave in the intercept
and in (level, slopes, theta), so that for a given rho the integral is log-concave in those (Prekopa): only rho needs
several starts. Rows are centred about their draw's middle (`centred`) and the intercept is in units of sigma about it
(`integrand`), since sigma may be a billionth of tau. Gradient and information are Louis's (J. R. Stat. Soc. B 44,
1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from grokscale.studies.laws.likelihood.mixed.centred import Centred
from grokscale.studies.laws.likelihood.mixed.conditional import Conditional
from grokscale.studies.laws.likelihood.mixed.integrand import Draws, Integrand, Place
from grokscale.studies.laws.likelihood.mixed.quadrature import Start, nodes
from grokscale.studies.laws.likelihood.noise import Floats


@dataclass(frozen=True, slots=True)
class Integrated:
    """The integrated log-likelihood at a place to second order, in (level, slopes, log theta, log rho).

    Attributes:
        value: log-likelihood of log t.
        start: where the next integration may begin.
        offsets: u/sigma given the rows, shape (draws,).
        scores: gradient of each draw's part, shape (draws, p+3).
        informations: minus the Hessian of each draw's part, shape (draws, p+3, p+3).
        within: information on the slopes that comes from within draws, shape (p, p).
        weights: information of each draw's rows on their linear predictor, in that of an exact row, shape (draws,).
    """

    value: float
    start: Start
    offsets: Floats
    scores: Floats
    informations: Floats
    within: Floats
    weights: Floats

    @property
    def gradient(self) -> Floats:
        """Sum of the scores."""
        return self.scores.sum(axis=0)

    @property
    def information(self) -> Floats:
        """Sum of the informations."""
        return self.informations.sum(axis=0)


def integrate(centred: Centred, place: Place, start: Start) -> Integrated:
    """Return the integrated log-likelihood with its gradient and Hessian.

    Args:
        centred: the rows; draws need no crossing.
        place: the parameters.
        start: where the search for the modes begins.
    """
    integrand = Integrand.at(centred, place)
    found, start = nodes(integrand, start)
    draw = found.draw

    draws = len(integrand.r)
    greatest = np.full(draws, -np.inf)
    np.maximum.at(greatest, draw, found.logs)
    shares = np.exp(found.logs - greatest[draw])
    totals = np.bincount(draw, shares, draws)
    odds: Floats = shares / totals[draw]
    average = csr_matrix((odds, (draw, np.arange(len(draw)))), shape=(draws, len(draw)))

    def mean(values: Floats) -> Floats:
        """Mean of values of shape (points, ...) over each draw."""
        return (average @ values.reshape(len(draw), -1)).reshape(draws, *values.shape[1:])

    scores, informations = _by_place(found.conditional, centred, integrand, draw, found.v)
    score, conditional = mean(scores), mean(found.conditional.information)
    # about the mean score, whose square would drown what is left
    apart = scores - score[draw]
    information = mean(informations) - mean(apart[:, :, None] * apart[:, None, :])
    return Integrated(
        value=float((greatest + np.log(totals)).sum()),
        start=start,
        offsets=integrand.r + mean(found.v),
        scores=score,
        informations=information,
        within=_within(conditional),
        weights=mean(found.conditional.weight) / integrand.rest.sample.noise.information,
    )


def _by_place(
    conditional: Conditional, centred: Centred, integrand: Integrand, draw: Draws, v: Floats
) -> tuple[Floats, Floats]:
    """Gradient and minus the Hessian of each draw's log-density at v, in (level, slopes, log theta, log rho)."""
    place = integrand.place
    last = conditional.score.shape[1] - 1
    q, _ = integrand.prior(draw, v)
    # q = (theta * level of the middle - level - x . slopes + v)/rho by (level, slopes, theta)
    by = np.column_stack([-np.ones(len(centred.levels)), -centred.x, centred.levels])[draw] / place.rho
    score, info = np.empty((len(v), last + 2)), np.empty((len(v), last + 2, last + 2))
    score[:, :-1] = -q[:, None] * by
    score[:, 1:-1] += conditional.score[:, 1:]
    score[:, -1] = q * q - 1
    info[:, :-1, :-1] = by[:, :, None] * by[:, None, :]
    info[:, 1:-1, 1:-1] += conditional.information[:, 1:, 1:]
    info[:, -1, :-1] = info[:, :-1, -1] = -2 * q[:, None] * by
    info[:, -1, -1] = 2 * q * q
    # theta by its logarithm
    score[:, last] *= place.theta
    info[:, last, :] *= place.theta
    info[:, :, last] *= place.theta
    info[:, last, last] -= score[:, last]
    return score, info


def _within(conditional: Floats) -> Floats:
    """Return the information on the slopes beside an intercept of each draw's own, summed: shape (p, p).

    Args:
        conditional: information on (v, slopes, theta), the mean over v, shape (draws, p+2, p+2).
    """
    by_v = conditional[:, 1:-1, 0]
    bend = np.maximum(conditional[:, 0, 0], 1e-200)
    return conditional[:, 1:-1, 1:-1].sum(axis=0) - by_v.T @ (by_v / bend[:, None])
