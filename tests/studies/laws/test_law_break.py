"""The bootstrap of a break: rows are drawn anew as each was seen, and p is uniform where there is no break."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from grokscale.studies.laws import Request, fit_family
from grokscale.studies.laws.answer.breaks import drawn_anew, ratio
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.dispersion import stretched
from grokscale.studies.laws.models.model_frame import model_frame
from grokscale.studies.laws.models.models import fit_model
from grokscale.studies.laws.rows.looks import Looks
from tests.studies.laws.tables import Row, censor, crossing, grid, power_law, table

ALPHAS, BETAS = (0.01, 0.02, 0.04), (1e-6, 1.2e-5, 1.4e-4)
RATIO = 1.3
BUDGET = 200_000_000


def bracketed(rows: list[Row], bend: float = 0.0) -> list[Row]:
    """Times as runs show them that are looked at in steps of a factor 1.3, slower beyond alpha beta = 1e-7 if bent."""
    found = []
    for row in rows:
        t = row["t2_step"] * math.exp(bend * max(0.0, math.log(row["alpha"] * row["beta"] / 1e-7)))
        k = math.ceil(math.log(t) / math.log(RATIO))
        ends = {"lower": math.floor(RATIO ** (k - 1)), "upper": math.floor(RATIO**k)}
        found.append(row | crossing("t2", "interval", **ends))
    return found


def censored(rows: list[Row]) -> list[Row]:
    """About three tenths of the rows beyond the budget."""
    return [row | {"limit": BUDGET} for row in censor(rows, BUDGET)]


KINDS = {"exact": lambda rows: rows, "bracketed": bracketed, "censored": censored}


def study(kind: str, seed: int, seeds: int = 3, **of: Any) -> Data:
    rows = power_law(grid(ALPHAS, BETAS, seeds=seeds), sigma=0.3, prefactor=10.0, seed=seed, **of)
    return model_frame(table(KINDS[kind](rows)), Request(models=("M3", "M5")))


def shares_beyond(kind: str, studies: int, samples: int, seeds: int = 3) -> np.ndarray:
    """The p of the break of studies under M3, spread over the steps of 1/(samples + 1) that so few samples leave."""
    found = []
    for number in range(studies):
        data = study(kind, number, seeds)
        rng = np.random.default_rng(number)
        own, fitted = ratio(data, data.rows.intercepts), fit_model("M3", data, data.rows.intercepts).fitted
        again = [ratio(drawn_anew(data, fitted, rng), data.rows.intercepts) for _ in range(samples)]
        ended = [one for one in again if one is not None]
        assert own is not None
        assert len(ended) > 0.8 * samples
        found.append((sum(one >= own for one in ended) + rng.uniform()) / (1 + len(ended)))
    return np.array(found)


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_p_is_uniform_where_there_is_no_break(kind: str) -> None:
    assert stats.kstest(shares_beyond(kind, 300, 4), "uniform").pvalue > 0.01


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["bracketed", "censored"])
def test_p_is_uniform_under_random_intercepts(kind: str) -> None:
    assert stats.kstest(shares_beyond(kind, 60, 4, seeds=6), "uniform").pvalue > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_p_is_not_far_from_uniform_in_a_few_studies(kind: str) -> None:
    assert stats.kstest(shares_beyond(kind, 8, 4), "uniform").pvalue > 0.01


def test_a_break_in_bracketed_times_is_found() -> None:
    rows = bracketed(power_law(grid(ALPHAS, BETAS, seeds=3), sigma=0.1, prefactor=10.0), bend=0.5)
    found = fit_family(table(rows), Request(models=("M3", "M5"), break_samples=39)).result["break"]
    assert found["samples"] == 39
    assert found["p"] == 1 / 40


def looked(lower: list[float], upper: list[float], limit: list[float], t: list[float]) -> list[tuple[float, float]]:
    """What is seen of times t by rows that were seen within (lower, upper], all in steps."""
    with np.errstate(divide="ignore"):
        low, high, most, times_ = (np.log(np.array(each, dtype=float)) for each in (lower, upper, limit, t))
    rows = len(lower)
    sample = Sample(low, high, np.empty((rows, 0)), np.zeros(rows, dtype=np.intp), 1)
    seen = Looks.of(sample, most).see(times_)
    return [(float(a), float(b)) for a, b in zip(*np.round(np.exp(seen), 6), strict=True)]


def test_a_row_seen_to_the_step_is_seen_to_the_step_until_its_limit() -> None:
    at = [100.0, 100.0, 100.0]
    assert looked(at, at, [1000.0, 1000.0, math.inf], [999.0, 1001.0, 5000.0]) == [
        (999.0, 999.0),
        (1000.0, math.inf),
        (5000.0, 5000.0),
    ]


def test_a_bracket_is_one_of_the_same_looks() -> None:
    at = [200.0] * 5, [400.0] * 5, [math.inf, math.inf, math.inf, 1000.0, 1000.0]
    assert looked(*at, [250.0, 90.0, 3300.0, 900.0, 1100.0]) == [
        (200.0, 400.0),
        (50.0, 100.0),
        (3200.0, 6400.0),
        (800.0, 1000.0),
        (1000.0, math.inf),
    ]


def test_a_bracket_from_the_start_says_how_many_steps_apart_looks_are() -> None:
    assert looked([0.0] * 3, [50.0] * 3, [1e6] * 3, [20.0, 60.0, 1e4 - 1]) == [
        (0.0, 50.0),
        (50.0, 100.0),
        (9950.0, 1e4),
    ]


def test_a_left_row_stays_left_below_its_first_look_only() -> None:
    # t = 0 says that t + 1 is at most 1
    exact = [0.0, 0.0, 40.0], [1.0, 1.0, 40.0]
    assert looked(*exact, [1000.0] * 3, [0.3, 7.0, 40.0]) == [(0.0, 1.0), (7.0, 7.0), (40.0, 40.0)]
    beside_brackets = [0.0, 0.0, 20.0], [1.0, 1.0, 40.0]
    assert looked(*beside_brackets, [1000.0] * 3, [0.3, 7.0, 25.0]) == [(0.0, 1.0), (4.0, 8.0), (20.0, 40.0)]


def test_a_censored_row_is_seen_where_it_crosses_before_its_end() -> None:
    rows = [100.0, 20.0, 40.0], [math.inf, 40.0, 80.0]
    assert looked(*rows, [100.0] * 3, [30.0, 25.0, 50.0]) == [(25.0, 50.0), (20.0, 40.0), (40.0, 80.0)]
    assert looked([100.0, 20.0], [math.inf, 20.0], [100.0] * 2, [30.0, 120.0]) == [(30.0, 30.0), (100.0, math.inf)]


def test_random_intercepts_are_drawn_from_their_distribution() -> None:
    data = study("bracketed", 1, seeds=12)
    fitted = fit_model("M3", data, data.rows.intercepts).fitted
    assert data.rows.intercepts == "random"
    rng = np.random.default_rng(0)
    means = []
    for _ in range(60):
        sample = drawn_anew(data, fitted, rng).sample
        middle = (sample.lower + sample.upper) / 2 - fitted.sample.x @ fitted.fit.slopes
        means.append(np.bincount(sample.draw, middle) / np.bincount(sample.draw))
    of_rows = fitted.inference.sigma**2 / 9
    assert np.std(means) == pytest.approx(math.sqrt((fitted.inference.tau or 0) ** 2 + of_rows), rel=0.1)
    assert np.mean(means) == pytest.approx(fitted.inference.level.value, abs=0.1)


def test_as_many_rows_are_censored_again() -> None:
    data = study("censored", 2)
    fitted = fit_model("M3", data, data.rows.intercepts).fitted
    rng = np.random.default_rng(0)
    shares = [1 - drawn_anew(data, fitted, rng).sample.crossed.mean() for _ in range(100)]
    assert np.mean(shares) == pytest.approx(0.3, abs=0.05)
    exact = study("exact", 2)
    again = drawn_anew(exact, fit_model("M3", exact, exact.rows.intercepts).fitted, rng).sample
    assert again.exact.all()


@pytest.mark.parametrize("noise", ["Weibull", "log-logistic"])
def test_the_noise_is_the_chosen_one_and_as_wide_as_its_row_is_stretched(noise: str) -> None:
    rows = [
        row | {"floor": 1e-4 if row["beta"] < 1e-5 else 5e-3, "test_threshold": 1e-2}
        for row in power_law(grid(ALPHAS, BETAS, seeds=3), sigma=0.1, prefactor=10.0)
    ]
    data = stretched(model_frame(table(rows), Request(models=("M3", "M5"), noise=noise)), 0.5)
    fitted = fit_model("M3", data, data.rows.intercepts).fitted
    rng = np.random.default_rng(0)
    drawn = np.stack([drawn_anew(data, fitted, rng).sample.lower for _ in range(800)])
    centre = fitted.fit.intercepts[data.sample.draw] + fitted.sample.x @ fitted.fit.slopes
    known = data.sample.noise
    e = (drawn - centre) / (fitted.inference.sigma * data.sample.stretches)
    assert e.mean(axis=0) == pytest.approx(known.mean, abs=0.3)
    assert e.std(axis=0) == pytest.approx(known.sd, rel=0.15)
