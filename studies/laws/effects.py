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
FEWEST_REPEATED = 2
"""Rows beyond the first of their draw below which the scatter within draws is not fitted beside that between them."""


class TooFewDegrees(Exception):
    """The rows carry less information than there are parameters; `reason` says where."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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


def choose(
    effect: Effect, *, censored: bool, data_vary: bool, sizes: NDArray[np.intp], crossings: NDArray[np.intp]
) -> Intercepts:
    """Return what the draws are to a law.

    Fixed intercepts would throw away what censored draws say and all that lies between draws; a random one needs some
    draws to know their scatter by, and some with more rows than one to know by what is not theirs. Where every draw has
    one row there is nothing to tell apart: its scatter is the rows', and they are independent.

    Args:
        effect: as asked for.
        censored: some row of the likelihood was not seen to the step.
        data_vary: a swept field changes the data, so that it moves between draws only.
        sizes: rows of each draw that has any, shape (draws,).
        crossings: rows bounded on both sides of each draw that has any, shape (draws with a crossing,).
    """
    if effect != "draw":
        return "pooled" if effect == "none" else effect
    if alone(sizes):
        return "pooled"
    few_in_most = 2 * int((crossings == 1).sum()) > len(crossings) and int((crossings - 1).sum()) >= FEWEST_REPEATED
    return "random" if (censored or data_vary or few_in_most) and len(crossings) >= FEWEST_RANDOM else "fixed"


def alone(sizes: NDArray[np.intp]) -> bool:
    """Return whether there are several draws, each of one row."""
    return len(sizes) > 1 and int(sizes.max()) == 1


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
        if (missing := mixed_degrees(mixed).missing) is not None:
            raise TooFewDegrees(missing)
        return Fitted(sample, cluster, intercepts, mixed, infer_mixed(mixed, sample), p + 3 + stretched)
    found = fit(sample)
    if (df := degrees_of_freedom(found, sample)) < 1:
        known = f"{df + sample.draws + p:.3g} times seen to the step"
        raise TooFewDegrees(
            f"the rows say as much as {known}: too little for {sample.draws + p} parameters and a scatter"
        )
    inference = infer(found, sample, drawn=intercepts == "fixed")
    return Fitted(sample, cluster, intercepts, found, inference, p + sample.draws + 1 + stretched)
