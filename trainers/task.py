"""What a task is: it draws the data of a seed, stacks many trials into one problem, and knows their theory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from grokscale.trainers.trial import Budget, Identity, Outcome, Trial, Value

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.passage import Passage
    from grokscale.trainers.tasks.description import Description


@dataclass(frozen=True)
class Streams:
    """The named random streams of one draw, independent of order, packing and cluster size.

    Args:
        study_seed: the study's `seed`.
        seed: the trial's seed.
        key: hash of the data-relevant configuration, so that other data of the same seed are other numbers.
    """

    study_seed: int
    seed: int
    key: str

    @classmethod
    def of(cls, study_seed: int, seed: int, config: Mapping[str, Value], fields: Sequence[str]) -> Streams:
        """Return the streams that belong to the data-relevant `fields` of a configuration."""
        return cls(study_seed, seed, cls.key_of(config, fields))

    @staticmethod
    def key_of(config: Mapping[str, Value], fields: Sequence[str]) -> str:
        """Return the hash of the data-relevant `fields` of a configuration."""
        data = json.dumps({name: config[name] for name in sorted(fields)}, sort_keys=True)
        return hashlib.sha256(data.encode()).hexdigest()

    @property
    def name(self) -> str:
        """What tells these streams from all others, in short."""
        return f"{self.study_seed}:{self.key[:16]}:{self.seed}"

    def generator(self, name: str) -> np.random.Generator:
        """Return a fresh generator at the start of the sub-stream `name` (signal, design, noise, init, batches)."""
        role = hashlib.sha256(name.encode()).hexdigest()[:16]
        entropy = [self.study_seed, int(self.key, 16), self.seed, int(role, 16)]
        return np.random.default_rng(np.random.SeedSequence(entropy))


@dataclass(frozen=True)
class Theory:
    """Predictions for one trial: a value or None by column, and why a column is None."""

    values: Mapping[str, float | None]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Speed:
    """A certified bound on how far an error moves: in m further steps by at most `start + m * rate`, m >= 1.

    Both have shape (columns,); an infinite rate says that nothing is known, so every step has to be looked at.
    """

    start: np.ndarray
    rate: np.ndarray


@dataclass(frozen=True)
class Ending:
    """How near each column is to where its training ends, shapes (columns,).

    Attributes:
        certified: the test error is proved never to come to its threshold from here.
        stalled: no proof, but the run has settled above the threshold.
        settled: training has ended, up to the method's own chatter.
    """

    certified: np.ndarray
    stalled: np.ndarray
    settled: np.ndarray


class Problem(Protocol):
    """Many trials as stacked tensors, advanced in place. Columns are the live trials, in the order of `trials`.

    What more there may be stands in protocols of its own: `Certified`, which a description promises, and `Compiled`,
    `Ends`, `Regularized` and `Iterated`, which the engine finds. Arrays that it returns are the caller's to keep.
    """

    trials: list[Trial]

    def step(self, k: int) -> None:
        """Take `k >= 1` steps of every column."""
        ...

    def train_error(self) -> np.ndarray:
        """The train error, shape (columns,)."""
        ...

    def test_error(self) -> np.ndarray:
        """The test error, shape (columns,)."""
        ...

    def measures(self) -> Mapping[str, np.ndarray]:
        """The measures that the description declares, each of shape (columns,)."""
        ...

    def observe(self) -> dict[str, np.ndarray]:
        """Curve columns at this step, each of shape (columns,)."""
        ...

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns only (positions, ascending)."""
        ...

    def state(self) -> dict[str, Any]:
        """All that `load` needs to go on bit-identically; `indices` are those of the trials, in their order."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state of the same pack (or of one that this pack was part of)."""
        ...


@runtime_checkable
class Compiled(Protocol):
    """A problem that calls compiled functions."""

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Those that its steps and looks call."""
        ...


@runtime_checkable
class Ends(Protocol):
    """A problem that knows where training ends."""

    def ending(self, test_error: np.ndarray, threshold: float) -> Ending:
        """Judge each column against where its training ends."""
        ...


@runtime_checkable
class Regularized(Protocol):
    """A problem that knows both gradients."""

    def gradient_ratio(self) -> np.ndarray | None:
        """Beta ||H||_2 / ||G||_2, shape (columns,); None where no column has a regulariser."""
        ...


@runtime_checkable
class Iterated(Protocol):
    """A problem whose parameters can be recorded."""

    def iterate(self) -> np.ndarray:
        """The parameters themselves, shape (columns, parameters)."""
        ...


class Certified(Problem, Protocol):
    """A problem that bounds how far its errors move, so that no crossing is missed: see `Description.looks`."""

    def walk(self, step: int, k: int, train: Passage, test: Passage) -> bool:
        """Take `k >= 1` steps of every column from `step` on, showing the passages each error where it is due.

        The passages' points are set where a column comes to the first level, see `Passage.reached`.

        Returns:
            Whether every test error that was looked at was finite. See `trainers.passage.walk`.
        """
        ...

    def follow(self, step: int, k: int, train: Passage) -> np.ndarray:
        """Take `k >= 1` steps of every column from `step` on, showing `train` the error after each, as `walk` does.

        Returns:
            The train errors, shape (k, columns).
        """
        ...

    def train_speed(self) -> Speed:
        """Bound on the train error's further movement."""
        ...

    def test_speed(self) -> Speed:
        """Bound on the test error's further movement."""
        ...


class Leaping(Protocol):
    """One trial whose times are obtained without its steps; advance it until it has `ended`."""

    @property
    def step(self) -> int:
        """Last step looked at, -1 before the first."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        ...

    def advance(self) -> None:
        """Go on for a while."""
        ...

    def cut(self) -> None:
        """End it here: its time is up."""
        ...

    def outcome(self, theory: Theory, seconds: float) -> Outcome:
        """Return what became of it, once it has ended."""
        ...

    def state(self) -> dict[str, Any]:
        """All that `load` needs to go on bit-identically."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state of the same trial."""
        ...


class Leaps(Protocol):
    """How a task obtains times without taking the steps: by the engines that its description names."""

    def kernels(self) -> tuple[Kernel, ...]:
        """Return the compiled functions that it calls."""
        ...

    def seconds(self, config: Mapping[str, Value]) -> float:
        """Return about how long one trial takes."""
        ...

    def refusal(self, engine: str, theory: Theory, budget: Budget) -> tuple[str, str] | None:
        """Return `(outcome, reason)` for a trial of which an engine could only say what is not so; else None."""
        ...

    def leap(self, engine: str, draw: Any, trial: Trial, budget: Budget) -> Leaping:
        """Return a trial, at its start."""
        ...


class Task(Protocol):
    """One family of experiments: one folder under `trainers/tasks`."""

    description: Description
    leaps: Leaps | None
    """What takes no steps; None: nothing does."""

    def kernels(self) -> tuple[Kernel, ...]:
        """Return all that its trials may call compiled, in an order in which two processes finish soonest."""
        ...

    def draw(self, config: Mapping[str, Value], streams: Streams) -> Any:
        """Return the data of a seed."""
        ...

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the data that `draw` returns, and the random numbers that they are made of."""
        ...

    def refusal(self, draw: Any, trial: Trial) -> tuple[str, str] | None:
        """Return `(outcome, reason)` for a trial that is not trained at all (step size above its limit, y* = 0)."""
        ...

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        """Stack trials, each with its draw (the same object for the trials of one draw)."""
        ...

    def theory(self, draw: Any, trial: Trial, budget: Budget) -> Theory:
        """Return the theory columns of one trial."""
        ...

    def patience(self, draw: Any, trial: Trial, budget: Budget) -> float:
        """Return the step from which a trial may be given up whose error no longer falls; infinite: never.

        It is finite where it is not known where training ends.
        """
        ...

    def expected_steps(self, draw: Any, trial: Trial, budget: Budget) -> int | None:
        """Return about how many steps a trial takes within its budget; None: unknown."""
        ...

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes."""
        ...

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long one step of a whole pack takes on one core."""
        ...
