"""A task whose law is known: t1 and t2 are drawn, and the errors fall so that they cross their thresholds just there.

t2 = prefactor * exp(draw_sigma * u + sigma * eps) * (alpha * beta)^-exponent with u of the seed and eps of the trial,
both standard normal; t1 = t1_prefactor / alpha. Errors are theta^(t / t_i), log-linear in the step. It serves
demonstrations and load tests, and lets anyone check that the service recovers a law that is known.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from grokscale.trainers.kernels import LOOKS
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.passage import Passage, walk
from grokscale.trainers.schedule import end_after
from grokscale.trainers.task import Ending, Speed, Streams, Theory
from grokscale.trainers.trial import Budget, Identity, Trial, Value, finite, number

_LONGEST = 10**15
_HELD_SECONDS, _LONGEST_HOLD = 0.05, 0.5
"""Of each step while a trial is held, and of each call: it crawls, and its pack goes on looking and reporting."""
_FAULTS = ("diverge", "raise", "hang", "exit", "hold")
_JUST_BELOW = 1 - 1e-12
"""The crossing step's error lies below the threshold by more than rounding."""


@dataclass(frozen=True, eq=False)
class SyntheticDraw:
    """What a seed decides: its factor in t2, and a stream of noise by configuration."""

    factor: float
    streams: Streams

    def noise(self, trial: Trial) -> float:
        """Return the trial's own standard normal."""
        return float(self.streams.generator(f"noise {trial.configuration}").standard_normal())


class Synthetic:
    """The task; see the module."""

    kind = "synthetic"
    data_fields: tuple[str, ...] = ("draw_sigma",)
    pack_fields: tuple[str, ...] = ()

    def draw(self, config: Mapping[str, Value], streams: Streams) -> SyntheticDraw:
        """Return the factor of a seed."""
        u = streams.generator("signal").standard_normal()
        return SyntheticDraw(math.exp(number(config, "draw_sigma") * u), streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the factor, which is all that is drawn."""
        return Identity(f"{self.kind}:{streams.name}", streams.name)

    def refusal(self, draw: SyntheticDraw, trial: Trial) -> None:
        """Every synthetic trial trains."""

    def problem(
        self, draws: Sequence[SyntheticDraw], trials: Sequence[Trial], budget: Budget, device: torch.device
    ) -> SyntheticProblem:
        """Stack trials."""
        t1 = np.array([math.ceil(min(_t1(trial), _LONGEST)) for trial in trials])
        t2 = np.array([_t2(draw, trial) for draw, trial in zip(draws, trials, strict=True)])
        return SyntheticProblem(trials, np.maximum(t1, 1), t2, budget)

    def theory(self, draw: SyntheticDraw, trial: Trial, budget: Budget) -> Theory:
        """Return t1 and, with the noise left out, T_star and t2."""
        values: dict[str, float | None] = dict.fromkeys(("a_gap", "alpha_max", "floor", "floor_closed_form"))
        reasons = dict.fromkeys(values, "a synthetic trial has no data")
        T_star = number(trial.config, "prefactor") * draw.factor
        values |= {"t1_predicted": float(math.ceil(_t1(trial))), "T_star": T_star}
        power = _power(trial)
        t2 = math.inf if power is None else T_star * power
        values["t2_predicted"] = finite(t2)
        if not math.isfinite(t2):
            reasons["t2_predicted"] = "beta = 0" if power is None else "(alpha beta)^-exponent is above every float"
        return Theory(values, reasons)

    def patience(self, draw: SyntheticDraw, trial: Trial, budget: Budget) -> float:
        """It generalises in the end."""
        return math.inf

    def expected_steps(self, draw: SyntheticDraw, trial: Trial, budget: Budget) -> int | None:
        """Return where a trial ends that has no noise; it never settles."""
        t2 = self.theory(draw, trial, budget).values["t2_predicted"]
        if t2 is None:
            return budget.steps(None)
        return budget.steps(end_after(math.ceil(min(t2, _LONGEST))) if budget.stop == "after_t2" else np.inf)

    def course(self, draw: SyntheticDraw, trial: Trial) -> NoReturn:
        """A synthetic trial takes its steps at one stroke as it is."""
        raise NotImplementedError

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes."""
        return 64 * columns

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long a step takes: none, whatever its length."""
        return 1e-9


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

    def follow(self, k: int) -> np.ndarray:
        """Take `k` steps; return the train error after each, shape (k, columns)."""
        errors = []
        for _ in range(k):
            self.step(1)
            errors.append(self.train_error())
        return np.array(errors)

    def train_error(self) -> np.ndarray:
        """theta1^(t / t1), shape (columns,)."""
        return _JUST_BELOW * np.exp(self._log_train * self._step / self._t1)

    def test_error(self) -> np.ndarray:
        """theta2^(t / t2), infinite once a column was told to diverge, shape (columns,)."""
        error = _JUST_BELOW * np.exp(self._log_test * self._step / self._t2)
        told = np.array([fault == "diverge" for fault in self._faults], dtype=bool)
        return np.where(told & (self._step >= self._t2 / 2), np.inf, error)

    def mean_l1(self) -> np.ndarray:
        """The test error: there is one coordinate, and it is 1."""
        return self.test_error()

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


def _t1(trial: Trial) -> float:
    return number(trial.config, "t1_prefactor") / number(trial.config, "alpha")


def _t2(draw: SyntheticDraw, trial: Trial) -> int:
    config = trial.config
    power = _power(trial)
    if power is None:
        return _LONGEST
    noise = math.exp(number(config, "sigma") * draw.noise(trial))
    t2 = number(config, "prefactor") * draw.factor * noise * power
    return max(1, math.ceil(min(t2, _LONGEST)))


def _power(trial: Trial) -> float | None:
    """Return (alpha beta)^-exponent, infinite where no float holds it; None where there is no beta."""
    product = _product(trial)
    try:
        return product ** -number(trial.config, "exponent") if product else None
    except OverflowError:
        return math.inf


def _product(trial: Trial) -> float:
    beta1, beta2 = strengths(trial.config)
    return number(trial.config, "alpha") * (beta1 or beta2)


def _fault(trial: Trial) -> str | None:
    faults: Any = trial.config.get("faults")
    if not faults:
        return None
    return next((word for word in _FAULTS if trial.index in (faults.get(word) or ())), None)
