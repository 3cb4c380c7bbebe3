"""The closed form of the Lasso's bias on the true support, with what must hold for it to be exact (M1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class SupportBias:
    """`a_S - a*_S = (X_S^T X_S)^-1 (X_S^T xi - beta1 sign a*_S)`, nothing off the support S of a*.

    This is the Lasso point exactly where `independent`, `signs_kept` and `irrepresentable < 1` hold.

    Attributes:
        bias: `a_S - a*_S`, shape (s,); empty where the columns are dependent.
        independent: X_S has full column rank.
        signs_kept: no coordinate of a* changes its sign or vanishes.
        irrepresentable: largest correlation off the support, relative to beta1; without noise it is
            `max_{j not in S} |X_j^T X_S (X_S^T X_S)^-1 sign a*_S|`, whatever beta1.
    """

    bias: np.ndarray
    independent: bool
    signs_kept: bool
    irrepresentable: float


def support_bias(X: np.ndarray, y: np.ndarray, a_star: np.ndarray, beta1: float) -> SupportBias:
    """Evaluate M1 and its three conditions at `beta1 > 0`; the noise is what `a_star` leaves unexplained.

    Args:
        X: design, shape (N, n).
        y: targets, shape (N,).
        a_star: ground truth, shape (n,).
        beta1: strength of the l1 term.
    """
    support = np.flatnonzero(a_star)
    X_S = X[:, support]
    if np.linalg.matrix_rank(X_S) < support.size:
        return SupportBias(np.zeros(0), independent=False, signs_kept=False, irrepresentable=np.inf)
    noise = y - X @ a_star
    Q, R = np.linalg.qr(X_S)
    bias = np.linalg.solve(R, Q.T @ noise - beta1 * np.linalg.solve(R.T, np.sign(a_star[support])))
    correlation = np.abs(np.delete(X, support, axis=1).T @ (noise - X_S @ bias))
    return SupportBias(
        bias=bias,
        independent=True,
        signs_kept=bool(np.all((a_star[support] + bias) * a_star[support] > 0)),
        irrepresentable=float(np.max(correlation, initial=0.0)) / beta1,
    )
