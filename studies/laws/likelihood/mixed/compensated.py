"""Residuals in twice the working precision (T. Ogita, S. Rump, S. Oishi, SIAM J. Sci. Comput. 26, 2005).

A residual of a law may be a billionth of the times and predictors that it is the difference of.
"""

from __future__ import annotations

from grokscale.studies.laws.likelihood.noise import Floats

_SPLIT = 2.0**27 + 1
"""Halves the digits of a float (T. Dekker)."""


def residuals(y: Floats, x: Floats, y_origin: Floats, x_origin: Floats, slopes: Floats) -> Floats:
    """Return y - y_origin - (x - x_origin) . slopes as if computed in twice the precision and then rounded.

    Args:
        y: finite, shape (rows,).
        x: shape (rows, p).
        y_origin: shape (rows,).
        x_origin: shape (rows, p).
        slopes: shape (p,); no product overflows.
    """
    total, lost = _sum(y, -y_origin)
    for j in range(len(slopes)):
        slope = slopes[j : j + 1]
        run, run_lost = _sum(x[:, j], -x_origin[:, j])
        product, product_lost = _product(run, -slope)
        total, rounded = _sum(total, product)
        lost = lost + (product_lost - run_lost * slope + rounded)
    return total + lost


def _sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return a + b rounded, and what rounding lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return a * b rounded, and what rounding lost."""
    product = a * b
    a_high, b_high = _high(a), _high(b)
    a_low, b_low = a - a_high, b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _high(a: Floats) -> Floats:
    scaled = _SPLIT * a
    return scaled - (scaled - a)
