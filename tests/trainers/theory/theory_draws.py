"""Draws for the tests of the theory: the reference values' own stream, and random problems of every awkward kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
"""X (N, n), y (N,), a_star (n,)."""

SMALL_INIT = 1e-6 * np.ones(100)
"""a0 of R-A to R-M."""


def legacy_draw(seed: int, n: int = 100, s: int = 5, N: int = 30) -> Problem:
    """The stream of R-A to R-M: the signal from one RandomState, the design from a fresh one of the same seed."""
    signal = np.random.RandomState(seed)
    support = signal.choice(n, s, replace=False)
    a_star = np.zeros(n)
    a_star[support] = signal.randn(s) / np.sqrt(n)
    X = np.random.RandomState(seed).randn(N, n) / np.sqrt(N)
    return X, X @ a_star, a_star


def gaussian(rng: np.random.Generator, n: int, N: int, s: int) -> Problem:
    """A noise-free Gaussian draw."""
    X = rng.standard_normal((N, n)) / np.sqrt(N)
    a_star = np.zeros(n)
    a_star[rng.permutation(n)[:s]] = rng.standard_normal(s)
    return X, X @ a_star, a_star


@st.composite
def problems(draw: st.DrawFn, most: int = 14) -> Problem:
    """Gaussian, integer (ties), coordinate-row, repeated-column, zero-column and noisy draws, N below and above n."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, most))
    N = draw(st.integers(1, most + 2))
    X, _, a_star = gaussian(rng, n, N, draw(st.integers(1, min(n, 5))))
    match draw(st.sampled_from(["gaussian", "integer", "rows", "sampling", "repeated", "noisy"])):
        case "integer":
            X, a_star = rng.integers(-2, 3, (N, n)).astype(float), np.sign(a_star)
        case "rows":
            X[: N // 2] = np.eye(n)[rng.integers(0, n, N // 2)]
        case "sampling":
            X = np.eye(n)[rng.integers(0, n, N)]
        case "repeated":
            X[:, 0] = X[:, -1]
            X[:, n // 2] = 0.0
        case "noisy":
            return X, X @ a_star + 0.1 * rng.standard_normal(N), a_star
    return X, X @ a_star, a_star
