"""What is known of a diagonal linear network before it is trained."""

from __future__ import annotations

import math

import numpy as np

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.task import Theory
from grokscale.trainers.tasks.diagonal_network.data import FactorDraw
from grokscale.trainers.trial import Trial, number


def columns(draw: FactorDraw, trial: Trial) -> Theory:
    """Return the theory columns."""
    t2, reason = rich(trial)
    values = {"reachable_error": reachable_error(draw, trial), "t2_predicted": t2}
    return Theory(values, {"t2_predicted": reason} if t2 is None else {})


def reachable_error(draw: FactorDraw, trial: Trial) -> float:
    """Return ||min(a*, 0)|| / ||a*|| where the factors are equal and so stay equal, else 0.

    For even L their product is nowhere negative. For odd L it would have to pass 0, where its gradient vanishes.
    """
    config = trial.config
    if config["parameterization"] == "symmetric" or config["init"] == "random" or config["depth"] == 1:
        return 0.0
    return float(np.linalg.norm(np.minimum(draw.a_star, 0)) / np.linalg.norm(draw.a_star))


def rich(trial: Trial) -> tuple[float | None, str]:
    """Return ln(zeta) / (alpha beta), the time of the kernel-to-rich transition to leading order (Lyu et al., T7).

    beta t2 = ln zeta + c, with a constant c of the draw and the threshold.
    """
    beta1, beta2 = strengths(trial.config)
    scale = number(trial.config, "init_scale")
    if beta2 == 0 or beta1 > 0:
        return None, "the transition is driven by l2"
    if trial.config["depth"] == 1:
        return None, "one factor has no rich regime"
    if scale <= 1:
        return None, "the start is not large"
    return math.log(scale) / (number(trial.config, "alpha") * beta2), ""
