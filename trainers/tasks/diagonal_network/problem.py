"""Many trials of diagonal linear networks as one stack of factors, advanced by plain steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokscale.trainers.kernels import Kernel
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.tasks.diagonal_network import loop
from grokscale.trainers.tasks.diagonal_network.data import FactorDraw
from grokscale.trainers.trial import Trial, number

SUPPORT_ABOVE = 1e-4
_OF_COLUMNS = ("_alpha", "_beta1", "_beta2", "_of")


class FactorProblem:
    """Trials of one form and depth; columns are the live trials.

    The factors are (factors, columns, n). A draw's columns are found by `_of`, the number of each column's draw.
    """

    def __init__(self, draws: Sequence[FactorDraw], trials: Sequence[Trial], device: torch.device) -> None:
        self.trials, self._device = list(trials), device
        config = trials[0].config
        self._symmetric, self._depth = config["parameterization"] == "symmetric", int(number(config, "depth"))
        self._shrinks = config["optimizer"] == "proximal"
        self._compiled = device.type == "cpu"
        self._form = loop.SYMMETRIC if self._symmetric else loop.PRODUCT
        different = list({id(draw): draw for draw in draws}.values())
        place = {id(draw): i for i, draw in enumerate(different)}
        self._of = self._tensor([place[id(draw)] for draw in draws]).long()
        self._X = [self._tensor(draw.X) for draw in different]
        self._y = [self._tensor(draw.y) for draw in different]
        self._a_star = self._tensor([draw.a_star for draw in different])
        self._norms = np.array([[np.linalg.norm(values) for values in (draw.y, draw.a_star)] for draw in draws]).T
        self._seen: tuple[np.ndarray, np.ndarray] | None = None
        starts = [draw.initial(trial.config) for draw, trial in zip(draws, trials, strict=True)]
        self._A = self._tensor(np.stack(starts, axis=1))
        self._alpha = self._tensor([[number(trial.config, "alpha")] for trial in trials])
        both = self._tensor([strengths(trial.config) for trial in trials])
        self._beta1, self._beta2 = both[:, :1], both[:, 1:]

    def _tensor(self, values: Any) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=torch.float64, device=self._device)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """What its steps and looks call on a CPU."""
        return loop.KERNELS if self._compiled else ()

    # -- training ---------------------------------------------------------------------------------------------------

    def step(self, k: int) -> None:
        """Take `k` steps of every column."""
        self._seen = None
        decay, pull = 1 - self._alpha * self._beta2, self._alpha * self._beta1
        for which, columns in self._draws():
            mine = self._A[:, columns].contiguous()
            own = [values[columns] for values in (self._alpha, decay, pull)]
            X, y = self._X[which], self._y[which]
            if self._compiled:
                of = (X.numpy(), y.numpy(), mine.numpy())
                rates, decays, pulls = (values[:, 0].contiguous().numpy() for values in own)
                loop.walk(self._form, self._depth, self._shrinks, *of, rates, decays, pulls, k)
            else:
                for _ in range(k):
                    mine = self._moved(mine, X, y, *own)
            self._A[:, columns] = mine

    def _draws(self) -> list[tuple[int, Tensor]]:
        """Return the draws that have live columns, with the positions of these."""
        return [(int(one), torch.nonzero(self._of == one)[:, 0]) for one in torch.unique(self._of)]

    def _moved(self, A: Tensor, X: Tensor, y: Tensor, alpha: Tensor, decay: Tensor, pull: Tensor) -> Tensor:
        """Return factors (factors, columns, n) after a step: all by their gradients at the old point."""
        G = (self._compose(A) @ X.T - y) @ X
        moved = decay * A - alpha * self._slopes(A) * G
        if self._shrinks:
            return moved - moved.clamp(-pull, pull)
        return moved - pull * torch.sign(A)

    def _compose(self, A: Tensor) -> Tensor:
        """Return a, shape (columns, n)."""
        return A[0] ** self._depth - A[1] ** self._depth if self._symmetric else A.prod(dim=0)

    def _slopes(self, A: Tensor) -> Tensor:
        """Return d a / d A_k, element by element, shape (factors, columns, n)."""
        if self._symmetric:
            slopes = self._depth * A ** (self._depth - 1)
            return torch.stack([slopes[0], -slopes[1]])
        others = [[A[m] for m in range(len(A)) if m != k] for k in range(len(A))]
        return torch.stack([torch.stack(rest).prod(dim=0) if rest else torch.ones_like(A[0]) for rest in others])

    # -- errors -----------------------------------------------------------------------------------------------------

    def _a(self) -> Tensor:
        return self._compose(self._A)

    def _squares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ||X a - y||^2 and ||a - a*||^2, shape (columns,) each; computed once a step."""
        if self._seen is None:
            left, away = np.empty(len(self.trials)), np.empty(len(self.trials))
            for which, columns in self._draws():
                of, mine = columns.cpu().numpy(), self._A[:, columns].contiguous()
                X, y, a_star = self._X[which], self._y[which], self._a_star[which]
                if self._compiled:
                    arrays = (array.numpy() for array in (X, y, a_star, mine))
                    left[of], away[of] = loop.squares(self._form, self._depth, *arrays)
                else:
                    a = self._compose(mine)
                    left[of] = _numpy((a @ X.T - y).square().sum(dim=1))
                    away[of] = _numpy((a - a_star).square().sum(dim=1))
            self._seen = left, away
        return self._seen

    def train_error(self) -> np.ndarray:
        """||X a - y|| / ||y||, shape (columns,)."""
        return np.sqrt(self._squares()[0]) / self._norms[0]

    def test_error(self) -> np.ndarray:
        """||a - a*|| / ||a*||, shape (columns,)."""
        return np.sqrt(self._squares()[1]) / self._norms[1]

    def measures(self) -> dict[str, np.ndarray]:
        """Return the measures, see the description."""
        away = (self._a() - self._a_star[self._of]).abs().mean(dim=1)
        return {"mean_l1": _numpy(away), "weight_norm": self._weight_norm()}

    def _weight_norm(self) -> np.ndarray:
        return _numpy(self._A.square().sum(dim=(0, 2)).sqrt())

    def gradient_ratio(self) -> np.ndarray | None:
        """Beta ||H|| / ||G|| over all factors, shape (columns,); infinite where G = 0."""
        if not bool((self._beta1 > 0).any() or (self._beta2 > 0).any()):
            return None
        a, G = self._a(), torch.empty_like(self._A[0])
        for which, columns in self._draws():
            G[columns] = (a[columns] @ self._X[which].T - self._y[which]) @ self._X[which]
        H = self._beta1 * torch.sign(self._A) + self._beta2 * self._A
        return _numpy(H.square().sum(dim=(0, 2)).sqrt() / (self._slopes(self._A) * G).square().sum(dim=(0, 2)).sqrt())

    def observe(self) -> dict[str, np.ndarray]:
        """Return the curve columns, see the description."""
        a, ratio = self._a(), self.gradient_ratio()
        return {
            "train_error": self.train_error(),
            "test_error": self.test_error(),
            "train_loss": 0.5 * self._squares()[0],
            "l1_norm": _numpy(a.abs().sum(dim=1)),
            "l2_norm": _numpy(torch.linalg.vector_norm(a, dim=1)),
            "weight_norm": self._weight_norm(),
            "gradient_ratio": np.full(len(self.trials), np.nan) if ratio is None else ratio,
            "support_size": _numpy((a.abs() > SUPPORT_ABOVE).sum(dim=1).double()),
        }

    def iterate(self) -> np.ndarray:
        """Return a, shape (columns, n)."""
        return _numpy(self._a())

    # -- columns and checkpoints ------------------------------------------------------------------------------------

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.trials = [self.trials[i] for i in columns]
        index = torch.as_tensor(columns, device=self._device)
        self._A, self._norms, self._seen = self._A[:, index], self._norms[:, columns], None
        for name in _OF_COLUMNS:
            setattr(self, name, getattr(self, name)[index])

    def state(self) -> dict[str, Any]:
        """Return the factors; all else follows from the trials."""
        return {"indices": [trial.index for trial in self.trials], "A": _numpy(self._A).copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state whose trials are this problem's, or more of them."""
        positions = {index: i for i, index in enumerate(state["indices"])}
        mine = [positions[trial.index] for trial in self.trials]
        self._seen = None
        self._A = torch.tensor(state["A"][:, mine], device=self._device)


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
