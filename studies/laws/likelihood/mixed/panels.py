"""Gauss-Legendre quadrature on panels between the ends of censored rows, halved until they are resolved."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre

from grokscale.studies.laws.likelihood.mixed.integrand import Draws, Integrand
from grokscale.studies.laws.likelihood.noise import Floats

_NODES = 16
_FALL = 40.0
"""Fall of the log-density from its peak beyond which it is negligible: e^-40 is rounding."""
_ABOUT_EDGE = (0.0, 3.0, 6.0, 9.0, 30.0)
"""Distances from the end of a censored row, either way, in units of the noise."""
_ABOUT_PRIOR = (0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0)
"""Distances from the middle of the prior, in units of its own."""
_ABOUT_MODE = (3.0, 9.0)
_APART = 2.0
"""Units of the noise that the breaks of many rows are about apart."""
_RESOLVED = 1e-14
"""Error of a panel, relative to its draw's integral: about the square of its last Legendre coefficients."""
_NOTHING = 1e-17
"""Share of a draw's integral below which a node is left out."""
_ROUNDING = 1e-15
"""Relative rounding of a log-density: no panel is resolved beyond it."""
_MOST_HALVINGS = 16
_MOST_UNRESOLVED = 64
"""Unresolved panels per draw, on average, that edges can cause; more are caused by rounding."""

_AT, _WEIGHTS = legendre.leggauss(_NODES)
_COEFFICIENTS = np.array([(k + 0.5) * _WEIGHTS * legendre.legval(_AT, np.eye(_NODES)[k]) for k in range(_NODES)])


def panels(integrand: Integrand, draws: Draws, modes: Floats, spreads: Floats) -> tuple[Draws, Floats, Floats]:
    """Return the nodes of some draws.

    Args:
        integrand: log-concave in v.
        draws: which, shape (k,).
        modes: theirs, about, shape (k,).
        spreads: of their peaks, about, shape (k,).

    Returns:
        The draw of each node, v, and the logarithm of its weight.
    """
    peaks = integrand.value(draws, modes)
    owner, low, high = _first(integrand, draws, modes, spreads, peaks)
    total = np.zeros(len(draws))
    kept: list[tuple[Draws, Floats, Floats, Floats]] = []
    for halvings in range(_MOST_HALVINGS):
        half = (high - low) / 2
        v = (low + high)[:, None] / 2 + half[:, None] * _AT
        values = integrand.value(np.repeat(draws[owner], _NODES), v.reshape(-1)).reshape(v.shape)
        if not halvings:
            np.maximum.at(peaks, owner, values.max(axis=1))
        heights = np.exp(values - peaks[owner, None])
        shares = half[:, None] * heights * _WEIGHTS
        total_here = total + np.bincount(owner, shares.sum(axis=1), len(draws))
        allowed = np.maximum(_RESOLVED, _ROUNDING * np.abs(peaks))[owner] * total_here[owner]
        done = _errors(heights, half) <= allowed
        if halvings == _MOST_HALVINGS - 1 or (halvings and (~done).sum() > _MOST_UNRESOLVED * len(draws)):
            done[:] = True
        total += np.bincount(owner[done], shares[done].sum(axis=1), len(draws))
        kept.append((owner[done], v[done], half[done], shares[done]))
        if done.all():
            break
        owner, low, high = owner[~done], low[~done], high[~done]
        middle = (low + high) / 2
        owner, low, high = np.tile(owner, 2), np.append(low, middle), np.append(middle, high)
    owner, v, half, shares = (np.concatenate(part) for part in zip(*kept, strict=True))
    counts = shares > _NOTHING * total[owner, None]
    logs = np.log(half)[:, None] + np.log(_WEIGHTS)
    return np.repeat(draws[owner], counts.sum(axis=1)), v[counts], logs[counts]


def _errors(heights: Floats, half: Floats) -> Floats:
    """Return the approximate error of each panel's integral."""
    coefficients = np.abs(heights @ _COEFFICIENTS.T)
    last, greatest = coefficients[:, -2:].max(axis=1), np.maximum(coefficients.max(axis=1), 1e-300)
    return half * last * np.minimum(last / greatest, 1.0)


def _first(
    integrand: Integrand, draws: Draws, modes: Floats, spreads: Floats, peaks: Floats
) -> tuple[Draws, Floats, Floats]:
    """Return the panels to begin with: position in `draws`, lower and upper end."""
    low, high = (_beyond(integrand, draws, modes, side * spreads, peaks) for side in (-1.0, 1.0))
    owners, places = _breaks(integrand, draws, modes, spreads)
    inside = (places > low[owners]) & (places < high[owners])
    owners, places = owners[inside], places[inside]
    # of breaks that lie closer to one another one will do
    cell = np.floor((places - low[owners]) / np.minimum(spreads, _APART * integrand.rest.units[draws])[owners])
    order = np.lexsort((places, cell, owners))
    owners, places, cell = owners[order], places[order], cell[order]
    first = np.append(True, (np.diff(owners) != 0) | (np.diff(cell) != 0))[: len(owners)]
    own = np.arange(len(draws))
    owners, places = np.concatenate([own, owners[first], own]), np.concatenate([low, places[first], high])
    order = np.lexsort((places, owners))
    owners, places = owners[order], places[order]
    same = (np.diff(owners) == 0) & (np.diff(places) > 0)
    return owners[:-1][same], places[:-1][same], places[1:][same]


def _beyond(integrand: Integrand, draws: Draws, modes: Floats, step: Floats, peaks: Floats) -> Floats:
    """Return a place on one side of each mode where the integrand is negligible."""
    reach = 9 * step
    while True:
        short = np.flatnonzero(integrand.value(draws, modes + reach) > peaks - _FALL)
        if not short.size:
            return modes + reach
        reach[short] *= 2


def _breaks(integrand: Integrand, draws: Draws, modes: Floats, spreads: Floats) -> tuple[Draws, Floats]:
    """Return where each draw's integrand may bend: position in `draws`, place."""
    rest, row = integrand.rest.repeated(draws)
    ends = np.stack([rest.lower, rest.upper], axis=1) * integrand.place.theta - integrand.eta[row, None]
    bends = np.isfinite(ends) & ~rest.exact[:, None]
    edges, owner = ends[bends], np.broadcast_to(rest.draw[:, None], ends.shape)[bends]
    stretch = np.broadcast_to(rest.stretches[:, None], ends.shape)[bends]
    own = np.arange(len(draws))
    places = [
        (owner, edges, stretch, _ABOUT_EDGE),
        (own, -integrand.r[draws], np.full(len(draws), integrand.place.rho), _ABOUT_PRIOR),
        (own, modes, spreads, _ABOUT_MODE),
    ]
    found = [
        (whose, at + side * distance * unit)
        for whose, at, unit, distances in places
        for distance in distances
        for side in (-1, 1)
    ]
    return np.concatenate([whose for whose, _ in found]), np.concatenate([place for _, place in found])
