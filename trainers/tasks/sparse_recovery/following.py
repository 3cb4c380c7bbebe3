"""A trial of sparse recovery that is followed without its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokscale.trainers.linear.stack import Stack, numpy
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.outcome import trained
from grokscale.trainers.task import Theory
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.tasks.sparse_recovery.ending import Ends
from grokscale.trainers.tasks.sparse_recovery.fast_forward import surrogate
from grokscale.trainers.tasks.sparse_recovery.fast_forward.course import Course
from grokscale.trainers.tasks.sparse_recovery.fast_forward.run import FastForward
from grokscale.trainers.tasks.sparse_recovery.fast_forward.segment import Descent
from grokscale.trainers.tasks.sparse_recovery.problem import measured_at, observed
from grokscale.trainers.trial import Budget, Outcome, Trial, finite, number


class Following:
    """See `trainers.task.Leaping`."""

    def __init__(self, engine: str, draw: SparseDraw, trial: Trial, budget: Budget) -> None:
        self._engine, self._trial, self._budget = engine, trial, budget
        self._run = FastForward(course(draw, surrogate.stand_in(trial) if engine == "surrogate" else trial), budget)
        self.advance, self.cut, self.state = self._run.advance, self._run.cut, self._run.state

    @property
    def step(self) -> int:
        """Last step looked at."""
        return self._run.step

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        return self._run.ended

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self._run.load(state)

    def outcome(self, theory: Theory, seconds: float) -> Outcome:
        """Return what became of it."""
        outcome = trained(self._trial, self._budget, theory, self._run.seen(), seconds)
        return surrogate.with_error(outcome, self._run) if self._engine == "surrogate" else outcome


def course(draw: SparseDraw, trial: Trial) -> Course:
    """Return the trial of a contracting method as what is fast-forwarded."""
    config = trial.config
    beta1, beta2 = strengths(config)
    ends = Ends([draw], [trial])
    alpha = number(config, "alpha")

    def observe(a: np.ndarray) -> dict[str, np.ndarray]:
        def spread(value: float) -> Tensor:
            return torch.full((1, len(a), 1), value, dtype=torch.float64)

        columns = torch.as_tensor(a[None].copy())
        X, y = torch.as_tensor(draw.X[None]), torch.as_tensor(draw.y[None, None])
        stack = Stack(X, y, columns, columns, spread(alpha), spread(beta1), spread(beta2))
        a_star = torch.as_tensor(draw.a_star[None, None])
        return {name: numpy(values)[0] for name, values in observed(stack, a_star).items()}

    def measure(a: np.ndarray) -> dict[str, float | None]:
        measured = measured_at(torch.as_tensor(a), torch.as_tensor(draw.a_star))
        return {name: finite(float(value)) for name, value in measured.items()}

    def within(threshold: float) -> tuple[float, float]:
        certifies, settles = ends.within(threshold)
        return float(certifies[0]), float(settles[0])

    return Course(
        descent=Descent(np.ascontiguousarray(draw.X), draw.y, alpha, beta1, beta2),
        a0=draw.initial(config),
        a_star=draw.a_star,
        end=ends.points[0],
        within=within,
        observe=observe,
        measure=measure,
        regularized=beta1 > 0 or beta2 > 0,
    )
