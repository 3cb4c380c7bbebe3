"""Dispersion that grows as the error floor approaches the threshold: log sigma = c + delta log(floor/threshold).

The error curve of a run whose floor lies near its threshold is flat, so that t2 scatters. Given delta each row has a
stretch (`Sample`). delta is estimated with M3, one exponent a field, and held in every model, so that their likelihoods
compare.

Plain maximum likelihood overstates delta: each draw's level follows the rows that scatter least, whose residuals then
look smaller still (its interval covers .73 over 60 studies of 90 rows). So delta maximises the profile likelihood
adjusted for the location's parameters (D. Cox, N. Reid, J. R. Stat. Soc. B 49, 1987), which is restricted maximum
likelihood where every row is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc, chdtri

from grokscale.studies.laws.inference.estimates import LEVEL
from grokscale.studies.laws.inference.fitting import Follower
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.inference.profile import end
from grokscale.studies.laws.likelihood.fixed.fit import Fit
from grokscale.studies.laws.likelihood.mixed.fit import Mixed
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.profile_maximum import NOWHERE, profile_maximum
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import NotIdentifiable
from grokscale.studies.laws.models.linear import told_apart, with_design, with_studies

COLUMN = "error_floor/threshold"
_REACH = 3.0
"""Greatest |delta| that is looked at."""
_GRID = 13
_STEP = 0.05
"""First step from the best delta towards an end of its interval."""
_VARIES = 1e-6


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How the scatter depends on the floor.

    Attributes:
        delta: its exponent in floor/threshold; ci95: by the adjusted likelihood, an end None where it is not bounded.
        statistic, p: the ratio of those likelihoods against delta = 0, chi-squared on 1.
    """

    delta: float
    ci95: tuple[float | None, float | None]
    statistic: float
    p: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        constant = {"statistic": self.statistic, "df": 1, "p": self.p}
        return {"column": COLUMN, "delta": {"value": self.delta, "ci95": list(self.ci95)}, "is_constant": constant}


def fit_dispersion(data: Data, intercepts: Intercepts) -> Dispersion:
    """Fit delta.

    Raises:
        NotIdentifiable: the floor is not known of every row, does not vary, or the law itself cannot be told.
        NoMaximum: the likelihood has none.
    """
    least, most = np.min(data.log_floor), np.max(data.log_floor)
    if not (np.isfinite(least) and np.isfinite(most)):
        raise NotIdentifiable(COLUMN, "the error floor is not known of every trial")
    if most - least < _VARIES:
        raise NotIdentifiable(COLUMN, "the error floor has only one level")
    named = with_studies(data, intercepts, data.terms)
    told_apart(data, intercepts, named)

    follower = Follower(intercepts)

    def likelihood(delta: float) -> float:
        return _adjusted(follower.fit(with_design(stretched(data, delta), named)))

    top = profile_maximum(likelihood, np.linspace(-_REACH, _REACH, _GRID))
    if abs(top.at) > 0.99 * _REACH:  # a few rows that a curve passes: their scatter would be 0
        raise NotIdentifiable(COLUMN, f"no power of {COLUMN} within {_REACH:g} is the best")
    statistic = max(0.0, 2 * (top.value - likelihood(0.0)))
    allowed = float(chdtri(1, 1 - LEVEL))

    def cost(delta: float) -> float:
        try:
            return 2 * (top.value - likelihood(delta)) - allowed
        except NoMaximum:
            return NOWHERE

    low, high = (end(cost, top.at, side * _STEP) for side in (-1, 1))
    return Dispersion(top.at, (low, high), statistic, float(chdtrc(1, statistic)))


def _adjusted(found: Fit | Mixed) -> float:
    """Return the log-likelihood less half the log-determinant of the information on levels and slopes."""
    if isinstance(found, Mixed):
        return found.value + float(np.linalg.slogdet(found.covariance).logabsdet) / 2
    expansion, theta = found.maximum.expansion, found.maximum.point.theta
    by_level = expansion.levels_rest[:, :-1]
    slopes = expansion.rest_rest[:-1, :-1] - by_level.T @ (by_level / expansion.levels_levels[:, None])
    size = len(expansion.levels_levels) + len(slopes)
    information = np.log(expansion.levels_levels).sum() + np.linalg.slogdet(slopes).logabsdet
    return found.value - float(information) / 2 - size * math.log(theta)  # of a and b, not a/sigma and b/sigma


def stretched(data: Data, delta: float) -> Data:
    """Return the rows with their stretch (floor/threshold)^delta, 1 in their geometric mean."""
    stretch = np.exp(delta * (data.log_floor - data.log_floor.mean()))
    return replace(data, rows=replace(data.rows, sample=replace(data.sample, stretch=stretch)))
