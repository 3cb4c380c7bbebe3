"""The pack against the brute-force loop: the same trajectories and, to the step, the same crossings."""

from __future__ import annotations

import numpy as np
import pytest

from grokscale.trainers.ladder import named
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.tasks.registry import draw_of
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.trial import Crossing, Outcome, Trial
from tests.trainers import brute_force
from tests.trainers.packs import outcomes, pack, sparse

STEPS = 4_000

# method, regulariser and data of one trial each; alpha and beta vary beneath
VARIED = {
    "ISTA": {"optimizer": "proximal"},
    "ISTA, N above n/2": {"optimizer": "proximal", "N": 30},
    "ISTA, noise": {"optimizer": "proximal", "snr": 1e4},
    "ISTA, coordinate rows": {"optimizer": "proximal", "tau": 0.5},
    "ISTA, large start": {"optimizer": "proximal", "init_scale": 1.0},
    "ISTA, random start": {"optimizer": "proximal", "init": "random", "init_scale": 0.5},
    "ISTA, least-squares start": {"optimizer": "proximal", "init": "least_squares", "init_scale": 1.0},
    "elastic ISTA": {"optimizer": "proximal", "regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3},
    "subgradient": {"optimizer": "subgradient"},
    "subgradient, noise": {"optimizer": "subgradient", "snr": 1e4},
    "elastic subgradient": {"optimizer": "subgradient", "regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3},
    "projected": {"optimizer": "projected"},
    "projected, large start": {"optimizer": "projected", "init_scale": 1.0},
    "elastic projected": {"optimizer": "projected", "regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3},
    "weight decay": {"optimizer": "gd", "regularizer": "l2", "init_scale": 1.0, "beta": 0.02},
    "no regulariser": {"optimizer": "gd", "regularizer": "none", "N": 60},
    "uniform signal": {"optimizer": "proximal", "signal": "uniform"},
}


def assert_reached(outcome: Outcome, trial: Trial) -> None:
    """At t1 and t2 the errors and the measures are those of the loop's iterates there."""
    a_star = draw_of("sparse_recovery", trial, 0).a_star
    firsts = {name: getattr(outcome, name).step for name in ("t1", "t2")}
    loop = oracle(trial, STEPS, keep=tuple(step for step in firsts.values() if step is not None))
    for name, step in firsts.items():
        point = outcome.errors[name]
        assert (point is None) == (step is None) == (name in outcome.error_reasons)
        if point is not None and step is not None:
            off = loop.iterates[step] - a_star
            expected = np.linalg.norm(off) / np.linalg.norm(a_star)
            assert (point.step, set(point.measures)) == (step, {"mean_l1"})
            assert point.error == pytest.approx(expected, rel=1e-7)
            assert point.measures["mean_l1"] == pytest.approx(np.abs(off).mean(), rel=1e-7)


def oracle(trial: Trial, steps: int, keep: tuple[int, ...] = ()) -> brute_force.Loop:
    draw = draw_of("sparse_recovery", trial, 0)
    beta1, beta2 = strengths(trial.config)
    return brute_force.run(
        draw.X,
        draw.y,
        draw.a_star,
        draw.initial(trial.config),
        str(trial.config["optimizer"]),
        float(trial.config["alpha"] or 0),
        beta1,
        beta2,
        steps,
        keep,
    )


def steps(crossing: Crossing | None) -> tuple[int | None, int | None]:
    assert crossing is not None
    return crossing.step, crossing.stayed


def assert_same(outcome: Outcome, loop: brute_force.Loop) -> None:
    assert steps(outcome.t1) == (loop.train[0].first, loop.train[0].stayed)
    assert steps(outcome.t2) == (loop.test[0].first, loop.test[0].stayed)
    for rung, train, test in zip(named(SPARSE_RECOVERY.rungs), loop.train[1:], loop.test[1:], strict=True):
        assert steps(outcome.ladder[rung]["t1"]) == (train.first, train.stayed), rung
        assert steps(outcome.ladder[rung]["t2"]) == (test.first, test.stayed), rung
    if outcome.t1_gradient is not None:
        assert outcome.t1_gradient.step == loop.t1_gradient


@pytest.mark.parametrize("fields", VARIED.values(), ids=VARIED)
def test_crossings_equal_those_of_the_loop_to_the_step(fields: dict[str, object]) -> None:
    base = {"beta": 1e-3} if fields.get("regularizer") != "elastic" else {}
    trials = [
        sparse(index, seed, **(base | fields | {"alpha": alpha}))  # type: ignore[arg-type]
        for index, (seed, alpha) in enumerate((s, a) for s in (0, 1, 2) for a in (0.03, 0.1))
    ]
    found = outcomes(pack(trials, max_steps=STEPS, stop="max_steps"))
    for trial in trials:
        assert_same(found[trial.index], oracle(trial, STEPS))
        assert_reached(found[trial.index], trial)


@pytest.mark.parametrize("method", ["proximal", "subgradient", "projected"])
def test_trajectories_equal_those_of_the_loop_before_chatter(method: str) -> None:
    trials = [sparse(seed, seed, optimizer=method, beta=1e-5) for seed in range(3)]
    found = outcomes(pack(trials, max_steps=300, stop="max_steps", record="coordinates"))
    for trial in trials:
        outcome = found[trial.index]
        at = tuple(int(step) for step in outcome.curve["step"])
        loop = oracle(trial, 300, keep=at)
        assert outcome.coordinates is not None
        assert len(at) > 50
        for step, iterate in zip(at, outcome.coordinates, strict=True):
            np.testing.assert_allclose(iterate, loop.iterates[step], rtol=0, atol=1e-12)


def test_compaction_and_packing_change_nothing() -> None:
    grid = [(s, a, b) for s in range(3) for a in (0.05, 0.1) for b in (1e-2, 1e-3, 3e-4)]
    trials = [sparse(i, seed, N=26, alpha=alpha, beta=beta) for i, (seed, alpha, beta) in enumerate(grid)]
    together = outcomes(pack(trials))
    alone = {t.index: outcomes(pack([t]))[t.index] for t in reversed(trials)}
    assert len({outcome.steps for outcome in together.values()}) > 10  # they end one after another
    for index, outcome in together.items():
        other = alone[index]
        assert outcome.outcome == other.outcome
        assert (outcome.t1, outcome.t2, outcome.ladder) == (other.t1, other.t2, other.ladder)
        assert outcome.errors["stop"] is not None
        assert other.errors["stop"] is not None
        assert outcome.errors["stop"].error == pytest.approx(other.errors["stop"].error, abs=1e-9)
