"""Times of sparse recovery without its steps, exactly or by a method that can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grokscale.trainers.linear.sections import SMOOTH
from grokscale.trainers.task import Theory
from grokscale.trainers.trial import Budget, Trial, Value

if TYPE_CHECKING:
    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
    from grokscale.trainers.tasks.sparse_recovery.following import Following

NEAR = 3.0
"""Thresholds below this many floors are refused: there the methods' times differ by up to half."""


class SparseLeaps:
    """See `trainers.task.Leaps`."""

    def kernels(self) -> tuple[Kernel, ...]:
        """Return what following a trial calls."""
        from grokscale.trainers.tasks.sparse_recovery.fast_forward.kernels import FAST_FORWARD

        return FAST_FORWARD

    def seconds(self, config: Mapping[str, Value]) -> float:
        """Return about how long one trial takes: some 2 n events; one closed form where there is no l1 term."""
        n = config["n"]
        assert isinstance(n, int)
        return 2e-3 if config["regularizer"] in SMOOTH else 2 * n * (9e-5 + 2.4e-11 * n**3)

    def refusal(self, engine: str, theory: Theory, budget: Budget) -> tuple[str, str] | None:
        """Return why a trial's surrogate would not be the subgradient method's time; else None."""
        floor = theory.values["floor"]
        if engine != "surrogate" or (floor is not None and budget.test_threshold >= NEAR * floor):
            return None
        if floor is None:
            return "failed", f"the floor is not known, so neither is the surrogate's error: {theory.reasons['floor']}"
        return "failed", (
            f"the test threshold {budget.test_threshold:g} lies below {NEAR:g} times the floor {floor:.3g}, where the "
            "surrogate's t2 is not the subgradient method's: take a smaller beta, or engine: step"
        )

    def leap(self, engine: str, draw: SparseDraw, trial: Trial, budget: Budget) -> Following:
        """Return the trial, or under `surrogate` the one by proximal steps that stands in for it."""
        from grokscale.trainers.tasks.sparse_recovery.following import Following  # torch, and what is compiled

        return Following(engine, draw, trial, budget)
