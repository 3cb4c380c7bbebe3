"""The studies that come with the product."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grokscale.studies.library import UnknownItem, item, names
from grokscale.studies.packs import budget
from grokscale.studies.plan import Resources, plan
from grokscale.studies.search import configurations
from grokscale.trainers.tasks.registry import draw_of


@pytest.mark.parametrize("name", names())
def test_every_study_says_what_it_is(name: str) -> None:
    shown = item(name).to_json()
    assert set(shown) == {"name", "title", "figure", "description", "claims", "spec"}
    assert shown["name"] == name
    assert shown["title"]
    assert shown["description"]
    assert shown["claims"]


def test_an_unknown_study_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownItem, match=r"the library has no study 'fig99'; it has: .*quickstart"):
        item("fig99")


def test_the_quick_start_has_sixty_trials_over_two_decades() -> None:
    spec = item("quickstart").spec
    made = plan(spec, Resources(cpus=2))
    products = [config["alpha"] * config["beta"] for config in configurations(spec)]
    assert len(made.trials) >= 60
    assert len(made.packs) == 2
    assert max(products) / min(products) >= 100 * (1 - 1e-9)
    assert (spec.task.kind, spec.regularizer.kind) == ("sparse_recovery", "l1")


def test_the_floors_of_the_quick_start_lie_below_a_tenth_of_its_threshold() -> None:
    spec = item("quickstart").spec
    made, limits = plan(spec, Resources(cpus=2)), budget(spec)
    largest = max(config["beta"] for config in configurations(spec))
    for trial in made.trials:
        if trial.config["beta"] == largest and trial.configuration == made.trials[-1].configuration:
            draw = draw_of("sparse_recovery", trial, spec.seed)
            a = accelerated(draw.X, draw.y, largest)
            error = np.linalg.norm(a - draw.a_star) / np.linalg.norm(draw.a_star)
            assert error <= limits.test_threshold / 10
            # the floor is proportional to beta while the support stays, so the smaller strengths lie below


def accelerated(X: np.ndarray, y: np.ndarray, beta: float, steps: int = 4000) -> np.ndarray:
    """The Lasso point by FISTA: neither the product's path nor its proximal loop; checked by its optimality gap."""
    step = 1 / np.linalg.norm(X, 2) ** 2
    gram, target = X.T @ X, X.T @ y
    a = z = np.zeros(X.shape[1])
    momentum = 1.0
    for _ in range(steps):
        moved = z - step * (gram @ z - target)
        new = np.sign(moved) * np.maximum(np.abs(moved) - step * beta, 0)
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        if (new - a) @ (z - new) > 0:  # restarts where it overshoots
            following = 1.0
        z = new + (momentum - 1) / following * (new - a)
        a, momentum = new, following
    correlation = X.T @ (y - X @ a)
    assert np.max(np.abs(correlation)) <= beta * (1 + 1e-6)
    assert a @ correlation == pytest.approx(beta * np.abs(a).sum(), rel=1e-6)
    return a
