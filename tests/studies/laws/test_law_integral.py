"""A draw's integral over its intercept against mpmath, and against many more nodes, wherever its edges lie."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.special import logsumexp

from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.noise import NOISES, NORMAL, Noise
from grokscale.studies.laws.likelihood.sample import Sample
from tests.studies.laws.integrals import DIGITS, log_likelihood, ours, value

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


EVERY = [(decade, censored) for decade in range(2, 10) for censored in (0, 1, 3)]
SOME = [(2, 1), (9, 0)]


@pytest.mark.parametrize(
    ("decade", "censored"), [*SOME, *(pytest.param(*p, marks=pytest.mark.slow) for p in EVERY if p not in SOME)]
)
def test_no_digit_is_lost_however_little_a_draw_scatters(decade: int, censored: int) -> None:
    sigma = TAU * 10.0**-decade
    sample = draw(NORMAL, sigma, 4, censored, seed=decade)
    known = log_likelihood(sample, 2.0, [1.0], sigma, TAU)
    assert value(sample, 2.0, [1.0], sigma, TAU) == pytest.approx(float(known), abs=1e-12)
    # a place away from the best, where squares are large
    known = log_likelihood(sample, 2.0 + TAU, [1.0 + sigma], 1.5 * sigma, TAU)
    assert value(sample, 2.0 + TAU, [1.0 + sigma], 1.5 * sigma, TAU) == pytest.approx(float(known), abs=1e-12)


@every_noise
@pytest.mark.parametrize(
    "ratio", [1.0, 1e-5, pytest.param(10.0, marks=pytest.mark.slow), pytest.param(0.03, marks=pytest.mark.slow)]
)
def test_the_edges_of_a_draw_that_never_crosses_are_seen(noise: Noise, ratio: float) -> None:
    for censored in (1, 4):
        sample = draw(noise, TAU * ratio, 0, censored, seed=censored)
        known = log_likelihood(sample, 2.0, [1.0], TAU * ratio, TAU)
        assert value(sample, 2.0, [1.0], TAU * ratio, TAU) == pytest.approx(float(known), abs=1e-13)


@pytest.mark.slow
@every_noise
@pytest.mark.parametrize("decade", [2, 6, 9])
def test_no_digit_is_lost_under_any_noise(noise: Noise, decade: int) -> None:
    sigma = TAU * 10.0**-decade
    for censored in (0, 1, 3):
        sample = draw(noise, sigma, 3, censored, seed=decade)
        known = log_likelihood(sample, 2.0, [1.0], sigma, TAU)
        assert value(sample, 2.0, [1.0], sigma, TAU) == pytest.approx(float(known), abs=1e-12)


@pytest.mark.parametrize("decade", [1, pytest.param(6, marks=pytest.mark.slow)])
def test_gradient_and_information_are_derivatives(decade: int) -> None:
    sigma = TAU * 10.0**-decade
    sample = draw(NORMAL, sigma, 3, 1, seed=5)
    found = ours(sample, 2.0, [1.0], sigma, TAU)
    mean = mp.mpf(float(sample.x.mean()))

    def known(*moved: Any) -> Any:
        """By (level, slope)/sigma in the units that rows are taken about, and the logs of 1/sigma and tau/sigma."""
        level, slope, log_theta, log_rho = (mp.mpf(one) for one in moved)
        scatter = mp.mpf(sigma) * mp.exp(-log_theta)
        b = 1 + scatter * slope
        a = 2 + mean + scatter * level - mean * b
        own = log_likelihood(sample, a, [b], scatter, scatter * mp.exp(log_rho) * mp.mpf(TAU) / mp.mpf(sigma))
        return own + int(sample.exact.sum()) * mp.log(mp.mpf(sigma))

    with mp.workdps(DIGITS):
        steps = [mp.mpf(10) ** -8 * scale for scale in (10**decade, 1, 1, 1)]
        for i, step in enumerate(steps):
            at = [[side * step if j == i else 0 for j in range(4)] for side in (1, -1)]
            up, down = (known(*place) for place in at)
            assert found.gradient[i] * float(step) == pytest.approx(float((up - down) / 2), rel=1e-7, abs=1e-17)
            second = float((up + down - 2 * known(0, 0, 0, 0)) / step**2)
            assert -found.information[i, i] == pytest.approx(second, rel=1e-6, abs=1e-20)


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
    assert np.abs(errors(40)).max() < 1e-10


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_draws_of_any_rows_are_integrated_as_by_many_more_nodes() -> None:
    assert np.abs(errors(4000)).max() < 1e-10
