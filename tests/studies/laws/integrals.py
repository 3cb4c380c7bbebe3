"""The likelihood with a random intercept by mpmath, from its definition: no other units, no moments, no floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp
import numpy as np

from grokscale.studies.laws.likelihood.mixed.centred import Centred, Units
from grokscale.studies.laws.likelihood.mixed.integrand import Place
from grokscale.studies.laws.likelihood.mixed.marginal import Integrated, integrate
from grokscale.studies.laws.likelihood.mixed.quadrature import Start
from grokscale.studies.laws.likelihood.sample import Sample

DIGITS = 32
"""Beyond those of a float that one draw's scatter, a billionth of that between draws, takes up twice."""
_BREAKS = (0, 3, 9, 30)
_HIGHEST = 300
"""e^-e^300 is nothing, and mpmath would compute it."""


def _above(noise: str, z: Any) -> Any:
    """P(e > z) without loss of digits."""
    if noise == "log-normal":
        return mp.erfc(z / mp.sqrt(2)) / 2
    return mp.exp(-mp.exp(min(z, _HIGHEST))) if noise == "Weibull" else 1 / (1 + mp.exp(z))


def _below(noise: str, z: Any) -> Any:
    if noise == "log-normal":
        return mp.erfc(-z / mp.sqrt(2)) / 2
    return -mp.expm1(-mp.exp(min(z, _HIGHEST))) if noise == "Weibull" else 1 / (1 + mp.exp(-z))


def _density(noise: str, z: Any) -> Any:
    if noise == "log-normal":
        return mp.npdf(z)
    z = min(z, mp.mpf(_HIGHEST)) if noise == "Weibull" else z
    return mp.exp(z - mp.exp(z)) if noise == "Weibull" else mp.exp(-z) / (1 + mp.exp(-z)) ** 2


def log_likelihood(sample: Sample, level: Any, slopes: Sequence[Any], sigma: Any, tau: Any) -> Any:
    """The log-likelihood of log t: an integral over u a draw, parted where a row or the prior bends."""
    with mp.workdps(DIGITS):
        parts = [_draw(sample, g, level, slopes, mp.mpf(sigma), mp.mpf(tau)) for g in range(sample.draws)]
        return mp.fsum(parts)


def _draw(sample: Sample, g: int, level: Any, slopes: Sequence[Any], sigma: Any, tau: Any) -> Any:
    noise = sample.noise.name
    mine = np.flatnonzero(sample.draw == g)
    lines = [mp.mpf(level) + mp.fdot([mp.mpf(float(v)) for v in sample.x[i]], slopes) for i in mine]
    ends = [
        (mp.mpf(float(sample.lower[i])) - m, mp.mpf(float(sample.upper[i])) - m)
        for i, m in zip(mine, lines, strict=True)
    ]
    stretches = [mp.mpf(float(s)) for s in sample.stretches[mine]]

    def integrand(u: Any) -> Any:
        found = mp.npdf(u / tau) / tau
        for (lower, upper), stretch in zip(ends, stretches, strict=True):
            a, b = (lower - u) / (sigma * stretch), (upper - u) / (sigma * stretch)
            if lower == upper:
                found *= _density(noise, a) / (sigma * stretch)
            elif mp.isinf(upper):
                found *= _above(noise, a)
            elif mp.isinf(lower):
                found *= _below(noise, b)
            else:
                found *= _between(noise, a, b)
        return found

    finite = [end for pair in ends for end in pair if mp.isfinite(end)]
    points = {end + side * k * sigma for end in finite for k in _BREAKS for side in (-1, 1)}
    points |= {side * k * tau for k in (0, 1, 2, 4, 6, 9, 12, 20, 30) for side in (-1, 1)}
    return mp.log(_over_peak(integrand, sorted(points)))


def _over_peak(integrand: Any, points: list[Any]) -> Any:
    """The integral of a log-concave function; parts whose ends are far below its greatest value add nothing."""
    heights = [integrand(point) for point in points]
    least = max(heights) * mp.mpf(10) ** -DIGITS
    top = heights.index(max(heights))
    kept = [i for i in range(len(points) - 1) if max(heights[i : i + 2]) > least or i in (top - 1, top)]
    return mp.fsum(mp.quad(integrand, points[i : i + 2], method="gauss-legendre") for i in kept)


def _between(noise: str, a: Any, b: Any) -> Any:
    return _above(noise, a) - _above(noise, b) if a > 0 else _below(noise, b) - _below(noise, a)


def ours(sample: Sample, level: float, slopes: Sequence[float], sigma: float, tau: float) -> Integrated:
    """What the code makes of rows at the same parameters; its value lacks -log(sigma) a row seen to the step."""
    b = np.array(slopes, dtype=float)
    mean = sample.x.mean(axis=0)
    units = Units(level + float(mean @ b), mean, np.ones(len(b)), b, sigma)
    place = Place(0.0, np.zeros(len(b)), 1.0, tau / sigma)
    return integrate(Centred.of(sample, units), place, Start.of(np.zeros(sample.draws)))


def value(sample: Sample, *place: Any) -> float:
    """Our log-likelihood of log t."""
    return ours(sample, *place).value - int(sample.exact.sum()) * float(np.log(place[2]))
