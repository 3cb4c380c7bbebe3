"""A task whose law is known: t1 and t2 are drawn, and the errors fall so that they cross their thresholds just there.

t2 = prefactor * exp(draw_sigma * u + sigma * eps) * (alpha * beta)^-exponent with u of the seed and eps of the trial,
both standard normal; t1 = t1_prefactor / alpha. Errors are theta^(t / t_i), log-linear in the step. It serves
demonstrations and load tests, and lets anyone check that the service recovers a law that is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.schedule import end_after
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.tasks.synthetic.description import SYNTHETIC
from grokscale.trainers.trial import Budget, Identity, Trial, Value, finite, number

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.tasks.synthetic.problem import SyntheticProblem

_LONGEST = 10**15


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

    description = SYNTHETIC
    leaps = None

    def kernels(self) -> tuple[Kernel, ...]:
        """Return what looking is compiled of."""
        from grokscale.trainers.kernels import LOOKS

        return LOOKS

    def draw(self, config: Mapping[str, Value], streams: Streams) -> SyntheticDraw:
        """Return the factor of a seed."""
        u = streams.generator("signal").standard_normal()
        return SyntheticDraw(math.exp(number(config, "draw_sigma") * u), streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the factor, which is all that is drawn."""
        return Identity(f"{self.description.kind}:{streams.name}", streams.name)

    def refusal(self, draw: SyntheticDraw, trial: Trial) -> None:
        """Every synthetic trial trains."""

    def problem(
        self, draws: Sequence[SyntheticDraw], trials: Sequence[Trial], budget: Budget, device: torch.device
    ) -> SyntheticProblem:
        """Stack trials."""
        from grokscale.trainers.tasks.synthetic.problem import SyntheticProblem  # what is compiled

        t1 = np.array([math.ceil(min(_t1(trial), _LONGEST)) for trial in trials])
        t2 = np.array([_t2(draw, trial) for draw, trial in zip(draws, trials, strict=True)])
        return SyntheticProblem(trials, np.maximum(t1, 1), t2, budget)

    def theory(self, draw: SyntheticDraw, trial: Trial, budget: Budget) -> Theory:
        """Return t1 and, with the noise left out, T_star and t2."""
        T_star = number(trial.config, "prefactor") * draw.factor
        values: dict[str, float | None] = {"t1_predicted": float(math.ceil(_t1(trial))), "T_star": T_star}
        reasons: dict[str, str] = {}
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

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes."""
        return 64 * columns

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long a step takes: none, whatever its length."""
        return 1e-9


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
