"""Which engine obtains a trial's times: stepping, or one that takes no steps where it is told to or pays."""

from __future__ import annotations

from grokscale.trainers.tasks.registry import described, task
from grokscale.trainers.trial import Budget, Trial

_AMONG = 128
"""Columns by which a trial's step is priced, whatever pack it is in: the choice depends on the trial alone."""


def may_leap(engine: str, kind: str, optimizer: str, regularizer: str, size: float | None) -> bool:
    """Return whether trials may be fast-forwarded.

    Args:
        engine: `auto`, `step`, `fast_forward` or `surrogate`.
        kind: of the task.
        optimizer: its kind.
        regularizer: its kind.
        size: the largest value of the field that bounds them (see `Leap.size`); None: it is not known.
    """
    leap = described()[kind].leap("surrogate" if engine == "surrogate" else "fast_forward")
    if leap is None or engine == "step":
        return False
    return engine == "surrogate" or (leap.takes(optimizer, regularizer) and (size or 0) <= leap.size[1])


def leaps(engine: str, kind: str, trial: Trial, expected: int | None, budget: Budget) -> bool:
    """Return whether a trial is fast-forwarded.

    Args:
        engine: `auto`, `step`, `fast_forward` or `surrogate`, accepted for the trial's kinds.
        kind: of the task.
        trial: the trial.
        expected: about how many steps it takes (see `Task.expected_steps`); None: counted at its whole budget.
        budget: of the trial.
    """
    if engine != "auto":
        return engine != "step"
    of, leap = task(kind), described()[kind].leap("fast_forward")
    if of.leaps is None or leap is None:
        return False
    config, size = trial.config, trial.config.get(leap.size[0])
    if not isinstance(size, int):
        return False
    if not may_leap("fast_forward", kind, str(config["optimizer"]), str(config["regularizer"]), size):
        return False
    steps = budget.max_steps if expected is None else expected
    return steps * of.seconds_per_step(config, _AMONG, 1) / _AMONG > of.leaps.seconds(config)
