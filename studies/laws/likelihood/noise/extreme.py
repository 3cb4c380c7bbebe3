"""Noise of the smallest extreme value, log-density e - exp(e): t is Weibull."""

from __future__ import annotations

import math

import numpy as np

from grokscale.studies.laws.likelihood.noise.curves import Curve, Floats, Noise, Surface

_NARROW = 1e-3
"""Below this width, relative to the slope of the log-density, differences of exponentials lose digits."""
_HIGHEST = 300.0
"""Above, the square of e^z overflows; the density is 0 long before."""


def at(z: Floats) -> Curve:
    """Log-density z - e^z."""
    u = _exp(z)
    return Curve(z - u, 1 - u, -u)


def above(z: Floats) -> Curve:
    """Log P(e > z) = -e^z."""
    u = _exp(z)
    return Curve(-u, -u, -u)


def below(z: Floats) -> Curve:
    """Log P(e <= z) = log(1 - exp(-e^z))."""
    u = _exp(z)
    with np.errstate(over="ignore"):
        q = np.where(u > 0, u / np.where(u > 0, np.expm1(u), 1.0), 1.0)
    # 1 - u - q cancels near 0
    bend = np.where(u < _NARROW, -u / 2 + u * u / 6, q * (1 - u - q))
    with np.errstate(divide="ignore"):
        value = np.where(u < 1e-300, z, np.log(-np.expm1(-np.maximum(u, 1e-300))))
    return Curve(value, q, np.minimum(bend, 0.0))


def between(middle: Floats, width: Floats) -> Surface:
    """Log P(middle - width/2 < e <= middle + width/2), width > 0."""
    narrow = width * np.maximum(1.0, np.abs(1 - _exp(middle))) < _NARROW
    wide = _wide(np.where(narrow, 0.0, middle), np.where(narrow, 1.0, width))
    thin = _thin(np.where(narrow, middle, 0.0), np.where(narrow, width, _NARROW))
    return Surface(*(np.where(narrow, getattr(thin, part), getattr(wide, part)) for part in Surface.__slots__))


def _wide(middle: Floats, width: Floats) -> Surface:
    low, high = _exp(middle - width / 2), _exp(middle + width / 2)
    # P = e^-low (1 - e^-d)
    d = np.maximum(high - low, 1e-16 * high + 1e-300)  # both may be at the highest
    with np.errstate(over="ignore"):
        up, down = high / np.expm1(d), low / -np.expm1(-d)  # d/d upper end, -d/d lower end
    up_up, down_down, cross = up * (1 - up - high), -down - down * down * np.exp(-d), up * down
    return Surface(
        value=-low + np.log(-np.expm1(-d)),
        m=up - down,
        w=(up + down) / 2,
        mm=np.minimum(up_up + 2 * cross + down_down, 0.0),
        mw=(up_up - down_down) / 2,
        ww=(up_up - 2 * cross + down_down) / 4,
    )


def _thin(middle: Floats, width: Floats) -> Surface:
    # log(width * density) with the first correction of the midpoint rule; the next is of order width^4
    u = _exp(middle)
    slope, shape = 1 - u, -u + (1 - u) ** 2  # of the log-density; second derivative of the density over it
    d_shape, dd_shape = -u - 2 * u * slope, -u - 2 * u * slope + 2 * u * u
    return Surface(
        value=np.log(width) + middle - u + width**2 / 24 * shape,
        m=slope + width**2 / 24 * d_shape,
        w=1 / width + width / 12 * shape,
        mm=np.minimum(-u + width**2 / 24 * dd_shape, 0.0),
        mw=width / 12 * d_shape,
        ww=-1 / width**2 + shape / 12,
    )


def _exp(z: Floats) -> Floats:
    return np.exp(np.minimum(z, _HIGHEST))


def quantile(p: Floats) -> Floats:
    """Return z with P(e <= z) = p."""
    return np.log(-np.log1p(-p))


EXTREME = Noise("Weibull", at, above, below, between, quantile, -float(np.euler_gamma), math.pi / math.sqrt(6), 1.0)
