"""What is known of a trial of matrix completion before it is trained, in closed form."""

from __future__ import annotations

import math

import numpy as np

from grokscale.trainers.task import Theory
from grokscale.trainers.tasks.matrix_completion.data import MatrixDraw
from grokscale.trainers.trial import Budget, Trial, number


def l2_strength(trial: Trial) -> float:
    """Return beta of 1/2 beta ||A||_F^2, 0 under another regulariser."""
    return number(trial.config, "beta") if trial.config["regularizer"] == "l2" else 0.0


def alpha_max(trial: Trial) -> float:
    """Return the limit of the step size: the Hessian of g has eigenvalues 0 and 1."""
    return 2 / (1 + l2_strength(trial))


def gap(draw: MatrixDraw) -> float:
    """Return ||A_hat - A*||_2, the largest singular value (T4)."""
    return float(np.linalg.norm(draw.A_hat - draw.A_star, 2))


def t1(draw: MatrixDraw, trial: Trial, threshold: float) -> tuple[float | None, str]:
    """Return the step at which the residual of g alone comes to the threshold, or None and why.

    Each observed cell's residual is multiplied by 1 - alpha a step; a small regulariser hardly moves it.
    """
    if trial.config["optimizer"] == "projected":
        return 1.0, ""  # the first projection sets the observed cells
    if l2_strength(trial):
        return None, "under l2 the observed cells do not come to their values"
    start = np.linalg.norm(draw.observed * (draw.initial(trial.config) - draw.A_star))
    ratio = float(start / np.linalg.norm(draw.A_hat))
    factor = abs(1 - number(trial.config, "alpha"))
    if factor >= 1:
        return None, "the step size is above its limit"
    if ratio <= threshold:
        return 0.0, ""
    return (1.0, "") if factor == 0 else (float(math.ceil(math.log(threshold / ratio) / math.log(factor))), "")


def columns(draw: MatrixDraw, trial: Trial, budget: Budget) -> Theory:
    """Return the theory columns."""
    predicted, reason = t1(draw, trial, budget.train_threshold)
    values = {"A_gap": gap(draw), "alpha_max": alpha_max(trial), "t1_predicted": predicted}
    return Theory(values, {"t1_predicted": reason} if predicted is None else {})


def heuristic(draw: MatrixDraw, trial: Trial) -> float:
    """Return A_gap / (alpha beta), the heuristic count of steps to t2; infinite without a regulariser."""
    if trial.config["regularizer"] == "none":
        return math.inf
    return gap(draw) / (number(trial.config, "alpha") * number(trial.config, "beta"))
