"""Adaptive Gauss-Hermite quadrature: the nodes at which the integrand of each draw is evaluated.

The integrand of a draw of exact rows is Gaussian in v, and three nodes about its mode are exact (the square of a score
has degree 4). One whose peak is narrower than the noise is nearly Gaussian. Its ratio to the Gaussian is expanded in
Hermite polynomials at the nodes, and a draw whose last coefficients are not small gets more nodes: the error is about
their square. Any other, such as that of censored rows alone, which has an edge of width 1 under a density of width rho,
is integrated over panels (`panels`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import hermite_e
from scipy.special import gammaln

from grokscale.studies.laws.likelihood.mixed.conditional import Conditional
from grokscale.studies.laws.likelihood.mixed.integrand import Draws, Integrand
from grokscale.studies.laws.likelihood.mixed.panels import panels
from grokscale.studies.laws.likelihood.noise import Floats

_HERMITE = (3, 7, 11, 17, 27)
"""Numbers of nodes; the first is exact where all rows are quadratic. Beyond the last: panels."""
_SMALL = 1e-5
"""Greatest of the last two coefficients, relative to the first: measured, the error is below a tenth of its square."""
_NARROW = 0.6
"""Spread of a peak, in units of the noise, up to which no edge can hide between nodes."""
_CLOSE = 0.1
"""Newton step, in spreads, at which the search for a mode ends: it only says where to put nodes."""
_MODE_STEPS = 100


@dataclass(frozen=True, slots=True)
class Start:
    """Where the next integration begins: modes of v and rules (positions in `_HERMITE`), of shape (draws,)."""

    modes: Floats
    rules: Draws

    @classmethod
    def of(cls, modes: Floats) -> Start:
        """Begin at some modes and the coarsest rule."""
        return cls(modes, np.zeros(len(modes), dtype=np.intp))


@dataclass(frozen=True, slots=True)
class Nodes:
    """Points of quadrature of all draws.

    Attributes:
        draw, v: of each point, shape (points,).
        conditional: log-likelihoods of the rows there.
        logs: log of the integrand times the point's weight.
    """

    draw: Draws
    v: Floats
    conditional: Conditional
    logs: Floats


def nodes(integrand: Integrand, start: Start) -> tuple[Nodes, Start]:
    """Return nodes that resolve the integrand of each draw, and where the next integration may begin."""
    modes, spreads = _modes(integrand, start.modes)
    rules = _rules(integrand, start.rules, spreads)
    parts = [*_hermite(integrand, modes, spreads, rules)]
    if (left := np.flatnonzero(rules == len(_HERMITE))).size:
        draw, v, logs = panels(integrand, left, modes[left], spreads[left])
        parts.append(_looked_at(integrand, draw, v, logs))
    return _together(parts), Start(modes, rules)


def _rules(integrand: Integrand, known: Draws, spreads: Floats) -> Draws:
    curved = integrand.rest.sizes > 0
    return np.where(
        curved, np.where(spreads > _NARROW * integrand.rest.units, len(_HERMITE), np.maximum(known, 1)), 0
    ).astype(np.intp)


def _hermite(integrand: Integrand, modes: Floats, spreads: Floats, rules: Draws) -> Iterator[Nodes]:
    """Yield the nodes of the draws that a rule resolves; raise the rule of the others."""
    for rule, count in enumerate(_HERMITE):
        mine = np.flatnonzero(rules == rule)
        if not mine.size:
            continue
        at, weights, polynomials = _rule(count)
        draw, v = np.repeat(mine, count), (modes[mine, None] + spreads[mine, None] * at).reshape(-1)
        logs = (np.log(weights * spreads[mine, None]) + at**2 / 2).reshape(-1)
        found = _looked_at(integrand, draw, v, logs)
        shares = found.logs.reshape(-1, count)
        shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        coefficients = np.abs(shares @ polynomials.T)
        resolved = coefficients[:, -2:].max(axis=1) <= (_SMALL if rule else np.inf) * coefficients[:, 0]
        rules[mine[~resolved]] += 1
        yield found if resolved.all() else _only(found, np.repeat(resolved, count))


@cache
def _rule(count: int) -> tuple[Floats, Floats, Floats]:
    """Return nodes, weights and orthonormal polynomials at the nodes, shape (count, count), by increasing degree."""
    at, weights = hermite_e.hermegauss(count)
    polynomials = [hermite_e.hermeval(at, np.eye(count)[k]) / np.exp(gammaln(k + 1) / 2) for k in range(count)]
    return at, weights, np.array(polynomials)


def _looked_at(integrand: Integrand, draw: Draws, v: Floats, logs: Floats) -> Nodes:
    conditional = integrand.conditional(draw, v)
    return Nodes(draw, v, conditional, logs + conditional.value + integrand.prior(draw, v)[1])


def _only(found: Nodes, chosen: Draws) -> Nodes:
    return Nodes(found.draw[chosen], found.v[chosen], found.conditional.taken(chosen), found.logs[chosen])


def _together(parts: list[Nodes]) -> Nodes:
    return Nodes(
        np.concatenate([part.draw for part in parts]),
        np.concatenate([part.v for part in parts]),
        Conditional.stacked([part.conditional for part in parts]),
        np.concatenate([part.logs for part in parts]),
    )


def _modes(integrand: Integrand, start: Floats) -> tuple[Floats, Floats]:
    """Return the approximate mode of v of each draw and the spread of its peak.

    The derivative decreases everywhere: Newton steps within a bracket of its root, else bisection.
    """
    v = start
    low, high = np.full_like(v, -np.inf), np.full_like(v, np.inf)
    longest = np.full_like(v, np.inf)
    bend = np.ones_like(v)
    for _ in range(_MODE_STEPS):
        slope, bend = integrand.peak(v)
        step = slope / bend
        if not (far := slope * step >= _CLOSE**2).any():
            # on a plateau between two edges even the last step may be too far
            longest = _CLOSE * integrand.rest.units
            return v + np.clip(step, -longest, longest), 1 / np.sqrt(bend)
        low, high = np.where(slope > 0, v, low), np.where(slope > 0, high, v)
        closes = (v + step > low) & (v + step < high) & (np.abs(step) < longest)
        with np.errstate(invalid="ignore"):
            middle = np.where(np.isfinite(low + high), (low + high) / 2, v + step)
        moved = np.where(far, np.where(closes, v + step, middle), v)
        longest = np.abs(moved - v) / 2
        v = moved
    return v, 1 / np.sqrt(bend)
