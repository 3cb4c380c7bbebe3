"""Fast-forward against a plain loop: t1, t2, the ladder and t1_gradient to the step, over varied trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.tasks.registry import draw_of
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.trial import Crossing, Outcome, Trial
from tests.trainers import compiled_loop
from tests.trainers.packs import outcomes, pack, sparse

FEW, MANY = 40, 500
STEPS = 200_000


def varied(number: int) -> Trial:
    """A trial of its own: n, N, s, noise, coherence, start, step size up to 1.9 / sigma_max, strengths, regulariser."""
    random = np.random.default_rng(number)
    n = int(random.integers(40, 121))
    regularizer = ["l1", "l1", "l1", "elastic", "l2", "none"][number % 6]
    fields: dict = {
        "n": n,
        "N": int(random.integers(10, n + 1)),
        "s": int(random.integers(1, 8)),
        "snr": float(10 ** random.uniform(1, 6)) if random.random() < 0.3 else None,
        "tau": float(random.uniform(0, 0.5)) if random.random() < 0.2 else 0.0,
        "init_scale": float(10 ** random.uniform(-6, 0)),
        "regularizer": regularizer,
    }
    names = ("beta1", "beta2") if regularizer == "elastic" else ("beta",)
    fields |= {name: float(10 ** random.uniform(-6, -3)) for name in names}
    trial = sparse(0, number, **fields)
    draw = draw_of("sparse_recovery", trial, 0)
    limit = draw.theory.spectrum.alpha_max(strengths(trial.config)[1])
    assert limit is not None
    alpha = float(random.uniform(0.05, 0.95)) * limit
    return replace(trial, config={**trial.config, "alpha": alpha})


def looped(trial: Trial, draw: SparseDraw, steps: int) -> tuple[np.ndarray, np.ndarray, int]:
    beta1, beta2 = strengths(trial.config)
    levels = np.array([1e-2, *SPARSE_RECOVERY.rungs])
    alpha = trial.config["alpha"]
    return compiled_loop.run(
        draw.X, draw.y, draw.a_star, draw.initial(trial.config), alpha, beta1, beta2, steps, levels
    )


def steps_of(crossings: list[Crossing | None]) -> list[int]:
    return [-1 if crossing is None or crossing.step is None else crossing.step for crossing in crossings]


def assert_equal_to_the_loop(number: int) -> Outcome | None:
    trial = varied(number)
    draw = draw_of("sparse_recovery", trial, 0)
    if not draw.y.any():
        return None
    of = replace(pack([trial], max_steps=STEPS, stop="settled"), engine="fast_forward")
    [outcome] = outcomes(of).values()
    assert outcome.obtained == "fast_forward"
    train, test, overtaken = looped(trial, draw, outcome.steps)
    assert steps_of([outcome.t1, *(rung["t1"] for rung in outcome.ladder.values())]) == list(train), number
    assert steps_of([outcome.t2, *(rung["t2"] for rung in outcome.ladder.values())]) == list(test), number
    assert steps_of([outcome.t1_gradient]) == [overtaken], number
    return outcome


def test_forty_varied_trials_equal_the_loop_to_the_step() -> None:
    found = [assert_equal_to_the_loop(number) for number in range(FEW)]
    assert {outcome.outcome for outcome in found if outcome} >= {"generalised", "infeasible"}
    assert max(outcome.steps for outcome in found if outcome) > 50_000


@pytest.mark.reference
@pytest.mark.timeout(3600)
def test_five_hundred_varied_trials_equal_the_loop_to_the_step() -> None:
    found = [assert_equal_to_the_loop(number) for number in range(MANY)]
    assert sum(outcome is not None for outcome in found) > 0.9 * MANY


def test_the_published_instance_at_strengths_that_no_loop_reaches() -> None:
    """A prototype of its own, checked against a compiled loop up to 1e8 steps, gave these t2."""
    known = {1e-5: 100_345, 1e-6: 1_003_094, 1e-7: 10_030_863, 1e-8: 100_308_606}
    for beta, t2 in known.items():
        trial = sparse(0, 1, n=100, s=5, N=30, stream="legacy", beta=beta)
        of = replace(pack([trial], max_steps=10**12, test_threshold=1e-3), engine="fast_forward")
        [outcome] = outcomes(of).values()
        assert outcome.t2 is not None
        assert outcome.t2.step == t2
