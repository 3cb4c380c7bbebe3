"""Damped Newton steps: the maximum that a general optimiser finds, from afar and in batches, or a true end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize

from grokscale.studies.laws.likelihood.newton import AT_MAXIMUM, climb

Floats = np.ndarray


@dataclass(frozen=True)
class Softmax:
    """-log sum exp(A z + b) less |z|^2/20000: concave, and nearly linear far from its maximum."""

    A: Floats
    b: Floats
    point: Floats

    @property
    def value(self) -> Floats:
        return -np.logaddexp.reduce(self.point @ self.A.T + self.b, axis=-1) - (self.point**2).sum(axis=-1) / 2e4

    def newton(self) -> tuple[Floats, Floats]:
        logits = self.point @ self.A.T + self.b
        share = np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))
        mean = share @ self.A
        gradient = -mean - self.point / 1e4
        second = np.einsum("...k,ki,kj->...ij", share, self.A, self.A) - mean[..., :, None] * mean[..., None, :]
        information = second + np.eye(self.A.shape[1]) / 1e4
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        return step, np.sqrt((gradient * step).sum(axis=-1))

    def longest(self, step: Floats) -> Floats:
        return np.ones(step.shape[:-1])

    def at(self, point: Floats) -> Softmax:
        return Softmax(self.A, self.b, point)


@dataclass(frozen=True)
class Peak:
    """A peak without a slope: the expansion promises a rise that no step finds."""

    point: Floats

    @property
    def value(self) -> Floats:
        return -np.abs(self.point[..., 0])

    def newton(self) -> tuple[Floats, Floats]:
        return np.ones_like(self.point), np.ones(self.point.shape[:-1])

    def longest(self, step: Floats) -> Floats:
        return np.ones(step.shape[:-1])

    def at(self, point: Floats) -> Peak:
        return Peak(point)


@pytest.fixture
def problem() -> Softmax:
    rng = np.random.default_rng(0)
    return Softmax(rng.normal(size=(6, 3)), rng.normal(size=6), np.zeros(3))


def test_the_maximum_is_that_of_a_general_optimiser(problem: Softmax) -> None:
    reached = climb(problem)
    found = scipy.optimize.minimize(lambda z: -problem.at(z).value, problem.point, method="BFGS", tol=1e-10)
    assert reached.here.point == pytest.approx(found.x, abs=1e-5)
    assert reached.here.value >= -found.fun - 1e-12
    assert reached.distance < AT_MAXIMUM


def test_a_start_from_which_whole_steps_lead_away_comes_to_the_same_place(problem: Softmax) -> None:
    far = problem.at(np.array([200.0, -300.0, 150.0]))
    assert far.at(far.point + far.newton()[0]).value < far.value, "a whole step would lead down"
    assert climb(far).here.point == pytest.approx(climb(problem).here.point, abs=1e-8)


def test_a_batch_comes_to_the_places_of_its_members(problem: Softmax) -> None:
    starts = np.random.default_rng(1).normal(scale=30.0, size=(5, 3))
    batch = climb(problem.at(starts))
    alone = [climb(problem.at(start)) for start in starts]
    assert batch.here.point == pytest.approx(np.array([one.here.point for one in alone]), abs=1e-8)
    assert batch.iterations == max(one.iterations for one in alone)
    assert (batch.distance < AT_MAXIMUM).all()


def test_where_no_part_of_a_step_leads_up_the_climb_ends_and_says_how_far_it_is() -> None:
    reached = climb(Peak(np.array([0.0])))
    assert (float(reached.distance), reached.iterations) == (1.0, 0)
    assert reached.here.point == [0.0]


def test_a_climb_ends_where_its_caller_says_so(problem: Softmax) -> None:
    far = problem.at(np.array([200.0, -300.0, 150.0]))
    reached = climb(far, until=lambda here: np.abs(here.point).max() < 100)
    assert np.abs(reached.here.point).max() < 100
    assert reached.distance > AT_MAXIMUM


def test_a_climb_of_few_steps_says_how_far_it_has_come(problem: Softmax) -> None:
    reached = climb(problem.at(np.array([200.0, -300.0, 150.0])), most_steps=1)
    assert reached.iterations == 1
    assert reached.distance == pytest.approx(reached.here.newton()[1])
