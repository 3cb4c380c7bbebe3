"""The contract of tasks: kept by those of this package, and by nobody who breaks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grokscale.testing import task_contract
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.registry import BUILT_IN, task
from grokscale.trainers.tasks.sparse_recovery.task import SparseRecovery
from grokscale.trainers.tasks.synthetic.problem import SyntheticProblem
from grokscale.trainers.tasks.synthetic.task import Synthetic
from grokscale.trainers.trial import Identity

CONFIG: dict[str, Any] = {"regularizer": "l1", "beta": 1e-3, "optimizer": "proximal", "alpha": 0.1}


@pytest.mark.parametrize("kind", [one.kind for one in BUILT_IN])
def test_the_tasks_of_this_package_keep_it(kind: str) -> None:
    from grokscale.trainers.contract import checks, filled

    found = list(checks(task(kind), filled(task(kind), CONFIG)))
    assert len(found) == 8
    assert [one for one in found if one.problem] == []


class Faulty(Synthetic):
    """A task of which one thing is wrong."""

    def __init__(self, problem: type[SyntheticProblem]) -> None:
        self._made = problem

    def problem(self, draws: Any, trials: Any, budget: Any, device: Any) -> SyntheticProblem:
        return self._made(trials, np.array([50.0, 60.0]), np.array([500.0, 600.0]), budget)


class Forgets(SyntheticProblem):
    def load(self, state: Any) -> None:
        """Take over nothing."""


class Restarts(SyntheticProblem):
    def step(self, k: int) -> None:
        self._step = k


class Infinite(SyntheticProblem):
    def test_error(self) -> np.ndarray:
        return np.full(len(self.trials), np.inf)


class KeepsAll(SyntheticProblem):
    def keep(self, columns: np.ndarray) -> None:
        """Leave nobody out."""


class Hides(SyntheticProblem):
    def observe(self) -> dict[str, np.ndarray]:
        return {"train_error": self.train_error()}


class MeasuresMore(SyntheticProblem):
    def measures(self) -> dict[str, np.ndarray]:
        return {**super().measures(), "l2": self.test_error()}


class MeasuresOne(SyntheticProblem):
    def measures(self) -> dict[str, np.ndarray]:
        return {"mean_l1": self.test_error()[:1]}


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Forgets, "A state that was written as a checkpoint"),
        (Restarts, r"step\(5\) and step\(5\) are step\(10\)"),
        (Infinite, r"Both errors are finite .*: the test errors at the start are \[inf inf\]"),
        (KeepsAll, r"after `keep` of the second trial, trials \[0, 1\] are left"),
        (Hides, r"`observe` has \['train_error'\], and the description \['test_error', 'train_error'\]"),
        (MeasuresMore, r"`measures` has \['l2', 'mean_l1'\], and the description \['mean_l1'\]"),
        (MeasuresOne, r"mean_l1 has the shape \(1,\); accepted: one value a trial"),
    ],
)
def test_what_is_broken_is_said(problem: type[SyntheticProblem], said: str) -> None:
    from grokscale.trainers.contract import checks, filled

    of = Faulty(problem)
    broken = [f"{one.what}: {one.problem}" for one in checks(of, filled(of, CONFIG)) if one.problem]
    with pytest.raises(AssertionError, match=said):
        raise AssertionError("\n".join(broken))


class OneDraw(Synthetic):
    def identity(self, config: Any, streams: Streams) -> Identity:
        return Identity("the draw", "the stream")

    def memory(self, config: Any, columns: int, draws: int) -> int:
        return 0


def test_everything_that_is_broken_is_said_at_once() -> None:
    from grokscale.trainers.contract import checks, filled

    of = OneDraw()
    problems = [one.problem for one in checks(of, filled(of, CONFIG)) if one.problem]
    assert problems == [
        "`identity` names the data of seeds 0 and 1 alike: the draw",
        "`memory` is 0 for one trial and 0 for 64",
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"regularizer": "l1", "optimizer": "proximal"}, "no value and no default: beta, alpha"),
        (CONFIG | {"depth": 2}, "'depth' is no field of synthetic; accepted: prefactor"),
        (CONFIG | {"optimizer": "adamw"}, "optimizer 'adamw' is refused; accepted: subgradient"),
    ],
)
def test_a_configuration_that_is_none_is_refused_by_name(config: dict[str, Any], said: str) -> None:
    from grokscale.trainers.contract import filled

    with pytest.raises(AssertionError, match=said):
        filled(Synthetic(), config)


def test_a_suite_of_a_users_own_asks_one_function() -> None:
    task_contract(SparseRecovery(), CONFIG)
    with pytest.raises(AssertionError, match="'seconds' has the name of a column that every study has"):
        task_contract(Synthetic(), CONFIG)
