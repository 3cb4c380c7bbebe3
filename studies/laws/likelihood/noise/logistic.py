"""Logistic noise of log t: t is log-logistic."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, log_expit, logit

from grokscale.studies.laws.likelihood.noise.curves import Curve, Floats, Noise, Surface


def at(z: Floats) -> Curve:
    """Log-density -z - 2 log(1 + e^-z)."""
    return Curve(log_expit(z) + log_expit(-z), -np.tanh(z / 2), -2 * _bend(z))


def above(z: Floats) -> Curve:
    """Log P(e > z) = -log(1 + e^z)."""
    return Curve(log_expit(-z), -expit(z), -_bend(z))


def below(z: Floats) -> Curve:
    """Log P(e <= z). The logistic is symmetric."""
    return Curve(log_expit(z), expit(-z), -_bend(z))


def between(middle: Floats, width: Floats) -> Surface:
    """F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)): no digits are lost at any width or distance."""
    a, b = middle - width / 2, middle + width / 2
    near, far = _bend(a), _bend(b)
    e = np.expm1(np.minimum(width, 700.0))
    return Surface(
        value=log_expit(b) + log_expit(-a) + np.log(-np.expm1(-width)),
        m=expit(-b) - expit(a),
        w=(expit(-b) + expit(a)) / 2 + 1 / e,
        mm=-(near + far),
        mw=(near - far) / 2,
        ww=-(near + far) / 4 - (1 + 1 / e) / e,
    )


def _bend(z: Floats) -> Floats:
    return expit(z) * expit(-z)


LOGISTIC = Noise("log-logistic", at, above, below, between, logit, 0.0, math.pi / math.sqrt(3), 1 / 3)
