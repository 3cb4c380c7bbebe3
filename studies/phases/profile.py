"""The interval of a contour by profile likelihood: every place that a likelihood-ratio test does not reject.

A contour passes (u, v) where the logit is 0 there, a linear constraint c'b = 0 on the coefficients. It takes the
intercept away, so the model under it is the regression without one on the columns less their values at (u, v). The
interval is the set of u at which twice the drop of the log-likelihood is below a bound; without a fall-off in x that is
large enough the set has no end, as Fieller's has none. Under Firth's penalty Wald intervals fail and these hold (Heinze
and Schemper 2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grokscale.studies.phases.logistic import Counts, Floats, maximise

_DOUBLINGS = 12
"""From a first step of one delta-method interval: beyond 4000 of them, or the reach below, there is no end."""
_REACH = 30.0
"""How far from the contour an end is looked for, in standard deviations of the axis."""
_SECANTS = 40
_LOST = 1e-2
_EXACT = 1e-6
"""Distance of the test's root from its bound at which an end is found."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of one contour.

    Attributes:
        counts: the data.
        best: log-likelihood at the maximum, penalised where `firth`.
        firth: penalised.
        features: columns of the design at places (u, v), given u of shape (points,): (points, p).
    """

    counts: Counts
    best: float
    firth: bool
    features: Callable[[Floats], Floats]

    def drop(self, u: Floats, start: Floats) -> tuple[Floats, Floats]:
        """Return twice the drop of the log-likelihood under a contour through u, shape (points,), and the coefficients.

        Args:
            u: one place a point.
            start: coefficients to start from, without the intercept, shape (points, p - 1).
        """
        place = self.features(u)[:, 1:]
        design = self.counts.design[None, :, 1:] - place[:, None, :]
        found = maximise(design, self.counts, start, firth=self.firth)
        # the drop is wrong by half the square of the distance; a search that is lost rejects no place
        lost = found.gradient_norm > _LOST
        return np.where(lost, 0.0, np.maximum(2 * (self.best - found.value), 0)), found.coefficients


def ends(profile: Profile, middle: Floats, first: Floats, bound: Floats, start: Floats, sign: Floats) -> Floats:
    """Return one end of the interval at every point, nan where it has none.

    Args:
        profile: of the contour.
        middle: the contour, shape (points,), in standard deviations of the axis.
        first: first step away from it, shape (points,), positive.
        bound: bound on twice the drop of the log-likelihood, shape (points,), positive.
        start: coefficients at the maximum without the intercept, shape (p - 1,).
        sign: 1 for an upper end, -1 for a lower one, shape (points,).
    """
    root = np.sqrt(bound)
    warm = np.tile(start, (len(middle), 1))
    inner, outer = np.zeros(len(middle)), np.minimum(first, _REACH)
    below, above = -root, np.full(len(middle), np.nan)
    for _ in range(_DOUBLINGS):
        value, warm = profile.drop(middle + sign * outer, warm)
        above = np.sqrt(value) - root
        short = (above < 0) & (outer < _REACH)
        if not short.any():
            break
        inner, below = np.where(short, outer, inner), np.where(short, above, below)
        outer = np.where(short, np.minimum(2 * outer, _REACH), outer)
    found = above >= 0
    at = outer.copy()
    # false position with the Illinois rule; the root of the drop is nearly linear, so few steps are needed
    side = np.zeros(len(middle))
    for _ in range(_SECANTS):
        at = np.where(found, outer - above * (outer - inner) / np.where(found, above - below, 1.0), at)
        value, warm = profile.drop(middle + sign * at, warm)
        off = np.sqrt(value) - root
        if (np.abs(off[found]) < _EXACT).all():
            break
        high = off >= 0
        below = np.where(found & high & (side == 1), below / 2, np.where(high, below, off))
        above = np.where(found & ~high & (side == -1), above / 2, np.where(high, off, above))
        outer, inner = np.where(high, at, outer), np.where(high, inner, at)
        side = np.where(high, 1.0, -1.0)
    return np.where(found, middle + sign * at, np.nan)
