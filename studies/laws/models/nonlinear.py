"""The parameter that M1 and M5 are not linear in, the offset and the break: profiled over, the rest refitted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grokscale.studies.laws.inference.fitting import Fitted, Follower
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.fixed.fit import least_squares
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.profile_maximum import ProfileMaximum, profile_maximum
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import NotIdentifiable
from grokscale.studies.laws.models.linear import fit_linear, told_apart, with_design, with_studies

_GRID = 12
_SAME_STRENGTH = 1e-9


@dataclass(frozen=True, slots=True)
class Nonlinear:
    """The parameter that a model is not linear in.

    Attributes:
        name: of the parameter.
        values: where the search for its maximum begins, scaled to the data, ascending.
        offset: what it adds to log t, shape (rows,).
        column: the predictor that depends on it, None where none does; the slope of that is called `slope`.
        tangent: derivative of log t by it at its value and the fitted slope, shape (rows,).
        log_unit: logarithm of the unit that it is in.
    """

    name: str
    values: Floats
    offset: Callable[[float], Floats]
    column: Callable[[float], Floats] | None
    slope: str | None
    tangent: Callable[[float, float], Floats]
    log_unit: float = 0.0


def offset(data: Data) -> Nonlinear:
    """Return k of M1, in units of 1/(the largest strength).

    Raises:
        NotIdentifiable: the strength has one level.
    """
    largest = float(data.log_strength.max())
    share = np.exp(data.log_strength - largest)
    if share.min() > 1 - _SAME_STRENGTH:
        strength = data.rate.strength
        raise NotIdentifiable("k", f"{strength} has only one level, so that the offset is part of the prefactor")
    # 1 + k * strength > 0 everywhere
    return Nonlinear(
        name="k",
        values=np.concatenate([-np.geomspace(0.95, 1e-4, _GRID), [0.0], np.geomspace(1e-4, 1e3, _GRID)]),
        offset=lambda k: data.log_x + np.log1p(np.maximum(k * share, -1 + 1e-12)),
        column=None,
        slope=None,
        tangent=lambda k, _: share / (1 + k * share),
        log_unit=-largest,
    )


def break_point(data: Data) -> Nonlinear:
    """Return `at` of M5, log(rate) at the break: between the second and the last but one of its levels.

    Raises:
        NotIdentifiable: the rate has fewer than five levels.
    """
    log_rate = -data.log_x
    levels = np.unique(np.round(log_rate[data.sample.crossed], 9))
    if len(levels) < 5:
        has = f"{data.rate.text} has {len(levels)} levels with a crossing"
        raise NotIdentifiable("at", f"{has}: a break needs five, two on either side")
    return Nonlinear(
        name="at",
        values=np.linspace(levels[1], levels[-2], _GRID),
        offset=lambda _: np.zeros_like(log_rate),
        column=lambda at: np.maximum(0.0, log_rate - at),
        slope="d",
        tangent=lambda at, slope: np.where(log_rate > at, -slope, 0.0),
    )


@dataclass(frozen=True, slots=True)
class NonlinearLaw:
    """A law with one parameter that it is not linear in.

    Attributes:
        data, intercepts: the rows, and what the draws are.
        named: the columns that it is linear in.
        parameter: the one that it is not.
    """

    data: Data
    intercepts: Intercepts
    named: dict[str, Floats]
    parameter: Nonlinear

    def columns(self, value: float) -> dict[str, Floats]:
        """Return the predictors at a value of the parameter."""
        common, parameter = with_studies(self.data, self.intercepts, self.named), self.parameter
        return common if parameter.column is None else common | {str(parameter.slope): parameter.column(value)}

    def design(self, value: float) -> Sample:
        """Return the rows with those predictors."""
        return with_design(self.data, self.columns(value), self.parameter.offset(value))

    def fit(self, value: float, tangent: dict[str, Floats]) -> Fitted:
        """Fit the rest; `tangent` is a further predictor, or none."""
        return fit_linear(self.data, self.intercepts, self.columns(value) | tangent, self.parameter.offset(value))

    def maximum(self) -> ProfileMaximum:
        """Maximise the profile likelihood.

        Raises:
            NotIdentifiable, NoMaximum: see `fit_model`.
        """
        follower, values = Follower(self.intercepts), self.parameter.values
        told_apart(self.data, self.intercepts, self.columns(float(np.median(values))))
        return profile_maximum(lambda value: follower.fit(self.design(value)).value, values, self._by_least_squares)

    def _by_least_squares(self, value: float) -> float:
        sample = self.design(value)
        return -int(sample.crossed.sum()) * math.log(least_squares(sample).scatter)
