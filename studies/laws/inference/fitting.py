"""Fits of a law with fixed, random or pooled intercepts, and the estimates from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.inference import clusters
from grokscale.studies.laws.inference.clusters import Clusters
from grokscale.studies.laws.inference.estimates import (
    Estimate,
    Inference,
    corrected,
    degrees_of_freedom,
    infer,
    infer_mixed,
    level_at,
    mixed_degrees,
)
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.inference.streams import Between, between, by_stream
from grokscale.studies.laws.likelihood.design import Design, identify, moves_within
from grokscale.studies.laws.likelihood.fixed.fit import Fit, fit
from grokscale.studies.laws.likelihood.mixed.fit import STARTS, Mixed, fit_mixed
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample


class TooFewDegrees(Exception):
    """The rows carry less information than there are parameters; `reason` names them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def needed(prefactors: int, exponents: int) -> str:
    """Return what so many parameters need, as the end of a reason."""
    each = "a prefactor" if prefactors == 1 else f"{prefactors} prefactors (one a draw)"
    powers = {0: "", 1: ", an exponent"}.get(exponents, f", {exponents} exponents")
    return f"{each}{powers} and a scatter need at least {prefactors + exponents + 1}"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A law fitted to rows.

    Attributes:
        sample: the rows, their draws numbered; pooled: all draw 0.
        stream: of each row, shape (rows,).
        intercepts: what the draws are.
        fit, inference: the maximum, and the estimates from it.
        parameters: number of parameters of the likelihood.
        between: effects between draws by stream; None: every draw has its own stream, or there are too few streams.
    """

    sample: Sample
    stream: NDArray[np.intp]
    intercepts: Intercepts
    fit: Fit | Mixed
    inference: Inference
    parameters: int
    between: Between | None = None

    @property
    def clusters(self) -> Clusters:
        """The streams' scores at the maximum."""
        if isinstance(self.fit, Mixed):
            return clusters.of_mixed(self.fit, _of_draws(self.sample.draw, self.stream))
        return clusters.of_fit(self.fit, self.sample, self.stream, pooled=self.intercepts == "pooled")

    def level_at(self, x: Floats) -> Estimate:
        """Return the mean over draws of log t at one place, logarithms of the predictors of shape (p,)."""
        if self.between is not None:
            return self.between.at(np.append(1.0, x))
        stream = _of_draws(self.sample.draw, self.stream) if self.intercepts == "fixed" else None
        return level_at(self.fit, self.sample, x, stream=stream)


def identify_under(
    intercepts: Intercepts, x: Floats, names: tuple[str, ...], draw: NDArray[np.intp], draws: int
) -> Design:
    """Return which exponents rows can tell: within draws, or over all rows where intercepts are not fixed."""
    if intercepts == "fixed":
        return identify(x, names, draw, draws)
    return identify(x, names, np.zeros_like(draw), 1)


class Follower:
    """Fits of a sequence of similar samples, as along a profile.

    With random intercepts each begins at the maximum of the last.
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


def _of_draws(draw: NDArray[np.intp], stream: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the stream of each draw from those of the rows."""
    found = np.zeros(int(draw.max()) + 1, dtype=np.intp)
    found[draw] = stream
    return found


def fit_rows(sample: Sample, cluster: NDArray[np.intp], stream: NDArray[np.intp], intercepts: Intercepts) -> Fitted:
    """Fit a law.

    Args:
        sample: rows; under fixed intercepts every draw has one bounded on both sides; x is of full rank.
        cluster: the draw of each row, whatever the intercepts.
        stream: of each row.
        intercepts: what the draws are.

    Raises:
        NoMaximum: the likelihood has none.
        TooFewDegrees: too little information.
    """
    p, stretched = sample.x.shape[1], int(sample.stretch is not None)
    of_draws = _of_draws(cluster, stream)
    if intercepts == "random":
        mixed = fit_mixed(sample)
        if (missing := mixed_degrees(mixed).missing) is not None:
            raise TooFewDegrees(missing)
        fitted = Fitted(sample, stream, intercepts, mixed, infer_mixed(mixed, sample), p + 3 + stretched)
        return _between_streams(fitted, len(of_draws), ~moves_within(sample.x, sample.draw, sample.draws))
    found = fit(sample)
    if (df := degrees_of_freedom(found, sample)) < 1:
        raise TooFewDegrees(_carried(df + sample.draws + p, sample.draws, p))
    inference = infer(found, sample, stream=of_draws if intercepts == "fixed" else None)
    fitted = Fitted(sample, stream, intercepts, found, inference, p + sample.draws + 1 + stretched)
    if intercepts == "pooled" and len(of_draws) == len(cluster):
        # one row a draw: whatever moves at all moves between draws
        return _between_streams(fitted, len(of_draws), np.ones(p, dtype=bool))
    return fitted


def _carried(weight: float, prefactors: int, exponents: int) -> str:
    rows = f"with brackets and censored times the trials tell as much as {weight:.3g} times seen to the step"
    return f"{rows}: {needed(prefactors, exponents)}"


def _between_streams(fitted: Fitted, draws: int, of_draws: NDArray[np.bool_]) -> Fitted:
    """Return a fit with effects between draws by stream, where streams have several draws and are numerous enough."""
    sample, inference = fitted.sample, fitted.inference
    exact = isinstance(fitted.fit, Fit) and fitted.fit.no_scatter
    if int(fitted.stream.max()) + 1 == draws or exact:
        return fitted
    parameters = np.append(level_at(fitted.fit, sample, np.zeros(len(of_draws)), stream=None).value, inference.slopes)
    found = between(parameters, corrected(fitted.fit, sample), fitted.clusters, sample.x.mean(axis=0), of_draws)
    if found is None:
        return fitted
    return replace(fitted, inference=by_stream(inference, found, of_draws), between=found)
