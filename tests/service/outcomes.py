"""Outcomes by a known law: t2 = prefactor of the seed / (alpha beta) with a scatter of 1 %, t1 = 10 / alpha."""

from __future__ import annotations

import math

import numpy as np

from grokscale.trainers.trial import Crossing, Delay, ErrorPoint, Outcome, Trial


def exact(step: int) -> Crossing:
    return Crossing(step=step, lower=step - 1, upper=step, censoring="exact", stayed=step)


def t1_of(trial: Trial) -> int:
    return round(10 / float(trial.config["alpha"] or 0))


def t2_of(trial: Trial) -> int:
    alpha, beta = float(trial.config["alpha"] or 0), float(trial.config["beta"] or 0)
    return round((1 + 0.1 * trial.seed) / (alpha * beta) * math.exp(0.01 * math.sin(12.9898 * trial.index)))


def outcome_of(trial: Trial) -> Outcome:
    t1, t2 = t1_of(trial), t2_of(trial)
    steps = np.array([0, 1, t1, t2, t2 + 1000], dtype=np.int64)
    return Outcome(
        index=trial.index,
        outcome="generalised",
        obtained="stepped",
        steps=t2 + 1000,
        t1=exact(t1),
        t1_gradient=None,
        t2=exact(t2),
        t2_plateau=Crossing(step=None, lower=t2, upper=t2 + 1000, censoring="interval"),
        delay=Delay(step=t2 - t1, lower=t2 - t1 - 1, upper=t2 - t1, censoring="exact"),
        ladder={"1e-2": {"t1": exact(t1), "t2": exact(t2)}, "1e-3": {"t1": None, "t2": None}},
        errors={name: ErrorPoint(1e-3, t2 + 1000, {"mean_l1": 1e-5}) for name in ("stop", "min")},
        theory={"t2_predicted": float(t2), "floor": None},
        theory_reasons={"floor": "not a task with a floor"},
        curve={
            "step": steps,
            "train_error": np.geomspace(1, 1e-4, 5),
            "test_error": np.array([1, 1, 0.9, 1e-2, np.nan]),
        },
        seconds=0.5,
    )
