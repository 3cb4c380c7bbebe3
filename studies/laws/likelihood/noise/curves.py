"""What a noise says of a row: its log-probability with the derivatives that a Newton search needs, elementwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Noise:
    """The distribution of a standardised residual e of log t. Its density is log-concave: see `fixed.expansion`.

    Attributes:
        name: of the distribution of t.
        at: log-density: a time seen to the step.
        above: log P(e > z): right-censored at z.
        below: log P(e <= z): left-censored at z.
        between: log P(m - w/2 < e <= m + w/2), w > 0.
        draw: standard variates from uniform ones in (0, 1): the quantile function.
        mean, sd: of e.
        information: on its location, of one row seen to the step.
    """

    name: str
    at: Callable[[Floats], Curve]
    above: Callable[[Floats], Curve]
    below: Callable[[Floats], Curve]
    between: Callable[[Floats, Floats], Surface]
    draw: Callable[[Floats], Floats]
    mean: float
    sd: float
    information: float
