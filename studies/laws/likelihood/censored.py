"""The log-likelihood of each row, censored or not, with its derivatives, in Olsen's parametrisation."""

from __future__ import annotations

import numpy as np

from grokscale.studies.laws.likelihood.noise import Curve, Floats, Noise
from grokscale.studies.laws.likelihood.sample import Sample


def rows(sample: Sample, eta: Floats, theta: float) -> Floats:
    """Each row's log-likelihood, its derivatives by eta and theta, and minus the second ones: shape (6, rows).

    Args:
        sample: the rows.
        eta: linear predictor, the expected theta * log t of each row, shape (rows,).
        theta: 1/sigma.
    """
    noise, lower, upper = sample.noise, sample.lower, sample.upper
    if sample.stretch is not None:
        lower, upper, eta = lower / sample.stretch, upper / sample.stretch, eta / sample.stretch
    found = np.zeros((6, len(eta)))
    exact, crossed = sample.exact, sample.crossed
    for kind, curve, end in (
        (exact, noise.at, lower),
        (np.isposinf(upper), noise.above, lower),
        (np.isneginf(lower), noise.below, upper),
    ):
        if kind.any():
            chosen = slice(None) if kind.all() else kind
            found[:, chosen] = _one_end(curve(theta * end[chosen] - eta[chosen]), end[chosen])
    if (interval := crossed & ~exact).any():
        found[:, interval] = _two_ends(noise, lower[interval], upper[interval], eta[interval], theta)
    found[0, exact] += np.log(theta)
    found[2, exact] += 1 / theta
    found[5, exact] += 1 / theta**2
    if sample.stretch is not None:
        found[0, exact] -= np.log(sample.stretch[exact])
        found[[1, 4]] /= sample.stretch
        found[3] /= sample.stretch**2
    return found


def _one_end(f: Curve, end: Floats) -> Floats:
    # z = theta * end - eta
    return np.stack([f.value, -f.slope, end * f.slope, -f.bend, end * f.bend, -(end**2) * f.bend])


def _two_ends(noise: Noise, lower: Floats, upper: Floats, eta: Floats, theta: float) -> Floats:
    # m = theta * middle - eta, w = theta * width
    middle, width = (lower + upper) / 2, upper - lower
    f = noise.between(theta * middle - eta, theta * width)
    return np.stack(
        [
            f.value,
            -f.m,
            middle * f.m + width * f.w,
            -f.mm,
            middle * f.mm + width * f.mw,
            -(middle**2 * f.mm + 2 * middle * width * f.mw + width**2 * f.ww),
        ]
    )
