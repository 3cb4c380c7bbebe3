"""The pack engine: stop rules, outcome words, reports, checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from grokscale.trainers.checkpoint import Place
from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.pack import train
from grokscale.trainers.passage import Passage
from grokscale.trainers.tasks.registry import draw_of, draws_of, task
from grokscale.trainers.trial import Budget, Outcome, Trial
from tests.trainers import brute_force
from tests.trainers.packs import outcomes, pack, reports, sparse

GRID = [sparse(i, s, N=26, beta=b) for i, (s, b) in enumerate((s, b) for s in range(3) for b in (1e-3, 3e-4))]


def same(one: Outcome, other: Outcome) -> bool:
    """Bit for bit, compute time excepted."""
    curves = one.curve.keys() == other.curve.keys() and all(
        np.array_equal(one.curve[name], other.curve[name], equal_nan=True) for name in one.curve
    )
    fields = ("outcome", "steps", "t1", "t1_gradient", "t2", "t2_plateau", "delay", "ladder", "errors", "theory")
    fields += ("error_reasons",)
    return curves and all(getattr(one, name) == getattr(other, name) for name in fields)


@pytest.mark.parametrize("method", ["subgradient", "proximal", "projected"])
def test_steps_that_are_followed_are_the_steps_that_are_taken(method: str) -> None:
    trials = [sparse(i, i // 2, N=26, optimizer=method, beta=(1e-3, 3e-4)[i % 2]) for i in range(4)]
    draws = draws_of("sparse_recovery", trials, 0)
    problems = [task("sparse_recovery").problem(draws, trials, Budget(1000), torch.device("cpu")) for _ in range(2)]
    followed, taken = problems
    watched, seen = Passage([0.1], 4), Passage([0.1], 4)
    step = 0
    for k in (1, 7, 40):
        errors = followed.follow(step, k, watched)
        for i in range(k):
            taken.step(1)
            seen.see(step + i + 1, taken.train_error())
            assert np.array_equal(errors[i], taken.train_error())
        step += k
    assert np.array_equal(watched.first, seen.first)
    assert (seen.first > 0).any()
    assert np.array_equal(followed.iterate(), taken.iterate())
    assert np.array_equal(followed.test_speed().rate, taken.test_speed().rate)


def test_a_run_ends_after_t2_by_a_thousand_steps_or_two_percent() -> None:
    found = outcomes(pack([sparse(0, 0, N=26), sparse(1, 0, N=26, beta=2.5e-5)], max_steps=100_000))
    for outcome in found.values():
        assert outcome.t2 is not None
        assert outcome.t2.step is not None
        assert outcome.steps == outcome.t2.step + max(1000, -(-outcome.t2.step // 50))
    assert found[1].steps - (found[1].t2.step or 0) > 1000  # type: ignore[union-attr]


def test_a_run_out_of_budget_is_right_censored_at_its_last_step() -> None:
    [outcome] = outcomes(pack([sparse(beta=1e-6, N=26)], max_steps=2_000)).values()
    assert outcome.outcome == "memorised"
    assert outcome.steps == 2_000
    assert outcome.t2 is not None
    assert (outcome.t2.step, outcome.t2.lower, outcome.t2.upper, outcome.t2.censoring) == (None, 2_000, None, "right")
    assert outcome.delay is not None
    assert outcome.delay.censoring == "right"


def test_max_steps_runs_to_the_budget_whatever_happens() -> None:
    [outcome] = outcomes(pack([sparse(N=26)], max_steps=7_000, stop="max_steps")).values()
    assert (outcome.outcome, outcome.steps) == ("generalised", 7_000)


def test_settled_ends_at_the_floor_and_keeps_its_error() -> None:
    [outcome] = outcomes(pack([sparse(N=26)], max_steps=200_000, stop="settled")).values()
    assert outcome.steps < 200_000
    settled = outcome.errors["settled"]
    assert settled is not None
    assert settled.error == pytest.approx(outcome.theory["floor"], rel=2e-3)


def test_time_up_ends_every_trial_right_censored() -> None:
    found = outcomes(pack([sparse(i, i, beta=1e-7) for i in range(3)], max_steps=10**9, max_seconds=0.5))
    assert {outcome.outcome for outcome in found.values()} == {"memorised"}
    assert len({outcome.steps for outcome in found.values()}) == 1


@pytest.mark.parametrize("method", ["proximal", "gd"])
def test_a_certificate_is_never_contradicted_by_running_on(method: str) -> None:
    fields = {"optimizer": method} | ({"regularizer": "l2", "init_scale": 0.1} if method == "gd" else {"beta": 0.03})
    trials = [sparse(seed, seed, **fields) for seed in range(4)]  # type: ignore[arg-type]
    found = outcomes(pack(trials, max_steps=60_000))
    certified = [trial for trial in trials if found[trial.index].outcome == "infeasible"]
    assert certified
    for trial in certified:
        outcome = found[trial.index]
        assert outcome.t2 is not None
        assert outcome.t2.censoring == "infeasible"
        loop = _loop(trial, 3 * outcome.steps)
        assert loop.test[0].first is None


def test_a_trial_certified_from_the_start_goes_on_until_its_t1_is_known() -> None:
    trial = sparse(0, 1, optimizer="gd", regularizer="none")
    [outcome] = outcomes(pack([trial], max_steps=20_000)).values()
    assert outcome.outcome == "infeasible"
    assert outcome.t1 is not None
    assert outcome.t1.step == _loop(trial, outcome.steps).train[0].first
    assert outcome.steps == outcome.t1.step > 0


def test_rungs_below_an_infeasible_threshold_are_infeasible_too() -> None:
    [outcome] = outcomes(pack([sparse(0, 1, optimizer="gd", regularizer="none")], max_steps=20_000)).values()
    words = {rung: pair["t2"] and pair["t2"].censoring for rung, pair in outcome.ladder.items()}
    assert words == {"1e-1": "right"} | dict.fromkeys(("1e-2", "1e-3", "1e-4", "1e-5", "1e-6"), "infeasible")


def test_a_sign_method_stalls_where_its_end_lies_above_the_threshold() -> None:
    found = outcomes(pack([sparse(s, s, optimizer="subgradient", beta=0.03) for s in range(4)], max_steps=60_000))
    words = {outcome.outcome for outcome in found.values()}
    assert "stalled" in words
    assert "infeasible" not in words


def test_a_run_to_an_unknown_end_stalls_once_its_error_has_rested_for_half_of_it() -> None:
    trials = [
        sparse(seed, seed, N=8, regularizer="elastic", beta1=1e-2, beta2=1e-2, optimizer="projected")
        for seed in range(3)
    ]
    found = outcomes(pack(trials, max_steps=60_000))
    stalled = [trial for trial in trials if found[trial.index].outcome == "stalled"]
    assert stalled
    for trial in stalled:
        steps, curve = found[trial.index].steps, found[trial.index].curve
        earlier = curve["test_error"][2 * curve["step"] <= steps]
        assert curve["test_error"].min() > 0.999 * earlier.min()
        # what it had not done by then, it does not do in four times as long
        assert _loop(trial, 4 * steps).test[0].first is None


def test_a_run_to_an_unknown_end_is_given_its_time() -> None:
    """The sign flow says how long the threshold takes; three times that has to pass before a rest counts."""
    trial = sparse(0, 0, N=8, regularizer="elastic", beta1=1e-3, beta2=1e-3, optimizer="projected")
    [given] = outcomes(pack([trial], max_steps=2_000)).values()
    assert (given.outcome, given.steps) == ("memorised", 2_000)


def test_chatter_of_the_signals_own_size_settles_nothing() -> None:
    trial = sparse(optimizer="subgradient", beta=0.2)
    [outcome] = outcomes(pack([trial], max_steps=500, stop="settled")).values()
    assert (outcome.steps, outcome.errors["settled"]) == (500, None)


def test_a_step_size_above_its_limit_is_an_outcome_with_its_reason() -> None:
    found = outcomes(pack([sparse(0, alpha=3.0), sparse(1, alpha=0.1, N=20)]))
    assert found[0].outcome == "diverged"
    assert found[0].t2 is None
    assert found[0].error is not None
    assert "alpha = 3 is not below its limit" in found[0].error["message"]
    assert found[1].outcome != "diverged"


def test_measurements_that_are_all_zero_are_uninformative() -> None:
    config = {"n": 60, "N": 3, "s": 1, "tau": 1.0}
    trials = [sparse(seed, seed, **config) for seed in range(12)]  # type: ignore[arg-type]
    words = {index: outcome.outcome for index, outcome in outcomes(pack(trials, max_steps=50)).items()}
    for trial in trials:
        empty = not draw_of("sparse_recovery", trial, 0).y.any()
        assert (words[trial.index] == "uninformative_data") == empty
    assert "uninformative_data" in words.values()


def test_a_threshold_t1_after_t2_has_no_delay_and_says_so() -> None:
    trial = sparse(0, 0, N=26, beta=3e-3, optimizer="proximal")
    [outcome] = outcomes(pack([trial], train_threshold=1e-3, test_threshold=0.3, max_steps=20_000)).values()
    assert outcome.outcome == "generalised"
    assert outcome.delay is None
    assert outcome.delay_reason


def test_rungs_below_the_threshold_are_left_out_where_t2_stopped_the_run() -> None:
    [outcome] = outcomes(pack([sparse(N=26)], test_threshold=0.1, train_threshold=0.1)).values()
    assert outcome.ladder["1e-1"]["t2"] is not None
    assert outcome.ladder["1e-2"]["t2"] is None


def test_curves_share_one_grid_and_end_at_the_last_step() -> None:
    found = outcomes(pack(GRID))
    for outcome in found.values():
        step = outcome.curve["step"]
        assert step[0] == 0
        assert step[-1] == outcome.steps
        assert np.all(np.diff(step) > 0)
        assert all(column.shape == step.shape for column in outcome.curve.values())
        assert outcome.curve["test_error"][0] == pytest.approx(1.0, abs=1e-3)


def test_reports_deliver_each_outcome_once_and_count_the_steps() -> None:
    made = reports(pack(GRID), report_seconds=0.0)
    assert sorted(o.index for report in made for o in report.outcomes) == list(range(len(GRID)))
    assert [report.done for report in made] == [False] * (len(made) - 1) + [True]
    assert sum(report.steps for report in made) == sum(o.steps for report in made for o in report.outcomes)


def test_compute_time_is_shared_out() -> None:
    found = outcomes(pack(GRID))
    shares = [found[i].seconds for i in sorted(found, key=lambda index: found[index].steps)]
    assert all(share > 0 for share in shares)
    assert shares == sorted(shares)  # who trains longer takes more


class StopAfter:
    """A stop flag that rises at the n-th question."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def __call__(self) -> bool:
        self.left -= 1
        return self.left <= 0


@pytest.mark.parametrize("method", ["proximal", "subgradient", "projected"])
def test_a_resumed_pack_continues_bit_identically(method: str, tmp_path: Path) -> None:
    trials = [
        sparse(i, s, N=26, beta=b, optimizer=method)
        for i, (s, b) in enumerate((s, b) for s in range(3) for b in (1e-3, 3e-4, 1e-4))
    ]
    of = pack(trials, max_steps=30_000)
    whole = outcomes(of)
    resumed: dict[int, Outcome] = {}
    interruptions = 0
    while True:
        checkpoint = Place(tmp_path).read()
        for report in train(of, place=Place(tmp_path), resume=checkpoint, stop=StopAfter(2), breath_seconds=1e-2):
            resumed |= {outcome.index: outcome for outcome in report.outcomes}
            if report.done:
                break
        else:
            interruptions += 1
            continue
        break
    assert interruptions >= 2
    assert resumed.keys() == whole.keys()
    for index, outcome in whole.items():
        assert same(resumed[index], outcome), index


def test_a_checkpoint_carries_the_outcomes_so_far(tmp_path: Path) -> None:
    of = pack(GRID)
    first = outcomes(of, place=Place(tmp_path))
    again = outcomes(of, resume=Place(tmp_path).read())
    assert again.keys() == first.keys()
    assert all(same(again[index], first[index]) for index in first)


def test_half_of_a_pack_resumes_from_the_whole_ones_checkpoint(tmp_path: Path) -> None:
    of = pack([sparse(i, i, N=26, beta=1e-4) for i in range(6)], max_steps=30_000)
    list(train(of, place=Place(tmp_path), stop=StopAfter(1)))
    resume = Place(tmp_path).read()
    assert resume is not None
    assert resume.step > 0
    whole = outcomes(of)
    half = outcomes(pack(of.trials[3:], max_steps=30_000), resume=resume)
    assert half.keys() == {3, 4, 5}
    assert all((half[i].t2, half[i].steps) == (whole[i].t2, whole[i].steps) for i in half)


def _loop(trial: Trial, steps: int) -> brute_force.Loop:
    draw = draw_of("sparse_recovery", trial, 0)
    a0 = draw.initial(trial.config)
    beta1, beta2 = strengths(trial.config)
    method, alpha = str(trial.config["optimizer"]), float(trial.config["alpha"] or 0)
    return brute_force.run(draw.X, draw.y, draw.a_star, a0, method, alpha, beta1, beta2, steps)
