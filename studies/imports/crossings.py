"""From logged curves to t1 and t2, as tables of trials have them: brackets between two logged steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def crossings(
    steps: ArrayLike,
    train: ArrayLike,
    test: ArrayLike,
    *,
    train_threshold: float = 1e-2,
    test_threshold: float = 1e-2,
    rises: bool = False,
) -> dict[str, Any]:
    """Return when logged curves of one run first came to their thresholds.

    A crossing lies after the last logged step above the threshold and at or before the first one at or below it:
    `(lower, upper]`. It is `exact` where these are neighbours, else an `interval`; `left` where the first value logged
    is there already, and `right` where none is.

    Args:
        steps: logged steps, whole, at least 0 and rising, shape (points,).
        train: the train error at each, shape (points,); nan where it was not logged.
        test: the test error likewise.
        train_threshold: the error that counts as memorised.
        test_threshold: the error that counts as generalised.
        rises: the curves are accuracies or the like: a crossing is the first value at or above the threshold.

    Returns:
        `{t1,t2}_{step,lower,upper,censoring,stayed}` and `steps`, the last step logged: a row for
        `Client.import_study` beside `seed` and the fields of the run. `stayed` is the logged step from which the value
        never left the threshold again, None where it was beyond it at the end.

    Raises:
        ValueError: arrays of different lengths, no point at all, or steps that are no rising whole numbers; the
            message names the argument.
    """
    logged = _steps(steps)
    row: dict[str, Any] = {"steps": int(logged[-1])}
    for name, values, threshold in (("t1", train, train_threshold), ("t2", test, test_threshold)):
        curve = _curve(values, logged.size, "train" if name == "t1" else "test")
        there = curve >= threshold if rises else curve <= threshold
        known = np.isfinite(curve)
        row |= {f"{name}_{part}": value for part, value in _crossing(logged[known], there[known]).items()}
    return row


def _steps(steps: ArrayLike) -> NDArray[np.int64]:
    given = np.asarray(steps, dtype=np.float64)
    whole = np.all(np.isfinite(given)) and np.all(given == np.round(given))
    if given.ndim != 1 or not given.size or not whole or given[0] < 0 or (np.diff(given) <= 0).any():
        raise ValueError("steps: accepted are whole numbers from 0 on, each above the one before, at least one of them")
    return given.astype(np.int64)


def _curve(values: ArrayLike, points: int, name: str) -> NDArray[np.float64]:
    curve = np.asarray(values, dtype=np.float64)
    if curve.shape != (points,):
        raise ValueError(f"{name}: {curve.shape} is not the shape of steps; accepted: one number a logged step")
    return curve


def _crossing(steps: NDArray[np.int64], there: NDArray[np.bool_]) -> dict[str, int | str | None]:
    """Return the parts of one crossing; steps and whether the value was there, shape (points,)."""
    if not there.any():
        lower = int(steps[-1]) if steps.size else -1
        return {"step": None, "lower": lower, "upper": None, "censoring": "right", "stayed": None}
    first = int(there.argmax())
    upper, lower = int(steps[first]), int(steps[first - 1]) if first else -1
    exact = upper - lower == 1
    return {
        "step": upper if exact else None,
        "lower": lower,
        "upper": upper,
        "censoring": "left" if not first else "exact" if exact else "interval",
        "stayed": _stayed(steps, there),
    }


def _stayed(steps: NDArray[np.int64], there: Sequence[bool] | NDArray[np.bool_]) -> int | None:
    away = np.flatnonzero(~np.asarray(there))
    after = int(away[-1]) + 1 if away.size else 0
    return int(steps[after]) if after < steps.size else None
