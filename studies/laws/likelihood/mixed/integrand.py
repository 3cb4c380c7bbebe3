"""The integrand over a draw's random intercept: the likelihood of its rows conditional on it, times its density.

u = r + sigma v, where r is the height of the draw's middle above the law (`centred`). So v is of the size of the rows'
own scatter whatever tau is, and the density N(r + sigma v; 0, tau^2) sigma is nearly flat in v where tau is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.mixed.centred import Centred
from grokscale.studies.laws.likelihood.mixed.conditional import Conditional, Grouped, expand
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_MOST_ROWS = 20_000
"""Rows whose arrays stay in the cache."""
_LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)
Draws = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Place:
    """Parameters: the level, slopes (p,), theta = 1/sigma > 0 and rho = tau/sigma > 0."""

    level: float
    slopes: Floats
    theta: float
    rho: float

    @property
    def vector(self) -> Floats:
        """(level, slopes, log theta, log rho), shape (p+3,)."""
        return np.array([self.level, *self.slopes, np.log(self.theta), np.log(self.rho)])

    @staticmethod
    def of(vector: Floats) -> Place:
        """Return the place of a vector."""
        return Place(float(vector[0]), vector[1:-2], float(np.exp(vector[-2])), float(np.exp(vector[-1])))


@dataclass(frozen=True, slots=True)
class Integrand:
    """The log-density of draws at a place of the parameters, as a function of v.

    Attributes:
        place: the parameters.
        rest: the rows that are not quadratic in v; eta: their linear predictors at v = 0.
        parabolas: the other rows at v = 0.
        r: of each draw, in units of sigma, shape (draws,).
    """

    place: Place
    rest: Grouped
    eta: Floats
    parabolas: Conditional
    r: Floats

    @classmethod
    def at(cls, centred: Centred, place: Place) -> Integrand:
        """Return the integrand of rows at some parameters."""
        rest, slopes = centred.parted.rest, place.slopes
        r = place.theta * centred.levels - place.level - centred.x @ slopes
        parabolas = centred.parted.parabolas(0.0, slopes, place.theta)
        return cls(place, rest, rest.sample.x @ slopes, parabolas, r)

    def prior(self, draw: Draws, v: Floats) -> tuple[Floats, Floats]:
        """Return (r + sigma v)/tau at v of some draws, and the log-density of v."""
        q = (self.r[draw] + v) / self.place.rho
        return q, -0.5 * q * q - _LOG_ROOT_TAU - math.log(self.place.rho)

    def conditional(self, draw: Draws, v: Floats) -> Conditional:
        """Return the log-likelihood of the rows of some draws conditional on v, shape (points,)."""
        parts = [self._expand(draw[few], v[few]) for few in self._several(draw)]
        return Conditional.stacked(parts) + self.parabolas.taken(draw).moved(v)

    def value(self, draw: Draws, v: Floats) -> Floats:
        """Return the log-density alone, shape (points,)."""
        curved = np.concatenate([self._value(draw[few], v[few]) for few in self._several(draw)])
        slope, bend = self.parabolas.score[draw, 0], self.parabolas.information[draw, 0, 0]
        return curved + self.parabolas.value[draw] + v * (slope - v * bend / 2) + self.prior(draw, v)[1]

    def peak(self, v: Floats) -> tuple[Floats, Floats]:
        """Return the first and minus the second derivative of every draw's log-density, shapes (draws,)."""
        sample, place = self.rest.sample, self.place
        _, by_eta, _, eta_eta, _, _ = rows(sample, self.eta + v[sample.draw], place.theta)
        bend = self.parabolas.information[:, 0, 0]
        slope = self.parabolas.score[:, 0] - v * bend + sample.sums(by_eta) - (self.r + v) / place.rho / place.rho
        return slope, bend + sample.sums(eta_eta) + 1 / place.rho**2

    def _several(self, draw: Draws) -> list[slice]:
        """Cut points so that the rows of each part stay in the cache."""
        part = np.cumsum(self.rest.sizes[draw]) // _MOST_ROWS
        ends = [*np.flatnonzero(np.diff(part)) + 1, len(draw)]
        return [slice(first, last) for first, last in zip([0, *ends[:-1]], ends, strict=True)]

    def _repeated(self, draw: Draws, v: Floats) -> tuple[Sample, Floats]:
        sample, row = self.rest.repeated(draw)
        return sample, self.eta[row] + v[sample.draw]

    def _expand(self, draw: Draws, v: Floats) -> Conditional:
        return expand(*self._repeated(draw, v), self.place.theta)

    def _value(self, draw: Draws, v: Floats) -> Floats:
        sample, eta = self._repeated(draw, v)
        return sample.sums(rows(sample, eta, self.place.theta)[0])
