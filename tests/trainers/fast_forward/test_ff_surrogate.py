"""The surrogate of the subgradient method: its intervals hold the stepped times, and near the floor it is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grokscale.trainers.ladder import named
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.trial import Crossing, Trial
from tests.trainers.packs import outcomes, pack, sparse

TRIALS = [
    sparse(i, seed, optimizer="subgradient", N=26, alpha=alpha, beta=beta)
    for i, (seed, alpha, beta) in enumerate(
        (seed, alpha, beta) for seed in (0, 1, 2) for alpha in (0.05, 0.1) for beta in (3e-4, 1e-4)
    )
]


def holds(interval: Crossing | None, stepped: Crossing | None) -> bool:
    assert interval is not None
    assert stepped is not None
    assert stepped.step is not None
    assert interval.upper is not None
    assert interval.censoring == "interval"
    return interval.lower < stepped.step <= interval.upper


def test_the_stepped_times_lie_in_the_intervals() -> None:
    of = pack(TRIALS, max_steps=200_000)
    stepped, told = outcomes(of), outcomes(replace(of, engine="surrogate"))
    trained = [index for index, outcome in told.items() if outcome.outcome == "generalised"]
    assert len(trained) >= 8
    for index in trained:
        one, other = stepped[index], told[index]
        assert holds(other.t1, one.t1)
        assert holds(other.t2, one.t2)
        assert other.t2 is not None
        assert other.t2.upper is not None
        assert other.t2.upper - other.t2.lower < 0.1 * other.t2.upper, "an interval that says something"
        assert other.delay is not None
        assert other.delay.censoring == "interval"
        assert other.obtained == "surrogate"
        assert set(other.errors.values()) == {None}


def test_near_the_floor_it_is_refused_with_the_reason() -> None:
    near: Trial = sparse(0, 0, optimizer="subgradient", N=26, beta=3e-3)
    [outcome] = outcomes(replace(pack([near]), engine="surrogate")).values()
    assert outcome.outcome == "failed"
    assert outcome.t2 is None
    assert outcome.error is not None
    assert "lies below 3 times the floor" in outcome.error["message"]
    assert "engine: step" in outcome.error["message"]


def test_rungs_near_the_floor_are_left_out() -> None:
    [outcome] = outcomes(replace(pack(TRIALS[1:2], max_steps=200_000), engine="surrogate")).values()
    floor = outcome.theory["floor"]
    assert floor is not None
    for name, threshold in named(SPARSE_RECOVERY.rungs).items():
        if threshold < 3 * floor:
            assert outcome.ladder[name]["t2"] is None


@pytest.mark.parametrize("beta", [1e-7, 1e-8])
def test_it_reaches_what_no_loop_does(beta: float) -> None:
    [outcome] = outcomes(
        replace(pack([sparse(optimizer="subgradient", N=26, beta=beta)], max_steps=10**12), engine="surrogate")
    ).values()
    assert outcome.t2 is not None
    assert outcome.t2.upper is not None
    predicted = outcome.theory["t2_predicted"]
    assert predicted is not None
    assert outcome.t2.lower < predicted * 1.001
    assert predicted * 0.999 < outcome.t2.upper
