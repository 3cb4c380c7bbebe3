"""Draws as clusters: a covariance and a bootstrap that need no model of what the trials of a draw share.

Both work on each draw's score at the maximum. The covariance is CR2 (R. Bell, D. McCaffrey, Surv. Methodol. 28, 2002):
a draw's score is blown up by what the draw itself has pulled the fit towards it; t has draws - p degrees of freedom.
The bootstrap is the wild score bootstrap (P. Kline, A. Santos, J. Econom. Methods 1, 2012): each draw's score times a
random weight, one Newton step, and the t statistic of that step; an interval from the quantiles of |t|. Sandwich and
percentile bootstrap without these corrections cover .82-.91 at 8-20 draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from studies.laws.fit import Fit
from studies.laws.inference import LEVEL
from studies.laws.likelihood import Sample, rows
from studies.laws.mixed_fit import Mixed
from studies.laws.noise import Floats

FEWEST = 8
"""Draws below which no interval by draw is given."""
_WEBB = np.array([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5])
"""Squares of the six weights of M. Webb (2014), signed: two points would give 2^8 samples of 8 draws."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Scores and informations of the draws at a maximum, the variances of the noise held.

    Attributes:
        scores: shape (draws, q); q = p slopes, after the level where it is common to all draws.
        informations: shape (draws, q, q).
        first: position of the first slope.
    """

    scores: Floats
    informations: Floats
    first: int

    @property
    def draws(self) -> int:
        """How many there are."""
        return len(self.scores)

    @property
    def df(self) -> float:
        """Degrees of freedom: draws less slopes."""
        return float(self.draws - (self.scores.shape[1] - self.first))


def of_fit(fit: Fit, sample: Sample, cluster: NDArray[np.intp], *, pooled: bool) -> Clusters:
    """Return the draws' parts at a maximum with fixed intercepts, or with one intercept for all (`pooled`).

    Args:
        fit: of the sample.
        sample: the rows.
        cluster: the draw of each row, whatever the intercepts are.
        pooled: there is one intercept: it is the first parameter. Else the intercepts are profiled out.
    """
    count = int(cluster.max()) + 1
    theta = 1 / fit.sigma
    fitted = (fit.intercepts[sample.draw] + sample.x @ fit.slopes) * theta
    _, eta, _, eta_eta, _, _ = rows(sample, fitted, theta)
    x = sample.x
    if pooled:
        x = np.column_stack([np.ones(len(x)), x])
    else:
        size = np.maximum(np.bincount(cluster, eta_eta, count), 1e-200)
        middle = np.array([np.bincount(cluster, eta_eta * column, count) / size for column in x.T])
        x = x - middle.reshape(x.shape[1], count).T[cluster]
    q = x.shape[1]
    sums = [np.bincount(cluster, eta * column, count) for column in x.T]
    scores: Floats = np.array(sums, dtype=np.float64).reshape(q, count).T * theta
    informations = np.empty((count, q, q))
    for i in range(q):
        for j in range(q):
            informations[:, i, j] = np.bincount(cluster, eta_eta * x[:, i] * x[:, j], count) * theta**2
    return Clusters(scores, informations, 1 if pooled else 0)


def of_mixed(fit: Mixed) -> Clusters:
    """Return the draws' parts at a maximum with a random intercept."""
    return Clusters(fit.scores, fit.informations, 1)


def robust_covariance(clusters: Clusters) -> Floats:
    """Return the CR2 covariance of the slopes, shape (p, p)."""
    inverse, adjusted = _adjusted(clusters)
    moved = adjusted @ inverse
    return (moved.T @ moved)[clusters.first :, clusters.first :]


def wild_quantiles(clusters: Clusters, times: int, seed: int) -> Floats:
    """Return the 95 % quantile of |t| of each slope over wild samples of the draws' scores, shape (p,).

    Args:
        clusters: at least `FEWEST` draws.
        times: number of samples.
        seed: of the weights.
    """
    inverse, adjusted = _adjusted(clusters)
    rng = np.random.default_rng(seed)
    signed = rng.choice(_WEBB, size=(times, clusters.draws))
    weights = np.sign(signed) * np.sqrt(np.abs(signed))
    steps = weights @ adjusted @ inverse  # (times, q)
    variances = np.zeros_like(steps)
    for d in range(clusters.draws):
        # what is left of the draw's score after the step
        left = weights[:, d, None] * adjusted[d] - steps @ clusters.informations[d]
        variances += (left @ inverse) ** 2
    t = np.abs(steps) / np.sqrt(variances)
    return np.quantile(t, LEVEL, axis=0)[clusters.first :]


def t_quantile(df: float) -> float:
    """Return the two-sided 95 % quantile of t."""
    return float(stats.t.ppf((1 + LEVEL) / 2, df))


def _adjusted(clusters: Clusters) -> tuple[Floats, Floats]:
    """Return the inverse of the information and the draws' adjusted scores, shapes (q, q) and (draws, q)."""
    information = clusters.informations.sum(axis=0)
    root = np.linalg.cholesky(information)
    back = np.linalg.inv(root)
    leverage = back @ clusters.informations @ back.T
    values, vectors = np.linalg.eigh(leverage)
    # a draw that alone tells a direction has leverage 1 there and no residual
    power = np.where(values < 1 - 1e-9, 1 / np.sqrt(np.maximum(1 - values, 1e-12)), 0.0)
    blown = np.einsum("dij,dj,dkj->dik", vectors, power, vectors)
    adjusted = np.einsum("ij,djk,dk->di", root, blown, clusters.scores @ back.T)
    return back.T @ back, adjusted
