"""About how long a trial of sparse recovery runs, from its sign flow and the point where it ends, before it runs."""

from __future__ import annotations

import numpy as np

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.schedule import end_after, next_judged
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.trial import Budget, Trial, number

_SETTLING = 7.0
"""Time constants that a settled active set takes to its point: ln(1000), the tolerance of `Ends`."""

_LONGEST = 1e15


def expected_steps(draw: SparseDraw, trial: Trial, budget: Budget) -> int | None:
    """Return about how many steps a trial takes within its budget; None: unknown.

    t2 comes at T*/(alpha beta) (M2), and the flow's own end at T_end/(alpha beta) is where training settles, or where
    it is known by then that it does not come to its threshold.
    """
    return budget.steps(None if budget.stop == "max_steps" else _unbounded(draw, trial, budget))


def _unbounded(draw: SparseDraw, trial: Trial, budget: Budget) -> float | None:
    beta1, beta2 = strengths(trial.config)
    spectrum = draw.theory.spectrum
    if beta1 == 0 or beta2 > 0 or spectrum.rank == spectrum.n:
        return None  # no sign flow, a bent one, or nothing for it to move
    try:
        flow = draw.theory.sign_flow(draw.initial(trial.config))
    except ArithmeticError:
        return None
    alpha = number(trial.config, "alpha")
    T_star = flow.first_passage(budget.test_threshold)
    comes = T_star is not None and _floor(draw, trial, beta1) <= budget.test_threshold
    if T_star is not None and comes and budget.stop == "after_t2":
        return end_after(round(min(T_star / (alpha * beta1), _LONGEST)))
    settled = float(flow.start[-1]) / (alpha * beta1) + _SETTLING * _slowest(draw, trial, beta1) / alpha
    return next_judged(round(min(settled, _LONGEST)), budget.plateau_every)


def _slowest(draw: SparseDraw, trial: Trial, beta1: float) -> float:
    """1/sigma_min^2 of X on the support of the Lasso point; 0 for the projected method, which solves X a = y."""
    if trial.config["optimizer"] == "projected":
        return 0.0
    active = np.flatnonzero(draw.theory.lasso(beta1).a)
    if not 0 < active.size <= draw.X.shape[0]:
        return 0.0
    smallest = float(np.linalg.svd(draw.X[:, active], compute_uv=False)[-1])
    return 1 / smallest**2 if smallest > 0 else 0.0


def _floor(draw: SparseDraw, trial: Trial, beta1: float) -> float:
    """The relative error where training ends."""
    if trial.config["optimizer"] == "projected":
        return draw.theory.sign_flow(draw.initial(trial.config)).limit_error
    return draw.theory.error(draw.theory.lasso(beta1).a)
