"""Spectra of a draw against numpy's own routines, R-A, R-F and plain loops of gradient descent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from theory_draws import SMALL_INIT, gaussian, legacy_draw, problems

from grokscale.trainers.tasks.sparse_recovery.theory.spectrum import Spectrum

# R-A: pred = ||a_hat - a*||_inf / (alpha beta) at alpha beta = 1e-6, sigma_max(X^T X), t1@1e-2
R_A = {
    0: (94740, 6.89, 27),
    1: (69548, 7.12, 30),
    2: (135429, 6.93, 36),
    3: (116676, 7.35, 39),
    4: (51672, 6.39, 34),
    5: (125584, 7.56, 31),
    6: (169821, 6.75, 29),
    7: (83768, 8.22, 36),
    8: (134698, 7.20, 30),
    9: (177750, 7.93, 21),
}


def first_step_of_descent(X, y, a, alpha, theta, most):
    """Plain gradient descent, every step checked."""
    for t in range(most + 1):
        if np.linalg.norm(X @ a - y) <= theta * np.linalg.norm(y):
            return t
        a = a - alpha * (X.T @ (X @ a - y))
    return None


@pytest.mark.parametrize("seed", R_A)
def test_the_least_squares_gap_and_the_largest_eigenvalue_are_those_of_r_a(seed):
    X, y, a_star = legacy_draw(seed)
    spectrum = Spectrum.of(X, y)
    gap, sigma_max, _ = R_A[seed]
    assert np.max(np.abs(spectrum.a_hat() - a_star)) / 1e-6 == pytest.approx(gap, abs=0.51)
    assert spectrum.alpha_max() == pytest.approx(2 / sigma_max, rel=1e-3)


@pytest.mark.parametrize("seed", R_A)
def test_t1_at_small_beta_is_that_of_r_a_to_a_step(seed):
    X, y, _ = legacy_draw(seed)
    t1 = Spectrum.of(X, y).t1_predicted(1e-2, 0.1, SMALL_INIT)
    assert t1 is not None
    assert abs(t1 - R_A[seed][2]) <= 1


def test_t1_from_a_large_start_is_that_of_r_f_to_a_step():
    X, y, _ = legacy_draw(1)
    spectrum = Spectrum.of(X, y)
    times = [spectrum.t1_predicted(theta, 0.1, 10 * np.ones(100)) for theta in (1e-2, 1e-3, 1e-4)]
    assert times == pytest.approx([89, 118, 148], abs=1)


@settings(max_examples=60, deadline=None)
@given(problems(), st.floats(0.05, 1.9), st.sampled_from([0.5, 1e-1, 1e-2, 1e-3]), st.integers(0, 2**16))
def test_t1_is_the_step_of_a_plain_loop(problem, fraction, theta, seed):
    X, y, _ = problem
    spectrum = Spectrum.of(X, y)
    if not y.any() or spectrum.rank == 0:
        return
    alpha = fraction / spectrum.sigma[0] ** 2
    a0 = np.random.default_rng(seed).standard_normal(X.shape[1])
    assert _within_rounding(spectrum.t1_predicted(theta, alpha, a0), X, y, a0, alpha, theta)


def _within_rounding(t1, X, y, a0, alpha, theta):
    """The loop's step lies between those of two thresholds that differ only by rounding."""
    most = 3000
    early = first_step_of_descent(X, y, a0, alpha, theta * (1 + 1e-9), most)
    late = first_step_of_descent(X, y, a0, alpha, theta * (1 - 1e-9), most)
    if early is None:
        return t1 is None or t1 > most
    return t1 is not None and early <= t1 and (late is None or t1 <= late)


def test_t1_agrees_with_proximal_descent_at_a_tiny_beta():
    X, y, _ = legacy_draw(4)
    a, steps = SMALL_INIT.copy(), 0
    while np.linalg.norm(X @ a - y) > 1e-3 * np.linalg.norm(y):
        z = a - 0.1 * (X.T @ (X @ a - y))
        a = np.sign(z) * np.maximum(np.abs(z) - 0.1 * 1e-9, 0.0)
        steps += 1
    assert Spectrum.of(X, y).t1_predicted(1e-3, 0.1, SMALL_INIT) == steps


def test_t1_is_none_where_least_squares_stays_above_the_threshold():
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(rng, n=5, N=40, s=2)
    spectrum = Spectrum.of(X, y + rng.standard_normal(40))
    assert spectrum.t1_predicted(1e-2, 0.1, np.zeros(5)) is None


def test_t1_is_zero_where_the_start_already_fits():
    X, y, a_star = legacy_draw(0)
    assert Spectrum.of(X, y).t1_predicted(1e-2, 0.1, a_star) == 0


def test_the_train_error_of_the_slow_phase_is_the_plateau_of_proximal_descent():
    X, y, _ = legacy_draw(1)
    spectrum = Spectrum.of(X, y)
    a, alpha, beta = SMALL_INIT.copy(), 0.1, 1e-6
    for _ in range(600):
        z = a - alpha * (X.T @ (X @ a - y))
        a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0.0)
    measured = np.linalg.norm(X @ a - y) / np.linalg.norm(y)
    plateau = spectrum.train_error_plateau(spectrum.least_squares_limit(SMALL_INIT), beta, 0.0)
    assert plateau == pytest.approx(measured, rel=0.02)


@settings(max_examples=60, deadline=None)
@given(problems(), st.floats(1e-3, 10.0), st.integers(0, 2**16))
def test_points_in_closed_form_agree_with_numpy(problem, beta2, seed):
    X, y, _ = problem
    spectrum, n = Spectrum.of(X, y), X.shape[1]
    a0 = np.random.default_rng(seed).standard_normal(n)
    pinv = np.linalg.pinv(X, rcond=1e-12)
    np.testing.assert_allclose(spectrum.a_hat(), pinv @ y, atol=1e-8)
    np.testing.assert_allclose(spectrum.P_perp(a0), a0 - pinv @ (X @ a0), atol=1e-8)
    np.testing.assert_allclose(spectrum.least_squares_limit(a0), pinv @ y + a0 - pinv @ (X @ a0), atol=1e-8)
    ridge = np.linalg.solve(X.T @ X + beta2 * np.eye(n), X.T @ y)
    np.testing.assert_allclose(spectrum.ridge_point(beta2), ridge, atol=1e-8)


def test_the_step_limit_falls_with_the_l2_strength():
    X, y, _ = legacy_draw(1)
    sigma_max = np.linalg.eigvalsh(X.T @ X)[-1]
    assert Spectrum.of(X, y).alpha_max(0.5) == pytest.approx(2 / (sigma_max + 0.5))


def test_there_is_no_step_limit_without_curvature():
    assert Spectrum.of(np.zeros((3, 4)), np.ones(3)).alpha_max() is None


def test_repeated_rows_do_not_raise_the_rank():
    X = np.vstack([np.eye(4)[:2]] * 3)
    assert Spectrum.of(X, X @ np.ones(4)).rank == 2


@pytest.mark.parametrize(
    ("X", "y"),
    [(np.ones((2, 3)), np.ones(3)), (np.ones(3), np.ones(3)), (np.full((2, 3), np.nan), np.ones(2))],
)
def test_a_draw_that_is_no_draw_is_refused(X, y):
    with pytest.raises(ValueError, match=r"X|infs"):
        Spectrum.of(X, y)


def test_targets_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="non-finite"):
        Spectrum.of(np.ones((2, 3)), np.array([1.0, np.inf]))
