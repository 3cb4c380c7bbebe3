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
    """A function of a bracket's middle m and width w: value, gradient and Hessian, each entry of shape (rows,).

    In its ends the same derivatives are of order 1/w^2 and cancel.
    """

    value: Floats
    m: Floats
    w: Floats
    mm: Floats
    mw: Floats
    ww: Floats


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


def between(middle: Floats, width: Floats) -> Surface:
    """Log P(middle - width/2 < Z <= middle + width/2), width > 0."""
    narrow = width * np.maximum(1.0, np.abs(middle)) < _NARROW
    wide = _wide(np.where(narrow, 0.0, middle), np.where(narrow, 1.0, width))
    thin = _thin(np.where(narrow, middle, 0.0), np.where(narrow, width, _NARROW))
    return Surface(*(np.where(narrow, getattr(thin, part), getattr(wide, part)) for part in Surface.__slots__))


def _wide(middle: Floats, width: Floats) -> Surface:
    lower, upper = middle - width / 2, middle + width / 2
    # in the upper tail both logarithms of Phi are 0 to machine precision: mirror it into the lower one
    a, b = np.where(middle > 0, -upper, lower), np.where(middle > 0, -lower, upper)
    value = log_ndtr(b) + np.log1p(-np.exp(log_ndtr(a) - log_ndtr(b)))
    f_l = -np.exp(-0.5 * lower * lower - _LOG_ROOT_TAU - value)
    f_u = np.exp(-0.5 * upper * upper - _LOG_ROOT_TAU - value)
    f_ll, f_lu, f_uu = -lower * f_l - f_l**2, -f_l * f_u, -upper * f_u - f_u**2
    return Surface(
        value, f_l + f_u, (f_u - f_l) / 2, f_ll + 2 * f_lu + f_uu, (f_uu - f_ll) / 2, (f_uu - 2 * f_lu + f_ll) / 4
    )


def _thin(middle: Floats, width: Floats) -> Surface:
    # log(width * phi(middle)) with the first correction of the midpoint rule; the next is of order width^4
    return Surface(
        value=np.log(width) - 0.5 * middle**2 - _LOG_ROOT_TAU + (middle**2 - 1) * width**2 / 24,
        m=middle * (width**2 / 12 - 1),
        w=1 / width + (middle**2 - 1) * width / 12,
        mm=width**2 / 12 - 1,
        mw=middle * width / 6,
        ww=(middle**2 - 1) / 12 - 1 / width**2,
    )
