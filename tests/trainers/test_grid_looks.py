"""Problems that are looked at on a grid, against plain loops that know the errors of every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokscale.trainers import replay
from grokscale.trainers.checkpoint import Checkpoint, Place
from grokscale.trainers.pack import train
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.description import Certified, Grid
from grokscale.trainers.trial import Budget, Crossing, Outcome, Pack, Trial
from tests.trainers.grid_tasks import DIAGONAL, SCRIPTED, Diagonal, Pulled, Scripted, Unrepeatable, scripted_errors
from tests.trainers.packs import outcomes, reports

EVERY, RATIO = Grid(dense=10, every=10), Grid(dense=20, ratio=1.05)
SHAPES = [(time, wave, period) for time in (60.0, 400.0, 1500.0) for wave, period in ((0.0, 1.0), (0.8, 37.0))]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "BUILT_IN", (*registry.BUILT_IN, SCRIPTED, DIAGONAL))
    registry.described.cache_clear()
    registry.task.cache_clear()
    yield
    registry.described.cache_clear()
    registry.task.cache_clear()


def looking(monkeypatch: pytest.MonkeyPatch, task: type[Scripted | Diagonal], looks: Grid | Certified) -> None:
    """Have a task looked at in another way."""
    monkeypatch.setattr(task, "description", replace(task.description, looks=looks))


def scripted(shapes: list[tuple[float, float, float]] = SHAPES, **budget: Any) -> Pack:
    names = ("time", "wave", "period")
    trials = tuple(
        Trial(i, i, 0, {**dict(zip(names, shape, strict=True)), "optimizer": "sgd", "regularizer": "none"})
        for i, shape in enumerate(shapes)
    )
    return Pack("pack", "scripted", trials, 0, Budget(**{"max_steps": 12_000} | budget))


def ended(of: Pack) -> list[Outcome]:
    """Train a pack to its end; outcomes in the order of its trials."""
    found = outcomes(of)
    return [found[trial.index] for trial in of.trials]


def networks(count: int = 4, **budget: Any) -> Pack:
    trials = tuple(
        Trial(
            i,
            i,
            i % 2,
            {"alpha": (0.002, 0.005)[i // 2], "beta": 0.01, "n": 20, "N": 30, "optimizer": "a", "regularizer": "b"},
        )
        for i in range(count)
    )
    return Pack("pack", "diagonal", trials, 0, Budget(**{"max_steps": 3_000, "test_threshold": 0.03} | budget))


# -- what the definition says --------------------------------------------------------------------------------


def grid_of(looks: Grid, last: int) -> list[int]:
    """The looks of a grid up to its last step, written down one after another."""
    if looks.every:
        steps = {t for t in range(last + 1) if t <= looks.dense or t % looks.every == 0}
    else:
        begin = looks.dense
        later = {max(begin + k, int(begin * looks.ratio**k)) for k in range(2000)}
        steps = {*range(begin + 1), *(t for t in later if t <= last)}
    return sorted({*steps, last})


def defined(train: np.ndarray, test: np.ndarray, of: Budget, looks: Grid) -> list[tuple[int, int, int] | None]:
    """(look before, first look at or below, first step at or below between them) of t1 and t2, None where not found."""
    grid, found = grid_of(looks, len(test) - 1), [None, None]
    pairs = [(train, of.train_threshold), (test, of.test_threshold)]
    before, look = -1, 0
    while True:
        near = False
        for i, (errors, threshold) in enumerate(pairs):
            if found[i] is None and errors[look] <= threshold:
                first = before + 1 + int(np.argmax(errors[before + 1 : look + 1] <= threshold))
                found[i] = (before, look, first)
            near |= looks.exact and found[i] is None and errors[look] <= (1 + replay.NEAR) * threshold
        before = look
        later = [t for t in grid if t > look]
        if not later:
            return found
        look = look + 1 if near else later[0]


def assert_defined(crossing: Crossing | None, found: tuple[int, int, int] | None, resolved: bool) -> None:
    assert crossing is not None
    if found is None:
        assert crossing.censoring == "right"
        return
    before, look, first = found
    if look == 0:
        assert (crossing.step, crossing.censoring) == (0, "left")
    elif resolved or look - before == 1:
        assert (crossing.step, crossing.lower, crossing.upper) == (first, first - 1, first)
        assert crossing.censoring == "exact"
    else:
        assert (crossing.step, crossing.lower, crossing.upper) == (None, before, look)
        assert crossing.censoring == "interval"


@pytest.mark.parametrize("looks", [EVERY, RATIO], ids=str)
@pytest.mark.parametrize("exact", [True, False])
def test_crossings_are_what_the_definition_says(looks: Grid, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = replace(looks, exact=exact)
    looking(monkeypatch, Scripted, looks)
    monkeypatch.setattr("grokscale.trainers.grid_watch.SHARE", 10.0)
    of = scripted()
    steps = np.arange(of.budget.max_steps + 1)
    for trial, outcome in zip(of.trials, ended(of), strict=True):
        found = defined(*scripted_errors(trial.config, steps), of.budget, looks)
        assert_defined(outcome.t1, found[0], exact)
        assert_defined(outcome.t2, found[1], exact)
        assert outcome.looks == str(looks)
        assert outcome.outcome == "generalised"
        assert outcome.delay is not None


def test_a_network_looked_at_every_tenth_step_does_not_say_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Diagonal, Grid(dense=10, every=10, exact=False))
    for outcome in outcomes(networks()).values():
        assert outcome.looks == "every 10"
        for crossing in (outcome.t1, outcome.t2):
            assert crossing is not None
            assert crossing.upper is not None
            assert (crossing.step, crossing.censoring, crossing.upper - crossing.lower) == (None, "interval", 10)
        assert outcome.delay is None or outcome.delay.censoring == "interval"


@pytest.mark.parametrize("looks", [EVERY, RATIO], ids=str)
def test_the_crossings_of_networks_are_those_of_a_plain_loop(looks: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Diagonal, looks)
    of = networks()
    found = outcomes(of)
    for trial in of.trials:
        errors = plain_loop(trial, of.budget.max_steps)
        for name, one in zip(("t1", "t2"), defined(*errors, of.budget, looks), strict=True):
            assert one is not None
            crossing, point = getattr(found[trial.index], name), found[trial.index].errors[name]
            assert_defined(crossing, one, resolved=True)
            assert point is not None
            assert point.step == crossing.step
            assert point.error == pytest.approx(errors[1][one[2]], rel=1e-6)


def plain_loop(trial: Trial, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors of every step of one network, by torch's own AdamW."""
    X, a_star = (torch.as_tensor(array) for array in registry.draw_of("diagonal", trial, 0))
    y = X @ a_star
    w = torch.full((2, a_star.numel()), 0.1, dtype=torch.float64)
    w[1] = 0.09
    w.requires_grad_()
    config = trial.config
    optimizer = torch.optim.AdamW([w], lr=float(config["alpha"] or 0), weight_decay=float(config["beta"] or 0))
    errors = np.empty((2, steps + 1))
    for t in range(steps + 1):
        a = w[0].square() - w[1].square()
        residual = X @ a - y
        errors[:, t] = float(residual.detach().norm() / y.norm()), float((a.detach() - a_star).norm() / a_star.norm())
        optimizer.zero_grad()
        (residual.square().sum() / 2).backward()
        optimizer.step()
    return errors[0], errors[1]


def test_a_dip_between_two_looks_is_not_seen() -> None:
    """What `exact` means: not the first step at all, where the error came back before anybody looked."""
    of = scripted([(400.0, 0.8, 37.0)])
    [outcome] = outcomes(of).values()
    train, test = scripted_errors(of.trials[0].config, np.arange(of.budget.max_steps + 1))
    first = int(np.argmax(test <= of.budget.test_threshold))
    found = defined(train, test, of.budget, EVERY)[1]
    assert found is not None
    assert outcome.t2 is not None
    assert outcome.t2.step == found[2] >= first


@given(st.integers(0, 10**7), st.integers(0, 300), st.integers(0, 50), st.floats(1.0001, 2))
def test_the_next_look_does_not_depend_on_how_one_came(step: int, dense: int, every: int, ratio: float) -> None:
    looks = Grid(dense, every, ratio)
    after = looks.after(step)
    assert after > step
    assert looks.after(max(after - 1, step)) == after
    widest = 1 if step < dense else (every or max(1, (ratio - 1) * max(step, 1, dense) * ratio + 2))
    assert after - step <= widest


@pytest.mark.parametrize("wrong", [{"dense": -1}, {"every": -1}, {"ratio": 1.0}, {"ratio": float("nan")}])
def test_a_grid_that_is_none_says_what_is_accepted(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="accepted are"):
        Grid(**wrong)


# -- what is kept --------------------------------------------------------------------------------


def test_measures_are_those_of_the_step_of_the_crossing() -> None:
    of = scripted()
    for trial, outcome in zip(of.trials, ended(of), strict=True):
        for name in ("t1", "t2"):
            point, crossing = outcome.errors[name], getattr(outcome, name)
            assert point is not None
            assert point.step == crossing.upper
            error = scripted_errors(trial.config, crossing.upper)[1]
            assert point.error == pytest.approx(error)
            assert point.measures == {"norm": pytest.approx(2 * error), "clock": crossing.upper}


def test_the_ladder_is_what_the_description_declares_and_its_rungs_stay_brackets() -> None:
    for outcome in outcomes(scripted()).values():
        assert list(outcome.ladder) == ["5e-1", "5e-2"]
        rung = outcome.ladder["5e-2"]["t2"]
        assert rung is not None
        assert rung.censoring == "interval"
        assert outcome.t2 is not None
        assert outcome.t2.censoring == "exact"


def test_gradients_that_a_problem_knows_are_held_against_each_other_at_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [outcome.t1_gradient for outcome in ended(scripted())] == [None] * len(SHAPES)
    monkeypatch.setattr(Scripted, "problem", Pulled.problem)
    bracket = Crossing(None, 120, 130, "interval", stayed=130)
    assert [outcome.t1_gradient for outcome in ended(scripted())] == [bracket] * len(SHAPES)


def test_curves_hold_both_errors_and_the_plateau_lies_between_two_logged_steps() -> None:
    of = scripted([(400.0, 0.0, 1.0)], stop="max_steps", plateau_every=100)
    [outcome] = outcomes(of).values()
    assert {"step", "train_error", "test_error", "half"} == set(outcome.curve)
    assert np.all((outcome.curve["step"] <= 10) | (outcome.curve["step"] % 10 == 0))
    train, test = scripted_errors(of.trials[0].config, outcome.curve["step"])
    np.testing.assert_allclose(outcome.curve["train_error"], train)
    np.testing.assert_allclose(outcome.curve["test_error"], test)
    assert (outcome.steps, outcome.errors["settled"]) == (12_000, None)
    assert outcome.t2_plateau is not None
    assert outcome.t2_plateau.step is None


def test_an_error_that_rests_is_given_up_though_nobody_knows_where_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "rests_after", 500.0)
    for threshold in (1e-2, 1 - 1e-10):  # a t1 that is still to come is waited for
        [outcome] = outcomes(scripted([(1e12, 0.0, 1.0)], train_threshold=threshold)).values()
        assert outcome.t1 is not None
        assert outcome.t2 is not None
        assert (outcome.outcome, outcome.t2.censoring) == ("stalled", "stalled")
        assert (outcome.steps == 12_000) == (outcome.t1.upper is None)
        assert outcome.steps >= 500


# -- resolving --------------------------------------------------------------------------------


def test_steps_that_cannot_be_repeated_leave_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "problem", Unrepeatable.problem)
    of = scripted(test_threshold=0.1)
    steps = np.arange(of.budget.max_steps + 1)
    for trial, outcome in zip(of.trials, ended(of), strict=True):
        found = defined(*scripted_errors(trial.config, steps), of.budget, EVERY)
        assert_defined(outcome.t2, found[1], resolved=False)


def test_beyond_its_share_brackets_stay() -> None:
    """Looks far apart, and a trial in every bracket: what is taken again is bounded."""
    of = scripted([(30.0 + 10 * i, 0.0, 1.0) for i in range(40)])
    words = [[o.t1.censoring, o.t2.censoring] for o in outcomes(of).values() if o.t1 and o.t2]
    flat = [word for pair in words for word in pair]
    assert {"exact", "interval"} == set(flat)


def test_packing_changes_nothing() -> None:
    of = scripted()
    together = outcomes(of)
    for trial in of.trials:
        [alone] = outcomes(replace(of, trials=(trial,))).values()
        assert_same(together[trial.index], alone, curves=False)  # a pack records a column where another one ends too


def assert_same(one: Outcome, other: Outcome, curves: bool = True) -> None:
    for name in ("outcome", "steps", "t1", "t2", "t2_plateau", "delay", "ladder", "errors", "error_reasons", "looks"):
        assert getattr(one, name) == getattr(other, name), name
    for name, values in one.curve.items() if curves else ():
        assert np.array_equal(other.curve[name], values), name


def test_time_that_is_up_ends_every_trial_at_a_look() -> None:
    of = scripted([(1e9, 0.0, 1.0)] * 3, max_steps=10**9, max_seconds=0.3)
    for outcome in outcomes(of).values():
        assert outcome.outcome == "not_memorised"
        assert outcome.t2 is not None
        assert outcome.t2.lower == outcome.steps == outcome.curve["step"][-1]


class Asked:
    """A stop flag that rises at the n-th question."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def __call__(self) -> bool:
        self.left -= 1
        return self.left <= 0


@pytest.mark.parametrize("kind", ["scripted", "networks"])
def test_a_pack_stopped_anywhere_goes_on_bit_identically(kind: str, tmp_path: Path) -> None:
    """Every step is a breath, so that it is stopped between looks and within what is taken again too."""
    of = scripted(SHAPES[:4], max_steps=2_000) if kind == "scripted" else networks(max_steps=800)
    whole, seen = outcomes(of), {}
    place, within = Place(tmp_path), 0
    for round_ in range(500):
        kept = place.read()
        within += kept is not None and taken_again(kept)
        made = train(of, place=place, resume=kept, stop=Asked(2 + 7 * round_ % 61), breath_seconds=1e-9)
        last = [seen.update({o.index: o for o in report.outcomes}) or report for report in made][-1]
        if last.done:
            break
    assert within > 1, "it was stopped within what is taken again"
    assert seen.keys() == whole.keys()
    for index, outcome in whole.items():
        assert_same(seen[index], outcome)


def taken_again(kept: Checkpoint) -> bool:
    """Whether the look at the checkpoint's step had not come to its end."""
    return bool(kept.watch) and int(kept.watch["looks"][2].min(initial=kept.step + 1)) <= kept.step


def test_half_of_a_pack_goes_on_from_the_whole_ones_checkpoint(tmp_path: Path) -> None:
    of = networks()
    list(train(of, place=Place(tmp_path), stop=Asked(150), breath_seconds=1e-9))
    kept = Place(tmp_path).read()
    assert kept is not None
    assert kept.step > 0
    half = outcomes(replace(of, trials=of.trials[2:]), resume=kept)
    whole = outcomes(of)
    assert half.keys() == {2, 3}
    assert all((half[i].t1, half[i].t2, half[i].steps) == (whole[i].t1, whole[i].t2, whole[i].steps) for i in half)


def test_reports_count_steps_once_though_some_are_taken_again() -> None:
    made = reports(scripted(), report_seconds=0.0)
    assert sum(report.steps for report in made) == sum(o.steps for report in made for o in report.outcomes)
