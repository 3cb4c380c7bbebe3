"""The data of matrix completion: the matrix, the observed cells and the initial direction of one seed.

A* = U V^T is scaled to ||A*||_F = sqrt(n1 n2); the cells are the first N of a random permutation or, as far as int(tau
N) of them, those of the largest leverage scores mu_i + nu_j (paper section 4, and its code).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grokscale.trainers.task import Streams
from grokscale.trainers.trial import Value, number


@dataclass(frozen=True, eq=False)
class MatrixDraw:
    """One data set, shared by all step sizes, strengths and initial scales.

    Attributes:
        A_star: ground truth, shape (n1, n2).
        observed: 1.0 at observed cells, else 0.0, shape (n1, n2).
        direction: standard normal / sqrt(n1 n2), shape (n1, n2): what `init: random` scales.
    """

    A_star: np.ndarray
    observed: np.ndarray
    direction: np.ndarray

    @property
    def A_hat(self) -> np.ndarray:
        """The least-norm interpolant: observed cells, and zeros elsewhere."""
        return self.observed * self.A_star

    def initial(self, config: Mapping[str, Value]) -> np.ndarray:
        """Return A^0, shape (n1, n2)."""
        scale = number(config, "init_scale")
        return scale * (self.direction if config["init"] == "random" else np.ones_like(self.A_star))


def draw_matrix(config: Mapping[str, Value], streams: Streams) -> MatrixDraw:
    """Draw the matrix, the cells and the initial direction of one seed.

    Args:
        config: n1, n2, r, N, tau, factors.
        streams: the seed's streams.
    """
    n1, n2, r, N = (int(number(config, field)) for field in ("n1", "n2", "r", "N"))
    signal = streams.generator("signal")
    U = signal.standard_normal((n1, r))
    V = U if config["factors"] == "symmetric" else signal.standard_normal((n2, r))
    A_star = U @ V.T
    A_star *= math.sqrt(n1 * n2) / np.linalg.norm(A_star)
    observed = np.zeros(n1 * n2)
    observed[_cells(A_star, r, N, number(config, "tau"), streams.generator("design"))] = 1.0
    direction = streams.generator("init").standard_normal((n1, n2)) / math.sqrt(n1 * n2)
    return MatrixDraw(A_star, observed.reshape(n1, n2), direction)


def _cells(A_star: np.ndarray, r: int, N: int, tau: float, random: np.random.Generator) -> np.ndarray:
    """Return the row-major numbers of the observed cells, shape (N,)."""
    by_leverage = np.argsort(-leverage(A_star, r).ravel(), kind="stable")[: int(tau * N)]
    others = random.permutation(np.setdiff1d(np.arange(A_star.size), by_leverage))
    return np.concatenate([by_leverage, others[: N - by_leverage.size]])


def leverage(A_star: np.ndarray, r: int) -> np.ndarray:
    """Return mu_i + nu_j, shape (n1, n2), with mu_i = n1/r ||U_i||^2 and nu_j = n2/r ||V_j||^2 of the compact SVD."""
    U, _, Vh = np.linalg.svd(A_star, full_matrices=False)
    mu = A_star.shape[0] / r * np.square(U[:, :r]).sum(axis=1)
    nu = A_star.shape[1] / r * np.square(Vh[:r]).sum(axis=0)
    return mu[:, None] + nu[None, :]
