"""Diagonal linear networks against plain numpy loops, differences of their loss, and values measured elsewhere."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grokscale.testing import task_contract
from grokscale.trainers.checkpoint import Place
from grokscale.trainers.pack import train
from grokscale.trainers.tasks.diagonal_network.data import FactorDraw
from grokscale.trainers.tasks.diagonal_network.problem import FactorProblem
from grokscale.trainers.tasks.registry import draw_of, draws_of, task
from grokscale.trainers.trial import Budget, Crossing, Outcome, Trial, Value
from tests.trainers.packs import DIAGONAL, diagonal, outcomes, pack

KIND = "diagonal_network"
FORMS = [*itertools.product(("product", "symmetric"), (1, 2, 3, 4))]
METHODS = [("gd", "none"), ("gd", "l2"), ("subgradient", "l1"), ("subgradient", "l2"), ("proximal", "l1")]


def drawn(trial: Trial) -> FactorDraw:
    return draw_of(KIND, trial, 0)


def composed(config: Any, A: np.ndarray) -> np.ndarray:
    L = config["depth"]
    return A[0] ** L - A[1] ** L if config["parameterization"] == "symmetric" else np.prod(A, axis=0)


def slope(config: Any, A: np.ndarray, k: int) -> np.ndarray:
    L = config["depth"]
    if config["parameterization"] == "symmetric":
        return (1 - 2 * k) * L * A[k] ** (L - 1)
    return np.prod(np.delete(A, k, axis=0), axis=0)


def plain(trial: Trial, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return train and test error of every step, and the factors at the end, by the formulas of the paper's F.1."""
    draw, config = drawn(trial), trial.config
    A, alpha, beta = draw.initial(config).copy(), float(config["alpha"] or 0), float(config.get("beta") or 0)
    l1, l2 = (beta if config["regularizer"] == name else 0.0 for name in ("l1", "l2"))
    errors = np.empty((2, steps + 1))
    for t in range(steps + 1):
        a = composed(config, A)
        residual = draw.X @ a - draw.y
        errors[0, t] = np.linalg.norm(residual) / np.linalg.norm(draw.y)
        errors[1, t] = np.linalg.norm(a - draw.a_star) / np.linalg.norm(draw.a_star)
        pull = draw.X.T @ residual
        moved = [A[k] - alpha * (slope(config, A, k) * pull + l2 * A[k]) for k in range(len(A))]
        if config["optimizer"] == "proximal":
            A_next = np.array([np.sign(z) * np.maximum(np.abs(z) - alpha * l1, 0) for z in moved])
        else:
            A_next = np.array([z - alpha * l1 * np.sign(old) for z, old in zip(moved, A, strict=True)])
        A = A_next if t < steps else A
    return errors[0], errors[1], A


def trained(*trials: Trial, **budget: Any) -> dict[int, Outcome]:
    return outcomes(pack(list(trials), task=KIND, **budget))


def first(errors: np.ndarray, threshold: float) -> int | None:
    below = np.flatnonzero(errors <= threshold)
    return int(below[0]) if below.size else None


@pytest.mark.parametrize(("form", "depth"), FORMS)
def test_every_method_takes_the_steps_of_a_plain_loop(form: str, depth: int) -> None:
    scale = 0.3 if depth > 1 else 1e-3
    for (optimizer, regularizer), init in itertools.product(METHODS, ("ones", "random")):
        how: dict[str, Value] = {"optimizer": optimizer, "regularizer": regularizer, "init": init, "beta": 0.01}
        shape: dict[str, Value] = {
            "parameterization": form,
            "depth": depth,
            "init_scale": scale,
            "n": 20,
            "N": 12,
            "s": 3,
        }
        trials = [diagonal(i, seed=i % 2, alpha=(0.05, 0.1, 0.02)[i], **how, **shape) for i in range(3)]
        problem = problem_of(trials)
        problem.step(1)
        problem.step(40)
        for i, trial in enumerate(trials):
            train_error, test_error, A = plain(trial, 41)
            np.testing.assert_allclose(problem.state()["A"][:, i], A, rtol=1e-9, atol=1e-13)
            assert problem.train_error()[i] == pytest.approx(train_error[-1], rel=1e-9)
            assert problem.test_error()[i] == pytest.approx(test_error[-1], rel=1e-9)


def problem_of(trials: list[Trial]) -> FactorProblem:
    return FactorProblem(draws_of(KIND, trials, 0), trials, torch.device("cpu"))


@pytest.mark.parametrize(("form", "depth"), FORMS)
def test_steps_go_down_the_gradient_of_the_loss(form: str, depth: int) -> None:
    """A step of alpha is alpha times the central difference of f."""
    trial = diagonal(
        parameterization=form, depth=depth, init="random", init_scale=3.0, optimizer="gd", regularizer="l2", alpha=1e-3
    )
    draw, config = drawn(trial), trial.config
    A = draw.initial(config)

    def loss(A: np.ndarray) -> float:
        residual = draw.X @ composed(config, A) - draw.y
        return 0.5 * float(residual @ residual) + 0.5 * 1e-3 * float((A**2).sum())

    problem = problem_of([trial])
    problem.step(1)
    gradient, h = (A - problem.state()["A"][:, 0]) / 1e-3, 1e-5
    for k, j in itertools.product(range(len(A)), range(0, 100, 7)):
        up, down = A.copy(), A.copy()
        up[k, j] += h
        down[k, j] -= h
        assert gradient[k, j] == pytest.approx((loss(up) - loss(down)) / (2 * h), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("form", "depth"), FORMS)
@pytest.mark.parametrize("optimizer", ["subgradient", "proximal"])
def test_stacked_steps_of_other_devices_are_those_of_the_loop(form: str, depth: int, optimizer: str) -> None:
    trials = [
        diagonal(
            i,
            i,
            parameterization=form,
            depth=depth,
            init="random",
            init_scale=1.0,
            optimizer=optimizer,
            regularizer="l1",
        )
        for i in range(2)
    ]
    compiled, stacked = problem_of(trials), problem_of(trials)
    compiled.step(5)
    alpha, decay, pull = (stacked._alpha, 1 - stacked._alpha * stacked._beta2, stacked._alpha * stacked._beta1)
    for _ in range(5):
        for which, columns in stacked._draws():
            own = (values[columns] for values in (alpha, decay, pull))
            moved = stacked._moved(stacked._A[:, columns], stacked._X[which], stacked._y[which], *own)
            stacked._A[:, columns] = moved
    np.testing.assert_allclose(stacked.state()["A"], compiled.state()["A"], rtol=1e-12, atol=1e-15)


def test_times_are_those_of_the_plain_loop_to_the_step() -> None:
    trials = [diagonal(i, seed=i) for i in range(3)]
    found = trained(*trials, train_threshold=0.05, test_threshold=0.2, max_steps=12_000, stop="max_steps")
    for trial in trials:
        train_error, test_error, _ = plain(trial, 12_000)
        outcome = found[trial.index]
        for crossing, errors, threshold in ((outcome.t1, train_error, 0.05), (outcome.t2, test_error, 0.2)):
            assert crossing is not None
            assert (crossing.step, crossing.censoring) == (first(errors, threshold), "exact")


def test_the_signed_form_comes_to_its_published_times() -> None:
    """u^2 - v^2 from 1e-4 ones, seed 0 of the legacy stream: it comes to its test threshold before the other one."""
    [outcome] = trained(
        diagonal(), train_threshold=1e-2, test_threshold=1e-1, max_steps=100_000, stop="max_steps"
    ).values()
    assert (outcome.t1, outcome.t2) == (exact(4884), exact(1588))
    assert outcome.outcome == "generalised"
    assert outcome.errors["stop"] is not None
    assert outcome.errors["stop"].error == pytest.approx(0.0048, abs=5e-5)


def exact(step: int) -> Any:
    class Same(Crossing):
        """A crossing at a step, whenever it was left again."""

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Crossing) and (other.step, other.censoring) == (step, "exact")

        __hash__ = Crossing.__hash__

    return Same(step, step - 1, step, "exact")


def test_a_product_of_equal_factors_stays_above_the_negative_part_of_the_signal() -> None:
    """Seed 1, N = 30, L = 2 of figure 9: least error .019949 at step 8,749, floor .012730."""
    trial = diagonal(seed=1, parameterization="product", init_scale=1e-2)
    scale = float(np.linalg.norm(drawn(trial).a_star))
    [outcome] = trained(trial, max_steps=200_000, stop="max_steps", plateau_every=1).values()
    least = outcome.errors["min"]
    assert least is not None
    # the least of the looks, which are 1 % apart
    assert least.step == pytest.approx(8749, rel=0.01)
    assert least.error * scale == pytest.approx(0.019949, abs=5e-6)
    assert (outcome.theory["reachable_error"] or 0) * scale == pytest.approx(0.012730, abs=5e-7)
    assert outcome.errors["stop"] is not None
    assert outcome.errors["stop"].error == pytest.approx(0.161, abs=5e-4)
    # the paper's other readings of the floor: none for the signed form, for one factor, for a random start
    for other in ({"parameterization": "symmetric"}, {"depth": 1}, {"init": "random"}):
        assert (
            task(KIND)
            .theory(drawn(trial), diagonal(**({"parameterization": "product"} | other)), Budget(1))
            .values["reachable_error"]
            == 0
        )


def test_weight_decay_takes_a_kernel_solution_to_the_rich_regime() -> None:
    """Gamma 2, alpha 5e-3, beta 1e-2, N = 50, seed 1: 84,050 and 145,206 steps to .3 and .1."""
    trial = diagonal(seed=1, N=50, init_scale=2.0, alpha=5e-3, beta=1e-2, regularizer="l2")
    for threshold, step in ((0.3, 84_050), (0.1, 145_206)):
        [outcome] = trained(trial, train_threshold=0.1, test_threshold=threshold, max_steps=200_000).values()
        assert outcome.t2 == exact(step)
        assert outcome.t1 is not None
        assert (outcome.t1.step or step) < step / 100


def test_the_transition_moves_by_the_logarithm_of_the_start() -> None:
    """Beta t2 = ln gamma + c with slope 1 (Lyu et al.): c is one number for all starts of a draw."""
    starts = (2.0, 4.0)
    trials = [
        diagonal(i, N=50, init_scale=gamma, alpha=0.02 / gamma**2, beta=2e-2, regularizer="l2")
        for i, gamma in enumerate(starts)
    ]
    found = trained(*trials, test_threshold=0.3, train_threshold=0.1, max_steps=20_000_000)
    constants = []
    for trial, gamma in zip(trials, starts, strict=True):
        outcome = found[trial.index]
        assert outcome.t2 is not None
        assert outcome.t2.step is not None
        rate = float(trial.config["alpha"] or 0) * 2e-2
        assert outcome.theory["t2_predicted"] == pytest.approx(math.log(gamma) / rate)
        constants.append(rate * outcome.t2.step - math.log(gamma))
    assert max(constants) - min(constants) < 0.02


def test_a_run_that_l2_holds_above_its_threshold_is_stalled_and_not_late() -> None:
    """A censored time would count as a long one, and bend the law of all others."""
    how: dict[str, Value] = {"alpha": 5e-3, "beta": 4e-2, "init_scale": 2.0, "N": 50, "regularizer": "l2"}
    trial = diagonal(seed=2, stream="spawned", **how)
    [outcome] = trained(trial, test_threshold=0.3, train_threshold=0.1, max_steps=2_000_000).values()
    assert outcome.outcome == "stalled"
    assert outcome.steps < 300_000
    _, test_error, _ = plain(trial, 120_000)
    assert test_error[-1] > 0.4  # where the plain loop is by then


@pytest.mark.slow
def test_the_constant_of_the_transition_is_that_of_the_flow() -> None:
    """Seed 0 at .3: 2.969 as beta goes to 0, by a stiff solver of the gradient flow; the rest is of order 20 beta."""
    trial = diagonal(N=50, init_scale=2.0, alpha=5e-3, beta=1e-3, regularizer="l2")
    [outcome] = trained(trial, test_threshold=0.3, train_threshold=0.1, max_steps=20_000_000).values()
    assert outcome.t2 is not None
    assert 5e-6 * (outcome.t2.step or 0) - math.log(2) == pytest.approx(2.969, abs=0.03)


def test_a_pack_is_its_trials_and_goes_on_bit_identically(tmp_path: Path) -> None:
    trials = [diagonal(i, seed=i % 2, init="random", init_scale=0.5, depth=3) for i in range(4)]
    budget: dict[str, Any] = {"train_threshold": 0.1, "test_threshold": 0.5, "max_steps": 3_000}
    together = trained(*trials, **budget)
    for trial in trials:
        alone = trained(trial, **budget)[trial.index]
        other = together[trial.index]
        assert (alone.t1, alone.t2, alone.outcome) == (other.t1, other.t2, other.outcome)
    place, seen = Place(tmp_path), {}
    for _ in range(400):
        asked = iter([False] * 3)
        kept = place.read()
        for report in train(
            pack(trials, task=KIND, **budget), resume=kept, place=place, stop=lambda asked=asked: next(asked, True)
        ):
            seen |= {outcome.index: outcome for outcome in report.outcomes}
        if len(seen) == len(trials):
            break
    for index, outcome in together.items():
        for part in ("outcome", "steps", "t1", "t2", "errors"):
            assert getattr(seen[index], part) == getattr(outcome, part), part


def test_it_keeps_the_contract_of_tasks_and_draws_what_sparse_recovery_draws() -> None:
    small: dict[str, Value] = {"n": 20, "N": 10, "s": 2, "stream": "spawned"}
    task_contract(task(KIND), {name: value for name, value in (DIAGONAL | small).items() if name != "beta"})
    spawned = diagonal(stream="spawned")
    other = {name: value for name, value in spawned.config.items() if name not in ("parameterization", "depth")}
    same = draw_of("sparse_recovery", Trial(0, 0, 0, other), 0)
    np.testing.assert_array_equal(drawn(spawned).X, same.X)
    zero = FactorDraw(same.X, 0 * same.y, same.a_star, same.X)
    assert (task(KIND).refusal(zero, spawned) or ("",))[0] == "uninformative_data"
