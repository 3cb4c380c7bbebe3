"""A fast-forwarded trial leaves behind what a stepped one does: times, errors, plateau, ladder and curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grokscale.trainers.checkpoint import Place
from grokscale.trainers.pack import train
from grokscale.trainers.trial import ErrorPoint, Outcome, Trial
from tests.trainers.packs import outcomes, pack, sparse

L1 = [sparse(i, i % 3, N=26, beta=beta) for i, beta in enumerate((1e-3, 3e-4, 1e-4))]
INFEASIBLE = [sparse(3, 0, N=26, beta=3e-2)]
RIDGE = [sparse(0, 0, optimizer="gd", regularizer="l2", init_scale=0.1)]
NONE = [sparse(1, 1, optimizer="gd", regularizer="none")]
ELASTIC = [sparse(i, i, N=26, regularizer="elastic", beta1=1e-3, beta2=1e-3) for i in range(2)]

AT_ZERO = [
    sparse(0, 0, N=26, init_scale=0.0),
    sparse(1, 0, N=26, beta=50.0),
    sparse(2, 1, N=26, beta=50.0, init_scale=0.3),
]
"""Trials with stretches in which no coordinate is active."""


def same_point(one: ErrorPoint | None, other: ErrorPoint | None) -> bool:
    if one is None or other is None:
        return one is other
    values = [[point.error, *point.measures.values()] for point in (one, other)]
    near = np.allclose(*values, rtol=1e-8, atol=1e-12)
    return (one.step, one.measures.keys()) == (other.step, other.measures.keys()) and bool(near)


def assert_same(stepped: Outcome, leapt: Outcome) -> None:
    assert (stepped.obtained, leapt.obtained) == ("stepped", "fast_forward")
    for name in ("outcome", "steps", "t1", "t2", "t2_plateau", "delay", "ladder"):
        assert getattr(stepped, name) == getattr(leapt, name), name
    assert stepped.looks == leapt.looks == "certified"
    assert stepped.error_reasons == leapt.error_reasons
    gradient = [one.t1_gradient and one.t1_gradient.step for one in (stepped, leapt)]
    assert gradient[0] == gradient[1]
    for name in ("t1", "t2", "stop", "settled", "plateau"):
        assert same_point(stepped.errors[name], leapt.errors[name]), name
    least = [one.errors["min"] for one in (stepped, leapt)]
    assert least[0] is not None
    assert least[1] is not None
    assert least[0].error == pytest.approx(least[1].error, rel=1e-9)
    # a pack also records a column where another one ends
    common = np.isin(stepped.curve["step"], leapt.curve["step"])
    assert np.array_equal(stepped.curve["step"][common], leapt.curve["step"])
    for name, values in leapt.curve.items():
        assert np.allclose(stepped.curve[name][common], values, rtol=1e-7, atol=1e-11, equal_nan=True), name


@pytest.mark.parametrize("stop", ["after_t2", "settled", "max_steps"])
@pytest.mark.parametrize(
    "trials",
    [L1, INFEASIBLE, RIDGE, NONE, ELASTIC, AT_ZERO],
    ids=["l1", "infeasible", "l2", "none", "elastic", "at zero"],
)
def test_both_engines_agree(trials: list[Trial], stop: str) -> None:
    of = pack(trials, max_steps=5_000 if stop == "max_steps" else 20_000, stop=stop)
    stepped, leapt = outcomes(of), outcomes(replace(of, engine="fast_forward"))
    assert stepped.keys() == leapt.keys()
    for index, outcome in stepped.items():
        assert_same(outcome, leapt[index])


def test_auto_steps_what_is_short_and_fast_forwards_what_is_long() -> None:
    trials = [sparse(0, 0, N=26), sparse(1, 0, N=26, beta=1e-7), sparse(2, 0, optimizer="proximal", N=26, beta=1e-8)]
    of = replace(pack(trials, max_steps=10**9, stop="settled"), engine="auto")
    found = outcomes(of)
    assert [found[i].obtained for i in range(3)] == ["stepped", "fast_forward", "fast_forward"]
    # a trial is obtained in the same way whatever pack it is in
    alone = outcomes(replace(of, trials=of.trials[:1])) | outcomes(replace(of, trials=of.trials[2:]))
    assert {i: (one.obtained, one.t2) for i, one in alone.items()} == {
        i: (found[i].obtained, found[i].t2) for i in (0, 2)
    }


def test_auto_steps_what_cannot_be_fast_forwarded() -> None:
    [outcome] = outcomes(replace(pack([sparse(optimizer="projected", N=26)]), engine="auto")).values()
    assert (outcome.outcome, outcome.obtained) == ("generalised", "stepped")


def test_coordinates_are_those_of_the_curve() -> None:
    of = replace(pack(L1[:1], stop="settled", record="coordinates"), engine="fast_forward")
    [outcome] = outcomes(of).values()
    assert outcome.coordinates is not None
    assert outcome.coordinates.shape == (outcome.curve["step"].size, 40)
    assert np.allclose(np.abs(outcome.coordinates).sum(axis=1), outcome.curve["l1_norm"])


def test_a_pack_that_is_stopped_within_a_trial_goes_on_there(tmp_path: Path) -> None:
    of = replace(pack([*L1, *INFEASIBLE], stop="settled"), engine="fast_forward")
    seen: dict[int, Outcome] = {}
    rounds = 0
    while len(seen) < len(of.trials):
        rounds += 1
        ask = iter([False])
        reports = train(
            of,
            place=Place(tmp_path),
            resume=Place(tmp_path).read(),
            stop=lambda ask=ask: next(ask, True),
            breath_seconds=1e-9,  # every piece of a trial is a breath
        )
        seen |= {outcome.index: outcome for report in reports for outcome in report.outcomes}
        assert rounds < 2000
    assert rounds > 2 * len(of.trials), "it was stopped within trials"
    for index, outcome in outcomes(of).items():
        again = seen[index]
        for name in ("outcome", "steps", "t1", "t1_gradient", "t2", "t2_plateau", "delay", "ladder", "errors"):
            assert getattr(again, name) == getattr(outcome, name), name
        for name, values in outcome.curve.items():
            assert np.array_equal(again.curve[name], values, equal_nan=True), name


def test_time_that_is_up_leaves_every_trial_right_censored() -> None:
    of = replace(pack(L1, max_seconds=1e-9), engine="fast_forward")
    for outcome in outcomes(of).values():
        assert outcome.t2 is not None
        assert outcome.t2.censoring == "right"
        assert outcome.steps < 20_000
