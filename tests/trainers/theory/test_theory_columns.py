"""The theory columns of a trial against the reference values, and null with a reason where a hypothesis fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from theory_draws import SMALL_INIT, gaussian, legacy_draw, problems

from grokscale.trainers.tasks.sparse_recovery.theory.closed_form import support_bias
from grokscale.trainers.tasks.sparse_recovery.theory.columns import COLUMNS, columns
from grokscale.trainers.tasks.sparse_recovery.theory.draw import DrawTheory


def l1(alpha=0.1, beta=1e-5, optimizer="proximal"):
    return {"regularizer": "l1", "beta": beta, "optimizer": optimizer, "alpha": alpha}


def of(draw, config, a0=SMALL_INIT, train=1e-2, test=1e-2):
    return columns(draw, a0, config, train, test)


@pytest.fixture(scope="module")
def draws():
    return [DrawTheory(*legacy_draw(seed)) for seed in range(3)]


@pytest.mark.parametrize(("seed", "floor"), [(0, 1.394e-4), (1, 2.151e-4), (2, 8.678e-5)])
def test_the_floor_is_the_final_error_of_proximal_descent_in_r_c(draws, seed, floor):
    values, _ = of(draws[seed], l1())
    assert values["floor"] == pytest.approx(floor, rel=4e-4)


@pytest.mark.parametrize(("seed", "floor"), [(0, 1.394e-4), (2, 8.678e-5)])
def test_the_closed_form_of_r_c_stands_where_its_conditions_hold(draws, seed, floor):
    values, _ = of(draws[seed], l1())
    assert values["floor_closed_form"] == pytest.approx(floor, rel=4e-4)
    assert values["floor_closed_form"] == pytest.approx(values["floor"], rel=1e-6)


def test_the_closed_form_is_withheld_where_the_irrepresentable_condition_fails(draws):
    values, reasons = of(draws[1], l1())
    assert values["floor_closed_form"] is None
    assert "1.289" in reasons["floor_closed_form"]


@pytest.mark.parametrize(("seed", "constant"), [(0, 0.910), (1, 1.289), (2, 0.929)])
def test_the_irrepresentable_constants_are_those_of_r_c(seed, constant):
    assert support_bias(*legacy_draw(seed), 1e-5).irrepresentable == pytest.approx(constant, abs=5e-4)


def test_the_bias_of_r_c_is_right_also_where_its_conditions_fail():
    X, y, a_star = legacy_draw(1)
    bias = support_bias(X, y, a_star, 1e-5).bias
    assert np.linalg.norm(bias) / np.linalg.norm(a_star) == pytest.approx(1.854e-4, rel=4e-4)


def test_the_closed_form_is_withheld_where_beta_turns_a_sign(draws):
    values, reasons = of(draws[0], l1(beta=1e-1))
    assert values["floor_closed_form"] is None
    assert "sign" in reasons["floor_closed_form"]


def test_the_closed_form_is_withheld_where_the_support_is_not_identified():
    X, _, a_star = legacy_draw(0)
    X[:, np.flatnonzero(a_star)[0]] = 0.0
    values, reasons = of(DrawTheory(X, X @ a_star, a_star), l1())
    assert values["floor_closed_form"] is None
    assert "dependent" in reasons["floor_closed_form"]


def test_the_closed_form_counts_the_noise_in():
    rng = np.random.default_rng(5)
    X, y, a_star = gaussian(rng, n=30, N=25, s=2)
    draw = DrawTheory(X, y + 1e-3 * rng.standard_normal(25), a_star)
    values, _ = of(draw, l1(alpha=0.01, beta=1e-2), a0=np.zeros(30))
    assert values["floor_closed_form"] == pytest.approx(values["floor"], rel=1e-6)


@pytest.mark.parametrize(("seed", "t2"), [(0, 78_088), (1, 98_861), (2, 232_051)])
def test_the_predicted_t2_is_the_measured_one_to_a_thousandth(draws, seed, t2):
    values, _ = of(draws[seed], l1())
    assert values["t2_predicted"] == pytest.approx(t2, rel=1e-3)


def test_alpha_and_beta_enter_t2_only_by_their_product(draws):
    one, _ = of(draws[0], l1(alpha=0.1, beta=1e-6))
    other, _ = of(draws[0], l1(alpha=0.02, beta=5e-6))
    assert one["T_star"] == other["T_star"]
    assert one["t2_predicted"] == pytest.approx(other["t2_predicted"])


def test_t2_is_withheld_near_the_floor_and_T_star_is_not(draws):
    values, reasons = of(draws[0], l1(beta=1e-3))
    assert values["t2_predicted"] is None
    assert "floor" in reasons["t2_predicted"]
    assert values["T_star"] is not None


def test_the_projected_method_memorises_in_one_step_and_ends_at_basis_pursuit(draws):
    values, reasons = of(draws[0], l1(optimizer="projected"))
    assert values["t1_predicted"] == 1
    assert values["floor"] < 1e-9
    assert values["t2_predicted"] == pytest.approx(78_077.4, rel=1e-5)
    assert "projected" in reasons["floor_closed_form"]


def test_the_projected_method_is_given_no_t2_below_its_own_chatter(draws):
    values, reasons = of(draws[0], l1(beta=1e-2, optimizer="projected"))
    assert values["t2_predicted"] is None
    assert "floor" in reasons["t2_predicted"]


@pytest.mark.parametrize("optimizer", ["subgradient", "proximal", "gd"])
def test_ridge_ends_at_the_floor_of_r_f(draws, optimizer):
    config = {"regularizer": "l2", "beta": 1e-5, "optimizer": optimizer, "alpha": 0.1}
    values, reasons = of(draws[1], config, a0=10 * np.ones(100))
    assert values["floor"] == pytest.approx(0.8449, abs=5e-5)
    assert values["t1_predicted"] == pytest.approx(89, abs=1)
    assert set(reasons) == {"T_star", "t2_predicted", "floor_closed_form"}


def test_without_a_regulariser_the_null_space_keeps_its_start(draws):
    X, y, a_star = legacy_draw(1)
    a0 = 0.1 * np.ones(100)
    values, _ = of(draws[1], {"regularizer": "none", "optimizer": "gd", "alpha": 0.1}, a0=a0)
    a = a0.copy()
    for _ in range(3000):
        a = a - 0.1 * X.T @ (X @ a - y)
    assert values["floor"] == pytest.approx(np.linalg.norm(a - a_star) / np.linalg.norm(a_star), rel=1e-9)


def test_the_elastic_floor_is_where_proximal_descent_ends():
    X, y, a_star = legacy_draw(0)
    beta1, beta2, alpha = 1e-3, 1e-1, 0.2
    a = SMALL_INIT.copy()
    for _ in range(4000):
        z = a - alpha * (X.T @ (X @ a - y) + beta2 * a)
        a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta1, 0.0)
    config = {"regularizer": "elastic", "beta1": beta1, "beta2": beta2, "optimizer": "proximal", "alpha": alpha}
    values, reasons = of(DrawTheory(X, y, a_star), config)
    assert values["floor"] == pytest.approx(np.linalg.norm(a - a_star) / np.linalg.norm(a_star), rel=1e-9)
    assert values["T_star"] is None
    assert "l2" in reasons["T_star"]


def test_the_l2_strength_lowers_the_step_limit(draws):
    plain, _ = of(draws[0], l1())
    ridge, _ = of(draws[0], {"regularizer": "l2", "beta": 1.0, "optimizer": "gd", "alpha": 0.1})
    assert 2 / ridge["alpha_max"] == pytest.approx(2 / plain["alpha_max"] + 1)


def test_times_are_withheld_at_and_above_the_step_limit(draws):
    values, reasons = of(draws[0], l1(alpha=0.3))
    assert values["t1_predicted"] is None
    assert values["t2_predicted"] is None
    assert "limit 0.2901" in reasons["t1_predicted"]
    assert values["T_star"] is not None


def test_t1_is_withheld_where_beta_holds_the_train_error_above_its_threshold(draws):
    values, reasons = of(draws[2], l1(alpha=0.01, beta=1e-3))
    assert values["t1_predicted"] is None
    assert "slow phase" in reasons["t1_predicted"]


def test_enough_equations_leave_no_sign_flow():
    X, y, a_star = gaussian(np.random.default_rng(0), n=10, N=12, s=2)
    values, reasons = of(DrawTheory(X, y, a_star), l1(alpha=0.01), a0=np.zeros(10))
    assert values["T_star"] is None
    assert "least squares" in reasons["T_star"]
    assert values["floor"] < 1e-3


def test_too_few_equations_leave_no_T_star():
    X, y, a_star = legacy_draw(0, N=10)
    values, reasons = of(DrawTheory(X, y, a_star), l1(alpha=0.05))
    assert values["T_star"] is None
    assert "basis pursuit" in reasons["T_star"]
    assert values["floor"] > 0.1


def test_noise_above_a_tenth_of_the_threshold_leaves_no_T_star():
    X, y, a_star = legacy_draw(0)
    noisy = y + 0.05 * np.linalg.norm(y) / np.sqrt(30) * np.random.default_rng(0).standard_normal(30)
    values, reasons = of(DrawTheory(X, noisy, a_star), l1())
    assert values["T_star"] is None
    assert "basis pursuit" in reasons["T_star"]


def test_faint_noise_hardly_moves_T_star(draws):
    X, y, a_star = legacy_draw(0)
    noisy = y + 1e-4 * np.linalg.norm(y) / np.sqrt(30) * np.random.default_rng(0).standard_normal(30)
    values, _ = of(DrawTheory(X, noisy, a_star), l1())
    assert values["T_star"] == pytest.approx(of(draws[0], l1())[0]["T_star"], rel=1e-2)


def test_an_uninformative_draw_has_no_times():
    X, a_star = np.eye(10)[:4], np.eye(10)[7]
    values, reasons = of(DrawTheory(X, X @ a_star, a_star), l1(), a0=1e-6 * np.ones(10))
    assert values["floor"] == 1.0
    assert reasons["t1_predicted"] == reasons["T_star"] == reasons["t2_predicted"]
    assert "y* = 0" in reasons["T_star"]


def test_equal_columns_leave_no_floor():
    X, y, a_star = legacy_draw(0)
    X[:, np.flatnonzero(a_star == 0)[0]] = X[:, np.argmax(np.abs(a_star))]
    values, reasons = of(DrawTheory(X, y, a_star), l1(beta=1e-4))
    assert values["floor"] is None
    assert "unique" in reasons["floor"]


def test_a_draw_too_large_for_the_sign_flow_keeps_its_other_columns():
    X, y, a_star = gaussian(np.random.default_rng(0), n=2001, N=30, s=1)
    values, reasons = of(DrawTheory(X, y, a_star), l1(alpha=1e-3, beta=1e-4), a0=np.zeros(2001))
    assert values["T_star"] is None
    assert "n = 2000" in reasons["T_star"]
    assert values["floor"] is not None


def test_a_draw_keeps_what_its_trials_share(draws):
    assert draws[0].lasso(1e-4) is draws[0].lasso(1e-4)
    assert draws[0].sign_flow(SMALL_INIT) is draws[0].sign_flow(SMALL_INIT.copy())
    assert draws[0].sign_flow(SMALL_INIT) is not draws[0].sign_flow(np.ones(100))


def test_a_signal_of_zero_is_refused():
    with pytest.raises(ValueError, match="a\\* = 0"):
        DrawTheory(np.eye(3), np.zeros(3), np.zeros(3))


@pytest.mark.parametrize(
    ("config", "field"),
    [(l1() | {"regularizer": "l3"}, "regularizer"), (l1() | {"alpha": "fast"}, "alpha")],
)
def test_a_configuration_that_is_none_is_refused_by_field(draws, config, field):
    with pytest.raises(ValueError, match=field):
        of(draws[0], config)


@settings(max_examples=150, deadline=None)
@given(
    problems(),
    st.sampled_from(["none", "l1", "l2", "elastic"]),
    st.sampled_from(["subgradient", "proximal", "projected", "gd"]),
    st.floats(-3, 1),
    st.floats(-9, 3),
    st.sampled_from([0.0, 1e-6, 10.0]),
)
def test_every_column_is_finite_or_null_with_a_reason(problem, regularizer, optimizer, alpha, beta, init_scale):
    X, y, a_star = problem
    strengths = {"beta1": 10.0**beta, "beta2": 0.1 * 10.0**beta} if regularizer == "elastic" else {"beta": 10.0**beta}
    config = {"regularizer": regularizer, "optimizer": optimizer, "alpha": 10.0**alpha} | strengths
    values, reasons = of(DrawTheory(X, y, a_star), config, a0=init_scale * np.ones(X.shape[1]))
    assert list(values) == list(COLUMNS)
    assert all(math.isfinite(value) for value in values.values() if value is not None)
    assert {name for name, value in values.items() if value is None} == set(reasons)
    assert all(reasons.values())
