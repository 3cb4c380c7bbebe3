"""Effects between draws where several draws are made of the same random numbers.

Under `stream: legacy` one seed serves every N, s and tau, so that the draws of a stream are not independent: the effect
of N on the prefactor differs between streams. The level, and exponents of what is the same in all rows of a
draw, then have the CR2 covariance by stream with Bell and McCaffrey's degrees of freedom (see `clusters`). Where every
stream has the same design that is the mean of the streams' own slopes, +- t(streams - 1) standard deviations over the
root of their number (R. Ibragimov, U. Mueller, J. Bus. Econ. Stat. 28, 2010). It takes unequal and censored ones too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.inference.clusters import Clusters, degrees_of_freedom, whole_covariance
from grokscale.studies.laws.inference.estimates import Estimate, Inference
from grokscale.studies.laws.likelihood.noise import Floats

_FEWEST_DEGREES = 0.99
"""Degrees of freedom below which one stream dominates an exponent, and the scatter between streams is not known."""


@dataclass(frozen=True, slots=True)
class Between:
    """Level and slopes with a covariance that is by stream for effects between draws.

    Attributes:
        parameters: (level, slopes), shape (p+1,).
        covariance: theirs, shape (p+1, p+1).
        parts: the streams.
        there: maps them to the parameters about the middle of the rows, where level and slopes are nearly uncorrelated.
        chosen: the effects between draws, shape (p+1,).
    """

    parameters: Floats
    covariance: Floats
    parts: Clusters
    there: Floats
    chosen: NDArray[np.bool_]

    def at(self, place: Floats) -> Estimate:
        """Return a combination of the parameters, weights of shape (p+1,), with the degrees of what streams tell."""
        variance = max(0.0, float(place @ self.covariance @ place))
        told = np.where(self.chosen, np.linalg.inv(self.there).T @ place, 0.0)
        df = degrees_of_freedom(self.parts, self.there.T @ told)
        return Estimate(float(place @ self.parameters), math.sqrt(variance), df)


def between(
    parameters: Floats, model: Floats, parts: Clusters, middle: Floats, of_draws: NDArray[np.bool_]
) -> Between | None:
    """Replace draws by streams; None: they do not identify the scatter of every effect between draws.

    Args:
        parameters: (level, slopes), shape (p+1,).
        model: their covariance, draws taken as independent, shape (p+1, p+1).
        parts: the streams, at the same maximum.
        middle: of the rows' predictors, shape (p,).
        of_draws: the slopes that lie between draws, shape (p,).
    """
    if parts.count < 2:
        return None
    there = np.eye(len(parameters))
    there[0, 1:] = middle
    chosen = np.append(True, of_draws)
    if min(degrees_of_freedom(parts, weights) for weights in there[chosen]) < _FEWEST_DEGREES:
        return None
    robust = there @ whole_covariance(parts) @ there.T
    back = np.linalg.inv(there)
    covariance = back @ _exchanged(there @ model @ there.T, robust, chosen) @ back.T
    return Between(parameters, covariance, parts, there, chosen)


def by_stream(inference: Inference, found: Between, of_draws: NDArray[np.bool_]) -> Inference:
    """Return an inference with the intervals of level and of the slopes between draws by stream."""
    own = np.eye(len(found.parameters))
    dfs = np.array([found.at(own[j + 1]).df if of_draws[j] else df for j, df in enumerate(inference.dfs)])
    covariance = found.covariance[1:, 1:]
    grown = np.diag(covariance) / np.diag(inference.covariance)
    return replace(
        inference, covariance=covariance, dfs=dfs, inflation=inference.inflation * grown, level=found.at(own[0])
    )


def _exchanged(model: Floats, robust: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return a covariance with the block of the chosen parameters exchanged; theirs with the others turns along."""
    here = np.ix_(chosen, chosen)
    turn = np.eye(len(model))
    turn[here] = _root(robust[here]) @ np.linalg.inv(_root(model[here]))
    return turn @ model @ turn.T


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
