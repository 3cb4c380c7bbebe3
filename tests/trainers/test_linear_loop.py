"""The compiled loop of the CPU against the stacked steps of torch, and its looks against looking at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from grokscale.trainers.linear import loop as linear_loop
from grokscale.trainers.passage import Passage
from grokscale.trainers.task import Speed
from grokscale.trainers.tasks.registry import draws_of
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem
from tests.trainers.packs import sparse

METHODS: dict[str, dict[str, Any]] = {
    "ISTA": {"optimizer": "proximal"},
    "elastic ISTA": {"optimizer": "proximal", "regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3},
    "subgradient": {"optimizer": "subgradient"},
    "subgradient, more equations than unknowns": {"optimizer": "subgradient", "N": 60, "snr": 1e3},
    "elastic subgradient": {"optimizer": "subgradient", "regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3},
    "projected": {"optimizer": "projected"},
    "weight decay": {"optimizer": "gd", "regularizer": "l2", "init_scale": 1.0},
}
every_method = pytest.mark.parametrize("fields", METHODS.values(), ids=METHODS)


class Stacked(SparseProblem):
    """The problem as a device that has no compiled loop steps it."""

    @property
    def _compiled(self) -> bool:
        return False


def problem(fields: dict[str, Any], columns: int = 5, kind: type[SparseProblem] = SparseProblem) -> SparseProblem:
    """Return trials of two draws; the second has fewer, so that some slots are spare."""
    strength = {} if fields.get("regularizer") == "elastic" else {"beta": 1e-3}
    alphas = np.linspace(0.02, 0.12, columns)
    trials = [sparse(i, int(i > columns // 2), alpha=float(alphas[i]), **strength, **fields) for i in range(columns)]
    return kind(draws_of("sparse_recovery", trials, 0), trials, torch.device("cpu"))


def passages(of: SparseProblem) -> tuple[Passage, Passage]:
    """Return passages of both errors that have seen step 0."""
    train, test = (Passage([1e-2, *SPARSE_RECOVERY.rungs], len(of.trials), worth, ["mean_l1"]) for worth in (32, 1))
    train.see(0, of.train_error())
    test.see(0, of.test_error())
    return train, test


def assert_same(found: Passage, expected: Passage) -> None:
    for name in ("first", "since", "below"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    np.testing.assert_allclose(found.reached.values, expected.reached.values, rtol=1e-12, err_msg="reached")


@pytest.mark.parametrize("columns", [1, 5])
@every_method
def test_compiled_steps_are_the_stacked_steps(fields: dict[str, Any], columns: int) -> None:
    compiled, stacked = problem(fields, columns), problem(fields, columns, Stacked)
    for k in (1, 2, 100):  # before a sign turns by rounding
        compiled.step(k)
        stacked.step(k)
        np.testing.assert_allclose(compiled.iterate(), stacked.iterate(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(compiled.train_error(), stacked.train_error(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(compiled.test_speed().rate, stacked.test_speed().rate, rtol=1e-9, atol=1e-12)


@every_method
@pytest.mark.parametrize("kind", [SparseProblem, Stacked])
def test_looking_where_it_is_due_misses_no_crossing(fields: dict[str, Any], kind: type[SparseProblem]) -> None:
    walking, looking = problem(fields, kind=kind), problem(fields, kind=kind)
    (train, test), (all_train, all_test) = passages(walking), passages(looking)
    step = 0
    for k in (1, 1, 7, 300, 1000, 1, 691):
        assert walking.walk(step, k, train, test)
        step += k
    for t in range(1, step + 1):
        looking.step(1)
        if all_train.see(t, looking.train_error()):
            all_train.mark(t, looking)
        if all_test.see(t, looking.test_error()):
            all_test.mark(t, looking)
    assert np.array_equal(walking.iterate(), looking.iterate())
    assert (all_train.first > 0).any()
    assert_same(train, all_train)
    assert_same(test, all_test)


def test_columns_of_several_tiles_are_stepped_alike() -> None:
    compiled, stacked = problem(METHODS["ISTA"], 270), problem(METHODS["ISTA"], 270, Stacked)  # 136 of one draw
    compiled.step(20)
    stacked.step(20)
    np.testing.assert_allclose(compiled.iterate(), stacked.iterate(), rtol=0, atol=1e-12)


def test_columns_that_go_on_alone_keep_what_they_are_due() -> None:
    one, other = problem(METHODS["ISTA"]), problem(METHODS["ISTA"])
    (train, test), (all_train, all_test) = passages(one), passages(other)
    one.walk(0, 500, train, test)
    left = np.array([1, 3, 4])
    for kept in (one, train, test):
        kept.keep(left)
    one.walk(500, 1500, train, test)
    other.walk(0, 2000, all_train, all_test)
    for passage in (all_train, all_test):
        passage.keep(left)
    assert_same(train, all_train)
    assert_same(test, all_test)


@every_method
def test_an_iterate_that_is_no_longer_finite_is_noticed(fields: dict[str, Any]) -> None:
    one = problem(fields)
    train, test = passages(one)
    assert one.walk(0, 20, train, test)
    one._stack.a[0, 1, 3] = float("nan")
    test.due[:] = 0
    assert not one.walk(20, 5, train, test)
    assert np.flatnonzero(~np.isfinite(one.test_error())).tolist() == [1]


def test_a_column_far_from_its_levels_is_left_alone_while_another_is_looked_at() -> None:
    passage = Passage([0.5], 2)
    error = np.array([0.6, 0.9])
    passage.see(0, error)
    passage.plan(0, error, lambda: Speed(np.zeros(2), np.full(2, 0.01)))
    assert passage.due[0] < passage.due[1]


def test_one_compilation_serves_every_method_and_what_is_left_of_a_pack() -> None:
    for fields in METHODS.values():
        one = problem(fields)
        train, test = passages(one)
        one.step(1)
        one.walk(1, 2, train, test)
        for kept in (one, train, test):
            kept.keep(np.array([0, 4]))
        one.load(one.state())
        train.load(train.state())
        one.walk(3, 2, train, test)
    assert len(linear_loop.walk.signatures) == 1
