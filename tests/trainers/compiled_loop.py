"""The oracle of fast-forward: proximal gradient descent as a plain compiled loop, one trial, every step looked at."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def run(
    X: np.ndarray,
    y: np.ndarray,
    a_star: np.ndarray,
    a0: np.ndarray,
    alpha: float,
    beta1: float,
    beta2: float,
    steps: int,
    levels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Take `steps` steps from `a0`, t = 0 being the initial point.

    Returns:
        first step with train error at or below each level (-1: none), the same of the test error, and the first step
        with beta ||H|| >= ||G|| (-1: none).
    """
    n = X.shape[1]
    Xt = np.ascontiguousarray(X.T)
    a = a0.copy()
    train = np.full(levels.size, -1)
    test = np.full(levels.size, -1)
    overtaken = -1
    y_norm, a_norm = np.sqrt(np.sum(y * y)), np.sqrt(np.sum(a_star * a_star))
    for t in range(steps + 1):
        residual = np.dot(X, a) - y
        gradient = np.dot(Xt, residual)
        train_error = np.sqrt(np.sum(residual * residual)) / y_norm
        square, pull, force = 0.0, 0.0, 0.0
        for j in range(n):
            square += (a[j] - a_star[j]) ** 2
            pull += (beta1 * np.sign(a[j]) + beta2 * a[j]) ** 2
            force += gradient[j] ** 2
        test_error = np.sqrt(square) / a_norm
        for i in range(levels.size):
            if train[i] < 0 and train_error <= levels[i]:
                train[i] = t
            if test[i] < 0 and test_error <= levels[i]:
                test[i] = t
        if overtaken < 0 and pull >= force and pull > 0.0:
            overtaken = t
        if t == steps:
            break
        for j in range(n):
            z = a[j] - alpha * (gradient[j] + beta2 * a[j])
            gamma = alpha * beta1
            a[j] = z - gamma if z > gamma else (z + gamma if z < -gamma else 0.0)
    return train, test, overtaken


@njit(cache=True)
def subgradient_mean_l1(
    X: np.ndarray,
    y: np.ndarray,
    a_star: np.ndarray,
    a0: np.ndarray,
    alpha: float,
    beta: float,
    steps: int,
    last: int,
) -> np.ndarray:
    """Take `steps` subgradient steps from `a0`; return (1/n) ||a - a*||_1 after each of the last `last` of them."""
    Xt, a, out = np.ascontiguousarray(X.T), a0.copy(), np.empty(last)
    for t in range(steps):
        gradient = np.dot(Xt, np.dot(X, a) - y)
        a = a - alpha * (gradient + beta * np.sign(a))
        if t >= steps - last:
            out[t - steps + last] = np.abs(a - a_star).mean()
    return out
