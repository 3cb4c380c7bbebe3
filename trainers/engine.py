"""Which engine obtains a trial's times: stepping, or fast-forward where it is told to or pays."""

from __future__ import annotations

from grokscale.trainers.tasks.registry import task
from grokscale.trainers.tasks.sparse_recovery.fast_forward import applies, seconds
from grokscale.trainers.trial import Budget, Trial

_AMONG = 128
"""Columns by which a trial's step is priced, whatever pack it is in: the choice depends on the trial alone."""


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
    config, n = trial.config, trial.config.get("n")
    if not isinstance(n, int) or not applies(kind, str(config["optimizer"]), str(config["regularizer"]), n):
        return False
    steps = budget.max_steps if expected is None else expected
    return steps * task(kind).seconds_per_step(config, _AMONG, 1) / _AMONG > seconds(config)
