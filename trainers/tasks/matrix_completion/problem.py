"""Many trials of matrix completion as one stack of matrices, advanced by plain steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokscale.trainers.tasks.matrix_completion.data import MatrixDraw
from grokscale.trainers.trial import Trial, number

RANK_ABOVE = 1e-4
"""Of the largest singular value of A*: below it one of A counts as 0, since subgradient steps leave no exact zeros."""

_ROUNDING = 2.0**-52
"""Times the larger side, of the largest singular value: what is below it is 0, and its vectors are noise."""


def frobenius(A: Tensor) -> Tensor:
    """Return the norms of matrices (columns, n1, n2), shape (columns,)."""
    return torch.linalg.matrix_norm(A)


class MatrixProblem:
    """Trials of one optimiser and one regulariser; columns are the live trials.

    Tensors are (columns, n1, n2). G is the gradient of g, H the subgradient of the norm: sign(A) for l1, A for l2, and
    for the nuclear norm U V^T of the singular vectors whose value is not 0 to rounding.
    """

    def __init__(self, draws: Sequence[MatrixDraw], trials: Sequence[Trial], device: torch.device) -> None:
        self.trials = list(trials)
        self.rule = str(trials[0].config["optimizer"])
        self.norm = str(trials[0].config["regularizer"])
        self._device = device
        self._observed = self._tensor([draw.observed for draw in draws])
        self._A_star = self._tensor([draw.A_star for draw in draws])
        self._target = self._tensor([draw.A_hat for draw in draws])
        self._A = self._tensor([draw.initial(trial.config) for draw, trial in zip(draws, trials, strict=True)])
        self._alpha = self._tensor([[[number(trial.config, "alpha")]] for trial in trials])
        none = self.norm == "none"
        self._beta = self._tensor([[[0.0 if none else number(trial.config, "beta")]] for trial in trials])
        self._largest = torch.linalg.svdvals(self._A_star)[:, 0]

    def _tensor(self, arrays: Sequence[Any]) -> Tensor:
        return torch.as_tensor(np.stack([np.asarray(one) for one in arrays]), dtype=torch.float64, device=self._device)

    # -- training ---------------------------------------------------------------------------------------------------

    def step(self, k: int) -> None:
        """Take `k` steps of every column by the optimiser's rule."""
        update = {
            "gd": self._subgradient,
            "subgradient": self._subgradient,
            "proximal": self._proximal,
            "projected": self._projected,
        }[self.rule]
        for _ in range(k):
            update()

    def _subgradient(self) -> None:
        """A <- A - alpha (G + beta H)."""
        self._A = self._A - self._alpha * (self._gradient() + self._beta * self._pull())

    def _proximal(self) -> None:
        """A <- prox of alpha beta ||.|| at A - alpha G; the smooth l2 is stepped, not shrunk."""
        if self.norm == "l2":
            self._subgradient()
            return
        A = self._A - self._alpha * self._gradient()
        shrinkage = self._alpha * self._beta
        if self.norm == "nuclear":
            U, S, Vh = torch.linalg.svd(A, full_matrices=False)
            A = (U * torch.clamp(S - shrinkage[:, :, 0], min=0)[:, None]) @ Vh
        elif self.norm == "l1":
            A = torch.sign(A) * torch.clamp(A.abs() - shrinkage, min=0)
        self._A = A

    def _projected(self) -> None:
        """A <- A - alpha beta H, then the observed cells as they are: the gradient step lies in what they overwrite."""
        A = self._A - self._alpha * self._beta * self._pull()
        self._A = torch.where(self._observed > 0, self._target, A)

    def _gradient(self) -> Tensor:
        return self._observed * self._A - self._target

    def _pull(self) -> Tensor:
        """Return H; 0 without a regulariser."""
        if self.norm == "nuclear":
            U, S, Vh = torch.linalg.svd(self._A, full_matrices=False)
            there = (_ROUNDING * max(self._A.shape[1:]) * S[:, :1] < S).to(S.dtype)
            return (U * there[:, None]) @ Vh
        if self.norm == "l1":
            return torch.sign(self._A)
        return self._A if self.norm == "l2" else torch.zeros_like(self._A)

    # -- errors -----------------------------------------------------------------------------------------------------

    def train_error(self) -> np.ndarray:
        """||P(A - A*)||_F / ||P(A*)||_F, shape (columns,)."""
        return _numpy(frobenius(self._gradient()) / frobenius(self._target))

    def test_error(self) -> np.ndarray:
        """||A - A*||_F / ||A*||_F, shape (columns,)."""
        return _numpy(frobenius(self._A - self._A_star) / frobenius(self._A_star))

    def measures(self) -> dict[str, np.ndarray]:
        """There is none."""
        return {}

    def gradient_ratio(self) -> np.ndarray | None:
        """Beta ||H||_F / ||G||_F, shape (columns,); infinite where G = 0."""
        if self.norm == "none":
            return None
        return _numpy(self._beta[:, 0, 0] * frobenius(self._pull()) / frobenius(self._gradient()))

    def observe(self) -> dict[str, np.ndarray]:
        """Return the curve columns, see the description."""
        S = torch.linalg.svdvals(self._A)
        ratio = self.gradient_ratio()
        return {
            "train_error": self.train_error(),
            "test_error": self.test_error(),
            "train_loss": _numpy(0.5 * frobenius(self._gradient()).square()),
            "nuclear_norm": _numpy(S.sum(dim=1)),
            "frobenius_norm": _numpy(frobenius(self._A)),
            "rank": _numpy((RANK_ABOVE * self._largest[:, None] < S).sum(dim=1).to(torch.float64)),
            "gradient_ratio": np.full(len(self.trials), np.nan) if ratio is None else ratio,
        }

    def iterate(self) -> np.ndarray:
        """Return A row by row, shape (columns, n1 n2)."""
        return _numpy(self._A).reshape(len(self.trials), -1)

    # -- columns and checkpoints ------------------------------------------------------------------------------------

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.trials = [self.trials[i] for i in columns]
        index = torch.as_tensor(columns, device=self._device)
        for name in ("_observed", "_A_star", "_target", "_A", "_alpha", "_beta", "_largest"):
            setattr(self, name, getattr(self, name)[index])

    def state(self) -> dict[str, Any]:
        """Return the iterates; all else follows from the trials."""
        return {"indices": [trial.index for trial in self.trials], "A": _numpy(self._A).copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state whose trials are this problem's, or more of them."""
        positions = {index: i for i, index in enumerate(state["indices"])}
        mine = [positions[trial.index] for trial in self.trials]
        self._A = torch.tensor(state["A"][mine], device=self._device)


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
