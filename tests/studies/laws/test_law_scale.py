"""Scatter that grows with the error floor: a planted power, and the likelihood written out and climbed by scipy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize, minimize_scalar

from grokscale.studies.laws import Request, fit_family
from tests.studies.laws.tables import Row, censor, crossing, grid, table

DELTA, SIGMA, THRESHOLD = 0.5, 0.05, 1e-2


def rows(delta: float = DELTA, seed: int = 0) -> list[Row]:
    """A law whose scatter grows with the floor, itself proportional to beta."""
    rng = np.random.default_rng(seed)
    made = grid((0.01, 0.03, 0.1), (1e-6, 1e-5, 1e-4), seeds=10)
    level = dict(enumerate(rng.normal(0, 0.4, 10)))
    for row in made:
        row |= {"floor": 50 * row["beta"], "test_threshold": THRESHOLD}
        sigma = SIGMA * (row["beta"] / 1e-5) ** delta
        t = math.exp(level[row["seed"]] + sigma * rng.normal()) / (row["alpha"] * row["beta"])
        row.update(crossing("t2", "exact", math.ceil(t)))
    return made


def family(of: list[Row], **asked: Any) -> dict[str, Any]:
    return fit_family(table(of), Request(**{"models": ("M2", "M3"), "scale": "error_floor", **asked})).result


def test_a_planted_power_of_the_floor_is_found() -> None:
    scale = family(rows())["scale"]
    low, high = scale["delta"]["ci95"]
    assert low < DELTA < high
    assert high - low < 0.4
    assert scale["is_constant"]["p"] < 1e-6


def test_scatter_that_does_not_depend_on_the_floor_is_said_to() -> None:
    scale = family(rows(delta=0.0))["scale"]
    low, high = scale["delta"]["ci95"]
    assert low < 0 < high
    assert scale["is_constant"]["p"] > 0.05


def test_it_maximises_the_restricted_likelihood_written_out() -> None:
    of = rows()
    found = family(of, effect="none", models=("M3",))
    y, x = np.log([row["t2_step"] for row in of]), _design(of)
    spread = np.log([row["floor"] / THRESHOLD for row in of])

    def restricted(delta: float) -> float:
        weights = np.exp(-2 * delta * (spread - spread.mean()))
        normal = x.T @ (weights[:, None] * x)
        residual = y - x @ np.linalg.solve(normal, x.T @ (weights * y))
        free = len(y) - x.shape[1]
        return -0.5 * float(
            np.linalg.slogdet(normal)[1] - np.log(weights).sum() + free * np.log((weights * residual**2).sum())
        )

    best = minimize_scalar(lambda delta: -restricted(delta), bounds=(0, 1), method="bounded", options={"xatol": 1e-8})
    assert found["scale"]["delta"]["value"] == pytest.approx(best.x, abs=1e-5)
    ratio = 2 * (restricted(best.x) - restricted(0.0))
    assert found["scale"]["is_constant"]["statistic"] == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize("budget", [None, 10**7])
def test_given_the_power_the_rest_is_the_maximum_of_the_likelihood_written_out(budget: int | None) -> None:
    of = rows() if budget is None else censor(rows(), budget)
    found = family(of, effect="none", models=("M3",))
    best = _written_out(of, found["scale"]["delta"]["value"])
    model = found["models"]["M3"]
    assert model["log_likelihood"] == pytest.approx(-best.fun, abs=1e-5)
    for i, name in ((1, "alpha"), (2, "beta")):
        assert model["parameters"][name]["value"] == pytest.approx(best.x[i], abs=1e-4)
    assert model["degrees"] == 5


def _design(of: list[Row]) -> np.ndarray:
    alpha, beta = (np.log([row[name] for row in of]) for name in ("alpha", "beta"))
    return np.column_stack([np.ones(len(of)), alpha, beta])


def _written_out(of: list[Row], delta: float) -> Any:
    x, floor = _design(of), np.log([row["floor"] / THRESHOLD for row in of])
    exact = np.array([row["t2_censoring"] == "exact" for row in of])
    t = np.log([row["t2_step"] if row["t2_step"] else row["t2_lower"] for row in of])

    def cost(at: np.ndarray) -> float:
        sigma = np.exp(at[3] + delta * (floor - floor.mean()))
        z = (t - x @ at[:3]) / sigma
        return -float(np.where(exact, stats.norm.logpdf(z) - np.log(sigma), stats.norm.logsf(z)).sum())

    best = np.array([0.0, -1.0, -1.0, math.log(0.4)])
    for _ in range(3):
        options = {"xatol": 1e-11, "fatol": 1e-11, "maxiter": 20_000, "maxfev": 20_000}
        found = minimize(cost, best, method="Nelder-Mead", options=options)
        best = found.x
    return found


def test_a_random_intercept_under_censoring_keeps_the_planted_power() -> None:
    answer = family(censor(rows(), 10**7), models=("M2",))
    assert answer["intercepts"] == "random"
    low, high = answer["scale"]["delta"]["ci95"]
    assert low < DELTA < high
    exponent = answer["models"]["M2"]["parameters"]["1/(alpha*beta)"]
    assert exponent["value"] == pytest.approx(1, abs=3 * exponent["se"])


def test_rows_that_scatter_less_weigh_more() -> None:
    constant = family(rows(), scale="constant")
    assert constant["scale"] is None
    scaled = family(rows())
    exponents = [answer["models"]["M2"]["parameters"]["1/(alpha*beta)"] for answer in (constant, scaled)]
    assert exponents[1]["se"] < exponents[0]["se"]
    assert scaled["models"]["M2"]["log_likelihood"] > constant["models"]["M2"]["log_likelihood"] + 10


@pytest.mark.parametrize(("floor", "why"), [(None, "not known"), (1e-4, "only one level")])
def test_where_the_floor_tells_nothing_the_scatter_is_constant_and_that_is_said(floor: float | None, why: str) -> None:
    of = [row | {"floor": floor} for row in rows()]
    answer = family(of)
    assert answer["scale"]["not_identifiable"] == "error_floor/threshold"
    assert why in answer["scale"]["reason"]
    assert any("taken as constant" in warning for warning in answer["warnings"])
    assert answer["models"] == family(of, scale="constant")["models"]
