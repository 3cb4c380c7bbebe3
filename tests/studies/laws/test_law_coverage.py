"""Simulated studies of a known law: intervals cover, the exponent is unbiased, and the short cuts are not."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from grokscale.studies.laws import law
from tests.studies.laws.tables import Row, censor, crossing, grid, log_x, power_law, table, times

STUDIES = {0.0: 300, 0.2: 150, 0.5: 150}
"""By share censored; `make coverage` takes 1,000 of each."""
ALPHAS, BETAS = (0.01, 0.1), (1e-5, 1e-4)


def study(seed: int, sigma: float = 0.3, **law_of: Any) -> list[Row]:
    """10 draws x 4 cells: the smallest study that is promised an interval."""
    return power_law(grid(ALPHAS, BETAS), sigma=sigma, draw_sigma=0.4, seed=seed, **law_of)


def short_of(rows: list[Row], share: float) -> list[Row]:
    """Censor a share of the times by one budget for all."""
    return censor(rows, int(np.quantile(times(rows), 1 - share)))


@cache
def answers(share: float) -> list[dict[str, Any]]:
    return [law(table(short_of(study(seed), share)), "t2") for seed in range(STUDIES[share])]


def share_that_holds(intervals: list[list[float]], value: float) -> float:
    return float(np.mean([low <= value <= high for low, high in intervals]))


def enough(share: float) -> float:
    """The promise less two Monte-Carlo errors; plain maximum likelihood covers .89, .88 and .80 here."""
    return float(0.93 - 2 * np.sqrt(0.93 * 0.07 / STUDIES[share]))


@pytest.mark.parametrize("censored", [0.0, 0.2, 0.5])
def test_intervals_of_the_exponent_cover(censored: float) -> None:
    assert share_that_holds([answer["exponent"]["ci95"] for answer in answers(censored)], 1.0) > enough(censored)


@pytest.mark.parametrize("censored", [0.0, 0.2, 0.5])
def test_the_exponent_is_unbiased(censored: float) -> None:
    values = np.array([answer["exponent"]["value"] for answer in answers(censored)])
    assert abs(values.mean() - 1) < 3 * values.std() / np.sqrt(len(values)) + 0.005


def test_standard_errors_are_the_scatter_of_the_estimates() -> None:
    scatter = np.std([answer["exponent"]["value"] for answer in answers(0.0)])
    assert np.mean([answer["exponent"]["se"] for answer in answers(0.0)]) == pytest.approx(scatter, rel=0.15)


def test_the_scatter_within_draws_is_unbiased_without_censoring() -> None:
    assert np.mean([answer["sigma"] ** 2 for answer in answers(0.0)]) == pytest.approx(0.3**2, rel=0.05)


def test_intervals_of_the_prefactor_cover_the_centre_of_the_draws() -> None:
    assert share_that_holds([answer["prefactor"]["ci95"] for answer in answers(0.2)], 0.1) > enough(0.2)


def test_dropping_censored_rows_is_biased_where_the_likelihood_is_not() -> None:
    dropped, kept = [], []
    for seed in range(60):
        rows = short_of(study(seed, sigma=0.6), 0.4)
        kept.append(law(table(rows), "t2")["exponent"]["value"])
        crossed = [row for row in rows if row["t2_censoring"] == "exact"]
        dropped.append(np.polyfit(log_x(crossed), np.log(times(crossed)), 1)[0])
    assert np.mean(dropped) < 0.9
    assert np.mean(kept) == pytest.approx(1, abs=3 * np.std(kept) / np.sqrt(60) + 0.01)


def unreachable_at_large_beta(as_word: str) -> list[Row]:
    """Cells of the largest beta never cross: known as infeasible, or mistaken for times longer than the budget."""
    rows = power_law(grid((0.01, 0.03, 0.1), (1e-6, 1e-5, 1e-4, 1e-3)), sigma=0.05)
    never = crossing("t2", as_word, lower=10**8) | {"outcome": "infeasible", "steps": 10**8}
    return [row | never if row["beta"] == 1e-3 else row for row in rows]


def test_infeasible_trials_do_not_touch_the_law() -> None:
    answer = law(table(unreachable_at_large_beta("infeasible")), "t2")
    assert answer["exponent"]["value"] == pytest.approx(1, abs=0.02)
    assert answer["censored"]["infeasible"] == 30


def test_infeasible_trials_taken_as_long_times_would_wreck_it() -> None:
    answer = law(table(unreachable_at_large_beta("right")), "t2")
    assert answer["exponent"]["value"] < 0.5
