"""Many trials of sparse recovery as one stack of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokscale.trainers.kernels import LOOKS, Kernel
from grokscale.trainers.levels import NO_STEP
from grokscale.trainers.linear import loop as linear_loop
from grokscale.trainers.linear.kernels import STEPS
from grokscale.trainers.linear.looks import Bounds
from grokscale.trainers.linear.regularizers import subgradient
from grokscale.trainers.linear.stack import Stack, norms, numpy
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.passage import NEVER, Passage, walk
from grokscale.trainers.task import Ending, Speed
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.tasks.sparse_recovery.ending import Ends
from grokscale.trainers.tasks.sparse_recovery.speed import bounds, speed
from grokscale.trainers.trial import Trial, number

_COMPACT_BELOW = 0.75
"""Share of live slots below which the stack is rebuilt: a slot of an ended trial costs as much as a live one."""

SUPPORT_ABOVE = 1e-4
"""|a_i| from which a coordinate counts into the support size: chatter of +-alpha beta leaves no exact zeros."""


class SparseProblem:
    """Trials of sparse recovery as one stack; columns are the live trials."""

    def __init__(self, draws: Sequence[SparseDraw], trials: Sequence[Trial], device: torch.device) -> None:
        self.trials = list(trials)
        self.rule = str(trials[0].config["optimizer"])
        self._device = device
        distinct = list(dict.fromkeys(draws))
        of_trial = np.array([distinct.index(draw) for draw in draws])
        self._draw, self._slot = of_trial, _positions(of_trial)
        width = int(self._slot.max()) + 1
        betas = np.array([strengths(trial.config) for trial in trials])
        initial = np.stack([draw.initial(trial.config) for draw, trial in zip(draws, trials, strict=True)])
        a = self._spread(initial, len(distinct), width)
        self._stack = Stack(
            X=self._tensor([draw.X for draw in distinct]),
            y=self._tensor([draw.y for draw in distinct])[:, None],
            a=a,
            before=torch.full_like(a, torch.nan),
            alpha=self._spread(np.array([[number(t.config, "alpha")] for t in trials]), len(distinct), width),
            beta1=self._spread(betas[:, :1], len(distinct), width),
            beta2=self._spread(betas[:, 1:], len(distinct), width),
            pinv=self._tensor([np.linalg.pinv(draw.X) for draw in distinct]) if self.rule == "projected" else None,
        )
        self._a_star = self._tensor([draw.a_star for draw in distinct])[:, None]
        self._regularized = bool((betas > 0).any())
        self._train, self._test = bounds(draws, trials, self.rule)
        self._ends = Ends(draws, trials)
        self._reached = np.empty((2, len(trials), a.shape[2]))  # room for the iterates at t1 and at t2

    # -- layout -----------------------------------------------------------------------------------------------------

    def _tensor(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.as_tensor(np.stack(arrays), dtype=torch.float64, device=self._device)

    def _spread(self, values: np.ndarray, draws: int, width: int) -> Tensor:
        """Lay per-trial rows (columns, k) out as (draws, width, k); spare slots repeat a trial of their draw."""
        out = np.empty((draws, width, values.shape[1]))
        for d in range(draws):
            mine = np.flatnonzero(self._draw == d)
            out[d] = values[mine[np.minimum(np.arange(width), mine.size - 1)]]
        return torch.as_tensor(out, dtype=torch.float64, device=self._device)

    def _on_device(self, values: np.ndarray) -> Tensor:
        """Return values of the live columns as a (D, W) tensor; -1 where a slot is spare."""
        out = np.full(self._stack.a.shape[:2], -1.0)
        out[self._draw, self._slot] = values
        return torch.as_tensor(out, device=self._device)

    def _live(self, stacked: Tensor) -> np.ndarray:
        """Return the live columns of a (D, W) tensor, shape (columns,)."""
        return numpy(stacked)[self._draw, self._slot]

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns; rebuild the stack once a quarter of its slots is spare."""
        self.trials = [self.trials[i] for i in columns]
        self._draw, self._slot = self._draw[columns], self._slot[columns]
        self._train, self._test = (Bounds(*(of[columns] for of in bounds)) for bounds in (self._train, self._test))
        self._ends.keep(columns)
        slots = self._stack.a.shape[0] * self._stack.a.shape[1]
        if 0 < columns.size < _COMPACT_BELOW * slots:
            self._compact()

    def _compact(self) -> None:
        draws, of_column = np.unique(self._draw, return_inverse=True)
        slot = _positions(of_column)
        width = int(slot.max()) + 1
        if draws.size * width == self._stack.a.shape[0] * self._stack.a.shape[1]:
            return
        chosen = np.empty((draws.size, width), dtype=np.int64)
        for d in range(draws.size):
            mine = self._slot[of_column == d]
            chosen[d] = mine[np.minimum(np.arange(width), mine.size - 1)]
        index = torch.as_tensor(draws, device=self._device)
        self._stack = self._stack.select(index, torch.as_tensor(chosen, device=self._device))
        self._a_star = self._a_star[index]
        self._draw, self._slot = of_column, slot

    # -- training ---------------------------------------------------------------------------------------------------

    def step(self, k: int) -> None:
        """Take `k` steps of every column; see `trainers.linear.stack.Stack` for the update rules."""
        if self._compiled:
            unseen = Passage([], len(self.trials))
            unseen.due[:] = NO_STEP
            self._walk(0, k, unseen, unseen, np.empty((2, 0, 0)))
        else:
            self._stack.step(self.rule, k)

    def follow(self, step: int, k: int, train: Passage) -> np.ndarray:
        """Take `k` steps, showing `train` the error after each; return them, shape (k, columns)."""
        stack, residuals = self._stack, []
        # the host learns of a crossing when all steps are taken: until then the device keeps the iterate
        ahead = train.first[0] == NEVER
        level, norm = self._on_device(np.where(ahead, train.levels[0], -1.0)), self._on_device(self._train.norm)
        reached = torch.zeros_like(stack.a)
        for _ in range(k):
            self.step(1)
            residuals.append(norms(stack.evaluate_residual()))
            if ahead.any():
                below = residuals[-1] / norm <= level
                reached = torch.where(below[:, :, None], stack.a, reached)
                level = torch.where(below, -1.0, level)
        errors = numpy(torch.stack(residuals))[:, self._draw, self._slot] / self._train.norm
        train.follow(step + 1, errors)
        self._mark(step, train, numpy(reached)[self._draw, self._slot])
        return errors

    def walk(self, step: int, k: int, train: Passage, test: Passage) -> bool:
        """Take `k` steps from `step` on, missing no crossing; return whether the errors seen are finite."""
        if not self._compiled:
            return walk(self, step, k, train, test)
        finite = self._walk(step, k, train, test, self._reached)
        self._mark(step, train, self._reached[0])
        self._mark(step, test, self._reached[1])
        return finite

    def _mark(self, step: int, passage: Passage, iterates: np.ndarray) -> None:
        """Set the points of the columns that came to the first level after `step`, where these were the iterates."""
        if passage.first[0].max() <= step:
            return
        new = np.flatnonzero(passage.first[0] > step)
        a, a_star = torch.as_tensor(iterates[new]), self._a_star[:, 0].cpu()[self._draw[new]]
        error = numpy(torch.linalg.vector_norm(a - a_star, dim=1)) / self._test.norm[new]
        measured = {name: numpy(values) for name, values in measured_at(a, a_star).items()}
        passage.reached.put(new, passage.first[0, new], error, measured)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """See `Problem`."""
        return STEPS if self._compiled else LOOKS

    @property
    def _compiled(self) -> bool:
        return self._device.type == "cpu"

    def _walk(self, step: int, k: int, train: Passage, test: Passage, reached: np.ndarray) -> bool:
        stack = self._stack
        column = np.full(stack.a.shape[:2], -1, dtype=np.int64)
        column[self._draw, self._slot] = np.arange(len(self.trials))
        finite = linear_loop.walk(
            linear_loop.widest_tile(*stack.X.shape[1:]),
            linear_loop.RULES[self.rule],
            linear_loop.Data.of(stack, self._a_star),
            linear_loop.Slots.of(stack, column),
            (train.tracks, self._train, reached[0]),
            (test.tracks, self._test, reached[1]),
            step,
            k,
            stack.residual_fresh,
        )
        stack.moved(residual_fresh=self.rule != "projected")
        return finite

    # -- errors -----------------------------------------------------------------------------------------------------

    def train_error(self) -> np.ndarray:
        """Relative residual ||X a - y|| / ||y||, shape (columns,)."""
        return self._live(norms(self._stack.evaluate_residual())) / self._train.norm

    def test_error(self) -> np.ndarray:
        """Relative recovery error ||a - a*|| / ||a*||, shape (columns,)."""
        return self._distance(self._a_star) / self._test.norm

    def measures(self) -> dict[str, np.ndarray]:
        """See `measured_at`; each of shape (columns,)."""
        return {name: self._live(values) for name, values in measured_at(self._stack.a, self._a_star).items()}

    def _distance(self, point: Tensor) -> np.ndarray:
        torch.sub(self._stack.a, point, out=self._stack.scratch)
        return self._live(norms(self._stack.scratch))

    def gradient_ratio(self) -> np.ndarray | None:
        """Beta ||H||_2 / ||G||_2, shape (columns,), see `_ratio`."""
        if not self._regularized:
            return None
        return self._live(_ratio(self._stack))

    # -- certified speed --------------------------------------------------------------------------------------------

    def train_speed(self) -> Speed:
        """See `trainers.tasks.sparse_recovery.speed`."""
        return self._speed(self._train)

    def test_speed(self) -> Speed:
        """See `trainers.tasks.sparse_recovery.speed`."""
        return self._speed(self._test)

    def _speed(self, bounds: Bounds) -> Speed:
        return speed(bounds, self._live(norms(self._stack.evaluate_residual())), self._distance(self._stack.before))

    def ending(self, test_error: np.ndarray, threshold: float) -> Ending:
        """Judge each column against the point where its training ends, see `trainers.tasks.sparse_recovery.ending`."""
        distance = np.linalg.norm(self.iterate() - self._ends.points, axis=1)
        return self._ends.judge(distance, threshold)

    # -- what is recorded -------------------------------------------------------------------------------------------

    def observe(self) -> dict[str, np.ndarray]:
        """Return the curve columns: errors, g, norms, gradient ratio, support size, ||a_S|| and ||a_{S^c}||."""
        return {name: self._live(values) for name, values in observed(self._stack, self._a_star).items()}

    def iterate(self) -> np.ndarray:
        """Return a, shape (columns, n)."""
        return numpy(self._stack.a)[self._draw, self._slot]

    # -- checkpoint -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the layout and the iterates; all else follows from the trials."""
        names = ("a", "before", "alpha", "beta1", "beta2", "X", "y", "pinv")
        tensors = {name: getattr(self._stack, name) for name in names}
        return {
            "indices": [trial.index for trial in self.trials],
            "layout": (self._draw, self._slot),
            "stack": {name: None if tensor is None else numpy(tensor).copy() for name, tensor in tensors.items()},
            "a_star": numpy(self._a_star),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state whose trials are this problem's, or more of them."""

        def tensor(array: np.ndarray | None) -> Tensor | None:
            return None if array is None else torch.tensor(array, device=self._device)

        positions = {index: i for i, index in enumerate(state["indices"])}
        mine = np.array([positions[trial.index] for trial in self.trials])
        self._draw, self._slot = (array[mine] for array in state["layout"])
        self._stack = Stack(**{name: tensor(array) for name, array in state["stack"].items()})  # type: ignore[arg-type]
        self._a_star = torch.as_tensor(state["a_star"], device=self._device)


def _ratio(stack: Stack) -> Tensor:
    """Return ||beta1 sign(a) + beta2 a||_2 / ||G||_2, shape (D, W): beta ||H|| / ||G||; infinite where G = 0."""
    if stack.has_l2:
        pull = norms(subgradient(stack.a, stack.beta1, stack.beta2))
    else:  # ||sign(a)|| is the root of the number of non-zeros
        pull = stack.beta1[:, :, 0] * (stack.a != 0).sum(dim=2).sqrt()
    return pull / norms(stack.evaluate_gradient())


def measured_at(a: Tensor, a_star: Tensor) -> dict[str, Tensor]:
    """Return the measures of iterates (..., n): mean_l1 is (1/n) ||a - a*||_1."""
    return {"mean_l1": (a - a_star).abs().mean(dim=-1)}


def observed(stack: Stack, a_star: Tensor) -> dict[str, Tensor]:
    """Return the curve columns of every slot, shape (D, W) each."""
    residual = norms(stack.evaluate_residual())
    on = stack.a * (a_star != 0)
    regularized = bool((stack.beta1 > 0).any() or (stack.beta2 > 0).any())
    return {
        "train_error": residual / norms(stack.y),
        "test_error": norms(stack.a - a_star) / norms(a_star),
        "train_loss": 0.5 * residual.square(),
        "l1_norm": stack.a.abs().sum(dim=2),
        "l2_norm": norms(stack.a),
        "gradient_ratio": _ratio(stack) if regularized else torch.full_like(residual, torch.nan),
        "support_size": (stack.a.abs() > SUPPORT_ABOVE).sum(dim=2).to(torch.float64),
        "on_support_norm": norms(on),
        "off_support_norm": norms(stack.a - on),
    }


def _positions(groups: np.ndarray) -> np.ndarray:
    """Return each member's position within its group, shape of `groups`."""
    out = np.empty(groups.size, dtype=np.int64)
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        out[mine] = np.arange(mine.size)
    return out
