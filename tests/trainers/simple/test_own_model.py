"""The README's model of one's own in this process, against a plain loop written from its formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grokscale.studies.documents import read as read_document
from grokscale.studies.packs import pack
from grokscale.studies.plan import Resources, plan
from grokscale.studies.spec import SpecError, parse
from grokscale.testing import task_contract
from grokscale.trainers.checkpoint import Place
from grokscale.trainers.pack import train
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import configured
from grokscale.trainers.simple.writing import written
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks import registry
from grokscale.trainers.trial import Budget, Outcome, Pack, Trial
from tests.plugins.offering import offered
from tests.readme import own_model
from tests.trainers.packs import outcomes
from tests.trainers.test_grid_looks import assert_defined, defined

SHORT = {"optimizer": {"kind": "own", "alpha": [0.04, 0.08]}, "regularizer": {"kind": "own", "beta": [0.01, 0.02]}}
"""Trials of some thousand steps."""


@pytest.fixture(scope="module")
def diagonal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The module of the README, read as a server does that GROKSCALE_TASKS names it to, and carried out here."""
    path = tmp_path_factory.mktemp("mine") / "diagonal.py"
    path.write_text(own_model("python"))
    found = read(configured(str(path)), registry.BUILT_IN)
    assert found.troubles == ()
    (plugin,) = found.plugins
    with offered(plugin):
        registry.carry_out(plugin)
        yield plugin


@pytest.fixture(scope="module")
def trials(diagonal: Plugin) -> Pack:
    """Trials of the README's study with other strengths."""
    spec = parse(read_document(own_model("yaml")) | SHORT)
    return pack(spec, plan(spec, Resources(1)).trials, "a pack")


@pytest.fixture(scope="module")
def ended(trials: Pack) -> dict[int, Outcome]:
    return outcomes(trials)


def test_the_readme_shows_what_a_new_module_begins_with() -> None:
    assert own_model("python") == written("diagonal")


def test_it_keeps_the_contract(diagonal: Plugin) -> None:
    task_contract(registry.task("diagonal"), {"alpha": 0.1, "beta": 1e-3})


def test_its_times_and_errors_are_those_of_a_plain_loop(trials: Pack, ended: dict[int, Outcome]) -> None:
    assert len(trials.trials) == 8
    looks = registry.described()["diagonal"].looks
    for trial in trials.trials:
        outcome = ended[trial.index]
        train_error, test_error, l2 = loop(trial, trials.study_seed, outcome.steps)
        t1, t2 = defined(train_error, test_error, replace(trials.budget, max_steps=outcome.steps), looks)
        assert_defined(outcome.t1, t1, resolved=True)
        assert_defined(outcome.t2, t2, resolved=True)
        assert outcome.outcome == "generalised"
        steps = outcome.curve["step"]
        for name, values in (("train_error", train_error), ("test_error", test_error), ("l2", l2)):
            np.testing.assert_allclose(outcome.curve[name], values[steps], rtol=1e-7)
        at_t2 = outcome.errors["t2"]
        assert at_t2 is not None
        assert t2 is not None
        assert at_t2.measures == {"l2": pytest.approx(l2[t2[2]], rel=1e-7)}


def loop(trial: Trial, study_seed: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train error, test error and norm at every step, by the formulas of the README's module."""
    n, N, scale, alpha, beta = (float(trial.config[name]) for name in ("n", "N", "scale", "alpha", "beta"))  # type: ignore[arg-type]
    streams = Streams.of(study_seed, trial.seed, trial.config, ("n", "N"))
    seed = int(streams.generator("data").integers(2**63))
    drawn = torch.randn(int(N), int(n), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    X, a_star = drawn.numpy() / np.sqrt(N), np.where(np.arange(n) < 3, 1.0, 0.0)
    u, v, found = np.full(int(n), scale), np.full(int(n), scale), []
    for _ in range(last + 1):
        a = u * u - v * v
        residual = X @ (a - a_star)
        errors = np.linalg.norm(residual) / np.linalg.norm(X @ a_star), np.linalg.norm(a - a_star) / np.sqrt(3)
        found.append((*errors, np.linalg.norm(a)))
        pull = 2 * X.T @ residual
        u, v = u - alpha * (pull + beta) * u, v - alpha * (beta - pull) * v
    train_error, test_error, l2 = np.array(found).T
    return train_error, test_error, l2


def test_the_law_goes_with_the_rate(trials: Pack, ended: dict[int, Outcome]) -> None:
    for seed in (0, 1):
        products = [
            outcome.t2.step * float(trial.config["alpha"]) * float(trial.config["beta"])  # type: ignore[arg-type]
            for trial in trials.trials
            if trial.seed == seed and (outcome := ended[trial.index]).t2 and outcome.t2.step
        ]
        assert len(products) == 4
        assert max(products) < 1.1 * min(products)


def test_a_run_that_is_stopped_time_and_again_ends_as_an_undisturbed_one(
    trials: Pack, ended: dict[int, Outcome], tmp_path: Path
) -> None:
    place, seen = Place(tmp_path), {}
    for _ in range(200):
        breaths = iter([False] * 40)
        stop = partial(next, breaths, True)
        made = train(trials, place=place, resume=place.read(), stop=stop, breath_seconds=0.01)
        last = [seen.update({o.index: o for o in report.outcomes}) or report for report in made][-1]
        if last.done:
            break
    else:
        pytest.fail("200 rounds did not do")
    for index, outcome in ended.items():
        assert (seen[index].t1, seen[index].t2, seen[index].errors) == (outcome.t1, outcome.t2, outcome.errors)
        for name, values in outcome.curve.items():
            np.testing.assert_array_equal(seen[index].curve[name], values)


def test_a_draw_is_its_data_alone(diagonal: Plugin) -> None:
    configs = [{"n": 60, "N": 30, "scale": 0.3, "alpha": 0.1, "beta": 1e-3}]
    configs += [configs[0] | changed for changed in ({"scale": 0.1}, {"alpha": 0.2}, {"N": 20})]
    named = registry.identities("diagonal", 0, [Trial(i, i, 0, config) for i, config in enumerate(configs)])
    assert [one == named[0] for one in named] == [True, True, True, False]


def test_its_fields_are_refused_by_name(diagonal: Plugin) -> None:
    wrong: dict[str, Any] = read_document(own_model("yaml")) | {"task": {"kind": "diagonal", "n": 0, "depth": 2}}
    del wrong["regularizer"]
    with pytest.raises(SpecError) as refused:
        parse(wrong)
    told = {problem.pointer: problem.message for problem in refused.value.problems}
    assert told.keys() == {"/regularizer", "/task/depth", "/task/n"}
    assert told["/task/depth"] == "diagonal has no field 'depth'; accepted: kind, n, N, scale, dtype"
    assert told["/task/n"].startswith("0 is refused; accepted: a whole number from 1 to 1000000000, a list")


def test_costs_are_those_of_its_steps(diagonal: Plugin) -> None:
    task = registry.task("diagonal")
    config = {"n": 60, "N": 30, "scale": 0.3, "alpha": 0.1, "beta": 1e-3}
    # X, a*, u, v in float64
    assert task.memory(config, 1, 1) == 8 * (60 * 30 + 3 * 60)
    assert task.memory(config, 10, 2) == 10 * task.memory(config, 1, 1)
    assert 1e-6 < task.seconds_per_step(config, 1, 1) < 1e-2
    larger = config | {"n": 3000, "N": 1000}
    assert task.seconds_per_step(larger, 1, 1) > 5 * task.seconds_per_step(config, 1, 1)


def test_one_that_diverges_says_so(trials: Pack) -> None:
    trial = trials.trials[0]
    wild = replace(trial, config={**trial.config, "alpha": 10.0})
    (outcome,) = outcomes(replace(trials, trials=(wild,), budget=Budget(1000))).values()
    assert outcome.outcome == "diverged"
