"""The Lasso path against coordinate descent, a linear program, its optimality conditions and R-C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from theory_draws import gaussian, legacy_draw, problems

from grokscale.trainers.tasks.sparse_recovery.theory.lasso import LassoPath, lasso_point

R_C = {0: 1.394e-4, 1: 2.151e-4, 2: 8.678e-5}  # final relative error of ISTA at beta = 1e-5


def coordinate_descent(X, y, beta1, beta2, sweeps=4000):
    """The textbook solver: one coordinate at a time to its own minimum."""
    a, r = np.zeros(X.shape[1]), y.copy()
    squares = np.sum(X**2, axis=0)
    for _ in range(sweeps):
        before = a.copy()
        for j in np.flatnonzero(squares):
            c = X[:, j] @ r + squares[j] * a[j]
            new = np.sign(c) * max(abs(c) - beta1, 0.0) / (squares[j] + beta2)
            r, a[j] = r + X[:, j] * (a[j] - new), new
        if np.max(np.abs(a - before)) < 1e-13:
            break
    return a


def objective(X, y, a, beta1, beta2):
    return 0.5 * np.sum((X @ a - y) ** 2) + beta1 * np.sum(np.abs(a)) + 0.5 * beta2 * np.sum(a**2)


@pytest.mark.parametrize("seed", R_C)
def test_the_point_has_the_error_where_proximal_descent_ended(seed):
    X, y, a_star = legacy_draw(seed)
    point = lasso_point(X, y, 1e-5)
    assert point.certified
    assert point.unique
    assert np.linalg.norm(point.a - a_star) / np.linalg.norm(a_star) == pytest.approx(R_C[seed], rel=4e-4)


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([1e-3, 1e-2, 0.3, 3.0]), st.sampled_from([0.0, 1e-3, 0.5]))
def test_no_point_of_coordinate_descent_is_better(problem, beta1, beta2):
    X, y, _ = problem
    point = lasso_point(X, y, beta1, beta2)
    other = coordinate_descent(X, y, beta1, beta2, sweeps=300)
    assert point.certified
    assert objective(X, y, point.a, beta1, beta2) <= objective(X, y, other, beta1, beta2) + 1e-12 * (1 + y @ y)


@settings(max_examples=100, deadline=None)
@given(problems(), st.floats(-4, 0.5), st.sampled_from([0.0, 1e-4, 0.1]))
def test_the_optimality_conditions_hold(problem, exponent, beta2):
    X, y, _ = problem
    beta1 = 10.0**exponent
    point = lasso_point(X, y, beta1, beta2)
    gradient = X.T @ (X @ point.a - y) + beta2 * point.a
    tolerance = 1e-6 * beta1
    assert point.certified
    assert np.all(np.abs(gradient) <= beta1 + tolerance)
    assert np.all(np.abs(gradient + beta1 * np.sign(point.a))[point.a != 0] <= tolerance)


@pytest.mark.parametrize(("n", "N"), [(30, 12), (12, 30)])
@pytest.mark.parametrize("beta2", [0.0, 1e-2])
def test_the_point_is_that_of_coordinate_descent(n, N, beta2):
    rng = np.random.default_rng(n)
    X, y, _ = gaussian(rng, n, N, s=3)
    y = y + 0.01 * rng.standard_normal(N)
    np.testing.assert_allclose(lasso_point(X, y, 0.05, beta2).a, coordinate_descent(X, y, 0.05, beta2), atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_beta_gives_the_basis_pursuit_point_of_a_linear_program(seed):
    X, y, _ = gaussian(np.random.default_rng(seed), n=40, N=15, s=12)
    program = linprog(np.ones(80), A_eq=np.hstack([X, -X]), b_eq=y, method="highs")
    point = lasso_point(X, y, 1e-9)
    assert point.certified
    np.testing.assert_allclose(point.a, program.x[:40] - program.x[40:], atol=1e-6)


def test_the_point_is_zero_from_the_largest_correlation_on():
    X, y, _ = legacy_draw(0)
    largest = np.max(np.abs(X.T @ y))
    assert not lasso_point(X, y, 1.0001 * largest).a.any()
    assert np.count_nonzero(lasso_point(X, y, 0.9999 * largest).a) == 1


def test_zero_columns_stay_zero():
    X, y, _ = legacy_draw(0)
    X[:, ::7] = 0.0
    point = lasso_point(X, y, 1e-6)
    assert point.certified
    assert not point.a[::7].any()


def test_equal_columns_leave_the_point_certified_and_not_unique():
    X, y, a_star = legacy_draw(0)
    twin = np.flatnonzero(a_star == 0)[0]
    X[:, twin] = X[:, np.argmax(np.abs(a_star))]
    point = lasso_point(X, y, 1e-4)
    assert point.certified
    assert not point.unique


def test_the_elastic_net_is_unique_even_there():
    X, y, a_star = legacy_draw(0)
    twin, top = np.flatnonzero(a_star == 0)[0], np.argmax(np.abs(a_star))
    X[:, twin] = X[:, top]
    point = lasso_point(X, y, 1e-4, 1e-3)
    assert point.certified
    assert point.unique
    assert point.a[twin] == pytest.approx(point.a[top])


def test_coordinate_rows_of_equal_signals_join_all_at_once():
    rows = np.eye(20)[:12]
    y = rows @ np.repeat([1.0, -1.0], 10)
    point = lasso_point(rows, y, 0.25)
    assert point.certified
    np.testing.assert_allclose(point.a[:12], 0.75 * y, rtol=1e-14)


def test_a_path_gives_the_same_points_in_any_order():
    X, y, _ = legacy_draw(1)
    path = LassoPath(X, y)
    betas = np.geomspace(1e-6, 1e-2, 9)
    for beta in np.random.default_rng(0).permutation(betas):
        np.testing.assert_allclose(path.at(beta).a, lasso_point(X, y, beta).a, atol=1e-15)


def test_the_elastic_net_tends_to_ridge_as_beta1_falls():
    X, y, _ = legacy_draw(2)
    ridge = np.linalg.solve(X.T @ X + 0.1 * np.eye(100), X.T @ y)
    np.testing.assert_allclose(lasso_point(X, y, 1e-9, 0.1).a, ridge, atol=1e-7)


@pytest.mark.parametrize("N", [120, 800])
def test_the_point_of_four_hundred_noisy_dimensions_is_certified(N):
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(rng, n=400, N=N, s=20)
    assert lasso_point(X, y + 1e-3 * rng.standard_normal(N), 1e-5).certified


@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.0), (-1.0, 0.0), (1.0, -1.0), (np.nan, 0.0), (1.0, np.nan)])
def test_strengths_that_are_none_are_refused(beta1, beta2):
    with pytest.raises(ValueError, match="must be"):
        lasso_point(np.eye(2), np.ones(2), beta1, beta2)
