"""How far the sign methods swing about the slow flow that they follow, and about where it ends."""

from __future__ import annotations

import numpy as np


def chatter(alpha: float, beta1: float, beta2: float, a_star: np.ndarray) -> float:
    """Return the size in l2 of one swing: every coordinate moves by alpha (beta1 + beta2 |a_j|) in turn (M1, M2).

    Args:
        alpha: step size.
        beta1: strength of ||a||_1.
        beta2: strength of 1/2 ||a||^2.
        a_star: ground truth, shape (n,): the size of the coordinates where the flow ends.
    """
    largest = float(np.max(np.abs(a_star))) if beta2 else 0.0
    return alpha * (beta1 + beta2 * largest) * float(np.sqrt(a_star.size))
