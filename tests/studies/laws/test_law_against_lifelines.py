"""Censored fits agree with lifelines: parameters to 1e-6, standard errors (uncorrected on both sides) to 1e-4."""

from __future__ import annotations

import numpy as np
import pytest

from grokscale.studies.laws import law
from tests.studies.laws.fitted import fitted
from tests.studies.laws.oracles import ends, lifelines_fit
from tests.studies.laws.tables import Row, censor, crossing, grid, log_x, power_law, table

BUDGET = 3_000_000


def base(seeds: int = 8) -> list[Row]:
    return power_law(grid(seeds=seeds), sigma=0.3)


def right() -> list[Row]:
    return censor(base(), BUDGET)


def with_intervals() -> list[Row]:
    """Every third time known to a bracket of 20 %."""
    rows = right()
    for i, row in enumerate(rows):
        if i % 3 == 0 and row["t2_censoring"] == "exact":
            lower = int(row["t2_step"] * (0.8 + 0.19 * (i % 7) / 7))
            rows[i] = row | crossing("t2", "interval", lower=lower, upper=int(lower * 1.25) + 1)
    return rows


def with_left() -> list[Row]:
    """Times so short that some are there at the start."""
    rows = power_law(grid(alphas=(0.1, 0.3, 0.9), betas=(1e-2, 1e-1, 0.9), seeds=8), sigma=0.3, prefactor=0.9)
    short = [row["t2_step"] <= 1 for row in rows]
    return [row | crossing("t2", "left") if is_short else row for row, is_short in zip(rows, short, strict=True)]


CASES = {"exact": base, "right": right, "right and interval": with_intervals, "left": with_left}


@pytest.mark.parametrize("drawn", [False, True], ids=["pooled", "a prefactor a draw"])
@pytest.mark.parametrize("case", CASES)
def test_one_exponent(case: str, drawn: bool) -> None:
    rows = CASES[case]()
    fit = fitted(rows, effect="fixed" if drawn else "none")
    lower, upper = ends(rows)
    oracle = lifelines_fit(lower, upper, log_x(rows)[:, None], np.array([r["seed"] for r in rows]) if drawn else None)
    assert fit.slopes == pytest.approx(oracle.slopes, rel=1e-6)
    assert fit.sigma == pytest.approx(oracle.sigma, rel=1e-6)
    assert fit.intercepts == pytest.approx(oracle.intercepts, rel=1e-6, abs=1e-6)
    assert np.sqrt(np.diag(fit.slopes_covariance)) == pytest.approx(oracle.se, rel=1e-4)


def test_one_exponent_a_field() -> None:
    rows = with_intervals()
    fit = fitted(rows, effect="none", terms=["alpha", "beta"])
    x = np.stack([log_x(rows, lambda row: row["alpha"]), log_x(rows, lambda row: row["beta"])], axis=1)
    oracle = lifelines_fit(*ends(rows), x)
    assert fit.slopes == pytest.approx(oracle.slopes, rel=1e-6)
    assert np.sqrt(np.diag(fit.slopes_covariance)) == pytest.approx(oracle.se, rel=1e-4)


def test_the_answer_bears_the_estimates_of_lifelines() -> None:
    rows = right()
    answer = law(table(rows), "t2", x="1/(alpha*beta)", effect="none")
    oracle = lifelines_fit(*ends(rows), log_x(rows)[:, None])
    assert answer["exponent"]["value"] == pytest.approx(oracle.slopes[0], rel=1e-6)
    assert answer["prefactor"]["value"] == pytest.approx(np.exp(oracle.intercepts[0]), rel=1e-6)


def test_its_standard_errors_are_larger_by_the_degrees_of_freedom() -> None:
    rows = right()
    fit = fitted(rows)
    answer = law(table(rows), "t2", effect="fixed")
    rows_worth = fit.maximum.expansion.weight
    correction = np.sqrt(rows_worth / (rows_worth - 8 - 1))
    assert answer["exponent"]["se"] == pytest.approx(correction * np.sqrt(fit.slopes_covariance[0, 0]), rel=1e-12)
    assert answer["censored"]["right"] > 10
