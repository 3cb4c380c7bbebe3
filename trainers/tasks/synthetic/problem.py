"""Trials whose errors are known in closed form, and which misbehave where they are told to."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grokscale.trainers.kernels import LOOKS
from grokscale.trainers.passage import Passage, walk
from grokscale.trainers.task import Ending, Speed
from grokscale.trainers.trial import Budget, Trial, number

_HELD_SECONDS, _LONGEST_HOLD = 0.05, 0.5
"""Of each step while a trial is held, and of each call: it crawls, and its pack goes on looking and reporting."""
_FAULTS = ("diverge", "raise", "hang", "exit", "hold")
_JUST_BELOW = 1 - 1e-12
"""The crossing step's error lies below the threshold by more than rounding."""


class SyntheticProblem:
    """Trials whose errors are known in closed form; columns are the live trials."""

    kernels = LOOKS

    def __init__(self, trials: Sequence[Trial], t1: np.ndarray, t2: np.ndarray, budget: Budget) -> None:
        self.trials = list(trials)
        self._step = 0
        self._t1, self._t2 = t1.astype(np.float64), t2.astype(np.float64)
        self._log_train, self._log_test = math.log(budget.train_threshold), math.log(budget.test_threshold)
        self._pauses = np.array([number(t.config, "seconds") for t in trials]) / self._t2
        self._faults = [_fault(trial) for trial in trials]

    def step(self, k: int) -> None:
        """Take `k` steps, misbehaving where a column has come halfway to its t2 and is told to."""
        self._step += k
        pause = float(self._pauses.sum()) * k
        if pause > 0:
            time.sleep(pause)
        halfway = np.flatnonzero(self._step >= self._t2 / 2)
        for column in halfway:
            self._misbehave(int(column))
        if any(self._is_held(int(column)) for column in halfway):
            time.sleep(min(k * _HELD_SECONDS, _LONGEST_HOLD))

    def _misbehave(self, column: int) -> None:
        index = self.trials[column].index
        match self._faults[column]:
            case "raise":
                raise RuntimeError(f"trial {index} raises at step {self._step}, as it was told")
            case "hang":
                threading.Event().wait()
            case "exit":
                os._exit(1)

    def _is_held(self, column: int) -> bool:
        faults: Any = self.trials[column].config["faults"]
        return self._faults[column] == "hold" and not Path(faults["until"]).exists()

    def walk(self, step: int, k: int, train: Passage, test: Passage) -> bool:
        """See `trainers.passage.walk`."""
        return walk(self, step, k, train, test)

    def follow(self, step: int, k: int, train: Passage) -> np.ndarray:
        """Take `k` steps, showing `train` the error after each; return them, shape (k, columns)."""
        errors = []
        for t in range(step + 1, step + k + 1):
            self.step(1)
            errors.append(self.train_error())
            if train.see(t, errors[-1]):
                train.mark(t, self)
        return np.array(errors)

    def train_error(self) -> np.ndarray:
        """theta1^(t / t1), shape (columns,)."""
        return _JUST_BELOW * np.exp(self._log_train * self._step / self._t1)

    def test_error(self) -> np.ndarray:
        """theta2^(t / t2), infinite once a column was told to diverge, shape (columns,)."""
        error = _JUST_BELOW * np.exp(self._log_test * self._step / self._t2)
        told = np.array([fault == "diverge" for fault in self._faults], dtype=bool)
        return np.where(told & (self._step >= self._t2 / 2), np.inf, error)

    def measures(self) -> dict[str, np.ndarray]:
        """Return the test error as the mean over coordinates: there is one, and it is 1."""
        return {"mean_l1": self.test_error()}

    def gradient_ratio(self) -> None:
        """There is no gradient."""

    def train_speed(self) -> Speed:
        """The errors are convex in t, so no later step is longer than the next."""
        return self._speed(self.train_error(), self._log_train, self._t1)

    def test_speed(self) -> Speed:
        """See `train_speed`."""
        return self._speed(self.test_error(), self._log_test, self._t2)

    @staticmethod
    def _speed(error: np.ndarray, log_threshold: float, time_: np.ndarray) -> Speed:
        return Speed(np.zeros_like(error), -log_threshold * error / time_)

    def ending(self, test_error: np.ndarray, threshold: float) -> Ending:
        """An error that falls for ever never ends."""
        no = np.zeros(len(self.trials), dtype=bool)
        return Ending(no, no, no)

    def observe(self) -> dict[str, np.ndarray]:
        """Return the two errors."""
        return {"train_error": self.train_error(), "test_error": self.test_error()}

    def iterate(self) -> np.ndarray:
        """The error of the one coordinate, shape (columns, 1)."""
        return self.test_error()[:, None]

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.trials = [self.trials[i] for i in columns]
        self._faults = [self._faults[i] for i in columns]
        self._t1, self._t2, self._pauses = self._t1[columns], self._t2[columns], self._pauses[columns]

    def state(self) -> dict[str, Any]:
        """Return the step; all else follows from the trials."""
        return {"indices": [trial.index for trial in self.trials], "step": self._step}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self._step = state["step"]


def _fault(trial: Trial) -> str | None:
    faults: Any = trial.config.get("faults")
    if not faults:
        return None
    return next((word for word in _FAULTS if trial.index in (faults.get(word) or ())), None)
