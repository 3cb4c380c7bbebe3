"""The eigendecomposition that is kept up by rank-one updates, against one made anew by LAPACK."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from grokscale.trainers.tasks.sparse_recovery.fast_forward import rank_one

CLOSE = 1e-13
"""Of the matrix, in units of its norm; and of the eigenvectors' orthogonality."""


@numba.njit
def update(V: np.ndarray, d: np.ndarray, x: np.ndarray, joins: bool) -> tuple[np.ndarray, np.ndarray]:
    """What compiled code alone can call, for Python."""
    return rank_one.update(V, d, x, joins)


def assert_decomposes(V: np.ndarray, d: np.ndarray, A: np.ndarray, close: float = CLOSE) -> None:
    """Eigenvectors lie in the rows of V."""
    N = d.size
    assert np.all(np.diff(d) >= 0)
    assert np.abs(V @ V.T - np.eye(N)).max() < close
    size = max(np.abs(A).max(), 1e-300) * N
    assert np.abs((V.T * d) @ V - A).max() < close * size
    assert np.abs(d - np.linalg.eigvalsh(A)).max() < close * size


@pytest.mark.parametrize("N", [1, 2, 5, 30, 120])
@pytest.mark.parametrize("seed", range(4))
def test_one_more_and_one_less(N: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    X = random.normal(size=(N, 2 * N))
    A = X @ X.T
    d, U = np.linalg.eigh(A)
    x = random.normal(size=N) * 10 ** random.uniform(-6, 3)
    more = update(U.T.copy(), d, x, True)
    assert_decomposes(*more, A + np.outer(x, x))
    assert_decomposes(*update(*more, x, False), A, close=CLOSE * max(1.0, x @ x / np.trace(A)))


@pytest.mark.parametrize("seed", range(4))
def test_columns_one_by_one_from_nothing_and_back_to_nothing(seed: int) -> None:
    """Ranks 0 to N and beyond: eigenvalue zero is many times an eigenvalue."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(20, 50))
    V, d = np.eye(20), np.zeros(20)
    for j in range(50):
        V, d = update(V, d, X[:, j].copy(), True)
        assert_decomposes(V, d, X[:, : j + 1] @ X[:, : j + 1].T)
    left = list(range(50))
    while len(left) > 1:
        j = left.pop(int(random.integers(len(left))))
        V, d = update(V, d, X[:, j].copy(), False)
        scale = 50 / max(len(left), 1)  # rounding is that of the largest matrix on the way
        assert_decomposes(V, d, X[:, left] @ X[:, left].T, close=CLOSE * scale * 4)


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize(
    "x", [np.zeros(6), np.eye(6)[2], np.ones(6), np.array([1e-9, 1.0, 0.0, 1e-12, 1.0, -1.0]), np.full(6, 1e-200)]
)
@pytest.mark.parametrize(
    "d",
    [np.ones(6), np.arange(6.0), np.array([0, 0, 0, 1, 1, 2.0]), np.array([0, 1, 1 + 1e-15, 1 + 1e-12, 2, 3])],
    ids=["one value", "apart", "some alike", "almost alike"],
)
def test_directions_that_change_nothing_and_values_that_are_alike(d: np.ndarray, x: np.ndarray, joins: bool) -> None:
    U, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    A = (U * d) @ U.T
    assert_decomposes(
        *update(U.T.copy(), d, U @ x, joins), A + (1 if joins else -1) * np.outer(U @ x, U @ x), close=1e-12
    )


def test_two_columns_alike_join_and_one_leaves() -> None:
    x = np.random.default_rng(0).normal(size=8)
    V, d = update(np.eye(8), np.zeros(8), x, True)
    V, d = update(V, d, x, True)
    assert_decomposes(V, d, 2 * np.outer(x, x))
    V, d = update(V, d, x, False)
    assert_decomposes(V, d, np.outer(x, x))
