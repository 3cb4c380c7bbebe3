"""A random intercept a draw against statsmodels (no censoring) and against the integral written out (censoring)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from grokscale.studies.laws.likelihood.mixed.fit import Mixed, fit_mixed
from grokscale.studies.laws.likelihood.noise import NOISES, NORMAL, Noise
from grokscale.studies.laws.likelihood.sample import Sample

DRAWS, ROWS = 10, 6


def sample(noise: Noise = NORMAL, censored: float = 0.0, sigma: float = 0.2, seed: int = 0) -> Sample:
    """Log t = 1 + x + z/2 + u + sigma e, x within draws and z between them."""
    rng = np.random.default_rng(seed)
    draw = np.repeat(np.arange(DRAWS), ROWS)
    x = np.column_stack([rng.uniform(0, 4, DRAWS * ROWS), np.repeat(rng.normal(size=DRAWS), ROWS)])
    y = 1 + x @ [1.0, 0.5] + 0.4 * rng.normal(size=DRAWS)[draw] + sigma * noise.draw(rng.uniform(size=DRAWS * ROWS))
    lower, upper = y.copy(), y.copy()
    beyond = y > np.quantile(y, 1 - censored)
    lower[beyond], upper[beyond] = np.quantile(y, 1 - censored), np.inf
    return Sample(lower, upper, x, draw, DRAWS, noise)


@pytest.mark.parametrize("sigma", [0.2, 1e-3])
def test_without_censoring_it_is_the_mixed_model_of_statsmodels(sigma: float) -> None:
    rows = sample(sigma=sigma)
    found = fit_mixed(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = sm.MixedLM(rows.lower, sm.add_constant(rows.x), groups=rows.draw).fit(reml=False, method="bfgs")
    assert [found.level, *found.slopes] == pytest.approx(known.fe_params, rel=1e-5)
    # its search ends early where sigma is small: ours is never lower
    assert found.value >= known.llf - 1e-6
    if sigma > 0.1:
        assert np.sqrt(np.diag(found.covariance)) == pytest.approx(known.bse_fe, rel=1e-4)
        assert (found.sigma**2, found.tau**2) == pytest.approx((known.scale, known.cov_re.item()), rel=1e-4)
        assert found.value == pytest.approx(known.llf, abs=1e-6)
    assert found.evidence.converged


def integral(rows: Sample, vector: np.ndarray) -> float:
    """The log-likelihood by the trapezium rule over u, from the definition; 3,001 nodes say the same to 1e-12."""
    level, b, c, log_sigma, log_tau = vector
    sigma, tau, u = np.exp(log_sigma), np.exp(log_tau), np.linspace(-9, 9, 601)
    total = 0.0
    for g in range(rows.draws):
        mine = rows.draw == g
        z = ((rows.lower[mine] - level - rows.x[mine] @ [b, c])[:, None] - tau * u) / sigma
        density = rows.noise.at(z).value - log_sigma
        logs = np.where(rows.exact[mine, None], density, rows.noise.above(z).value).sum(axis=0)
        total += np.logaddexp.reduce(logs - u * u / 2 - 0.5 * np.log(2 * np.pi)) + np.log(u[1] - u[0])
    return total


def vector_of(found: Mixed) -> np.ndarray:
    return np.array([found.level, *found.slopes, np.log(found.sigma), np.log(found.tau)])


@pytest.mark.parametrize("noise", NOISES.values(), ids=lambda noise: noise.name)
def test_under_censoring_it_is_the_maximum_of_the_integral(noise: Noise) -> None:
    rows = sample(noise, censored=0.4, seed=1)
    found = fit_mixed(rows)
    assert found.value == pytest.approx(integral(rows, vector_of(found)), abs=1e-5)
    options = {"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000}
    known = minimize(lambda v: -integral(rows, v), vector_of(found) + 0.01, method="Nelder-Mead", options=options)
    assert found.value >= -known.fun - 1e-6
    assert vector_of(found)[:3] == pytest.approx(known.x[:3], abs=1e-4)


def test_its_covariance_is_that_of_the_integrals_curvature() -> None:
    rows = sample(censored=0.4, seed=2)
    found = fit_mixed(rows)
    best, h, n = vector_of(found), 1e-3, 5
    hessian = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            a, b = np.eye(n)[i] * h, np.eye(n)[j] * h
            corners = (best + a + b, best + a - b, best - a + b, best - a - b)
            up, one, other, down = (integral(rows, v) for v in corners)
            hessian[i, j] = (up - one - other + down) / (4 * h * h)
    assert found.covariance == pytest.approx(np.linalg.inv(-hessian)[:3, :3], rel=2e-3, abs=1e-7)


def test_draws_that_do_not_differ_have_no_scatter() -> None:
    rng = np.random.default_rng(3)
    rows = sample()
    same = 1 + rows.x[:, 0] + 0.2 * np.tile([-1, 1, -1, 1, -1, 1], DRAWS) * rng.uniform(0.9, 1.1, DRAWS * ROWS)
    found = fit_mixed(Sample(same, same, rows.x[:, :1], rows.draw, DRAWS))
    assert found.tau == 0
    assert found.slopes[0] == pytest.approx(np.polyfit(rows.x[:, 0], same, 1)[0], rel=1e-6)
