"""The tasks: what they draw, and the synthetic law."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.registry import described, draw_of
from grokscale.trainers.tasks.registry import task as task_of
from grokscale.trainers.trial import Budget
from tests.e2e.reference_values import EXACT_T2_PROXIMAL, TABLE_A, Run
from tests.trainers.packs import diagonal, matrix, outcomes, pack, sparse, synthetic


def legacy(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Signal and design as published code draws them at (n, s, N) = (100, 5, 30)."""
    random = np.random.RandomState(seed)
    a_star = np.zeros(100)
    support = random.choice(100, 5, replace=False)
    a_star[support] = random.randn(5) / 10
    return a_star, np.random.RandomState(seed).randn(30, 100) / math.sqrt(30)


PUBLISHED = {"n": 100, "s": 5, "N": 30, "stream": "legacy"}


@pytest.mark.parametrize("run", TABLE_A[:3], ids=lambda run: f"seed {run.seed}")
def test_the_legacy_stream_draws_what_published_code_draws(run: Run) -> None:
    draw = draw_of("sparse_recovery", sparse(0, run.seed, **PUBLISHED), study_seed=7)
    a_star, X = legacy(run.seed)
    np.testing.assert_array_equal(draw.a_star, a_star)
    np.testing.assert_allclose(draw.X, X, rtol=1e-15)
    assert np.linalg.norm(draw.a_star) == pytest.approx(run.norm, abs=5e-5)


def test_the_legacy_noise_shares_its_numbers_with_the_design() -> None:
    noisy = draw_of("sparse_recovery", sparse(0, 1, **PUBLISHED, snr=1e8), 0)
    a_star, X = legacy(1)
    noise = noisy.y - X @ a_star
    np.testing.assert_allclose(noise / np.linalg.norm(noise), X[0, :30] / np.linalg.norm(X[0, :30]), atol=1e-6)


def test_exact_times_of_the_published_setting() -> None:
    trials = [sparse(0, 0, **PUBLISHED, beta=1e-5)]
    [outcome] = outcomes(pack(trials, max_steps=100_000)).values()
    assert outcome.t2 is not None
    assert outcome.t2.step == EXACT_T2_PROXIMAL[0]


def test_all_step_sizes_and_strengths_of_a_seed_share_their_data() -> None:
    one = draw_of("sparse_recovery", sparse(0, 3, alpha=0.1, beta=1e-3, optimizer="proximal"), 0)
    other = draw_of("sparse_recovery", sparse(9, 3, alpha=0.01, beta=1e-5, optimizer="subgradient", init_scale=1.0), 0)
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.a_star, other.a_star)


@pytest.mark.parametrize("change", [{"study_seed": 1}, {"seed": 4}, {"N": 21}, {"tau": 0.1}])
def test_anything_that_names_the_data_changes_them(change: dict[str, float]) -> None:
    seed, study_seed = int(change.pop("seed", 3)), int(change.pop("study_seed", 0))
    one = draw_of("sparse_recovery", sparse(0, 3), 0)
    other = draw_of("sparse_recovery", sparse(0, seed, **change), study_seed)
    assert one.X.shape != other.X.shape or not np.array_equal(one.X, other.X)


def test_the_named_streams_of_a_seed_are_independent() -> None:
    streams = Streams.of(0, 0, {"n": 10}, ("n",))
    numbers = [streams.generator(name).standard_normal(4) for name in ("signal", "design", "noise", "init", "batches")]
    assert len({tuple(row) for row in numbers}) == 5


def test_tau_replaces_rows_by_distinct_unit_coordinates() -> None:
    draw = draw_of("sparse_recovery", sparse(0, 0, N=20, tau=0.5), 0)
    coordinate = [row for row in draw.X if np.count_nonzero(row) == 1]
    assert len(coordinate) == 10
    assert len({int(np.argmax(row)) for row in coordinate}) == 10
    assert all(row.max() == 1.0 for row in coordinate)


def test_snr_sets_the_noise_power() -> None:
    ratios = []
    for seed in range(200):
        trial = sparse(0, seed, n=50, s=5, N=40, snr=100.0)
        draw = draw_of("sparse_recovery", trial, 0)
        ratios.append(float(np.sum((draw.y - draw.X @ draw.a_star) ** 2)))
    assert np.mean(ratios) == pytest.approx((5 / 50) / 100.0, rel=0.05)


def test_design_variance_is_one_over_N_unless_stated() -> None:
    default = draw_of("sparse_recovery", sparse(0, 0, n=200, N=100), 0).X
    stated = draw_of("sparse_recovery", sparse(0, 0, n=200, N=100, design_variance=4.0), 0).X
    assert default.var() == pytest.approx(1 / 100, rel=0.03)
    assert stated.var() == pytest.approx(4.0, rel=0.03)


def test_a_uniform_signal_is_never_all_zero() -> None:
    for seed in range(50):
        a_star = draw_of("sparse_recovery", sparse(0, seed, s=1, signal="uniform"), 0).a_star
        assert set(np.unique(a_star)) <= {-1.0, 0.0, 1.0}
        assert a_star.any()


def test_the_synthetic_task_crosses_where_its_law_says() -> None:
    grid = [(s, a, b) for s in range(3) for a in (0.01, 0.1) for b in (1e-5, 1e-3)]
    trials = [synthetic(i, s, alpha=a, beta=b, sigma=0.0, draw_sigma=0.0) for i, (s, a, b) in enumerate(grid)]
    found = outcomes(pack(trials, task="synthetic", max_steps=10**9))
    for index, (_, alpha, beta) in enumerate(grid):
        t1, t2 = found[index].t1, found[index].t2
        assert t1 is not None
        assert t2 is not None
        assert t2.step in (math.ceil(0.1 / (alpha * beta)), math.ceil(0.1 / (alpha * beta)) + 1)
        assert t1.step == math.ceil(5.0 / alpha)


def test_the_synthetic_noise_belongs_to_trial_and_seed() -> None:
    def t2(**fields: float) -> int:
        trial = synthetic(int(fields.pop("index", 0)), int(fields.pop("seed", 0)), **fields)
        [outcome] = outcomes(pack([trial], task="synthetic", max_steps=10**9)).values()
        assert outcome.t2 is not None
        assert outcome.t2.step is not None
        return outcome.t2.step

    assert t2() == t2()
    assert t2() != t2(seed=1)
    assert t2(sigma=0.5) != t2(index=1, sigma=0.5)


def test_the_synthetic_switches_misbehave() -> None:
    diverging = synthetic(1, faults={"diverge": [1]})
    found = outcomes(pack([synthetic(0), diverging], task="synthetic", max_steps=10**6))
    assert [found[0].outcome, found[1].outcome] == ["generalised", "diverged"]
    with pytest.raises(RuntimeError, match="trial 2 raises"):
        outcomes(pack([synthetic(2, faults={"raise": [2]})], task="synthetic", max_steps=10**6))


def test_the_exit_switch_ends_the_process() -> None:
    code = (
        "from tests.trainers.packs import outcomes, pack, synthetic\n"
        "outcomes(pack([synthetic(0, faults={'exit': [0]})], task='synthetic', max_steps=10**6))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


@pytest.mark.parametrize("kind", described())
def test_a_task_names_its_fields_and_its_cost(kind: str) -> None:
    task = task_of(kind)
    makers = {
        "sparse_recovery": sparse,
        "diagonal_network": diagonal,
        "matrix_completion": matrix,
        "synthetic": synthetic,
    }
    trial = makers[kind]()
    assert set(task.description.data_fields) <= trial.config.keys()
    assert task.memory(trial.config, columns=100, draws=5) > 0
    assert task.seconds_per_step(trial.config, columns=100, draws=5) > 0
    theory = task.theory(draw_of(kind, trial, 0), trial, Budget(1000))
    assert theory.values.keys() == {column.name for column in task.description.theory}
    assert all(theory.values[name] is not None or theory.reasons[name] for name in theory.values)
