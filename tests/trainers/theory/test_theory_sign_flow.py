"""T* against measured times of plain loops, the flow's end against a linear program, and the symmetries of both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from theory_draws import SMALL_INIT, gaussian, legacy_draw, problems

from grokscale.trainers.tasks.sparse_recovery.theory.lasso import lasso_point
from grokscale.trainers.tasks.sparse_recovery.theory.sign_flow import sign_flow
from grokscale.trainers.tasks.sparse_recovery.theory.spectrum import Spectrum

# R-I: kappa t2@1e-1, kappa t2@1e-2 of the projected method from a_hat at kappa = 1e-5, as printed
R_I = {
    0: (0.06513, 0.0781),
    1: (0.08579, 0.09888),
    2: (0.20126, 0.23207),
    3: (0.05854, 0.0710),
    4: (0.13490, 0.15634),
}
# R-A: exact steps of t2@1e-2, subgradient, alpha beta = 1e-6
R_A = (78091, 98866, 232056, 71005, 156365, 123449, 230948, 191343, 193368, 222469)
ISTA = {0: 78088, 1: 98861, 2: 232051}


def flow_of(problem, a0):
    X, y, a_star = problem
    return sign_flow(Spectrum.of(X, y), a_star, a0)


def proximal_t2(problem, a, alpha, beta, theta, most):
    """Steps of the plain loop until the relative recovery error is at most theta."""
    X, y, a_star = problem
    gram, pull, scale = np.eye(a.size) - alpha * X.T @ X, alpha * X.T @ y, np.linalg.norm(a_star)
    for t in range(most):
        if np.linalg.norm(a - a_star) <= theta * scale:
            return t
        z = gram @ a + pull
        a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0.0)
    raise AssertionError(f"no crossing within {most} steps")


@pytest.mark.parametrize("seed", R_I)
def test_T_star_is_the_time_of_the_projected_method_in_r_i(seed):
    flow = flow_of(legacy_draw(seed), SMALL_INIT)
    # kappa / theta sets how far the projected method is from its limit; the table prints four digits
    assert flow.first_passage(1e-1) == pytest.approx(R_I[seed][0], abs=5e-5)
    assert flow.first_passage(1e-2) == pytest.approx(R_I[seed][1], abs=1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_the_subgradient_method_of_r_a_takes_T_star_to_a_thousandth(seed):
    T_star = flow_of(legacy_draw(seed), SMALL_INIT).first_passage(1e-2)
    assert T_star == pytest.approx(1e-6 * R_A[seed], rel=1e-3)


@pytest.mark.parametrize("seed", ISTA)
def test_proximal_descent_takes_T_star_up_to_a_multiple_of_beta(seed):
    T_star = flow_of(legacy_draw(seed), SMALL_INIT).first_passage(1e-2)
    assert abs(1e-6 * ISTA[seed] - T_star) < 2 * 1e-5


def test_proximal_descent_comes_closer_as_beta_falls():
    T_star = flow_of(legacy_draw(0), SMALL_INIT).first_passage(1e-2)
    assert abs(1e-7 * 780_782 - T_star) < 1e-6


def test_the_exact_times_of_fast_forward_converge_to_T_star():
    T_star = flow_of(legacy_draw(1), SMALL_INIT).first_passage(1e-3)
    steps = {1e-5: 100_345, 1e-6: 1_003_094, 1e-7: 10_030_863, 1e-8: 100_308_606}
    gaps = [abs(0.1 * beta * t2 - T_star) for beta, t2 in steps.items()]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 2e-8 * T_star


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0]))
def test_random_draws_take_T_star_in_the_limit_of_small_beta(seed, init_scale):
    rng = np.random.default_rng(seed)
    problem = gaussian(rng, n=14, N=8, s=1)
    a0 = init_scale * rng.standard_normal(14)
    flow = flow_of(problem, a0)
    T_star = flow.first_passage(0.1)
    alpha, beta = 0.5 / np.linalg.norm(problem[0], 2) ** 2, 1e-3
    X, y, a_star = problem
    floor = np.linalg.norm(lasso_point(X, y, beta).a - a_star) / np.linalg.norm(a_star)
    assume(flow.limit_error < 1e-6 and floor < 0.01)  # the hypotheses of M2
    assume(T_star is not None and 0.05 < T_star < 5)
    coarse = alpha * beta * proximal_t2(problem, a0, alpha, beta, 0.1, 200_000)
    fine = alpha * beta / 4 * proximal_t2(problem, a0, alpha, beta / 4, 0.1, 800_000)
    assert abs(fine - T_star) < max(0.75 * abs(coarse - T_star), 0.01 * (1 + T_star))


@settings(max_examples=150, deadline=None)
@given(problems(), st.sampled_from([0.0, 1e-6, 3.0]), st.integers(0, 2**16))
def test_the_flow_ends_at_the_basis_pursuit_point(problem, init_scale, seed):
    X, y, _ = problem
    n = X.shape[1]
    flow = flow_of(problem, init_scale * np.random.default_rng(seed).standard_normal(n))
    y_hat = X @ Spectrum.of(X, y).a_hat()
    program = linprog(np.ones(2 * n), A_eq=np.hstack([X, -X]), b_eq=y_hat, method="highs")
    np.testing.assert_allclose(X @ flow.limit, y_hat, atol=1e-7)
    assert np.sum(np.abs(flow.limit)) == pytest.approx(program.fun, rel=1e-6, abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_short_steps_of_the_projected_method_follow_the_flow(seed):
    rng = np.random.default_rng(seed)
    problem = X, y, a_star = gaussian(rng, n=12, N=5, s=4)
    a0, kappa = rng.standard_normal(12), 1e-3
    flow, spectrum = flow_of(problem, a0), Spectrum.of(X, y)
    a, step = spectrum.least_squares_limit(a0), kappa * (np.eye(12) - spectrum.V @ spectrum.V.T)
    for k in range(int(flow.start[-1] / kappa)):
        if k % 100 == 0:
            assert np.linalg.norm(a - a_star) == pytest.approx(distance_at(flow, k * kappa), abs=20 * kappa)
        a = a - step @ np.sign(a)


def distance_at(flow, T):
    piece = np.searchsorted(flow.start, T, side="right") - 1
    since = T - flow.start[piece]
    square = flow.square[piece] + 2 * flow.cross[piece] * since + (flow.speed[piece] * since) ** 2
    return np.sqrt(max(square, 0.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
def test_T_star_grows_with_the_scale_of_the_problem(seed, scale):
    rng = np.random.default_rng(seed)
    X, y, a_star = gaussian(rng, n=16, N=9, s=2)
    a0 = rng.standard_normal(16)
    time = flow_of((X, y, a_star), a0).first_passage(0.05)
    scaled = flow_of((X, scale * y, scale * a_star), scale * a0).first_passage(0.05)
    assert (time is None) == (scaled is None)
    if time is not None:
        assert scaled == pytest.approx(scale * time, rel=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_T_star_does_not_see_order_signs_or_a_rotation_of_the_equations(seed):
    rng = np.random.default_rng(seed)
    X, y, a_star = gaussian(rng, n=16, N=9, s=2)
    a0 = rng.standard_normal(16)
    order, signs = rng.permutation(16), rng.choice([-1.0, 1.0], 16)
    turned = np.linalg.qr(rng.standard_normal((9, 9)))[0] @ np.diag(rng.uniform(0.5, 2.0, 9))
    time = flow_of((X, y, a_star), a0).first_passage(0.05)
    other = flow_of((turned @ X[:, order] * signs, turned @ y, a_star[order] * signs), a0[order] * signs)
    assert (time is None) == (other.first_passage(0.05) is None)
    if time is not None:
        assert other.first_passage(0.05) == pytest.approx(time, rel=1e-7)


def test_a_smaller_threshold_takes_longer():
    flow = flow_of(legacy_draw(0), SMALL_INIT)
    times = [flow.first_passage(theta) for theta in (0.9, 0.5, 1e-1, 1e-2, 1e-3, 1e-6)]
    assert times == sorted(times)
    assert None not in times


def test_a_start_within_the_threshold_takes_no_time():
    X, y, a_star = legacy_draw(0)
    assert flow_of((X, y, a_star), a_star).first_passage(1e-2) == 0.0


def test_a_coordinate_that_no_equation_sees_falls_at_unit_speed():
    X, y = np.array([[1.0, 0.0]]), np.array([2.0])
    flow = flow_of((X, y, np.array([2.0, 0.0])), np.array([0.0, 1.5]))
    assert flow.first_passage(0.25) == pytest.approx(1.0)
    np.testing.assert_allclose(flow.limit, [2.0, 0.0], atol=1e-12)


def test_the_flow_passes_through_a_star_where_another_point_has_the_lesser_norm():
    X, y, a_star = np.array([[1.0, 2.0]]), np.array([1.0]), np.array([1.0, 0.0])
    flow = flow_of((X, y, a_star), np.array([4.0, -1.5]))
    assert flow.first_passage(1e-3) is not None
    np.testing.assert_allclose(flow.limit, [0.0, 0.5], atol=1e-12)


def test_without_a_null_space_nothing_moves():
    problem = gaussian(np.random.default_rng(0), n=6, N=9, s=2)
    X, y, a_star = problem
    flow = flow_of((X, y + 0.5, a_star), np.ones(6))
    np.testing.assert_allclose(flow.limit, np.linalg.lstsq(X, y + 0.5)[0], atol=1e-12)
    assert flow.first_passage(1e-3) is None


def test_four_hundred_dimensions_from_a_large_start_end_at_a_star():
    problem = gaussian(np.random.default_rng(3), n=400, N=120, s=10)
    assert flow_of(problem, 10 * np.ones(400)).limit_error < 1e-8
