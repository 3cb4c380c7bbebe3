"""Log-normal noise: log-probabilities of a standardised residual and their derivatives, stable in both tails.

Each function takes arrays of standardised ends z and returns value, gradient and curvature elementwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

Floats = NDArray[np.float64]

_LOG_ROOT_TAU = 0.5 * np.log(2 * np.pi)
_NARROW = 1e-3
"""Below this width (in standard deviations, or relative to the distance from 0) differences of Phi lose digits."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A function of one end z: value, first and second derivative, each of shape (rows,)."""

    value: Floats
    slope: Floats
    bend: Floats


@dataclass(frozen=True, slots=True)
class Surface:
    """A function of both ends (lower, upper): value, gradient and Hessian, each entry of shape (rows,)."""

    value: Floats
    lower: Floats
    upper: Floats
    lower_lower: Floats
    lower_upper: Floats
    upper_upper: Floats


def at(z: Floats) -> Curve:
    """Log phi(z): a time seen to the step."""
    return Curve(-0.5 * z * z - _LOG_ROOT_TAU, -z, np.full_like(z, -1.0))


def above(z: Floats) -> Curve:
    """Log P(Z > z): right-censored at z."""
    with np.errstate(over="ignore"):
        hazard = np.sqrt(2 / np.pi) / erfcx(z / np.sqrt(2))  # erfcx overflows for z << 0, where the hazard is 0
    # hazard - z cancels for z >> 0: 1/z - 2/z^3 + ... there
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(z > 1e3, 1 / z - 2 / z**3, hazard - z)
    return Curve(log_ndtr(-z), -hazard, -hazard * excess)


def below(z: Floats) -> Curve:
    """Log P(Z <= z): left-censored at z. The normal is symmetric."""
    mirror = above(-z)
    return Curve(mirror.value, -mirror.slope, mirror.bend)


def between(lower: Floats, upper: Floats) -> Surface:
    """Log P(lower < Z <= upper), lower < upper, both finite."""
    width = upper - lower
    narrow = width * np.maximum(1.0, np.abs(lower + upper) / 2) < _NARROW
    wide = _wide(np.where(narrow, -1.0, lower), np.where(narrow, 1.0, upper))
    thin = _thin(np.where(narrow, lower, -0.0005), np.where(narrow, upper, 0.0005))
    return Surface(*(np.where(narrow, getattr(thin, part), getattr(wide, part)) for part in Surface.__slots__))


def _wide(lower: Floats, upper: Floats) -> Surface:
    # in the upper tail both logarithms of Phi are 0 to machine precision: mirror it into the lower one
    flip = lower + upper > 0
    a, b = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    value = log_ndtr(b) + np.log1p(-np.exp(log_ndtr(a) - log_ndtr(b)))
    to_upper = np.exp(-0.5 * upper * upper - _LOG_ROOT_TAU - value)
    to_lower = -np.exp(-0.5 * lower * lower - _LOG_ROOT_TAU - value)
    return Surface(
        value,
        to_lower,
        to_upper,
        -lower * to_lower - to_lower**2,
        -to_lower * to_upper,
        -upper * to_upper - to_upper**2,
    )


def _thin(lower: Floats, upper: Floats) -> Surface:
    # log(width * phi(middle)) with the first correction of the midpoint rule; the next is of order width^4
    width, middle = upper - lower, (lower + upper) / 2
    value = np.log(width) - 0.5 * middle**2 - _LOG_ROOT_TAU + (middle**2 - 1) * width**2 / 24
    m = middle * (width**2 / 12 - 1)
    w = 1 / width + (middle**2 - 1) * width / 12
    mm, mw, ww = width**2 / 12 - 1, middle * width / 6, (middle**2 - 1) / 12 - 1 / width**2
    return Surface(value, m / 2 - w, m / 2 + w, mm / 4 - mw + ww, mm / 4 - ww, mm / 4 + mw + ww)
