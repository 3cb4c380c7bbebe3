"""Normal noise of log t, stable in both tails: t is log-normal."""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr, ndtri

from grokscale.studies.laws.likelihood.noise.curves import Curve, Floats, Noise, Surface

_ROOT_TAU = np.sqrt(2 * np.pi)
_LOG_ROOT_TAU = np.log(_ROOT_TAU)
_ROOT_2, _ROOT_HALF_PI = np.sqrt(2), np.sqrt(np.pi / 2)
_NARROW = 1e-3
"""Below this width (in standard deviations, or relative to the distance from 0) differences of Phi lose digits."""
_FAR = 1e3


def at(z: Floats) -> Curve:
    """Log phi(z): a time seen to the step."""
    return Curve(-0.5 * z * z - _LOG_ROOT_TAU, -z, np.full_like(z, -1.0))


def above(z: Floats) -> Curve:
    """Log P(Z > z): right-censored at z."""
    with np.errstate(over="ignore"):  # below -37 there is no hazard
        hazard = 1 / (erfcx(z / _ROOT_2) * _ROOT_HALF_PI)
    excess = hazard - z
    if (far := z > _FAR).any():  # it cancels: 1/z - 2/z^3 + ... there
        excess[far] = 1 / z[far] - 2 / z[far] ** 3
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
    # mirrored where need be so that the end nearer to 0 is `near` and the bracket lies above it
    near, far = np.abs(middle) - width / 2, np.abs(middle) + width / 2
    drop = np.exp(-np.abs(middle) * width)  # phi(far) / phi(near)
    tail = near > 0
    start = np.where(tail, near, 0.0)
    # P / phi(near): in the tail the scaled error functions keep the digits that Phi loses
    mass = np.where(tail, (erfcx(start / _ROOT_2) - drop * erfcx((start + width) / _ROOT_2)) * _ROOT_HALF_PI, 1.0)
    outside = ndtr(near) + ndtr(-far)
    value = np.where(tail, np.log(mass) - 0.5 * start**2 - _LOG_ROOT_TAU, np.log1p(-np.where(tail, 0.0, outside)))
    f_near = np.where(tail, -1 / mass, -np.exp(-0.5 * near**2 - _LOG_ROOT_TAU - value))
    f_far = np.where(tail, drop / mass, np.exp(-0.5 * far**2 - _LOG_ROOT_TAU - value))
    near_near, near_far, far_far = -near * f_near - f_near**2, -f_near * f_far, -far * f_far - f_far**2
    sign = np.where(middle < 0, -1.0, 1.0)
    return Surface(
        value=value,
        m=sign * (f_near + f_far),
        w=(f_far - f_near) / 2,
        # between 0 and that of a point; in the far tail its digits cancel
        mm=np.clip(near_near + 2 * near_far + far_far, -1, 0),
        mw=sign * (far_far - near_near) / 2,
        ww=(far_far - 2 * near_far + near_near) / 4,
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


NORMAL = Noise("log-normal", at, above, below, between, ndtri, 0.0, 1.0, 1.0)
