"""Thresholds of measures, against curves that are known at every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from grokscale.trainers import replay, thresholds
from grokscale.trainers.outcome import Outcome
from grokscale.trainers.task import Problem, Theory
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.description import Column, Grid, Quantity
from grokscale.trainers.trial import Budget, Pack, Trial, Value
from tests.trainers.grid_tasks import SCRIPTED, Scripted, ScriptedProblem, scripted_errors
from tests.trainers.packs import outcomes, reports
from tests.trainers.test_grid_looks import SHAPES, assert_defined, assert_same, defined

SCORED = replace(
    SCRIPTED,
    kind="scored",
    implementation=f"{__name__}:Scored",
    measures=(
        Quantity("train_accuracy", "1", "1 - the train error", rises=True),
        Quantity("test_accuracy", "1", "1 - the test error / 2", rises=True),
        Quantity("loss", "1", "thrice the test error"),
    ),
    theory=(
        Column("soon", "steps", "t1", predicts="t1"),
        Column("late", "steps", "t2", predicts="t2"),
        Column("floor", "1", "where it ends", predicts="error_settled"),
    ),
)


class Scored(Scripted):
    """The scripted task, which measures accuracies and predicts times to levels of the errors."""

    description = SCORED

    def theory(self, draw: Any, trial: Trial, budget: Budget) -> Theory:
        return Theory({"soon": 1.0, "late": 2.0, "floor": 0.0}, {})

    def expected_steps(self, draw: Any, trial: Trial, budget: Budget) -> int | None:
        return budget.steps(2.0)

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        return ScoredProblem(trials)


class ScoredProblem(ScriptedProblem):
    """Accuracies beside the errors."""

    def measures(self) -> dict[str, np.ndarray]:
        train, test = self.train_error(), self.test_error()
        return {"train_accuracy": 1 - train, "test_accuracy": 1 - test / 2, "loss": 3 * test}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "BUILT_IN", (*registry.BUILT_IN, SCORED))
    registry.described.cache_clear()
    registry.task.cache_clear()
    yield
    registry.described.cache_clear()
    registry.task.cache_clear()


def scored(**budget: Any) -> Pack:
    names = ("time", "wave", "period")
    configs: list[Mapping[str, Value]] = [
        {**dict(zip(names, shape, strict=True)), "optimizer": "sgd", "regularizer": "none"} for shape in SHAPES
    ]
    trials = tuple(Trial(i, i, 0, config) for i, config in enumerate(configs))
    return Pack("pack", "scored", trials, 0, Budget(**{"max_steps": 12_000} | budget))


def ended(of: Pack) -> list[Outcome]:
    found = outcomes(of)
    return [found[trial.index] for trial in of.trials]


ACCURACIES = {
    "train_threshold": 0.99,
    "train_measure": "train_accuracy",
    "test_threshold": 0.9,
    "test_measure": "test_accuracy",
}


@pytest.mark.parametrize("looks", [Grid(dense=10, every=10), Grid(dense=20, ratio=1.05)], ids=str)
@pytest.mark.parametrize("exact", [True, False])
def test_times_to_accuracies_are_what_the_definition_says(
    looks: Grid, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not one swings: the first step at or above, between the look before and the first look found there."""
    looks = replace(looks, exact=exact)
    monkeypatch.setattr(Scored, "description", replace(SCORED, looks=looks))
    monkeypatch.setattr("grokscale.trainers.grid_watch.SHARE", 10.0)
    of = scored(**ACCURACIES, stop="max_steps")
    steps = np.arange(of.budget.max_steps + 1)
    for trial, outcome in zip(of.trials, ended(of), strict=True):
        train, test = scripted_errors(trial.config, steps)
        found = crossings_of_accuracies(1 - train, 1 - test / 2, looks)
        assert_defined(outcome.t1, found[0], exact)
        assert_defined(outcome.t2, found[1], exact)
        assert outcome.outcome == "generalised"


def crossings_of_accuracies(train: np.ndarray, test: np.ndarray, looks: Grid) -> list[tuple[int, int, int] | None]:
    """The definition for values that rise: near is 5 % of the threshold below it."""
    # the definition for falling values, of 2 theta - a: at or below theta where a is at or above it, and as near
    falling = [2 * level - values for level, values in ((0.99, train), (0.9, test))]
    assert replay.NEAR == 0.05
    return defined(*falling, Budget(12_000, train_threshold=0.99, test_threshold=0.9), looks)


def test_one_threshold_of_a_measure_that_falls_leaves_the_other_to_the_error() -> None:
    """A loss of thrice the error comes to thrice the threshold just when the error comes to the threshold."""
    of_error = ended(scored(train_threshold=0.05, test_threshold=0.02))
    of_loss = ended(scored(train_threshold=0.05, test_threshold=0.06, test_measure="loss"))
    for one, other in zip(of_error, of_loss, strict=True):
        assert (one.t1, one.t2, one.delay) == (other.t1, other.t2, other.delay)
        assert list(one.ladder) == ["5e-1", "5e-2"]
        assert other.ladder == {}
        point, crossing = other.errors["t2"], other.t2
        assert point is not None
        assert crossing is not None
        assert (point.step, point.measures["loss"]) == (crossing.upper, pytest.approx(3 * point.error))


def test_nothing_is_foreseen_of_a_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Theory, patience and expected steps are about the error: 1 and 2 steps, and given up after 5 that rest."""
    monkeypatch.setattr(Scored, "rests_after", 5.0)
    [first, *_] = ended(scored(**ACCURACIES))
    reason = "the threshold is one of {}, and theory is about the error"
    assert first.theory == {"soon": None, "late": None, "floor": 0.0}
    assert first.theory_reasons == {
        "soon": reason.format("train_accuracy"),
        "late": reason.format("test_accuracy"),
    }
    of_errors = ended(scored())[0]
    assert (of_errors.theory, of_errors.theory_reasons) == ({"soon": 1.0, "late": 2.0, "floor": 0.0}, {})
    # out of reach, and never given up
    for outcome in ended(scored(**{**ACCURACIES, "test_threshold": 1.1})):
        assert outcome.t2 is not None
        assert (outcome.outcome, outcome.t2.censoring, outcome.steps) == ("memorised", "right", 12_000)


def test_a_measure_that_the_task_lacks_is_named() -> None:
    with pytest.raises(KeyError, match="speed"):
        thresholds.held(Budget(10, test_measure="speed"), SCORED)


def test_packing_and_reports_change_nothing() -> None:
    of = scored(**ACCURACIES)
    together = outcomes(of)
    assert reports(of)[-1].outcomes is not None
    for trial in of.trials:
        [alone] = outcomes(replace(of, trials=(trial,))).values()
        assert_same(together[trial.index], alone, curves=False)
