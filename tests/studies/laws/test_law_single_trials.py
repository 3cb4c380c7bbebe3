"""Draws of one trial each, or of one but for a few: what is pooled, what is told apart, and what is said of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from grokscale.studies.laws import Request, TooLittle, fit_family, law
from grokscale.studies.laws.answer.cautions import ONE_A_DRAW
from grokscale.studies.laws.likelihood.no_maximum import BRACKETS, TIMES
from tests.studies.laws.tables import Row, censor, crossing, grid, log_x, power_law, table, times

NS = (20, 30, 40, 60, 80, 120)


def sweep(repeated: int = 0, exponent: float = -1.5, seed: int = 0) -> list[Row]:
    """Ten seeds at six N: a draw each. The first `repeated` draws have a second trial, at ten times the beta."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for i, (s, n) in enumerate((s, n) for s in range(10) for n in NS):
        level = 0.3 * rng.normal()
        for beta in (1e-5, 1e-4) if i < repeated else (1e-5,):
            t = math.ceil(1e-2 * math.exp(level + 0.05 * rng.normal()) * (n / 20) ** exponent / (0.1 * beta))
            row = {"configuration": len(rows), "seed": s, "alpha": 0.1, "beta": beta, "N": n}
            rows.append(row | crossing("t2", "exact", t) | {"steps": t + 1000, "a_gap": 0.1 * math.exp(level)})
    return rows


def test_draws_of_one_trial_are_pooled_and_this_is_said() -> None:
    rows = sweep()
    answer = law(table(rows), "t2", terms=["N"])
    known = sm.OLS(np.log(times(rows)), sm.add_constant(log_x(rows, lambda row: row["N"]))).fit()
    found = answer["exponents"]["N"]
    assert found["value"] == pytest.approx(known.params[1], rel=1e-9)
    assert found["se"] == pytest.approx(known.bse[1], rel=1e-9)
    assert found["ci95"] == pytest.approx(known.conf_int()[1].tolist(), rel=1e-9)
    assert (answer["intercepts"], answer["draws"], answer["tau"]) == ("pooled", 60, None)
    assert "60 draws, one trial each: one prefactor for all." in answer["text"]
    assert answer["warnings"] == [ONE_A_DRAW]
    assert answer["prefactor"]["by_draw"]["reason"] == ONE_A_DRAW


def test_pooled_as_asked_draws_of_one_trial_are_not_warned_of_dependence() -> None:
    assert law(table(sweep()), "t2", terms=["N"], effect="none")["warnings"] == []


def test_censored_draws_of_one_trial_have_a_law_too() -> None:
    rows = sweep()
    answer = law(table(censor(rows, int(np.quantile(times(rows), 0.8)))), "t2", terms=["N"])
    low, high = answer["exponents"]["N"]["ci95"]
    assert low < -1.5 < high
    assert answer["converged"]


def test_every_model_that_the_rows_tell_is_fitted_to_draws_of_one_trial() -> None:
    found = fit_family(table(sweep()), Request(terms=("N",))).result
    assert {name for name, model in found["models"].items() if "refused" not in model} == {"M0", "M3"}
    assert ONE_A_DRAW in found["warnings"]
    rows = [row | {"seed": i, "a_gap": row["a_gap"]} for i, row in enumerate(power_law(grid(seeds=3, a_gap=0.1)))]
    rng = np.random.default_rng(0)
    rows = [row | {"a_gap": math.exp(rng.normal())} for row in rows]
    found = fit_family(table(rows), Request(models=("M2", "M4"))).result
    assert found["models"]["M4"]["intercepts"] == "pooled"
    assert found["draws_explained"]["tau_with"] == pytest.approx(found["models"]["M4"]["sigma"])


@pytest.mark.parametrize("repeated", [3, 6, 20])
def test_a_few_draws_with_a_second_trial_tell_the_scatters_apart(repeated: int) -> None:
    answer = law(table(sweep(repeated)), "t2", terms=["N", "beta"])
    assert (answer["intercepts"], answer["converged"]) == ("random", True)
    for name, value in (("N", -1.5), ("beta", -1.0)):
        low, high = answer["exponents"][name]["ci95"]
        assert low < value < high
    assert answer["exponents"]["N"]["se"] == pytest.approx(0.064, rel=0.15)


@pytest.mark.parametrize(("studies", "least"), [(20, 17), pytest.param(200, 174, marks=pytest.mark.slow)])
def test_the_interval_of_a_slope_known_between_draws_covers(studies: int, least: int) -> None:
    """Forty draws, three of them with a second trial: the slope's degrees of freedom are those of the draws.

    It holds .90, not .95: the weights of what is within and between draws are themselves known from three pairs.
    """
    held = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        rows: list[Row] = []
        for s in range(40):
            level = 0.3 * rng.normal()
            for _ in range(2 if s < 3 else 1):
                beta = 10 ** rng.uniform(-6, -4)
                t = math.ceil(math.exp(level + 0.1 * rng.normal()) / (0.1 * beta))
                rows.append(
                    {"configuration": len(rows), "seed": s, "alpha": 0.1, "beta": beta}
                    | crossing("t2", "exact", t)
                    | {"steps": t + 10}
                )
        low, high = law(table(rows), "t2")["exponent"]["ci95"]
        held += low < 1 < high
    assert held >= least


def refusal(rows: list[Row], **question: Any) -> str:
    with pytest.raises(TooLittle) as refused:
        law(table(rows), "t2", **question)
    return refused.value.reason


def bracketed(rows: list[Row], ratio: float) -> list[Row]:
    root = math.sqrt(ratio)
    return [
        row | crossing("t2", "interval", lower=int(row["t2_step"] / root), upper=math.ceil(row["t2_step"] * root))
        for row in rows
    ]


def test_a_random_intercept_of_draws_of_one_trial_is_refused_for_what_it_is() -> None:
    assert refusal(sweep(), terms=["N"], effect="random") == TIMES


@pytest.mark.parametrize("seeds", [3, 5])
def test_brackets_are_said_to_be_passed_by_a_curve_where_they_are(seeds: int) -> None:
    assert refusal(bracketed(power_law(grid(seeds=seeds), sigma=0.01), 1.3)) == BRACKETS


@pytest.mark.parametrize(("ratio", "sigma"), [(1.3, 0.1), (1.02, 0.01), (3.0, 0.5)])
@pytest.mark.parametrize("seeds", [3, 10])
def test_brackets_that_no_curve_passes_have_a_law(ratio: float, sigma: float, seeds: int) -> None:
    answer = law(table(bracketed(power_law(grid(seeds=seeds), sigma=sigma, prefactor=10.0), ratio)), "t2")
    assert answer["converged"]
    low, high = answer["exponent"]["ci95"]
    assert low < 1 < high


def test_models_say_why_they_are_refused() -> None:
    rows = bracketed(power_law(grid(seeds=3), sigma=0.01), 1.3)
    found = fit_family(table(rows), Request(models=("M2",))).result
    assert found["models"]["M2"]["refused"] == {"reason": BRACKETS}


def test_the_theory_column_is_fitted_though_the_others_are_pooled() -> None:
    rows = [row | {"a_gap": 0.1 * (1 + row["seed"])} for row in power_law(grid())]
    pooled, drawn = (fit_family(table(rows), Request(models=("M4",), effect=how)).result for how in ("none", "random"))
    assert pooled["models"]["M4"]["parameters"] == drawn["models"]["M4"]["parameters"]
