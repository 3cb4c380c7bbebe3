"""Matrix completion against the published form of it, by every method, to the step."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from grokscale.trainers.checkpoint import Place
from grokscale.trainers.pack import train
from grokscale.trainers.tasks.matrix_completion.data import MatrixDraw, leverage
from grokscale.trainers.tasks.registry import described, draw_of, task
from grokscale.trainers.trial import Budget, Outcome, Trial, Value
from tests.trainers.matrix_completion import oracle
from tests.trainers.packs import matrix, outcomes, pack

KIND = "matrix_completion"
STEPS = 4000


def drawn(trial: Trial) -> MatrixDraw:
    return draw_of(KIND, trial, 0)


def plain(trial: Trial, theta: float, steps: int = STEPS) -> tuple[int | None, int | None, np.ndarray]:
    draw, config = drawn(trial), trial.config
    numbers: Any = (config["alpha"], config.get("beta", 0.0))
    start = draw.initial(config)
    method, norm = str(config["optimizer"]), str(config["regularizer"])
    return oracle.run(draw.A_star, draw.observed, start, method, norm, *numbers, steps, theta)


def trained(*trials: Trial, theta: float = 0.1, **budget: Any) -> dict[int, Outcome]:
    thresholds = {"train_threshold": theta, "test_threshold": theta, "max_steps": STEPS}
    return outcomes(pack(list(trials), task=KIND, **(thresholds | budget)))


METHODS = [
    *itertools.product(("subgradient", "proximal", "projected"), ("nuclear", "l1", "l2", "none")),
    *itertools.product(("gd",), ("l2", "none")),
]


@pytest.mark.parametrize(("method", "norm"), METHODS)
def test_every_method_comes_to_its_times_at_the_step_of_the_published_loop(method: str, norm: str) -> None:
    trials = [
        matrix(i, seed, optimizer=method, regularizer=norm, alpha=alpha, beta=beta)
        for i, (seed, alpha, beta) in enumerate([(0, 0.4, 0.03), (1, 0.2, 0.03), (0, 0.1, 0.1)])
    ]
    found = trained(*trials, max_steps=600, stop="max_steps", record="coordinates")
    seen = 0
    for trial in trials:
        t1, t2, end = plain(trial, 0.1, 600)
        outcome = found[trial.index]
        for crossing, step in ((outcome.t1, t1), (outcome.t2, t2)):
            assert crossing is not None
            assert crossing.step == step
            seen += step is not None
        assert outcome.coordinates is not None
        # singular values that sign steps swing about 0, by alpha beta, make of rounding errors what they like
        swings = norm == "nuclear" and method in ("subgradient", "projected")
        swing: Any = trial.config["alpha"] * trial.config["beta"] if swings else 0.0  # type: ignore[operator]
        np.testing.assert_allclose(outcome.coordinates[-1].reshape(end.shape), end, atol=1e-9 + swing)
    assert seen >= (0 if norm == "l2" and method != "projected" else 2)


def test_a_small_nuclear_norm_groks_and_its_time_goes_as_one_over_alpha_beta() -> None:
    cells = [(alpha, beta) for alpha in (0.1, 0.3) for beta in (0.003, 0.03)]
    trials = [matrix(i, alpha=alpha, beta=beta) for i, (alpha, beta) in enumerate(cells)]
    found = trained(*trials, theta=0.05, max_steps=20_000)
    times = [found[i].t2.step for i in range(4)]
    assert all(found[i].looks == "ratio 1.01" for i in range(4))
    assert all(found[i].t1.step < times[i] / 3 for i in range(4))
    scaled = [alpha * beta * t2 for (alpha, beta), t2 in zip(cells, times, strict=True)]
    assert max(scaled) / min(scaled) < 1.01
    # no such time without it
    assert trained(matrix(regularizer="none"), max_steps=2000)[0].outcome in ("memorised", "stalled")


def test_times_are_the_same_in_any_pack() -> None:
    trials = [matrix(i, seed=i, beta=0.05) for i in range(3)]
    together = trained(*trials)
    for trial in trials:
        alone = trained(trial)[trial.index]
        assert (alone.t1, alone.t2, alone.steps) == (
            together[trial.index].t1,
            together[trial.index].t2,
            together[trial.index].steps,
        )
        # steps at which others end are in the curves of all
        of_all = np.isin(together[trial.index].curve["step"], alone.curve["step"])
        own = np.isin(alone.curve["step"], together[trial.index].curve["step"])
        ours, theirs = (outcome.curve["test_error"] for outcome in (alone, together[trial.index]))
        np.testing.assert_array_equal(ours[own], theirs[of_all])
        assert own.sum() > 50


def test_a_run_that_is_stopped_goes_on_bit_identically(tmp_path: Any) -> None:
    trials = [matrix(i, seed=i, beta=0.05) for i in range(2)]
    whole = trained(*trials)
    asked = pack(trials, task=KIND, train_threshold=0.1, test_threshold=0.1, max_steps=STEPS)
    breaths = iter(range(40))
    place = Place(tmp_path)
    list(train(asked, place=place, stop=lambda: next(breaths, None) is None, breath_seconds=1e-9))
    saved = place.read()
    assert saved is not None
    assert 0 < saved.step < max(outcome.steps for outcome in whole.values())
    resumed = outcomes(asked, resume=saved)
    for index, outcome in whole.items():
        assert (resumed[index].t1, resumed[index].t2) == (outcome.t1, outcome.t2)
        for name, column in outcome.curve.items():
            np.testing.assert_array_equal(resumed[index].curve[name], column)


@pytest.mark.parametrize("factors", ["independent", "symmetric"])
def test_the_data_are_those_of_the_paper(factors: str) -> None:
    trial = matrix(seed=3, n1=8, n2=8, r=2, N=30, factors=factors)
    draw = drawn(trial)
    assert np.linalg.norm(draw.A_star) == pytest.approx(8)
    assert np.linalg.matrix_rank(draw.A_star) == 2
    assert draw.observed.sum() == 30
    assert set(np.unique(draw.observed)) == {0.0, 1.0}
    assert np.allclose(draw.A_star, draw.A_star.T) == (factors == "symmetric")


def test_coherent_cells_are_those_of_the_largest_leverage() -> None:
    coherent = drawn(matrix(seed=1, N=20, tau=0.5))
    scores = leverage(coherent.A_star, 1)
    # by the definition, from projections: mu_i is n1/r times the squared norm of the projection of e_i on the columns
    columns = coherent.A_star @ np.linalg.pinv(coherent.A_star)
    rows = np.linalg.pinv(coherent.A_star) @ coherent.A_star
    by_hand = 8 * np.diag(columns)[:, None] + 7 * np.diag(rows)[None, :]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-9)
    ten = np.argsort(-by_hand.ravel(), kind="stable")[:10]
    assert coherent.observed.ravel()[ten].all()
    assert coherent.observed.sum() == 20


def test_its_predictions_are_closed_forms() -> None:
    trial = matrix(regularizer="none", alpha=0.4)
    draw = drawn(trial)
    values = task(KIND).theory(draw, trial, Budget(1000, train_threshold=1e-3)).values
    unseen = np.where(draw.observed > 0, 0, draw.A_star)
    assert values["A_gap"] == pytest.approx(np.linalg.svd(unseen)[1][0])
    assert values["alpha_max"] == 2
    t1, _, _ = plain(trial, 1e-3, 200)
    assert values["t1_predicted"] == t1
    assert task(KIND).theory(draw, matrix(regularizer="l2", beta=0.5), Budget(1000)).values["alpha_max"] == 2 / 1.5


@pytest.mark.parametrize(("fields", "outcome"), [({"alpha": 2.0}, "diverged"), ({"alpha": 1.9}, "memorised")])
def test_a_step_size_at_its_limit_is_refused(fields: dict[str, Value], outcome: str) -> None:
    [found] = trained(matrix(regularizer="none", **fields), max_steps=300).values()
    assert found.outcome == outcome


def test_a_run_without_a_regulariser_rests_and_says_so() -> None:
    [found] = trained(matrix(regularizer="none"), max_steps=10**6).values()
    assert found.outcome == "stalled"
    assert found.steps < 10_000


def test_it_says_what_it_records() -> None:
    [found] = trained(matrix()).values()
    curve = found.curve
    assert set(curve) - {"step"} == {quantity.name for quantity in described()[KIND].curves}
    assert math.isclose(curve["nuclear_norm"][0], 1e-6 * math.sqrt(56), rel_tol=1e-9)  # of ones: one singular value
    assert curve["rank"][0] == 0  # below 1e-4 of the largest singular value of A*
    assert curve["rank"][-1] >= 1
    assert np.isclose(curve["train_error"][0], 1, atol=1e-4)
