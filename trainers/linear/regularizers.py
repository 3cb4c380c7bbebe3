"""beta1 ||a||_1 + 1/2 beta2 ||a||_2^2 on stacked columns: subgradient and proximal map.

Every tensor is `(..., W, n)`; strengths broadcast as `(..., W, 1)`. The kinds of a specification
(none, l1, l2, elastic) are pairs of strengths, see `strengths`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def subgradient(a: Tensor, beta1: Tensor, beta2: Tensor) -> Tensor:
    """Return beta1 sign(a) + beta2 a with sign(0) = 0, shape of `a`."""
    return beta1 * torch.sign(a) + beta2 * a


def shrink_(a: Tensor, threshold: Tensor, minus_threshold: Tensor, out: Tensor) -> None:
    """Replace `a` by its proximal map sign(a) max(|a| - threshold, 0), in place.

    Written as a - clamp(a, -threshold, threshold): one pass less, and exact zeros. `out` is scratch of `a`'s shape.
    """
    torch.clamp(a, min=minus_threshold, max=threshold, out=out)
    a.sub_(out)
