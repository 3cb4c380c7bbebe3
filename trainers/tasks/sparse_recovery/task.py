"""Sparse recovery (compressed sensing): find the s-sparse a* from N linear measurements (arXiv 2506.05718, section 3).

Train error is the relative residual ||X a - y*|| / ||y*||; test error is the relative recovery error
||a - a*|| / ||a*||. Under-determined (N < n), gradient descent first fits the measurements (t1), and a small l1 term
then moves the iterate through the null space of X to a* (t2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grokscale.trainers.linear.sparse_data import identity
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw, draw_sparse
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.sparse_recovery.ending import patience
from grokscale.trainers.tasks.sparse_recovery.leaps import SparseLeaps
from grokscale.trainers.tasks.sparse_recovery.length import expected_steps
from grokscale.trainers.tasks.sparse_recovery.theory.columns import columns as theory_columns
from grokscale.trainers.trial import Budget, Identity, Trial, Value, number

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem


class SparseRecovery:
    """The task; see the module."""

    description = SPARSE_RECOVERY
    leaps = SparseLeaps()

    def kernels(self) -> tuple[Kernel, ...]:
        """Return what fast-forward, steps on a CPU and looks elsewhere are compiled of."""
        from grokscale.trainers.kernels import LOOKS
        from grokscale.trainers.linear.kernels import STEPS

        return (*self.leaps.kernels(), *STEPS, *LOOKS)

    def draw(self, config: Mapping[str, Value], streams: Streams) -> SparseDraw:
        """Return the data of a seed."""
        return draw_sparse(config, streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the measurements."""
        return identity(self.description.kind, config, streams)

    def refusal(self, draw: SparseDraw, trial: Trial) -> tuple[str, str] | None:
        """Return why a trial is not trained: y* = 0, or a step size at or above its limit."""
        if not draw.y.any():
            return "uninformative_data", "y* = 0: the measurements say nothing of a*"
        config = trial.config
        if config["optimizer"] == "projected":
            return None  # its iterates do not depend on the gradient step
        limit = draw.theory.spectrum.alpha_max(strengths(config)[1])
        alpha = number(config, "alpha")
        if limit is not None and alpha >= limit:
            return "diverged", f"alpha = {alpha:g} is not below its limit 2/(sigma_max(X^T X) + beta2) = {limit:.6g}"
        return None

    def problem(
        self, draws: Sequence[SparseDraw], trials: Sequence[Trial], budget: Budget, device: torch.device
    ) -> SparseProblem:
        """Stack trials on a device, each with its draw."""
        from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem  # torch takes seconds to import

        return SparseProblem(draws, trials, device)

    def theory(self, draw: SparseDraw, trial: Trial, budget: Budget) -> Theory:
        """Return the theory columns of one trial."""
        a0 = draw.initial(trial.config)
        return Theory(*theory_columns(draw.theory, a0, trial.config, budget.train_threshold, budget.test_threshold))

    def patience(self, draw: SparseDraw, trial: Trial, budget: Budget) -> float:
        """See `trainers.tasks.sparse_recovery.ending`."""
        return patience(draw, trial, budget.test_threshold)

    def expected_steps(self, draw: SparseDraw, trial: Trial, budget: Budget) -> int | None:
        """See `trainers.tasks.sparse_recovery.length`."""
        return expected_steps(draw, trial, budget)

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes: six (n,) buffers and one (N,) a column, X and its inverse."""
        n, N = number(config, "n"), number(config, "N")
        return int(8 * (columns * (6 * n + N) + 2 * draws * n * N))

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long a step of the pack takes: call overhead, two matrix products, five element passes."""
        n, N = number(config, "n"), number(config, "N")
        return 2.0e-5 + 1.0e-6 * draws + columns * (4 * n * N / 2.0e10 + 5 * n / 1.5e9)
