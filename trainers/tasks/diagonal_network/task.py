"""Diagonal linear networks: sparse recovery by a product of factors (arXiv 2506.05718, section 3.4 and appendix F.1).

Depth takes the place of the l1 norm: small factors grow one coordinate after another. From a large start the network
first fits the measurements as a kernel would, and a small l2 norm of the factors then makes it sparse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grokscale.trainers.linear.sparse_data import identity
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.schedule import end_after
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.tasks.diagonal_network import theory
from grokscale.trainers.tasks.diagonal_network.data import FactorDraw, draw_factors, factors_of
from grokscale.trainers.tasks.diagonal_network.description import DIAGONAL_NETWORK
from grokscale.trainers.trial import Budget, Identity, Trial, Value, number

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.tasks.diagonal_network.problem import FactorProblem


_TIMES = 20.0
"""Of the decay 1/(alpha beta): constants c of draws are 3 to 4 of them."""


class DiagonalNetwork:
    """The task; see the module."""

    description = DIAGONAL_NETWORK
    leaps = None

    def kernels(self) -> tuple[Kernel, ...]:
        """Return what its steps and looks are compiled of."""
        from grokscale.trainers.tasks.diagonal_network.loop import KERNELS

        return KERNELS

    def draw(self, config: Mapping[str, Value], streams: Streams) -> FactorDraw:
        """Return the data of a seed."""
        return draw_factors(config, streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the measurements."""
        return identity(self.description.kind, config, streams)

    def refusal(self, draw: FactorDraw, trial: Trial) -> tuple[str, str] | None:
        """Return why a trial is not trained: y* = 0. Its step sizes have no limit that is known."""
        return None if draw.y.any() else ("uninformative_data", "y* = 0: the measurements say nothing of a*")

    def problem(
        self, draws: Sequence[FactorDraw], trials: Sequence[Trial], budget: Budget, device: torch.device
    ) -> FactorProblem:
        """Stack trials on a device, each with its draw."""
        from grokscale.trainers.tasks.diagonal_network.problem import FactorProblem  # torch takes seconds to import

        return FactorProblem(draws, trials, device)

    def theory(self, draw: FactorDraw, trial: Trial, budget: Budget) -> Theory:
        """Return the theory columns of one trial."""
        return theory.columns(draw, trial)

    def patience(self, draw: FactorDraw, trial: Trial, budget: Budget) -> float:
        """Return when l2 has long forgotten the start; without l2 an error may rest and then move again."""
        _, beta2 = strengths(trial.config)
        if beta2 == 0:
            return math.inf
        forgotten = math.log(max(number(trial.config, "init_scale"), 1.0)) + _TIMES
        return forgotten / (number(trial.config, "alpha") * beta2)

    def expected_steps(self, draw: FactorDraw, trial: Trial, budget: Budget) -> int | None:
        """Return what the transition takes, where it is predicted and the study ends at t2."""
        t2, _ = theory.rich(trial)
        ends = t2 is not None and budget.stop == "after_t2"
        return budget.steps(end_after(math.ceil(min(t2, budget.max_steps))) if t2 is not None and ends else None)

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes: factors and two copies, a, its gradient and residual a column."""
        n, N = number(config, "n"), number(config, "N")
        return int(8 * (columns * ((3 * factors_of(config) + 3) * n + N) + draws * n * N))

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long a step of the pack takes: two matrix products, and a pass over the factors."""
        n, N = number(config, "n"), number(config, "N")
        return 1.0e-6 * draws + columns * (4 * n * N / 1.0e10 + factors_of(config) * n * 2.5e-9)
