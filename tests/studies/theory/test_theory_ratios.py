"""Ratios of measured to predicted: a table by hand, and the censored mean against its definition."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.stats import norm, t

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.theory import theory
from grokscale.studies.theory.mean import Logs, NoMean, mean
from tests.studies.laws.tables import Row, crossing, table


def row(seed: int, beta: float, t2: Row, **more: Any) -> Row:
    config = {"alpha": 0.1, "beta": beta, "configuration": 0 if beta == 1e-4 else 1, "seed": seed}
    return config | {"t2_predicted": 1000.0, "T_star": 0.01, **t2, **more}


def seen(step: int) -> Row:
    return crossing("t2", "exact", step)


def t2_of(rows: list[Row], **how: Any) -> dict[str, Any]:
    return theory(table(rows), **how)["comparisons"]["t2"]


def test_the_ratio_of_a_table_by_hand() -> None:
    # draw means of log ratios: log 2 and log 8 (of 4 and 16); geometric mean 4, sd of the logs log 4 / sqrt 2
    rows = [row(0, 1e-4, seen(2000)), row(0, 1e-5, seen(2000)), row(1, 1e-4, seen(4000)), row(1, 1e-5, seen(16000))]
    found = t2_of(rows)
    assert (found["n"], found["draws"], found["method"]) == (4, 2, "draw means")
    assert found["ratio"]["value"] == pytest.approx(4)
    half = 12.706204736 * np.log(4) / 2  # t(1)
    assert found["ratio"]["ci95"] == pytest.approx([4 * np.exp(-half), 4 * np.exp(half)], rel=1e-8)
    assert found["geometric_sd"] == pytest.approx(np.exp(np.log(4) / 2**0.5))
    first, second = found["cells"]
    assert (first["config"], second["config"]) == ({"beta": 1e-4}, {"beta": 1e-5})
    assert first["ratio"]["value"] == pytest.approx(8**0.5)
    assert second["ratio"]["value"] == pytest.approx(32**0.5)


def test_every_trial_is_compared_or_counted() -> None:
    nothing = {"t2_predicted": None}
    rows = [
        row(0, 1e-4, seen(1500)),
        row(1, 1e-4, crossing("t2", "right", lower=5000), outcome="memorised"),
        row(2, 1e-4, crossing("t2", "infeasible", lower=5000), outcome="infeasible"),
        row(3, 1e-4, {}, outcome=None),
        row(4, 1e-4, {}, outcome="failed", **nothing),
        row(5, 1e-4, seen(900), **nothing),
        row(6, 1e-4, seen(900), **nothing),
        row(7, 1e-4, seen(900), **nothing),
        row(8, 1e-4, crossing("t2", "interval", lower=900, upper=1100)),
    ]
    reasons = {
        "5": {"t2_predicted": "the floor 0.02 is more than a tenth"},
        "6": {"t2_predicted": "the floor 3.1e-05 is more than a tenth"},
    }
    found = t2_of(rows, reasons=reasons)
    assert found["n"] == 3
    assert found["censored"] == {"interval": 1, "left": 0, "right": 1}
    assert found["counted_out"] == {"failed": 1, "infeasible": 1, "pending": 1, "unpredicted": 3}
    assert found["unpredicted"]["the floor ... is more than a tenth"] == 2
    assert sum(found["unpredicted"].values()) == 3
    assert found["ratio"]["value"] is None
    assert "uncensored" in found["ratio"]["reason"]


def test_the_settled_error_stands_beside_the_floor() -> None:
    rows = [row(k, 1e-4, {}, error_settled=0.02 * (1 + k), floor=0.02, outcome="stalled") for k in range(2)]
    found = theory(table(rows))["comparisons"]["floor"]
    assert found["ratio"]["value"] == pytest.approx(2**0.5)


def test_a_study_without_a_comparison_is_too_little() -> None:
    with pytest.raises(TooLittle) as refused:
        theory(table([row(0, 1e-4, {}, outcome=None)]))
    assert refused.value.counts["t2"] == {"pending": 1}


def draws(rng: np.random.Generator, count: int, budget: float) -> Logs:
    """Three log ratios about 0.2 for each draw, censored at a budget of their own and the second in a bracket."""
    y = 0.2 + 0.3 * rng.normal(size=(count, 1)) + 0.2 * rng.normal(size=(count, 3))
    lower, upper = y.copy(), y.copy()
    lower[:, 1], upper[:, 1] = np.floor(4 * y[:, 1]) / 4, np.floor(4 * y[:, 1]) / 4 + 0.25
    over = y > budget
    lower[over], upper[over] = budget, np.inf
    keep = rng.random(y.shape) < 0.9
    return Logs(lower[keep], upper[keep], np.repeat(np.arange(count), 3).reshape(y.shape)[keep])


def likelihoods(b: np.ndarray, logs: Logs) -> np.ndarray:
    """Each row's log-likelihood as it is defined; b = (mu, log sigma)."""
    mu, sigma = b[0], np.exp(b[1])
    with np.errstate(divide="ignore"):
        inside = np.log(norm.cdf(logs.upper, mu, sigma) - norm.cdf(logs.lower, mu, sigma))
    return np.where(logs.seen, norm.logpdf(logs.lower, mu, sigma), inside)


@pytest.mark.parametrize("seed", range(3))
def test_the_censored_mean_and_its_sandwich_are_those_of_the_definition(seed: int) -> None:
    logs = draws(np.random.default_rng(seed), 12, 0.4)
    ours = mean(logs)
    weight = 1 / np.bincount(logs.stream)[logs.stream]
    brute = minimize(
        lambda b: -(weight * likelihoods(b, logs)).sum(),
        [0.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-14},
    )
    assert ours.method == "censored log-normal likelihood"
    assert ours.log == pytest.approx(brute.x[0], abs=1e-6)
    scores = np.array(
        [
            approx_fprime(brute.x, lambda b, d=d: (weight * likelihoods(b, logs))[logs.stream == d].sum(), 1e-6)
            for d in range(12)
        ]
    )
    hessian = np.array(
        [
            approx_fprime(
                brute.x, lambda b, k=k: approx_fprime(b, lambda c: (weight * likelihoods(c, logs)).sum(), 1e-4)[k], 1e-4
            )
            for k in range(2)
        ]
    )
    bread = np.linalg.inv(hessian)
    se = np.sqrt((bread @ scores.T @ scores @ bread.T)[0, 0] * 12 / 11)
    assert ours.se == pytest.approx(se, rel=2e-3)


def test_without_censoring_the_likelihood_gives_the_draws_means() -> None:
    logs = draws(np.random.default_rng(5), 9, np.inf)
    middle = np.where(logs.seen, logs.lower, (logs.lower + logs.upper) / 2)
    exact = mean(Logs(middle, middle, logs.stream))
    # brackets so narrow that they are points, but not for the closed form
    narrow = mean(Logs(middle - 1e-7, np.where(np.arange(len(middle)) < 3, middle + 1e-7, middle - 1e-7), logs.stream))
    assert narrow.method != exact.method
    assert narrow.log == pytest.approx(exact.log, abs=1e-6)
    assert narrow.se == pytest.approx(exact.se, rel=1e-5)
    means = np.array([middle[logs.stream == d].mean() for d in range(9)])
    assert exact.log == pytest.approx(means.mean())
    assert exact.half() == pytest.approx(t.ppf(0.975, 8) * means.std(ddof=1) / 3)


def test_the_censored_interval_covers_where_dropping_does_not() -> None:
    hits = dropped = 0
    for seed in range(300):
        logs = draws(np.random.default_rng(100 + seed), 15, 0.4)
        ours = mean(logs)
        hits += abs(ours.log - 0.2) <= (ours.half() or 0)
        kept = mean(Logs(logs.lower[logs.seen], logs.upper[logs.seen], logs.stream[logs.seen]))
        dropped += abs(kept.log - 0.2) <= (kept.half() or 0)
    # 1.3 % of Monte-Carlo standard error
    assert hits / 300 >= 0.93
    assert dropped / 300 < 0.7


def test_equal_values_beside_a_censored_one_have_no_mean() -> None:
    logs = Logs(np.array([0.1, 0.1, 0.0]), np.array([0.1, 0.1, np.inf]), np.arange(3))
    with pytest.raises(NoMean):
        mean(logs)


def explained(slope: float, draws: int = 10, scatter: float = 0.05) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    rows, x, y = [], [], []
    for seed in range(draws):
        T_star = float(np.exp(rng.normal()))
        prefactor = np.exp(slope * np.log(T_star) + scatter * rng.normal())
        for beta in (1e-5, 1e-6):
            step = round(prefactor / (0.1 * beta))
            rows.append(row(seed, beta, seen(step), T_star=T_star, t2_predicted=T_star / (0.1 * beta)))
        x.append(np.log(T_star))
        y.append(np.mean([np.log(r["t2_step"] * 0.1 * r["beta"]) for r in rows[-2:]]))
    return theory(table(rows)), np.array(x), np.array(y)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_the_slope_on_the_predicted_time_is_statsmodels_own(slope: float) -> None:
    found, x, y = explained(slope)
    ours = found["explains_draws"]
    theirs = sm.OLS(y, sm.add_constant(x)).fit()
    assert [ours["intercept"], ours["value"]] == pytest.approx(theirs.params, rel=1e-6, abs=1e-9)
    assert ours["se"] == pytest.approx(theirs.bse[1], rel=1e-6)
    assert ours["ci95"] == pytest.approx(theirs.conf_int()[1].tolist(), rel=1e-6)
    assert ours["r2"] == pytest.approx(theirs.rsquared, rel=1e-6)
    assert ours["tests"]["slope_is_0"]["p"] == pytest.approx(theirs.pvalues[1], rel=1e-5)
    assert ours["tests"]["slope_is_1"]["p"] == pytest.approx(float(theirs.t_test("x1 = 1").pvalue), rel=1e-5)
    assert (ours["tests"]["slope_is_1"]["p"] < 0.05) == (slope != 1)
    assert "R2" in found["text"]


@pytest.mark.parametrize(("draws", "reason"), [(2, "2 draws"), (5, "the same in every draw")])
def test_a_slope_that_cannot_be_told_is_null(draws: int, reason: str) -> None:
    rows = [row(seed, 1e-4, seen(1000 + seed)) for seed in range(draws)]
    found = theory(table(rows))["explains_draws"]
    assert (found["value"], found["not_identifiable"]) == (None, "T_star")
    assert reason in found["reason"]


numbers = st.sampled_from([None, 0.0, 1e-300, 0.5, 1.0, 1e4, 1e300])
steps = st.sampled_from([0, 1, 2, 1000, 10**12])


@st.composite
def anything(draw: st.DrawFn) -> Row:
    word = draw(st.sampled_from(["exact", "exact", "interval", "left", "right", "infeasible", None]))
    lower = draw(steps)
    t2 = crossing("t2", word, lower, lower=lower, upper=lower + 5) if word else {}
    if word in ("right", "infeasible"):
        t2 |= {"t2_upper": None}
    outcomes = ["generalised", "generalised", "memorised", "stalled", "diverged", "failed", None]
    theory_columns = {name: draw(numbers) for name in ("t2_predicted", "T_star", "floor", "t1_predicted")}
    fields = {"seed": draw(st.integers(0, 3)), "configuration": draw(st.integers(0, 1)), "alpha": 0.1}
    ends = {"outcome": draw(st.sampled_from(outcomes)), "error_settled": draw(numbers)}
    return fields | t2 | ends | theory_columns


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(anything(), min_size=1, max_size=25))
def test_any_table_has_an_answer(rows: list[Row]) -> None:
    of = table(rows)
    try:
        found = theory(of)
    except TooLittle as refusal:
        assert str(refusal)
        return
    json.dumps(found, allow_nan=False)
    assert found["text"].isascii()
    for one in found["comparisons"].values():
        assert one["n"] + sum(one["counted_out"].values()) == len(rows)
        for part in [one, *one["cells"]]:
            assert part["ratio"]["value"] is not None or part["ratio"]["reason"]


# -- draws made of the same random numbers --------------------------------------------------------------------------


def legacy(streams: int = 6, sizes: tuple[int, ...] = (20, 30, 45)) -> list[Row]:
    """One seed draws the data of every N; how far theory is off belongs to the seed."""
    rng = np.random.default_rng(2)
    rows = []
    for seed in range(streams):
        off = 0.3 * rng.normal()
        for N in sizes:
            T_star = 0.01 * np.exp(0.4 * rng.normal())
            t2 = round(1e5 * T_star * np.exp(off + 0.05 * rng.normal()))
            told = {"N": N, "stream_id": f"legacy:{seed}", "T_star": T_star, "t2_predicted": 1e5 * T_star}
            rows.append(row(seed, 1e-4, seen(t2)) | told)
    return rows


def test_a_stream_counts_once_however_many_draws_are_made_of_it() -> None:
    rows = legacy()
    found = theory(table(rows))
    assert (found["draws"], found["streams"]) == (18, 6)
    ratio = found["comparisons"]["t2"]
    logs = np.log([r["t2_step"] / r["t2_predicted"] for r in rows]).reshape(6, 3).mean(axis=1)
    half = t.ppf(0.975, 5) * logs.std(ddof=1) / 6**0.5
    assert (ratio["n"], ratio["draws"], ratio["streams"]) == (18, 18, 6)
    assert np.log(ratio["ratio"]["ci95"]) == pytest.approx([logs.mean() - half, logs.mean() + half], rel=1e-9)


def test_the_slope_of_draws_of_few_streams_is_clustered_by_them() -> None:
    rows = legacy()
    found = theory(table(rows))["explains_draws"]
    x = np.log([r["T_star"] for r in rows])
    y = np.log([r["t2_step"] * r["T_star"] / r["t2_predicted"] for r in rows])
    X = np.column_stack([np.ones(18), x])
    inverse = np.linalg.inv(X.T @ X)
    hat = X @ inverse @ X.T
    e = y - hat @ y
    middle = np.zeros((2, 2))
    for at in np.arange(18).reshape(6, 3):
        values, vectors = np.linalg.eigh(np.eye(3) - hat[np.ix_(at, at)])
        score = X[at].T @ (vectors / np.sqrt(values)) @ vectors.T @ e[at]
        middle += np.outer(score, score)
    assert found["value"] == pytest.approx((inverse @ X.T @ y)[1], rel=1e-9)
    assert found["se"] == pytest.approx(np.sqrt((inverse @ middle @ inverse)[1, 1]), rel=1e-9)
    # t of fewer degrees than there are streams, not of 18 draws
    assert (found["ci95"][1] - found["value"]) / found["se"] > t.ppf(0.975, 5)


def test_one_stream_tells_no_scatter_of_the_slope() -> None:
    found = theory(table(legacy(streams=1, sizes=(20, 30, 45, 60))))["explains_draws"]
    assert found["value"] is None
    assert "too few streams" in found["reason"]
