"""Trials of a simple task, advanced one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from grokscale.trainers.encoding import Encoding
from grokscale.trainers.simple.describing import DTYPE
from grokscale.trainers.simple.keeping import kept, take
from grokscale.trainers.tasks.description import Description, Real, Whole
from grokscale.trainers.trial import Trial

if TYPE_CHECKING:
    from grokscale.trainers.simple.task import Draw, SimpleTask

ERRORS = ("train_error", "test_error")
_ENCODING = Encoding()
_MEMBERS = ("start", "step", "measure", "state")


@contextmanager
def numbers_of(dtype: str) -> Iterator[None]:
    """Make tensors of a type where none is stated."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def dtype_in(of: type[SimpleTask], trial: Trial) -> str:
    """Return the type of a trial's numbers, in which those of a pack agree."""
    return str(trial.config.get(DTYPE, of.dtype))


class Columns:
    """One instance of the task's class a trial; columns are the live trials."""

    def __init__(
        self, of: type[SimpleTask], draws: Sequence[Draw], trials: Sequence[Trial], device: torch.device
    ) -> None:
        self.trials, self._of = list(trials), of
        self._looked: list[dict[str, float]] | None = None
        self._dtype = dtype_in(of, trials[0])
        with numbers_of(self._dtype):
            self.columns = [started(of, draw, trial, device) for draw, trial in zip(draws, trials, strict=True)]

    def step(self, k: int) -> None:
        """Take `k` steps of every trial."""
        self._looked = None
        with numbers_of(self._dtype):
            for column in self.columns:
                column.step(k)

    def train_error(self) -> np.ndarray:
        """As measured, shape (columns,)."""
        return self._measured(ERRORS[0])

    def test_error(self) -> np.ndarray:
        """As measured, shape (columns,)."""
        return self._measured(ERRORS[1])

    def measures(self) -> dict[str, np.ndarray]:
        """What is measured beside the errors, shape (columns,) each."""
        return {name: self._measured(name) for name in self._of.measures}

    def observe(self) -> dict[str, np.ndarray]:
        """All that is measured, shape (columns,) each."""
        return {name: self._measured(name) for name in (*ERRORS, *self._of.measures)}

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these trials."""
        self.trials, self.columns = ([of[i] for i in columns] for of in (self.trials, self.columns))
        self._looked = None

    def state(self) -> dict[str, Any]:
        """Return the attributes that the class names as its state, of every trial."""
        columns = [{name: kept(getattr(column, name)) for name in self._of.state} for column in self.columns]
        return {"indices": [trial.index for trial in self.trials], "columns": columns}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self._looked = None
        for trial, column in zip(self.trials, self.columns, strict=True):
            for name, saved in state["columns"][list(state["indices"]).index(trial.index)].items():
                take(column, name, saved)

    def _measured(self, name: str) -> np.ndarray:
        if self._looked is None:
            with numbers_of(self._dtype), torch.no_grad():
                self._looked = [_measured(column) for column in self.columns]
        return np.array([found[name] for found in self._looked])


def started(of: type[SimpleTask], draw: Draw, trial: Trial, device: torch.device) -> SimpleTask:
    """Return an instance with the trial's fields as attributes, at its start.

    What draws without a generator there, as the layers of networks do, draws from a stream of the seed too.

    Raises:
        TypeError: its state cannot be kept; the message names class and attribute.
    """
    made = of()
    for name, value in _attributes(of.description, trial):
        setattr(made, name, value)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(draw("start").initial_seed())
        made.start(draw, device)
    for name in (one for one in _MEMBERS if one in vars(made)):
        raise TypeError(f"{of.__name__}.start sets self.{name}, which the class has already; accepted: another name")
    for name in of.state:
        if not hasattr(made, name):
            raise TypeError(f"{of.__name__}.state names {name!r}, and start has not made it; accepted: what is there")
        try:
            _ENCODING.encode(kept(getattr(made, name)))
        except TypeError as error:
            raise TypeError(
                f"{of.__name__}.state names {name!r}: {error}; "
                "accepted: tensors, modules, optimisers, random generators, plain values and lists of these"
            ) from None
    return made


def _attributes(description: Description, trial: Trial) -> Iterator[tuple[str, Any]]:
    for field in description.every_field():
        if field.name in trial.config:
            value: Any = trial.config[field.name]
            number = {Whole: int, Real: float}.get(type(field.accepts))
            yield field.name, value if number is None or value is None else number(value)


def _measured(column: SimpleTask) -> dict[str, float]:
    where, found = f"{type(column).__name__}.measure", column.measure()
    accepted = (*ERRORS, *column.measures)
    if not isinstance(found, Mapping) or {*found} != {*accepted}:
        gave = ", ".join(map(str, found)) if isinstance(found, Mapping) else repr(found)
        raise TypeError(
            f"{where} gives {gave or 'nothing'}; accepted: a dict of {', '.join(accepted)} "
            "(what comes beside the two errors is listed in `measures`)"
        )
    return {name: _number(f"{where}: {name}", value) for name, value in found.items()}


def _number(where: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{where} is {value!r}; accepted: one number") from None
