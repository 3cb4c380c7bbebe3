"""Profile-likelihood intervals: the values of a parameter that a likelihood-ratio test does not reject."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.optimize

from grokscale.studies.laws.inference.clusters import t_quantile
from grokscale.studies.laws.inference.fitting import Fitted, Follower
from grokscale.studies.laws.likelihood.sample import Sample

_WIDEST = 64.0
"""Wald intervals beyond which the likelihood counts as flat."""


def profile_interval(fitted: Fitted, j: int) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a slope by its profile likelihood; an end is None where it is not bounded.

    The signed root of the likelihood ratio is compared with t and corrected for degrees of freedom as the standard
    error is (see `estimates`): where the log-likelihood is a parabola the interval is Wald's.
    """
    estimate = fitted.inference.slope(j)
    allowed = t_quantile(estimate.df) * math.sqrt(float(fitted.inference.inflation[j]))
    half = t_quantile(estimate.df) * estimate.se
    follower = Follower(fitted.intercepts)

    def cost(value: float) -> float:
        restricted = follower.fit(_restricted(fitted.sample, j, value)).value
        return math.sqrt(max(0.0, 2 * (fitted.fit.value - restricted))) - allowed

    low, high = (end(cost, estimate.value, sign * half) for sign in (-1, 1))
    return low, high


def _restricted(sample: Sample, j: int, value: float) -> Sample:
    """Return the rows with one slope fixed: its term is subtracted from log t."""
    shift = value * sample.x[:, j]
    return replace(sample, lower=sample.lower - shift, upper=sample.upper - shift, x=np.delete(sample.x, j, axis=1))


def end(cost: Callable[[float], float], centre: float, half: float) -> float | None:
    """Return where a cost, below 0 at `centre`, comes to 0: `half` away or further; None: nowhere near."""
    inside, reach = centre, 1.0
    while reach <= _WIDEST:
        outside = centre + reach * half
        if cost(outside) >= 0:
            root: Any = scipy.optimize.brentq(cost, inside, outside, xtol=1e-6 * abs(half))
            return float(root)
        inside, reach = outside, 2 * reach
    return None
