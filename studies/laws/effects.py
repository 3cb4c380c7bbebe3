"""What the draws are to a law: one prefactor each, a random sample of prefactors, or one prefactor for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studies.laws import clusters
from studies.laws.clusters import Clusters
from studies.laws.design import Design, identify
from studies.laws.fit import Fit, fit
from studies.laws.inference import (
    Inference,
    degrees_of_freedom,
    infer,
    infer_mixed,
    mixed_degrees,
)
from studies.laws.likelihood import Sample
from studies.laws.mixed_fit import STARTS, Mixed, fit_mixed
from studies.laws.noise import Floats

Effect = Literal["draw", "fixed", "random", "none"]
"""As asked for; `draw` is fixed or random, by what the rows are."""
Intercepts = Literal["fixed", "random", "pooled"]

FEWEST_RANDOM = 4
"""Draws below which their scatter is not fitted."""


class TooFewDegrees(Exception):
    """The rows carry less information than there are parameters."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A law fitted to rows.

    Attributes:
        sample: the rows, their draws numbered; pooled: all draw 0.
        cluster: the draw of each row whatever the intercepts, shape (rows,).
        intercepts: what the draws are.
        fit, inference: the maximum, and what it says.
        parameters: number of parameters of the likelihood.
    """

    sample: Sample
    cluster: NDArray[np.intp]
    intercepts: Intercepts
    fit: Fit | Mixed
    inference: Inference
    parameters: int

    @property
    def clusters(self) -> Clusters:
        """The draws' scores at the maximum."""
        if isinstance(self.fit, Mixed):
            return clusters.of_mixed(self.fit)
        return clusters.of_fit(self.fit, self.sample, self.cluster, pooled=self.intercepts == "pooled")


def choose(effect: Effect, *, censored: bool, data_vary: bool, draws: int) -> Intercepts:
    """Return what the draws are to a law.

    Fixed intercepts would throw away what censored draws say and all that lies between draws; a random one needs some
    draws to know their scatter by.

    Args:
        effect: as asked for.
        censored: some row of the likelihood was not seen to the step.
        data_vary: a swept field changes the data, so that it moves between draws only.
        draws: number of draws with a crossing.
    """
    if effect == "draw":
        return "random" if (censored or data_vary) and draws >= FEWEST_RANDOM else "fixed"
    return "pooled" if effect == "none" else effect


def identify_under(
    intercepts: Intercepts, x: Floats, names: tuple[str, ...], draw: NDArray[np.intp], draws: int
) -> Design:
    """Return which exponents rows can tell: within draws, or over all rows where intercepts are not fixed."""
    if intercepts == "fixed":
        return identify(x, names, draw, draws)
    return identify(x, names, np.zeros_like(draw), 1)


class Follower:
    """Fits of samples that differ little from one another, as searches and profiles ask for them.

    Each random one is begun where the last one ended, by one start.
    """

    def __init__(self, intercepts: Intercepts) -> None:
        self._intercepts = intercepts
        self._last: Mixed | None = None

    def fit(self, sample: Sample) -> Fit | Mixed:
        """Fit one of them.

        Raises:
            NoMaximum: the likelihood has none.
        """
        if self._intercepts != "random":
            return fit(sample)
        self._last = fit_mixed(sample, starts=STARTS[:1], near=self._last)
        return self._last


def fit_rows(sample: Sample, cluster: NDArray[np.intp], intercepts: Intercepts) -> Fitted:
    """Fit a law.

    Args:
        sample: rows; under fixed intercepts every draw has one bounded on both sides; x is of full rank.
        cluster: the draw of each row.
        intercepts: what the draws are.

    Raises:
        NoMaximum: the likelihood has none.
        TooFewDegrees: too little information.
    """
    p, stretched = sample.x.shape[1], int(sample.stretch is not None)
    if intercepts == "random":
        mixed = fit_mixed(sample)
        if not mixed_degrees(mixed).enough:
            raise TooFewDegrees
        return Fitted(sample, cluster, intercepts, mixed, infer_mixed(mixed, sample), p + 3 + stretched)
    found = fit(sample)
    if degrees_of_freedom(found, sample) < 1:
        raise TooFewDegrees
    inference = infer(found, sample, drawn=intercepts == "fixed")
    return Fitted(sample, cluster, intercepts, found, inference, p + sample.draws + 1 + stretched)
