"""Linear least squares with a regulariser, many trials at once: the four update rules of the paper's linear tasks.

g(a) = 1/2 ||X a - y||_2^2, f = g + beta1 ||a||_1 + 1/2 beta2 ||a||_2^2 (arXiv 2506.05718, section 3). Tensors are
`(D, W, .)`: D draws, W columns a draw, so that all trials of a draw share X in one matrix product, and the numbers of a
trial lie side by side. The steps here are stacked torch, for any device; `trainers.linear.loop` takes them on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from grokscale.trainers.linear.regularizers import shrink_

RULES = ("subgradient", "proximal", "projected", "gd")


def norms(x: Tensor) -> Tensor:
    """Return the l2 norms of the rows of `x` (D, W, m), shape (D, W)."""
    return torch.linalg.vector_norm(x, dim=2)


@dataclass
class Stack:
    """The problem data and the iterates of D x W slots.

    Attributes:
        X: designs, shape (D, N, n). Xt: their transposes. pinv: their pseudo-inverses (D, n, N), `projected` only.
        y: targets, shape (D, 1, N).
        a: iterates, shape (D, W, n).
        before: the iterates one step earlier, shape (D, W, n).
        alpha, beta1, beta2: step sizes and strengths, shape (D, W, 1).
        residual: X a - y, shape (D, W, N), where `residual_fresh`.
    """

    X: Tensor
    y: Tensor
    a: Tensor
    before: Tensor
    alpha: Tensor
    beta1: Tensor
    beta2: Tensor
    pinv: Tensor | None = None

    def __post_init__(self) -> None:
        self.Xt = self.X.transpose(1, 2)
        self.shrinkage, self.minus_shrinkage = self.alpha * self.beta1, -self.alpha * self.beta1
        self.decay = 1 - self.alpha * self.beta2
        self.has_l2 = bool((self.beta2 > 0).any())
        self.residual = torch.empty_like(self.y.expand(-1, self.a.shape[1], -1)).contiguous()
        self.gradient, self.scratch = torch.empty_like(self.a), torch.empty_like(self.a)
        self.residual_fresh = self.gradient_fresh = False

    def evaluate_residual(self) -> Tensor:
        """Return X a - y at the iterate, shape (D, W, N); computed once per step."""
        if not self.residual_fresh:
            torch.baddbmm(self.y, self.a, self.Xt, beta=-1, out=self.residual)
            self.residual_fresh = True
        return self.residual

    def evaluate_gradient(self) -> Tensor:
        """Return G = X^T (X a - y) at the iterate, shape (D, W, n); computed once per step."""
        if not self.gradient_fresh:
            torch.bmm(self.evaluate_residual(), self.X, out=self.gradient)
            self.gradient_fresh = True
        return self.gradient

    def moved(self, residual_fresh: bool = False) -> None:
        """Note that the iterate is another one; `residual_fresh` says that its residual has been computed."""
        self.residual_fresh, self.gradient_fresh = residual_fresh, False

    def step(self, rule: str, k: int) -> None:
        """Take `k` steps, keeping the iterate before the last."""
        update = self._update(rule)
        for _ in range(k - 1):
            update()
            self.moved()
        self.before.copy_(self.a)
        update()
        self.moved()

    def _update(self, rule: str) -> Callable[[], None]:
        return {
            "subgradient": self._subgradient,
            "proximal": self._proximal,
            "projected": self._projected,
            "gd": self._descent,
        }[rule]

    def _subgradient(self) -> None:
        """A <- a - alpha (G + beta2 a + beta1 sign(a)), everything at the old point."""
        torch.sign(self.a, out=self.scratch)
        self._descent()
        self.a.addcmul_(self.scratch, self.shrinkage, value=-1)

    def _proximal(self) -> None:
        """A <- S_{alpha beta1}(a - alpha (G + beta2 a)): ISTA."""
        self._descent()
        shrink_(self.a, self.shrinkage, self.minus_shrinkage, self.scratch)

    def _projected(self) -> None:
        """V = a - alpha (beta2 a + beta1 sign(a)); a <- v - X^+ (X v - y).

        The gradient of g lies in the row space, which the projection overwrites: leaving it out gives the iterates of
        the published code, which takes it.
        """
        assert self.pinv is not None
        torch.sign(self.a, out=self.scratch)
        if self.has_l2:
            self.a.mul_(self.decay)
        self.a.addcmul_(self.scratch, self.shrinkage, value=-1)
        torch.baddbmm(self.y, self.a, self.Xt, beta=-1, out=self.residual)
        torch.baddbmm(self.a, self.residual, self.pinv.transpose(1, 2), alpha=-1, out=self.a)

    def _descent(self) -> None:
        """A <- a - alpha (G + beta2 a)."""
        gradient = self.evaluate_gradient()
        if self.has_l2:
            self.a.mul_(self.decay)
        self.a.addcmul_(gradient, self.alpha, value=-1)

    def select(self, draws: Tensor, slots: Tensor) -> Stack:
        """Return the stack of some draws (D',) and, in each, some columns: `slots` (D', W') index the old W."""
        chosen: dict[str, Tensor | None] = {}
        for field in fields(self):
            tensor = getattr(self, field.name)
            if tensor is not None:
                tensor = tensor[draws]
                if field.name in ("a", "before", "alpha", "beta1", "beta2"):
                    index = slots[:, :, None].expand(-1, -1, tensor.shape[2])
                    tensor = torch.gather(tensor, 1, index).contiguous()
            chosen[field.name] = tensor
        return replace(self, **chosen)  # type: ignore[arg-type]


def numpy(tensor: Tensor) -> np.ndarray:
    """Return a tensor's values on the host."""
    return tensor.detach().cpu().numpy()
