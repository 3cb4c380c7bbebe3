"""Matrix completion: find a low-rank matrix from some of its cells (arXiv 2506.05718, section 4).

Gradient descent first fits the observed cells (t1); a small nuclear norm then moves the others to those of A* (t2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grokscale.trainers.schedule import end_after
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.tasks.matrix_completion import theory as closed_form
from grokscale.trainers.tasks.matrix_completion.data import MatrixDraw, draw_matrix
from grokscale.trainers.tasks.matrix_completion.description import MATRIX_COMPLETION
from grokscale.trainers.trial import Budget, Identity, Trial, Value, number

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.tasks.matrix_completion.problem import MatrixProblem

_PATIENCE = 10.0
"""Of the heuristic count: times of draws are a fraction of it to a few of it."""
_LONG_AFTER_T1 = 100.0
"""Without a regulariser nothing moves once the observed cells are fitted."""


class MatrixCompletion:
    """The task; see the module."""

    description = MATRIX_COMPLETION
    leaps = None

    def kernels(self) -> tuple[Kernel, ...]:
        """Return nothing: its steps are torch's."""
        return ()

    def draw(self, config: Mapping[str, Value], streams: Streams) -> MatrixDraw:
        """Return the data of a seed."""
        return draw_matrix(config, streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name matrix, cells and direction."""
        return Identity(f"{self.description.kind}:{streams.name}", streams.name)

    def refusal(self, draw: MatrixDraw, trial: Trial) -> tuple[str, str] | None:
        """Return why a trial is not trained: a step size at or above its limit."""
        limit, alpha = closed_form.alpha_max(trial), number(trial.config, "alpha")
        if trial.config["optimizer"] == "projected" or alpha < limit:
            return None
        return "diverged", f"alpha = {alpha:g} is not below its limit 2/(1 + beta of l2) = {limit:.6g}"

    def problem(
        self, draws: Sequence[MatrixDraw], trials: Sequence[Trial], budget: Budget, device: torch.device
    ) -> MatrixProblem:
        """Stack trials on a device, each with its draw."""
        from grokscale.trainers.tasks.matrix_completion.problem import MatrixProblem  # torch takes seconds to import

        return MatrixProblem(draws, trials, device)

    def theory(self, draw: MatrixDraw, trial: Trial, budget: Budget) -> Theory:
        """Return the theory columns of one trial."""
        return closed_form.columns(draw, trial, budget)

    def patience(self, draw: MatrixDraw, trial: Trial, budget: Budget) -> float:
        """Return a multiple of the heuristic count, or of t1 where nothing moves the other cells."""
        if trial.config["regularizer"] != "none":
            return _PATIENCE * closed_form.heuristic(draw, trial)
        t1, _ = closed_form.t1(draw, trial, budget.train_threshold)
        return math.inf if t1 is None else _LONG_AFTER_T1 * max(t1, 1.0)

    def expected_steps(self, draw: MatrixDraw, trial: Trial, budget: Budget) -> int | None:
        """Return the heuristic count, where there is one and the study ends at t2."""
        count = closed_form.heuristic(draw, trial)
        if not math.isfinite(count) or budget.stop != "after_t2":
            return budget.steps(None)
        return budget.steps(end_after(math.ceil(min(count, budget.max_steps))))

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes: eight matrices a column, and the vectors of a decomposition."""
        n1, n2 = number(config, "n1"), number(config, "n2")
        return int(8 * columns * (8 * n1 * n2 + (n1 + n2) * min(n1, n2)))

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long a step of the pack takes: overhead, and a decomposition a column under nuclear."""
        n1, n2 = number(config, "n1"), number(config, "n2")
        decomposition = 1.5e-5 + 8e-9 * n1 * n2 * min(n1, n2) if config["regularizer"] == "nuclear" else 2e-8 * n1 * n2
        return 5.0e-5 + columns * decomposition
