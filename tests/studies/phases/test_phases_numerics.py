"""Wilson, logistic regression, Firth and the profile interval against implementations that share nothing with ours."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq, minimize
from scipy.special import expit
from scipy.stats import chi2
from statsmodels.stats.proportion import proportion_confint

from grokscale.studies.phases.logistic import Counts, clustered, covariance, fit, separated
from grokscale.studies.phases.wilson import wilson


@pytest.mark.parametrize("trials", [1, 2, 10, 137, 10**6])
def test_wilson_is_statsmodels_own(trials: int) -> None:
    for successes in {0, 1, trials // 3, trials - 1, trials}:
        expected = proportion_confint(successes, trials, method="wilson")
        assert wilson(successes, trials) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def sample(seed: int, slope: float = 1.5, rows: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trials, not counts: design (rows, 3), successes and a cluster of each."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), rng.normal(size=rows), rng.choice([-1.0, 0.0, 1.0], rows)])
    won = rng.random(rows) < expit(design @ [0.3, slope, -0.8])
    return design, won, rng.integers(0, 15, rows)


def counts(design: np.ndarray, won: np.ndarray) -> Counts:
    return Counts(design, won.astype(float), np.ones(len(won)))


@pytest.mark.parametrize("seed", range(4))
def test_maximum_likelihood_is_statsmodels_logit(seed: int) -> None:
    design, won, cluster = sample(seed)
    ours = fit(counts(design, won), firth=False)
    theirs = sm.Logit(won.astype(float), design).fit(disp=0, tol=1e-14)
    assert ours.coefficients[0] == pytest.approx(theirs.params, rel=1e-6)
    assert ours.value[0] == pytest.approx(theirs.llf, rel=1e-10)
    assert np.sqrt(np.diag(covariance(counts(design, won), ours.coefficients[0]))) == pytest.approx(
        theirs.bse, rel=1e-6
    )
    robust = sm.Logit(won.astype(float), design).fit(
        disp=0, tol=1e-14, cov_type="cluster", cov_kwds={"groups": cluster}
    )
    sandwich = clustered(counts(design, won), ours.coefficients[0], np.arange(len(won)), won, cluster)
    assert np.sqrt(np.diag(sandwich)) == pytest.approx(robust.bse, rel=1e-6)


def penalised(b: np.ndarray, design: np.ndarray, won: np.ndarray) -> float:
    """Firth's penalised log-likelihood as it is defined, trial by trial."""
    p = 1 / (1 + np.exp(-design @ b))
    log_likelihood = sum(np.log(p[i]) if won[i] else np.log(1 - p[i]) for i in range(len(won)))
    information = sum(p[i] * (1 - p[i]) * np.outer(design[i], design[i]) for i in range(len(won)))
    return float(log_likelihood + np.log(np.linalg.det(information)) / 2)


@pytest.mark.parametrize("slope", [1.5, 1e3])
def test_firth_is_the_maximum_of_its_definition(slope: float) -> None:
    design, won, _ = sample(7, slope, rows=25)
    ours = fit(counts(design, won), firth=True)
    brute = minimize(
        lambda b: -penalised(b, design, won), np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    )
    assert ours.coefficients[0] == pytest.approx(brute.x, rel=1e-5, abs=1e-6)
    assert ours.value[0] == pytest.approx(-brute.fun, rel=1e-9)
    assert ours.gradient_norm[0] < 1e-6


def test_firth_adds_half_a_trial_to_each_corner_of_a_separated_table() -> None:
    two = Counts(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 10.0]), np.array([10.0, 10.0]))
    assert separated(two)
    found = fit(two, firth=True).coefficients[0]
    assert found == pytest.approx([np.log(0.5 / 10.5), 2 * np.log(10.5 / 0.5)], rel=1e-7)


@pytest.mark.parametrize(
    ("won", "expected"),
    [
        ([0, 0, 10, 10], True),  # a step
        ([0, 4, 10, 10], True),  # one mixed place: a slope without end through it
        ([0, 4, 6, 10], False),
        ([10, 4, 6, 0], False),
        ([10, 10, 0, 0], True),
    ],
)
def test_separation_is_told(won: list[float], expected: bool) -> None:
    design = np.column_stack([np.ones(4), np.arange(4.0)])
    assert separated(Counts(design, np.array(won, dtype=float), np.full(4, 10.0))) is expected


@pytest.mark.parametrize("won", [[0, 2, 5, 9, 10, 10], [0, 0, 0, 10, 10, 10]])
def test_the_profile_interval_is_where_the_likelihood_ratio_test_turns(won: list[int]) -> None:
    from grokscale.studies.phases import phases
    from tests.studies.laws.tables import table

    levels = [10, 15, 20, 30, 40, 60]
    rows = [
        {"configuration": k, "seed": seed, "N": N, "outcome": "generalised" if seed < count else "stalled"}
        for k, (N, count) in enumerate(zip(levels, won, strict=True))
        for seed in range(10)
    ]
    contour = phases(table(rows), "N")["contour"]
    x = np.log([row["N"] for row in rows])
    y = np.array([row["outcome"] == "generalised" for row in rows])
    design = np.column_stack([np.ones(len(x)), x])

    def log_likelihood(b: np.ndarray) -> float:
        eta = design @ b
        value = -np.logaddexp(0, np.where(y, -eta, eta)).sum()
        if not contour["separated"]:
            return value
        weight = expit(eta) * expit(-eta)
        return value + 0.5 * np.linalg.slogdet((design.T * weight) @ design)[1]

    def best_through(log_N: float) -> float:
        slopes = np.geomspace(0.1, 300, 400)
        best = max(slopes, key=lambda b: log_likelihood(np.array([-b * log_N, b])))
        found = minimize(lambda b: -log_likelihood(np.array([-b[0] * log_N, b[0]])), [best], method="Nelder-Mead")
        return -found.fun

    middle = contour["points"][0]
    top = best_through(np.log(middle["x"]))

    def excess(log_N: float) -> float:
        return 2 * (top - best_through(log_N)) - chi2.ppf(0.95, 1)

    low = np.exp(brentq(excess, np.log(middle["x"]) - 0.8, np.log(middle["x"]), xtol=1e-7))
    high = np.exp(brentq(excess, np.log(middle["x"]), np.log(middle["x"]) + 0.8, xtol=1e-7))
    assert middle["ci95"] == pytest.approx([low, high], rel=1e-4)
