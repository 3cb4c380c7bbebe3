"""Without censoring a law is ordinary least squares on log t: statsmodels agrees, intervals and tests included."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from grokscale.studies.laws import law
from tests.studies.laws.tables import Row, grid, log_x, power_law, table, times

ROWS = power_law(grid(seeds=6), sigma=0.2)[:-5]  # draws of unequal size


def ols(rows: list[Row], x: np.ndarray, *, drawn: bool) -> sm.regression.linear_model.RegressionResultsWrapper:
    seeds = np.array([row["seed"] for row in rows])
    groups = np.unique(seeds) if drawn else [0]
    dummies = np.stack([seeds == g for g in groups], axis=1).astype(float) if drawn else np.ones((len(rows), 1))
    return sm.OLS(np.log(times(rows)), np.column_stack([x, dummies])).fit()


@pytest.mark.parametrize("effect", ["none", "draw"])
def test_exponent_scatter_and_interval_of_one_monomial(effect: str) -> None:
    answer = law(table(ROWS), "t2", x="1/(alpha*beta)", effect=effect)
    oracle = ols(ROWS, log_x(ROWS)[:, None], drawn=effect == "draw")
    assert answer["exponent"]["value"] == pytest.approx(oracle.params[0], rel=1e-9)
    assert answer["exponent"]["se"] == pytest.approx(oracle.bse[0], rel=1e-9)
    assert answer["exponent"]["ci95"] == pytest.approx(oracle.conf_int()[0], rel=1e-9)
    assert answer["sigma"] == pytest.approx(np.sqrt(oracle.mse_resid), rel=1e-9)


def test_exponents_of_several_fields() -> None:
    answer = law(table(ROWS), "t2", terms=["alpha", "beta"])
    x = np.stack([log_x(ROWS, lambda row: row["alpha"]), log_x(ROWS, lambda row: row["beta"])], axis=1)
    oracle = ols(ROWS, x, drawn=True)
    for j, name in enumerate(("alpha", "beta")):
        assert answer["exponents"][name]["value"] == pytest.approx(oracle.params[j], rel=1e-9)
        assert answer["exponents"][name]["se"] == pytest.approx(oracle.bse[j], rel=1e-9)


def test_the_pooled_prefactor_and_its_interval() -> None:
    prefactor = law(table(ROWS), "t2", effect="none")["prefactor"]
    oracle = ols(ROWS, log_x(ROWS)[:, None], drawn=False)
    assert prefactor["value"] == pytest.approx(np.exp(oracle.params[1]), rel=1e-9)
    assert prefactor["se"] == pytest.approx(np.exp(oracle.params[1]) * oracle.bse[1], rel=1e-9)
    assert prefactor["ci95"] == pytest.approx(np.exp(oracle.conf_int()[1]), rel=1e-9)


def test_prefactors_by_draw() -> None:
    by_draw = law(table(ROWS), "t2")["prefactor"]["by_draw"]
    oracle = ols(ROWS, log_x(ROWS)[:, None], drawn=True)
    assert by_draw["median"] == pytest.approx(np.exp(np.median(oracle.params[1:])), rel=1e-9)
    assert by_draw["geometric_sd"] == pytest.approx(np.exp(np.std(oracle.params[1:], ddof=1)), rel=1e-9)


def test_the_share_explained_within_draws() -> None:
    answer = law(table(ROWS), "t2")
    seeds = np.array([row["seed"] for row in ROWS])
    y, x = np.log(times(ROWS)), log_x(ROWS)
    for seed in np.unique(seeds):
        y[seeds == seed] -= y[seeds == seed].mean()
        x[seeds == seed] -= x[seeds == seed].mean()
    assert answer["r2_log"] == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-9)


def test_the_t_test_of_one() -> None:
    test = law(table(ROWS), "t2", x="1/(alpha*beta)")["tests"]["exponent_is_the_papers"]
    oracle = ols(ROWS, log_x(ROWS)[:, None], drawn=True).t_test(([1] + [0] * 6, [1]))
    assert test["exponents"] == {"1/(alpha*beta)": 1}
    assert test["statistic"] == pytest.approx(float(oracle.tvalue.squeeze()), rel=1e-9)
    assert test["p"] == pytest.approx(float(oracle.pvalue), rel=1e-9)


def test_the_joint_test_of_minus_one_in_alpha_and_in_beta() -> None:
    test = law(table(ROWS), "t2", terms=["beta", "alpha"])["tests"]["exponent_is_the_papers"]
    assert test["exponents"] == {"alpha": -1, "beta": -1}
    x = np.stack([log_x(ROWS, lambda row: row["alpha"]), log_x(ROWS, lambda row: row["beta"])], axis=1)
    oracle = ols(ROWS, x, drawn=True).f_test((np.eye(2, 8), [-1, -1]))
    assert test["statistic"] == pytest.approx(float(oracle.fvalue), rel=1e-9)
    assert test["p"] == pytest.approx(float(oracle.pvalue), rel=1e-9)


def test_the_equivalence_test_is_two_one_sided_t_tests() -> None:
    test = law(table(ROWS), "t2", x="1/(alpha*beta)")["tests"]["equivalence"]
    oracle = ols(ROWS, log_x(ROWS)[:, None], drawn=True)
    above, below = (oracle.t_test(([1] + [0] * 6, [at])) for at in (0.98, 1.02))
    one_sided = [
        float(side.pvalue) / 2 if float(side.tvalue.squeeze()) * sign > 0 else 1 - float(side.pvalue) / 2
        for side, sign in ((above, 1), (below, -1))
    ]
    assert test == {"margin": 0.02, "p": pytest.approx(max(one_sided), rel=1e-6)}
