"""Two tasks that bound nothing: errors of a closed form, and diagonal linear networks trained by AdamW."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from grokscale.trainers.kernels import Kernel
from grokscale.trainers.task import Problem, Streams, Theory
from grokscale.trainers.tasks.description import Description, Field, Grid, Quantity, Real, Whole
from grokscale.trainers.trial import Budget, Identity, Trial, Value, number

_REAL = Real(0)
SCRIPTED = Description(
    kind="scripted",
    version=1,
    title="Scripted",
    says="Errors of a closed form.",
    source="",
    fields=tuple(Field(name, _REAL, "of the errors") for name in ("time", "wave", "period")),
    regularizers=(),
    optimizers=(),
    error="what a formula says",
    implementation="tests.trainers.grid_tasks:Scripted",
    measures=(Quantity("norm", "1", "twice the test error"), Quantity("clock", "steps", "the step")),
    rungs=(0.5, 0.05),
    looks=Grid(dense=10, every=10, exact=True),
)
DIAGONAL = Description(
    kind="diagonal",
    version=1,
    title="Diagonal",
    says="Regression by a = u*u - v*v with AdamW.",
    source="",
    fields=(Field("n", Whole(1, 100), "coordinates", role="data"), Field("N", Whole(1, 100), "rows", role="data")),
    regularizers=(),
    optimizers=(),
    error="relative l2",
    implementation="tests.trainers.grid_tasks:Diagonal",
    measures=(Quantity("l2", "1", "norm of a"),),
    looks=Grid(dense=20, ratio=1.05, exact=True),
)


class _Task:
    """What both tasks say alike: nothing is known of a trial before it is trained."""

    leaps = None
    rests_after = np.inf

    def kernels(self) -> tuple[Kernel, ...]:
        return ()

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        return Identity(streams.name, streams.name)

    def refusal(self, draw: Any, trial: Trial) -> None:
        return None

    def theory(self, draw: Any, trial: Trial, budget: Budget) -> Theory:
        return Theory({}, {})

    def patience(self, draw: Any, trial: Trial, budget: Budget) -> float:
        return self.rests_after

    def expected_steps(self, draw: Any, trial: Trial, budget: Budget) -> int | None:
        return None

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        return 0

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        return 1e-6


class Scripted(_Task):
    """Errors of a closed form."""

    description = SCRIPTED

    def draw(self, config: Mapping[str, Value], streams: Streams) -> None:
        return None

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        return ScriptedProblem(trials)


def scripted_errors(config: Mapping[str, Value], t: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """Return train and test error at steps t: a decay, and a decay that swings."""
    time, wave, period = (number(config, name) for name in ("time", "wave", "period"))
    swing = 1 + wave * np.cos(2 * np.pi * np.asarray(t) / period)
    return np.exp(-5 * np.asarray(t) / time), np.exp(-np.asarray(t) / time) * swing


class ScriptedProblem:
    """It knows neither an end nor gradients nor parameters."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials, self.now, self.looks = list(trials), 0, []

    def step(self, k: int) -> None:
        self.now += k

    def train_error(self) -> np.ndarray:
        return np.array([scripted_errors(trial.config, self.now)[0] for trial in self.trials])

    def test_error(self) -> np.ndarray:
        return np.array([scripted_errors(trial.config, self.now)[1] for trial in self.trials])

    def measures(self) -> dict[str, np.ndarray]:
        return {"norm": 2 * self.test_error(), "clock": np.full(len(self.trials), float(self.now))}

    def observe(self) -> dict[str, np.ndarray]:
        return {"half": self.test_error() / 2}

    def keep(self, columns: np.ndarray) -> None:
        self.trials = [self.trials[i] for i in columns]

    def state(self) -> dict[str, Any]:
        return {"indices": [trial.index for trial in self.trials], "now": self.now}

    def load(self, state: Mapping[str, Any]) -> None:
        self.now = state["now"]


class Pulled(Scripted):
    """It knows its gradients too."""

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        return PulledProblem(trials)


class PulledProblem(ScriptedProblem):
    """The regulariser's gradient overtakes the loss's at step 123."""

    def gradient_ratio(self) -> np.ndarray:
        return np.full(len(self.trials), self.now / 123)


class Unrepeatable(Scripted):
    """Its steps are other ones when they are taken again."""

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        return UnrepeatableProblem(trials)


class UnrepeatableProblem(ScriptedProblem):
    """Counts calls, and says so in its state."""

    calls = 0

    def step(self, k: int) -> None:
        super().step(k)
        self.calls += 1

    def state(self) -> dict[str, Any]:
        return {**super().state(), "calls": self.calls}


class Diagonal(_Task):
    """Diagonal linear networks."""

    description = DIAGONAL

    def draw(self, config: Mapping[str, Value], streams: Streams) -> tuple[np.ndarray, np.ndarray]:
        n, N = int(number(config, "n")), int(number(config, "N"))
        X = streams.generator("design").normal(size=(N, n)) / np.sqrt(N)
        return X, np.where(np.arange(n) < 2, 1.0, 0.0)

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        return DiagonalProblem(draws, trials)


class DiagonalProblem:
    """AdamW by its formula on stacked columns. Its state holds the tensors themselves, as a careless task's would."""

    def __init__(self, draws: Sequence[tuple[np.ndarray, np.ndarray]], trials: Sequence[Trial]) -> None:
        self.trials = list(trials)
        X, a_star = (torch.as_tensor(np.stack(arrays)) for arrays in zip(*draws, strict=True))
        self.X, self.a_star = X, a_star
        self.y = torch.einsum("cNn,cn->cN", X, a_star)
        rates = torch.tensor([[[number(t.config, "alpha"), number(t.config, "beta")]] for t in trials])
        self.rates = rates.to(torch.float64)
        shape = (len(trials), 2, a_star.shape[1])
        self.w = torch.full(shape, 0.1, dtype=torch.float64)
        self.w[:, 1] = 0.09
        self.m, self.s, self.t = torch.zeros(shape).double(), torch.zeros(shape).double(), 0

    def step(self, k: int) -> None:
        for _ in range(k):
            self.t += 1
            pull = torch.einsum("cNn,cN->cn", self.X, self._residual())
            gradient = 2 * self.w * torch.stack([pull, -pull], dim=1)
            lr, decay = self.rates[:, :, :1], self.rates[:, :, 1:]
            self.w -= lr * decay * self.w
            self.m.mul_(0.9).add_(0.1 * gradient)
            self.s.mul_(0.999).add_(0.001 * gradient.square())
            root = (self.s / (1 - 0.999**self.t)).sqrt() + 1e-8
            self.w -= lr * (self.m / (1 - 0.9**self.t)) / root

    def _a(self) -> torch.Tensor:
        return self.w[:, 0].square() - self.w[:, 1].square()

    def _residual(self) -> torch.Tensor:
        return torch.einsum("cNn,cn->cN", self.X, self._a()) - self.y

    def train_error(self) -> np.ndarray:
        return (self._residual().norm(dim=1) / self.y.norm(dim=1)).numpy()

    def test_error(self) -> np.ndarray:
        return ((self._a() - self.a_star).norm(dim=1) / self.a_star.norm(dim=1)).numpy()

    def measures(self) -> dict[str, np.ndarray]:
        return {"l2": self._a().norm(dim=1).numpy()}

    def observe(self) -> dict[str, np.ndarray]:
        return {"train_error": self.train_error(), "test_error": self.test_error()}

    def keep(self, columns: np.ndarray) -> None:
        self.trials = [self.trials[i] for i in columns]
        for name in ("X", "a_star", "y", "rates", "w", "m", "s"):
            setattr(self, name, getattr(self, name)[torch.as_tensor(columns)])

    def state(self) -> dict[str, Any]:
        indices = [trial.index for trial in self.trials]
        return {"indices": indices, "w": self.w, "m": self.m, "s": self.s, "t": self.t}

    def load(self, state: Mapping[str, Any]) -> None:
        mine = [list(state["indices"]).index(trial.index) for trial in self.trials]
        self.w, self.m, self.s = (state[name][mine].clone() for name in ("w", "m", "s"))
        self.t = state["t"]
