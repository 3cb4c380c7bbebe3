"""Which exponents are identified by a design, before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import Floats

_CONSTANT = 1e-9  # relative: products of swept fields repeat themselves only up to rounding
_SINGULAR = 1e-8


@dataclass(frozen=True, slots=True)
class Design:
    """Which predictors are identified within draws.

    Attributes:
        names: the predictors.
        basis: positions of linearly independent predictors that span them all.
        lost: predictors whose exponents are not identified, each with the reason; the others are in the basis.
        condition: condition number of the centred, scaled predictors of the basis; 1 for a single one.
    """

    names: tuple[str, ...]
    basis: tuple[int, ...]
    lost: dict[str, str] = field(default_factory=dict)
    condition: float = 1.0


def identify(x: Floats, names: Sequence[str], draw: NDArray[np.intp], draws: int) -> Design:
    """Find the predictors whose exponents are identified by their variation within draws.

    Args:
        x: logarithms of the predictors, shape (rows, p).
        names: their names.
        draw: the draw of each row; all 0 where the draws are pooled.
        draws: number of draws.
    """
    centred, varies = x - means(x, draw, draws)[draw], moves_within(x, draw, draws)
    lost = {names[j]: _constant(x[:, j], names[j], draws) for j in range(len(names)) if not varies[j]}
    moving = np.flatnonzero(varies)
    if not moving.size:
        return Design(tuple(names), (), lost)
    scaled = centred[:, moving] / np.linalg.norm(centred[:, moving], axis=0)
    # the triangle has the singular values, right vectors and pivots of the whole, whatever the number of rows
    triangle = np.linalg.qr(scaled, mode="r")
    _, singular, right = np.linalg.svd(triangle)
    rank = int((singular > _SINGULAR * singular[0]).sum())
    tied = np.abs(right[rank:]).max(axis=0, initial=0) > 1e-6
    together = [names[int(j)] for j in moving[tied]]
    where = " within a draw" if draws > 1 else ""
    lost |= dict.fromkeys(together, f"{', '.join(together)} never vary apart{where}")
    *_, order = scipy.linalg.qr(triangle, mode="r", pivoting=True)
    basis = tuple(sorted(int(j) for j in moving[order[:rank]]))
    return Design(tuple(names), basis, lost, float(singular[0] / singular[rank - 1]))


def moves_within(x: Floats, draw: NDArray[np.intp], draws: int) -> NDArray[np.bool_]:
    """Return which columns of x, shape (rows, p), vary within draws, shape (p,)."""
    apart = np.abs(x - means(x, draw, draws)[draw]).max(axis=0, initial=0)
    return apart > _CONSTANT * np.maximum(1, np.abs(x).max(axis=0, initial=0))


def means(x: Floats, draw: NDArray[np.intp], draws: int) -> Floats:
    """Return the mean of each column over each draw, shape (draws, p); 0 for a draw without rows."""
    size = np.maximum(np.bincount(draw, minlength=draws), 1)
    return np.array([np.bincount(draw, column, draws) / size for column in x.T]).reshape(x.shape[1], draws).T


def _constant(column: Floats, name: str, draws: int) -> str:
    spread = np.ptp(column) if column.size else 0.0
    if draws > 1 and spread > _CONSTANT * max(1.0, float(np.abs(column).max())):
        return f"{name} is the same in all rows of a draw, whose own prefactor absorbs it"
    return f"{name} has only one level"
