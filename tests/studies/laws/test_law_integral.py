"""A draw's integral over its intercept against mpmath, and against many more nodes, wherever its edges lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.special import logsumexp

from studies.laws.likelihood import Sample, rows
from studies.laws.noise import NOISES, NORMAL, Noise
from tests.studies.laws.integrals import log_likelihood, value

TAU = 0.4
every_noise = pytest.mark.parametrize("noise", NOISES.values(), ids=lambda noise: noise.name)


def draw(noise: Noise, sigma: float, exact: int, censored: int, seed: int = 0) -> Sample:
    """One draw of log t = 2 + x + u + sigma e, its censored rows within some sigma of their edge."""
    rng = np.random.default_rng(seed)
    n = exact + censored
    x = rng.uniform(0, 8, (n, 1))
    lower = 2 + x[:, 0] + TAU * rng.normal() + sigma * noise.draw(rng.uniform(size=n))
    upper = lower.copy()
    upper[:censored] = np.inf
    return Sample(lower, upper, x, np.zeros(n, dtype=np.intp), 1, noise)


@pytest.mark.parametrize("censored", [0, 1, 3])
@pytest.mark.parametrize(
    "decade",
    [
        2,
        pytest.param(3, marks=pytest.mark.slow),
        4,
        *(pytest.param(k, marks=pytest.mark.slow) for k in (5, 6, 7, 8)),
        9,
    ],
)
def test_no_digit_is_lost_however_little_a_draw_scatters(decade: int, censored: int) -> None:
    sigma = TAU * 10.0**-decade
    rows = draw(NORMAL, sigma, 4, censored, seed=decade)
    known = log_likelihood(rows, 2.0, [1.0], sigma, TAU)
    assert value(rows, 2.0, [1.0], sigma, TAU) == pytest.approx(float(known), abs=1e-12)
    # a place away from the best, where squares are large
    known = log_likelihood(rows, 2.0 + TAU, [1.0 + sigma], 1.5 * sigma, TAU)
    assert value(rows, 2.0 + TAU, [1.0 + sigma], 1.5 * sigma, TAU) == pytest.approx(float(known), abs=1e-12)


@every_noise
@pytest.mark.parametrize("ratio", [10.0, 1.0, 0.03, 1e-5])
def test_the_edges_of_a_draw_that_never_crosses_are_seen(noise: Noise, ratio: float) -> None:
    for censored in (1, 4):
        rows = draw(noise, TAU * ratio, 0, censored, seed=censored)
        known = log_likelihood(rows, 2.0, [1.0], TAU * ratio, TAU)
        assert value(rows, 2.0, [1.0], TAU * ratio, TAU) == pytest.approx(float(known), abs=1e-13)


@pytest.mark.slow
@every_noise
@pytest.mark.parametrize("decade", [2, 6, 9])
def test_no_digit_is_lost_under_any_noise(noise: Noise, decade: int) -> None:
    sigma = TAU * 10.0**-decade
    for censored in (0, 1, 3):
        rows = draw(noise, sigma, 3, censored, seed=decade)
        known = log_likelihood(rows, 2.0, [1.0], sigma, TAU)
        assert value(rows, 2.0, [1.0], sigma, TAU) == pytest.approx(float(known), abs=1e-12)


def dense(sample: Sample, level: float, slope: float, sigma: float, tau: float) -> float:
    """The log-likelihood of one draw by 30 Gauss-Legendre nodes between every half unit of noise and of prior."""
    at, weights = leggauss(30)
    line = level + slope * sample.x[:, 0]
    near = np.concatenate([np.arange(0, 12.5, 0.5), [15, 20, 30, 40, 60]])
    ends = np.concatenate([sample.lower - line, sample.upper - line])
    places = [(end, sigma * np.min(sample.stretches)) for end in ends[np.isfinite(ends)]] + [(0.0, tau)]
    points = np.unique(np.concatenate([end + side * near * unit for end, unit in places for side in (-1, 1)]))
    low, high = points[:-1, None], points[1:, None]
    u = ((low + high) / 2 + (high - low) / 2 * at).reshape(-1)
    logs = np.log((high - low) / 2 * weights).reshape(-1) - 0.5 * (u / tau) ** 2 - np.log(tau * np.sqrt(2 * np.pi))
    for i in range(len(line)):
        one = Sample(
            *(np.full(len(u), ends[i]) for ends in (sample.lower, sample.upper)),
            np.empty((len(u), 0)),
            np.arange(len(u)),
            len(u),
            sample.noise,
            np.full(len(u), sample.stretches[i]),
        )
        logs = logs + rows(one, (line[i] + u) / sigma, 1 / sigma)[0]
    return float(logsumexp(logs))


def some_draw(rng: np.random.Generator) -> tuple[Sample, float, float]:
    """A draw of 1 to 12 rows of all kinds, contradictory ones among them, with its sigma and tau."""
    n, sigma, tau = int(rng.integers(1, 13)), 10 ** rng.uniform(-4, 0), 10 ** rng.uniform(-2, 0.5)
    x = rng.uniform(0, 5, (n, 1))
    middle = 1 + x[:, 0] + tau * rng.normal() + sigma * rng.normal(size=n) * 10 ** rng.uniform(-1, 0.7)
    kind, width = rng.choice(4, n, p=rng.dirichlet([0.5] * 4)), sigma * 10 ** rng.uniform(-2, 2, n)
    lower = np.select([kind == 0, kind == 1, kind == 2], [middle, middle, middle - width], -np.inf)
    upper = np.select([kind == 0, kind == 1, kind == 2], [middle, np.inf, middle + width], middle)
    noise: Any = rng.choice(np.array([*NOISES.values()], dtype=object))
    stretch = np.exp(rng.normal(size=n)) if rng.uniform() < 0.3 else None
    return Sample(lower, upper, x, np.zeros(n, dtype=np.intp), 1, noise, stretch), sigma, tau


def errors(count: int) -> list[float]:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        sample, sigma, tau = some_draw(rng)
        known = dense(sample, 1.0, 1.0, sigma, tau)
        found.append((value(sample, 1.0, [1.0], sigma, tau) - known) / max(1.0, abs(known) / 10))
    return found


def test_draws_of_any_rows_are_integrated_as_by_many_more_nodes() -> None:
    assert np.abs(errors(150)).max() < 1e-10


@pytest.mark.slow
def test_thousands_of_draws_of_any_rows_are_integrated_as_by_many_more_nodes() -> None:
    assert np.abs(errors(4000)).max() < 1e-10
