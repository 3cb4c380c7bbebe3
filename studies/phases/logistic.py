"""Logistic regression of counts: by maximum likelihood, and by Firth's penalised likelihood where that has no maximum.

Firth (1993, Biometrika 80, 27) adds half the log determinant of the information to the log-likelihood. Its maximum is
finite for every data set, separated ones too (Heinze and Schemper 2002, Stat. Med. 21, 2409).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import expit

from grokscale.studies.laws.likelihood.newton import climb

Floats = NDArray[np.float64]

_MOST_STEPS = 200
_LONGEST = 5.0
"""Longest step, in logits of any row: further away the expansion says nothing."""
_RIDGE = 1e-13
"""Share of the trace added to a matrix before it is solved: it moves a step by rounding, never the maximum."""
_SEPARATED = 1e-7


@dataclass(frozen=True, slots=True)
class Counts:
    """Trials by row of a design.

    Attributes:
        design: shape (rows, p), its first column 1.
        successes, trials: shape (rows,), 0 <= successes <= trials, trials > 0; not whole where they are weighted.
    """

    design: Floats
    successes: Floats
    trials: Floats


@dataclass(frozen=True, slots=True)
class Maxima:
    """Where a batch of searches ended; every array has the batch as its first axis.

    Attributes:
        coefficients: shape (batch, q).
        value: log-likelihood, penalised where that was asked for, shape (batch,).
        gradient_norm: distance to the maximum in standard errors, shape (batch,).
        iterations: steps taken by the slowest.
    """

    coefficients: Floats
    value: Floats
    gradient_norm: Floats
    iterations: int


def separated(counts: Counts) -> bool:
    """Return whether a linear predictor divides successes from failures, perfectly or but for ties.

    Then and only then the likelihood has no finite maximum (Albert and Anderson 1984, Biometrika 71, 1); decided by
    the linear program of Konis (2007).
    """
    design, failed = counts.design, counts.trials > counts.successes
    won = counts.successes > 0
    # predictor >= 0 where there are successes, <= 0 where there are failures, and not 0 everywhere
    signed = np.concatenate([design[won], -design[failed]])
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    return found.status == 0 and -found.fun > _SEPARATED


def fit(counts: Counts, *, firth: bool) -> Maxima:
    """Return the maximum as a batch of one.

    Args:
        counts: of full column rank, and not separated unless `firth`.
        firth: penalise.
    """
    return maximise(counts.design[None], counts, np.zeros((1, counts.design.shape[1])), firth=firth)


def maximise(design: Floats, counts: Counts, start: Floats, *, firth: bool) -> Maxima:
    """Return the maxima of a batch of models of the same counts, by damped scoring steps.

    Args:
        design: of each model, shape (batch, rows, q): linear images of the columns of `counts.design`.
        counts: the data; the penalty is that of their full design.
        start: shape (batch, q).
        firth: penalise.
    """
    reached = climb(_Here.of(_Problem(design, counts, firth), start), most_steps=_MOST_STEPS)
    return Maxima(reached.here.point, reached.here.value, np.asarray(reached.distance), reached.iterations)


def covariance(counts: Counts, coefficients: Floats) -> Floats:
    """Return the inverse of the information, shape (p, p): the model's covariance, of Firth's estimate too."""
    p = expit(counts.design @ coefficients)
    weight = counts.trials * p * (1 - p)
    return np.linalg.pinv((counts.design.T * weight) @ counts.design, hermitian=True)


def clustered(
    counts: Counts, coefficients: Floats, row: NDArray[np.intp], won: NDArray[np.bool_], cluster: NDArray[np.intp]
) -> Floats:
    """Return the sandwich covariance by cluster, shape (p, p), with the factor G/(G-1) (n-1)/(n-p) of few clusters.

    Args:
        counts: the data by row.
        coefficients: the estimate, shape (p,).
        row: of each trial, shape (trials,).
        won: its success, shape (trials,).
        cluster: its cluster, shape (trials,); at least 2 of them.
    """
    residual = won - expit(counts.design @ coefficients)[row]
    _, member = np.unique(cluster, return_inverse=True)
    groups = int(member.max()) + 1
    scores = np.zeros((groups, counts.design.shape[1]))
    np.add.at(scores, member.reshape(-1), counts.design[row] * residual[:, None])
    bread = covariance(counts, coefficients)
    n, p = len(row), counts.design.shape[1]
    small = groups / (groups - 1) * (n - 1) / max(1, n - p)
    return small * bread @ (scores.T @ scores) @ bread


@dataclass(frozen=True, slots=True)
class _Problem:
    """A batch of models, see `maximise`."""

    design: Floats
    counts: Counts
    firth: bool


@dataclass(frozen=True, slots=True)
class _Here:
    """The log-likelihoods with their scores and expected informations, as Newton's method sees them."""

    problem: _Problem
    point: Floats
    value: Floats
    score: Floats
    information: Floats

    @classmethod
    def of(cls, problem: _Problem, point: Floats) -> _Here:
        design, counts = problem.design, problem.counts
        eta = np.einsum("brq,bq->br", design, point)
        p = expit(eta)
        weight = counts.trials * p * expit(-eta)
        residual = counts.successes - counts.trials * p
        value = (counts.successes * eta - counts.trials * np.logaddexp(0, eta)).sum(axis=1)
        if problem.firth:
            full = np.einsum("rp,br,rs->bps", counts.design, weight, counts.design)
            sign, log_determinant = np.linalg.slogdet(full)
            value = np.where(sign > 0, value + 0.5 * log_determinant, -np.inf)
            solved = _solve(full, np.broadcast_to(counts.design.T, (len(point), *counts.design.T.shape)))
            leverage = weight * np.einsum("rp,bpr->br", counts.design, solved)
            residual = residual + leverage * (0.5 - p)
        score = np.einsum("brq,br->bq", design, residual)
        return cls(problem, point, value, score, np.einsum("brq,br,brs->bqs", design, weight, design))

    def newton(self) -> tuple[Floats, Floats]:
        step = _solve(self.information, self.score)
        return step, np.sqrt(np.maximum((self.score * step).sum(axis=1), 0))

    def longest(self, step: Floats) -> Floats:
        reach = np.abs(np.einsum("brq,bq->br", self.problem.design, step)).max(axis=1)
        return np.minimum(1.0, _LONGEST / np.maximum(reach, 1e-300))

    def at(self, point: Floats) -> _Here:
        return _Here.of(self.problem, point)


def _solve(matrices: Floats, right: Floats) -> Floats:
    """Solve one system a batch element; `right` is (batch, q) or (batch, q, m)."""
    q = matrices.shape[-1]
    trace = np.trace(matrices, axis1=1, axis2=2)[:, None, None]
    steady = matrices + (_RIDGE * trace + 1e-300) * np.eye(q)
    return np.linalg.solve(steady, right[..., None])[..., 0] if right.ndim == 2 else np.linalg.solve(steady, right)
