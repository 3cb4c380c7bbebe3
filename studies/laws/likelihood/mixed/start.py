"""Starting values of a fit with random intercepts: a least-squares line within draws and the scatter about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.design import means
from grokscale.studies.laws.likelihood.mixed.centred import Units
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_ROUNDS = 5
"""Of reweighting, after which an interval has the weight that its width allows."""


def first_units(sample: Sample) -> tuple[Units, float]:
    """Return units for the search, and tau/sigma from the means of the draws.

    Least squares within draws over the rows bounded on both sides, then of the draws' means.
    """
    crossed = sample.crossed
    draw, x = sample.draw[crossed], sample.x[crossed]
    y = (sample.lower[crossed] + sample.upper[crossed]) / 2
    x_mean, x_scale = x.mean(axis=0), x.std(axis=0)
    x_scale = np.where(x_scale > 0, x_scale, 1.0)
    x = (x - x_mean) / x_scale
    width = (sample.upper - sample.lower)[crossed]
    within, weights, scatter = _within(y, x, draw, sample.draws, width, sample.rounding)
    y_draw, x_draw, has = _weighed(y, x, draw, sample.draws, weights)
    rest = (y_draw - x_draw @ within)[has]
    between_x = np.column_stack([np.ones(has.sum()), x_draw[has]])
    # what moves within draws keeps its slope from there
    moves = np.abs(x - means(x, draw, sample.draws)[draw]).max(axis=0, initial=0) > 1e-9
    between_x[:, 1:][:, moves] = 0
    between = np.linalg.lstsq(between_x, rest, rcond=None)[0]
    spread = float(np.std(rest - between_x @ between)) if has.sum() > 1 else 0.0
    return Units(float(between[0]), x_mean, x_scale, (within + between[1:]) / x_scale, scatter), spread / scatter


def _within(
    y: Floats, x: Floats, draw: NDArray[np.intp], draws: int, width: Floats, least: float
) -> tuple[Floats, Floats, float]:
    """Return slopes within draws, weights of the rows and the scatter, by least squares reweighted.

    The error of an interval's middle is its width over root 12, which is added to the variance of the others. The first
    round takes the exact rows alone, where they suffice.
    """
    variance = width**2 / 12
    weights, scatter = np.ones(len(y)), 0.0
    if _tell(x[width == 0], draw[width == 0], draws):
        weights = (width == 0).astype(float)
    slopes: Floats = np.zeros(x.shape[1])
    for _ in range(_ROUNDS if width.any() else 1):
        y_draw, x_draw, _ = _weighed(y, x, draw, draws, weights)
        root = np.sqrt(weights)
        if x.size:
            by_x, off = root[:, None] * (x - x_draw[draw]), root * (y - y_draw[draw])
            slopes = np.linalg.lstsq(by_x, off, rcond=None)[0].astype(float)
        left = y - y_draw[draw] - (x - x_draw[draw]) @ slopes
        scatter = float(np.sqrt((weights * (left**2 + variance)).sum() / weights.sum()))
        scatter = max(scatter, least, 1e-300)
        weights = scatter**2 / (scatter**2 + variance)
    return slopes, weights, scatter


def _tell(x: Floats, draw: NDArray[np.intp], draws: int) -> bool:
    """Return whether rows identify slopes and a scatter within draws."""
    within = x - means(x, draw, draws)[draw]
    return len(x) - len(np.unique(draw)) > x.shape[1] and np.linalg.matrix_rank(within) == x.shape[1]


def _weighed(
    y: Floats, x: Floats, draw: NDArray[np.intp], draws: int, weights: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return weighed means of y and x by draw, shapes (draws,) and (draws, p), and which draws have rows."""
    total = np.bincount(draw, weights, draws)
    has = total > 0
    both = np.column_stack([y, x])
    sums = np.array([np.bincount(draw, weights * column, draws) for column in both.T]).T
    found = sums / np.where(has, total, 1.0)[:, None]
    return found[:, 0], found[:, 1:], has
