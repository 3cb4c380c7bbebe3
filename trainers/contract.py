"""What every task has to keep, whoever wrote it: checked on two seeds of one configuration, by a few steps each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grokscale.trainers.checkpoint import OUTCOME
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.task import Problem, Streams, Task
from grokscale.trainers.tasks.description import MISSING, Quantity
from grokscale.trainers.trial import Budget, Trial, Value

SEEDS = (0, 1)
_ENCODING = Encoding(*OUTCOME)


class Broken(AssertionError):
    """A task does not keep what it has to; the message says what came."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: has to hold, as a sentence.
        problem: what was found instead; None: it holds.
    """

    what: str
    problem: str | None = None


def filled(task: Task, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the defaults filled in; the first regulariser and optimiser are those of a task.

    Raises:
        Broken: a field has neither value nor default, or is none of the task's; the message names it.
    """
    of = task.description
    found: dict[str, Any] = {one.name: one.default for one in of.fields}
    for part, sections in (("regularizer", of.regularizers), ("optimizer", of.optimizers)):
        kind = config.get(part, sections[0].kind)
        section = next((one for one in sections if one.kind == kind), None)
        if section is None:
            raise Broken(f"{part} {kind!r} is refused; accepted: {', '.join(one.kind for one in sections)}")
        found |= {part: kind, **{one.name: one.default for one in section.fields}}
    if strange := [name for name in config if name not in found]:
        raise Broken(f"{strange[0]!r} is no field of {of.kind}; accepted: {', '.join(found)}")
    found |= config
    if missing := [name for name, value in found.items() if value is MISSING]:
        raise Broken(f"no value and no default: {', '.join(missing)}")
    return found


def checks(task: Task, config: Mapping[str, Value], study_seed: int = 0) -> Iterator[Check]:
    """Yield what a task keeps and what not, one check after another.

    Args:
        task: to be looked at.
        config: flat fields of one configuration: those of the task and of the two methods, and the kinds of these.
        study_seed: of the random streams.
    """
    sample = _Sample(task, config, study_seed)
    for check in (
        sample.equal_draws_for_equal_seeds,
        sample.five_steps_twice_are_ten,
        sample.a_state_comes_back,
        sample.errors_are_finite,
        sample.curves_are_as_described,
        sample.measures_are_as_described,
        sample.columns_can_be_left_out,
        sample.costs_are_stated,
    ):
        yield _checked(check)


def _checked(check: Callable[[], None]) -> Check:
    what = (check.__doc__ or "").rstrip(".")
    try:
        check()
    except Broken as broken:
        return Check(what, str(broken))
    except Exception as error:
        return Check(what, f"{type(error).__name__}: {error}")
    return Check(what)


class _Sample:
    """One trial a seed, made anew for every check."""

    def __init__(self, task: Task, config: Mapping[str, Value], study_seed: int) -> None:
        self._task, self._config = task, dict(config)
        self._streams = [Streams.of(study_seed, seed, config, task.description.data_fields) for seed in SEEDS]
        self._trials = [Trial(i, 0, seed, self._config) for i, seed in enumerate(SEEDS)]
        self._budget = Budget(1000)

    def equal_draws_for_equal_seeds(self) -> None:
        """Equal seeds draw the same data, and other seeds others."""
        same, again = self._problem(), self._problem()
        for each in (same, again):
            each.step(1)
        _equal("after one step the errors of two draws of a seed", _errors(same), _errors(again))
        named = [self._task.identity(self._config, streams) for streams in self._streams]
        if named != [self._task.identity(self._config, streams) for streams in self._streams]:
            raise Broken("`identity` names the same data in two ways")
        if named[0] == named[1]:
            raise Broken(f"`identity` names the data of seeds {SEEDS[0]} and {SEEDS[1]} alike: {named[0].data_id}")

    def five_steps_twice_are_ten(self) -> None:
        """step(5) and step(5) are step(10)."""
        twice, once = self._problem(), self._problem()
        twice.step(5)
        twice.step(5)
        once.step(10)
        _equal("the errors", _errors(twice), _errors(once))

    def a_state_comes_back(self) -> None:
        """A state that was written as a checkpoint and loaded goes on as if nothing had been."""
        went_on, other = self._problem(), self._problem()
        went_on.step(5)
        (state,) = _ENCODING.decode(b"".join(_ENCODING.encode([went_on.state()])))
        if list(state.get("indices", ())) != [trial.index for trial in self._trials]:
            raise Broken(f"`state` has as `indices` {state.get('indices')}; accepted: the index of each live trial")
        other.load(state)
        for each in (went_on, other):
            each.step(5)
        _equal("the errors five steps later", _errors(went_on), _errors(other))

    def errors_are_finite(self) -> None:
        """Both errors are finite numbers, not negative, one a trial, before and after ten steps."""
        problem = self._problem()
        for when in ("at the start", "after ten steps"):
            for name, errors in zip(("train", "test"), _errors(problem), strict=True):
                if errors.shape != (len(SEEDS),) or not np.isfinite(errors).all() or (errors < 0).any():
                    raise Broken(f"the {name} errors {when} are {errors}")
            problem.step(10)

    def curves_are_as_described(self) -> None:
        """The curves are those of the description, one value a trial."""
        _as_described("observe", self._problem().observe(), self._task.description.curves)

    def measures_are_as_described(self) -> None:
        """The measures are those of the description, one value a trial."""
        _as_described("measures", self._problem().measures(), self._task.description.measures)

    def columns_can_be_left_out(self) -> None:
        """A trial goes on the same when those beside it have ended."""
        alone, beside = self._problem(), self._problem()
        alone.keep(np.array([1]))
        for each in (alone, beside):
            each.step(5)
        if [trial.index for trial in alone.trials] != [1]:
            raise Broken(f"after `keep` of the second trial, trials {[trial.index for trial in alone.trials]} are left")
        for name, left, all_of_them in zip(("train", "test"), _errors(alone), _errors(beside), strict=True):
            # products of stacked columns round otherwise than of one
            if left.shape != (1,) or not math.isclose(left[0], all_of_them[1], rel_tol=1e-9):
                raise Broken(f"the {name} error is {left} alone, and {all_of_them[1]} beside another")

    def costs_are_stated(self) -> None:
        """Memory and time are stated: above zero, finite, and not less for more trials."""
        for name, of in (("memory", self._task.memory), ("seconds_per_step", self._task.seconds_per_step)):
            one, many = of(self._config, 1, 1), of(self._config, 64, 1)
            if not (0 < one <= many < math.inf):
                raise Broken(f"`{name}` is {one} for one trial and {many} for 64")

    def _problem(self) -> Problem:
        draws = [self._task.draw(self._config, streams) for streams in self._streams]
        return self._task.problem(draws, self._trials, self._budget, torch.device("cpu"))


def _errors(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(problem.train_error()), np.asarray(problem.test_error())


def _as_described(method: str, found: Mapping[str, Any], described: Sequence[Quantity]) -> None:
    names = [one.name for one in described]
    if sorted(found) != sorted(names):
        raise Broken(f"`{method}` has {sorted(found)}, and the description {sorted(names)}")
    for name, values in found.items():
        if np.shape(values) != (len(SEEDS),):
            raise Broken(f"{name} has the shape {np.shape(values)}; accepted: one value a trial")


def _equal(what: str, some: Any, others: Any) -> None:
    for name, one, other in zip(("train", "test"), some, others, strict=True):
        if not np.array_equal(one, other):
            raise Broken(f"{what} ({name}): {one} and {other}")
