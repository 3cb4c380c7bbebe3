"""A two-layer network under AdamW that learns a linear teacher from few examples: a task from outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grokscale.tasks import (
    NONE,
    Budget,
    Column,
    Description,
    Field,
    Grid,
    Identity,
    Quantity,
    Real,
    Section,
    Streams,
    Theory,
    Trial,
    Whole,
    number,
)

DESCRIPTION = Description(
    kind="adamw_network",
    version=1,
    title="AdamWNetwork",
    says="A network of two layers that learns a linear teacher from few examples.",
    source="",
    fields=(
        Field("inputs", Whole(1, 1000), "inputs of the network", 6, role="data", size=True),
        Field("examples", Whole(1, 10_000), "examples to train on", 8, sweeps=True, role="data"),
        Field("width", Whole(1, 1000), "hidden units", 8, sweeps=True),
    ),
    regularizers=(NONE,),
    optimizers=(
        Section(
            "adamw",
            "AdamW",
            "Adam with decoupled weight decay.",
            (
                Field("lr", Real(0, 1, above=True), "step size", sweeps=True, letter="η"),
                Field("weight_decay", Real(0, 10), "strength of the decay", 0.1, sweeps=True, letter="λ"),
            ),
        ),
    ),
    theory=(Column("decay_time", "steps", "1/(lr weight_decay)", predicts="t2"),),
    curves=(
        Quantity("train_error", "1", "relative residual of the examples"),
        Quantity("test_error", "1", "relative residual of fresh examples"),
        Quantity("weight_norm", "1", "l2 norm of all weights"),
    ),
    measures=(Quantity("mean_residual", "1", "mean absolute residual of fresh examples"),),
    coordinates=False,
    settles=False,
    error="relative residual",
    thresholds=(0.1, 0.3),
    looks=Grid(dense=50, every=10),
    rate="lr*weight_decay",
    implementation=f"{__name__}:AdamWNetwork",
)

_FRESH = 64


@dataclass(frozen=True, eq=False)
class Draw:
    """Examples to train on and fresh ones, and the seed of a start."""

    x: torch.Tensor
    y: torch.Tensor
    fresh_x: torch.Tensor
    fresh_y: torch.Tensor
    start: int


class AdamWNetwork:
    """The task."""

    description = DESCRIPTION
    leaps = None

    def kernels(self) -> tuple[()]:
        """Nothing is compiled."""
        return ()

    def draw(self, config: Mapping[str, Any], streams: Streams) -> Draw:
        """Return a teacher's examples."""
        inputs, examples = int(number(config, "inputs")), int(number(config, "examples"))
        numbers = streams.generator("signal")
        teacher = numbers.standard_normal(inputs) / math.sqrt(inputs)
        x, fresh = numbers.standard_normal((examples, inputs)), numbers.standard_normal((_FRESH, inputs))
        tensors = [torch.from_numpy(values) for values in (x, x @ teacher, fresh, fresh @ teacher)]
        return Draw(*tensors, start=int(streams.generator("init").integers(2**31)))

    def identity(self, config: Mapping[str, Any], streams: Streams) -> Identity:
        """Name the examples."""
        return Identity(f"{DESCRIPTION.kind}:{streams.name}", streams.name)

    def refusal(self, draw: Draw, trial: Trial) -> None:
        """Every trial trains."""

    def problem(self, draws: Sequence[Draw], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Networks:
        """Stack trials, one network after another."""
        return Networks(draws, trials)

    def theory(self, draw: Draw, trial: Trial, budget: Budget) -> Theory:
        """Return the time in which weights decay."""
        rate = number(trial.config, "lr") * number(trial.config, "weight_decay")
        return Theory({"decay_time": 1 / rate if rate else None}, {} if rate else {"decay_time": "no weight decay"})

    def patience(self, draw: Draw, trial: Trial, budget: Budget) -> float:
        """Nobody is given up."""
        return math.inf

    def expected_steps(self, draw: Draw, trial: Trial, budget: Budget) -> int | None:
        """Return the time in which weights decay, as far as the budget goes."""
        decay = self.theory(draw, trial, budget).values["decay_time"]
        return budget.steps(decay)

    def memory(self, config: Mapping[str, Any], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes."""
        return 8 * 4 * columns * int(number(config, "width") * (number(config, "inputs") + 2))

    def seconds_per_step(self, config: Mapping[str, Any], columns: int, draws: int) -> float:
        """Return about how long a step of all columns takes."""
        return 3e-4 * columns


class Networks:
    """Networks that are trained one after another; columns are the live trials."""

    def __init__(self, draws: Sequence[Draw], trials: Sequence[Trial]) -> None:
        self.trials, self._draws = list(trials), list(draws)
        self._networks = [_network(draw, trial) for draw, trial in zip(draws, trials, strict=True)]
        self._optimizers = [_optimizer(network, t) for network, t in zip(self._networks, trials, strict=True)]

    def step(self, k: int) -> None:
        """Take `k` steps of every network."""
        for draw, network, optimizer in zip(self._draws, self._networks, self._optimizers, strict=True):
            for _ in range(k):
                optimizer.zero_grad()
                ((network(draw.x)[:, 0] - draw.y) ** 2).mean().backward()
                optimizer.step()

    def train_error(self) -> np.ndarray:
        """Relative residual of the examples, shape (columns,)."""
        return self._each(lambda draw, network: _error(network, draw.x, draw.y))

    def test_error(self) -> np.ndarray:
        """Relative residual of fresh examples, shape (columns,)."""
        return self._each(lambda draw, network: _error(network, draw.fresh_x, draw.fresh_y))

    def measures(self) -> dict[str, np.ndarray]:
        """Return what is kept beside each error, shape (columns,)."""
        return {
            "mean_residual": self._each(lambda draw, network: (network(draw.fresh_x)[:, 0] - draw.fresh_y).abs().mean())
        }

    def observe(self) -> dict[str, np.ndarray]:
        """Return the curves, shape (columns,) each."""
        return {
            "train_error": self.train_error(),
            "test_error": self.test_error(),
            "weight_norm": self._each(lambda _, network: torch.cat([w.ravel() for w in network.parameters()]).norm()),
        }

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        for name in ("trials", "_draws", "_networks", "_optimizers"):
            setattr(self, name, [getattr(self, name)[i] for i in columns])

    def state(self) -> dict[str, Any]:
        """Return the weights, and what the optimisers remember."""
        return {
            "indices": [trial.index for trial in self.trials],
            "networks": [network.state_dict() for network in self._networks],
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        for trial, network, optimizer in zip(self.trials, self._networks, self._optimizers, strict=True):
            place = state["indices"].index(trial.index)
            network.load_state_dict(state["networks"][place])
            optimizer.load_state_dict(state["optimizers"][place])

    def _each(self, of: Any) -> np.ndarray:
        with torch.no_grad():
            pairs = zip(self._draws, self._networks, strict=True)
            return np.array([float(of(draw, network)) for draw, network in pairs])


def _network(draw: Draw, trial: Trial) -> torch.nn.Module:
    width = int(number(trial.config, "width"))
    numbers = torch.Generator().manual_seed(draw.start)
    layers = (
        torch.nn.Linear(draw.x.shape[1], width, bias=False, dtype=torch.float64),
        torch.nn.Linear(width, 1, bias=False, dtype=torch.float64),
    )
    for layer in layers:
        torch.nn.init.normal_(layer.weight, std=0.3, generator=numbers)
    return torch.nn.Sequential(*layers)


def _optimizer(network: torch.nn.Module, trial: Trial) -> torch.optim.Optimizer:
    lr, decay = number(trial.config, "lr"), number(trial.config, "weight_decay")
    return torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=decay)


def _error(network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (network(x)[:, 0] - y).norm() / y.norm()
