"""Exact times without taking the steps: between two events, proximal gradient descent on l1 is an affine map.

`course` says what can be followed, `segment` holds the algebra, `path` strings segments together, `run` finds all that
the stepping engine keeps, and `surrogate` says what that tells of the subgradient method.
"""

from __future__ import annotations

from collections.abc import Mapping

from trainers.trial import Budget, Value

LARGEST = 1000
"""Dimension up to which trials are fast-forwarded: some n events, each an eigendecomposition."""

SMOOTH = ("none", "l2")
"""Regularisers without an l1 term: one segment is the whole run."""


def applies(task: str, optimizer: str, regularizer: str, n: int) -> bool:
    """Return whether trials of this kind can be fast-forwarded exactly.

    Args:
        task: its kind.
        optimizer: its kind.
        regularizer: its kind.
        n: ambient dimension.
    """
    smooth = regularizer in SMOOTH
    contracts = optimizer in ("proximal", "gd") or (optimizer == "subgradient" and smooth)
    return task == "sparse_recovery" and contracts and n <= LARGEST


def approximated(task: str, optimizer: str, regularizer: str, n: int) -> bool:
    """Return whether trials of this kind have a surrogate: the subgradient method where its steps are not smooth."""
    return optimizer == "subgradient" and regularizer not in SMOOTH and applies(task, "proximal", regularizer, n)


def chosen(engine: str, task: str, config: Mapping[str, Value], expected: int | None, budget: Budget) -> bool:
    """Return whether a trial is fast-forwarded rather than stepped: as told or, by `auto`, where it pays.

    Args:
        engine: `auto`, `step`, `fast_forward` or `surrogate`.
        task: its kind.
        config: of the trial.
        expected: about how many steps it takes (see `Task.expected_steps`); None: counted at its whole budget.
        budget: of the trial.
    """
    kinds = str(config["optimizer"]), str(config["regularizer"])
    if engine != "auto":
        return engine != "step"
    steps = budget.max_steps if expected is None else expected
    return applies(task, *kinds, _size(config, "n")) and steps * _step_seconds(config) > seconds(config)


def seconds(config: Mapping[str, Value]) -> float:
    """Return about how long one trial takes: some 2 n events; one closed form where there is no l1 term."""
    n = _size(config, "n")
    return 2e-3 if config["regularizer"] in SMOOTH else 2 * n * (2.5e-4 + 1.7e-10 * n**3)


def _step_seconds(config: Mapping[str, Value]) -> float:
    """About what a trial's step takes among many that share X, whatever pack it is in."""
    n, N = _size(config, "n"), _size(config, "N")
    return 4 * n * N / 2.0e10 + 5 * n / 1.5e9


def _size(config: Mapping[str, Value], name: str) -> int:
    value = config.get(name)
    return value if isinstance(value, int) else 0
