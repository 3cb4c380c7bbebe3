"""The subgradient method's times from proximal gradient descent's, which can be fast-forwarded, with their error.

The sign pattern of a subgradient iterate changes almost every step, so there is no exact jump. Both methods follow the
same slow flow, and the subgradient iterate swings about it by about alpha beta sqrt(n) each way: a crossing comes
earlier or later by the steps in which the error falls by a few such swings. Near the floor the error no longer falls,
and the two part; there a trial is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from grokscale.trainers.ladder import NoDelay, delay, named
from grokscale.trainers.tasks.sparse_recovery.fast_forward.run import RUNGS, FastForward
from grokscale.trainers.tasks.sparse_recovery.leaps import NEAR
from grokscale.trainers.trial import Crossing, Outcome, Trial

_SWINGS = 3.0
"""Swings by which the two iterates may be apart; 2 covered every one of the trials that were compared."""

_SLOPE = 100
"""The error's slope is taken over this part of the time before the crossing."""


def stand_in(trial: Trial) -> Trial:
    """Return the trial by proximal steps."""
    return replace(trial, config={**trial.config, "optimizer": "proximal"})


def with_error(outcome: Outcome, run: FastForward) -> Outcome:
    """Return what the proximal run says of the subgradient one: t1 and t2 as intervals, and nothing of its errors."""
    test, train = run.swings()
    floor = outcome.theory["floor"]
    t1, t2 = _widened(outcome.t1, run.train_error, train), _widened(outcome.t2, run.test_error, test)
    lag, rungs = delay(t1, t2), named(RUNGS)
    ladder = {
        name: {
            "t1": _widened(pair["t1"], run.train_error, train),
            "t2": None if floor is None or rungs[name] < NEAR * floor else _widened(pair["t2"], run.test_error, test),
        }
        for name, pair in outcome.ladder.items()
    }
    return replace(
        outcome,
        obtained="surrogate",
        t1=t1,
        t2=t2,
        t1_gradient=None,
        t2_plateau=None,
        delay=None if isinstance(lag, NoDelay) else lag,
        delay_reason=lag.reason if isinstance(lag, NoDelay) else None,
        ladder=ladder,
        errors=dict.fromkeys(outcome.errors),
        error_reasons=dict.fromkeys(outcome.errors, "a surrogate: the errors followed are another method's"),
    )


def _widened(crossing: Crossing | None, error: Callable[[int], float], swing: float) -> Crossing | None:
    """Return a crossing to the step as the interval in which the other method's lies."""
    if crossing is None or not crossing.step:
        return crossing
    step = crossing.step
    over = max(1, step // _SLOPE)
    slope = (error(step - over) - error(step)) / over
    apart = step if slope <= 0 else min(step, math.ceil(_SWINGS * swing / slope) + 1)
    stayed = None if crossing.stayed is None else crossing.stayed + apart
    return Crossing(None, max(0, step - 1 - apart), step + apart, "interval", stayed)
