"""The oracle: the published form of matrix completion, one trial, one plain loop, every step looked at.

A is a vector vec(A), row by row; the design is the face-splitting product of one-hot selectors of rows and columns, so
that X a lists the observed cells (paper section 4, and its code). Written from the definitions alone.
"""

from __future__ import annotations

import numpy as np


def design(observed: np.ndarray) -> np.ndarray:
    """X, shape (N, n1 n2): row i is x1_i kron x2_i of the row and the column of the i-th observed cell."""
    n1, n2 = observed.shape
    return np.stack([np.kron(np.eye(n1)[i], np.eye(n2)[j]) for i, j in np.argwhere(observed > 0)])


def shrunk(A: np.ndarray, norm: str, by: float) -> np.ndarray:
    """The proximal operator of by * norm."""
    if norm == "nuclear":
        U, S, Vh = np.linalg.svd(A, full_matrices=False)
        return U @ np.diag(np.maximum(S - by, 0)) @ Vh
    if norm == "l1":
        return np.sign(A) * np.maximum(np.abs(A) - by, 0)
    return A


def pull(A: np.ndarray, norm: str) -> np.ndarray:
    """A subgradient of the norm."""
    if norm == "nuclear":
        U, _, Vh = np.linalg.svd(A, full_matrices=False)
        rank = np.linalg.matrix_rank(A)  # beyond it vectors are of no matter of A, but of rounding
        return U[:, :rank] @ Vh[:rank]
    return {"l1": np.sign(A), "l2": A, "none": np.zeros_like(A)}[norm]


def run(
    A_star: np.ndarray,
    observed: np.ndarray,
    A0: np.ndarray,
    method: str,
    norm: str,
    alpha: float,
    beta: float,
    steps: int,
    theta: float = 1e-2,
) -> tuple[int | None, int | None, np.ndarray]:
    """First steps at which the train and the test error are at or below theta, None where never; and A at the end."""
    X = design(observed)
    a_star, a, shape = A_star.ravel(), A0.ravel().copy(), A_star.shape
    y, inverse = X @ a_star, np.linalg.pinv(X)
    times: list[int | None] = [None, None]
    for t in range(steps + 1):
        errors = np.linalg.norm(X @ a - y) / np.linalg.norm(y), np.linalg.norm(a - a_star) / np.linalg.norm(a_star)
        times = [t if time is None and error <= theta else time for time, error in zip(times, errors, strict=True)]
        if t == steps:
            break
        gradient = X.T @ (X @ a - y)
        H = pull(a.reshape(shape), norm).ravel()
        if method == "proximal" and norm in ("nuclear", "l1"):
            a = shrunk((a - alpha * gradient).reshape(shape), norm, alpha * beta).ravel()
        elif method == "projected":
            v = a - alpha * beta * H
            a = v - inverse @ (X @ v - y)
        else:
            a = a - alpha * (gradient + beta * H)
    return times[0], times[1], a.reshape(shape)
