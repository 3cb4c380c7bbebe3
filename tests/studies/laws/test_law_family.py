"""Models M0 to M5 against statsmodels, lifelines, planted parameters and formulas written another way."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.formula.api as smf
from lifelines import LogLogisticAFTFitter, WeibullAFTFitter
from scipy.optimize import brentq

from grokscale.studies.laws import NotApplicable, Request, UnknownName, fit_family
from tests.studies.laws.tables import Row, censor, crossing, grid, power_law, table, times

ALPHAS, BETAS = (0.01, 0.03, 0.1), (1e-6, 1e-5, 1e-4)


def family(rows: list[Row] | pa.Table, **asked: Any) -> dict[str, Any]:
    return fit_family(rows if isinstance(rows, pa.Table) else table(rows), Request(**asked)).result


def parameter(answer: dict[str, Any], model: str, name: str) -> dict[str, Any]:
    return answer["models"][model]["parameters"][name]


def frame(rows: list[Row]) -> pd.DataFrame:
    alpha, beta = np.array([row["alpha"] for row in rows]), np.array([row["beta"] for row in rows])
    data = {"a": np.log(alpha), "b": np.log(beta), "seed": [row["seed"] for row in rows]}
    return pd.DataFrame(data | {"y": np.log(times(rows))}).assign(ab=lambda d: d.a + d.b)


ROWS = power_law(grid(ALPHAS, BETAS), sigma=0.1)


def test_without_censoring_m2_and_m3_are_least_squares_with_a_dummy_a_draw() -> None:
    answer = family(ROWS, models=("M2", "M3"))
    one = smf.ols("y ~ ab + C(seed)", frame(ROWS)).fit()
    two = smf.ols("y ~ a + b + C(seed)", frame(ROWS)).fit()
    for model, name, known, column in (
        ("M2", "1/(alpha*beta)", one, "ab"),
        ("M3", "alpha", two, "a"),
        ("M3", "beta", two, "b"),
    ):
        found, sign = parameter(answer, model, name), -1 if column == "ab" else 1
        assert found["value"] == pytest.approx(sign * known.params[column], rel=1e-10)
        assert found["se"] == pytest.approx(known.bse[column], rel=1e-9)
        assert found["ci95"] == pytest.approx(sorted(sign * known.conf_int().loc[column]), rel=1e-9)
    assert answer["models"]["M2"]["log_likelihood"] == pytest.approx(one.llf, rel=1e-10)
    assert answer["models"]["M2"]["aic"] == pytest.approx(one.aic + 2, rel=1e-10)  # sigma is a parameter here
    ratio = answer["likelihood_ratios"]["M2 in M3"]
    assert ratio["statistic"] == pytest.approx(two.compare_lr_test(one)[0], rel=1e-6)
    assert ratio["p"] == pytest.approx(two.compare_lr_test(one)[1], rel=1e-6)


@pytest.mark.parametrize(
    ("noise", "fitter", "location", "scale"),
    [("Weibull", WeibullAFTFitter, "lambda_", "rho_"), ("log-logistic", LogLogisticAFTFitter, "alpha_", "beta_")],
)
def test_other_noises_are_those_of_lifelines(noise: str, fitter: Any, location: str, scale: str) -> None:
    rows = censor(ROWS, int(np.quantile(times(ROWS), 0.7)))
    answer = family(rows, models=("M3",), effect="none", noise=noise)
    data = pd.DataFrame({"a": [math.log(r["alpha"]) for r in rows], "b": [math.log(r["beta"]) for r in rows]})
    centre, spread = data.mean(), data.std()
    data = (data - centre) / spread
    seen = [row["t2_censoring"] == "exact" for row in rows]
    t = np.array([row["t2_step"] if ok else row["t2_lower"] for row, ok in zip(rows, seen, strict=True)], dtype=float)
    data["t"], data["seen"] = t / np.exp(np.log(t).mean()), seen
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = fitter().fit(data, "t", "seen", fit_options={"gtol": 1e-8})
    for name, column in (("alpha", "a"), ("beta", "b")):
        expected = known.params_[location][column] / spread[column]
        found = parameter(answer, "M3", name)
        assert found["value"] == pytest.approx(expected, rel=1e-4)
        df = found["df"]
        uncorrected = found["se"] / math.sqrt((df + 3) / df)
        assert uncorrected == pytest.approx(known.standard_errors_[location][column] / spread[column], rel=1e-3)
    # lifelines' search ends a little early: ours is the higher maximum (its density is that of t, not of log t)
    higher = answer["models"]["M3"]["log_likelihood"] - np.log(data["t"][data["seen"]]).sum() - known.log_likelihood_
    assert 0 <= higher + 1e-9 < 1e-4
    sigma = answer["models"]["M3"]["sigma"] / math.sqrt((df + 3) / df)
    assert sigma == pytest.approx(math.exp(-known.params_[scale]["Intercept"]), rel=5e-4)


def test_the_clustered_covariance_is_cr2_written_in_rows() -> None:
    answer = family(ROWS, models=("M3",), covariance="draw", effect="none")
    data = frame(ROWS)
    X = np.column_stack([np.ones(len(data)), data.a, data.b])
    inverse = np.linalg.inv(X.T @ X)
    e = data.y.to_numpy() - X @ inverse @ X.T @ data.y.to_numpy()
    middle = np.zeros((3, 3))
    for _, at in data.groupby("seed").groups.items():
        mine = X[at]
        values, vectors = np.linalg.eigh(np.eye(len(mine)) - mine @ inverse @ mine.T)
        score = mine.T @ (vectors / np.sqrt(values)) @ vectors.T @ e[at]
        middle += np.outer(score, score)
    known = np.sqrt(np.diag(inverse @ middle @ inverse))
    assert [parameter(answer, "M3", name)["se"] for name in ("alpha", "beta")] == pytest.approx(known[1:], rel=1e-8)
    assert parameter(answer, "M3", "alpha")["df"] == 8


def test_a_profile_interval_ends_where_the_likelihood_has_fallen_so_far() -> None:
    answer = family(ROWS, models=("M2",), intervals=("wald", "profile"))
    data, found = frame(ROWS), parameter(answer, "M2", "1/(alpha*beta)")
    within = data - data.groupby("seed").transform("mean").assign(seed=0).reindex(columns=data.columns)
    n, df = len(data), len(data) - 11

    def fallen(b: float) -> float:
        left = ((within.y + b * within.ab) ** 2).sum(), ((within.y + found["value"] * within.ab) ** 2).sum()
        return n * math.log(left[0] / left[1]) * df / n - 1.984217**2

    known = [brentq(fallen, found["value"] + sign * 0.05, found["value"]) for sign in (-1, 1)]
    assert found["intervals"]["profile"] == pytest.approx(known, abs=2e-4)


def test_the_bootstrap_is_seeded_and_as_wide_as_the_clustered_interval() -> None:
    answer, again = (family(ROWS, models=("M2",), covariance="draw", intervals=("wald", "bootstrap")) for _ in range(2))
    found = parameter(answer, "M2", "1/(alpha*beta)")
    assert found == parameter(again, "M2", "1/(alpha*beta)")
    wald, wild = (np.diff(found["intervals"][kind])[0] for kind in ("wald", "bootstrap"))
    assert 0.6 < wild / wald < 1.6


def test_below_eight_draws_there_is_no_interval_by_draw() -> None:
    answer = family(power_law(grid(ALPHAS, BETAS, seeds=7)), models=("M2",), intervals=("wald", "bootstrap"))
    assert parameter(answer, "M2", "1/(alpha*beta)")["intervals"]["bootstrap"] is None


def planted(rows: list[Row], log_factor: Any) -> list[Row]:
    """Times multiplied by e^log_factor(row): what a model has to find again."""
    return [row | crossing("t2", "exact", math.ceil(row["t2_step"] * math.exp(log_factor(row)))) for row in rows]


LONG = power_law(grid(ALPHAS, (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)), sigma=0.01, prefactor=10.0)


def test_m1_finds_a_planted_offset() -> None:
    answer = family(planted(LONG, lambda row: math.log1p(2000 * row["beta"])), models=("M0", "M1"))
    found = parameter(answer, "M1", "k")
    assert abs(found["value"] - 2000) < 3 * found["se"]
    assert found["value"] == pytest.approx(2000, rel=0.05)
    assert answer["likelihood_ratios"]["M0 in M1"]["p"] < 1e-12


def test_m5_finds_a_planted_break() -> None:
    at = math.log(1e-6)
    broken = planted(LONG, lambda row: 0.5 * max(0.0, math.log(row["alpha"] * row["beta"]) - at))
    answer = family(broken, models=("M3", "M5"), break_samples=19)
    assert parameter(answer, "M5", "d")["value"] == pytest.approx(0.5, abs=0.02)
    assert parameter(answer, "M5", "at")["value"] == pytest.approx(at, abs=0.1)
    assert answer["break"]["p"] == pytest.approx(1 / 20)


def test_a_law_without_a_break_is_not_given_one() -> None:
    straight = [power_law(grid(ALPHAS, BETAS, seeds=5), sigma=0.1, seed=seed) for seed in range(5)]
    found = [family(rows, models=("M3", "M5"), break_samples=19)["break"]["p"] for rows in straight]
    assert sorted(found)[1] > 0.1


def gaps(g: float, sigma: float = 0.05, **of: Any) -> list[Row]:
    """Draws whose prefactors are gap^g but for some scatter."""
    rng = np.random.default_rng(4)
    known = {seed: math.exp(0.5 * rng.normal()) for seed in range(20)}
    rows = power_law(grid((0.01, 0.1), (1e-5, 1e-4), seeds=20), sigma=sigma, draw_sigma=0.1, **of)
    return [row | {"a_gap": known[row["seed"]]} for row in planted(rows, lambda row: g * math.log(known[row["seed"]]))]


def test_m4_tells_a_theory_that_explains_the_draws() -> None:
    told = family(gaps(1.0), models=("M4",))["draws_explained"]
    assert told["g"]["ci95"][0] < 1 < told["g"]["ci95"][1]
    assert told["g_is_0"]["p"] < 1e-6
    assert told["g_is_1"]["p"] > 0.05
    assert told["tau_fall"] > 0.5
    idle = family(gaps(0.0), models=("M4",))["draws_explained"]
    assert idle["g_is_0"]["p"] > 0.05
    assert idle["g_is_1"]["p"] < 1e-6
    assert abs(idle["tau_fall"]) < 0.2


def test_m4_is_the_mixed_model_of_statsmodels() -> None:
    rows = gaps(1.0)
    data = frame(rows).assign(gap=[math.log(row["a_gap"]) for row in rows])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = smf.mixedlm("y ~ ab + gap", data, groups="seed").fit(reml=False, method="bfgs")
    answer = family(rows, models=("M4",))
    assert parameter(answer, "M4", "a_gap")["value"] == pytest.approx(known.params["gap"], rel=1e-5)
    assert parameter(answer, "M4", "a_gap")["se"] == pytest.approx(known.bse["gap"] * math.sqrt(20 / 18), rel=1e-3)
    assert answer["models"]["M4"]["log_likelihood"] == pytest.approx(known.llf, abs=1e-5)


def test_a_swept_field_of_the_data_has_the_degrees_of_freedom_of_draws() -> None:
    rows = [
        row | {"N": n}
        for n in (20, 30, 45, 60)
        for row in planted(
            power_law(grid((0.01, 0.1), (1e-5, 1e-4), seeds=5), sigma=0.05, seed=n),
            lambda row, n=n: -0.5 * math.log(n),
        )
    ]
    answer = family(rows, models=("M3",))
    assert answer["intercepts"] == "random"
    within, between = parameter(answer, "M3", "alpha"), parameter(answer, "M3", "N")
    assert (within["df"], between["df"]) == (80 - 20 - 2, 20 - 1 - 1)
    assert abs(between["value"] + 0.5) < 3 * between["se"]
    assert between["se"] > 5 * within["se"]


def test_units_of_alpha_beta_and_t_move_the_prefactor_alone() -> None:
    other = [
        row | {"alpha": 3 * row["alpha"], "beta": 7 * row["beta"]} | crossing("t2", "exact", 1000 * row["t2_step"])
        for row in ROWS
    ]
    here, there = (family(rows, models=("M2", "M3", "M5")) for rows in (ROWS, other))
    for model, name in (("M2", "1/(alpha*beta)"), ("M3", "alpha"), ("M3", "beta"), ("M5", "d")):
        assert parameter(there, model, name)["value"] == pytest.approx(parameter(here, model, name)["value"], rel=1e-6)
        assert parameter(there, model, name)["se"] == pytest.approx(parameter(here, model, name)["se"], rel=1e-4)
    moved = parameter(there, "M5", "at")["value"] - parameter(here, "M5", "at")["value"]
    assert moved == pytest.approx(math.log(21), abs=1e-4)


def test_two_studies_that_share_an_exponent_and_two_that_do_not() -> None:
    first = table(power_law(grid(ALPHAS, BETAS), sigma=0.05)).append_column("study", pa.array(["one"] * 90))
    for exponent, shared in ((1.0, True), (1.1, False)):
        rows = power_law(grid(ALPHAS, BETAS), sigma=0.05, exponent=exponent, prefactor=2.0, seed=9)
        rows = [row | {"data_id": f"two {row['seed']}"} for row in rows]
        other = table(rows).append_column("study", pa.array(["two"] * 90))
        told = family(pa.concat_tables([first, other]), models=("M2",))["by_study"]
        assert told["exponents"]["two"]["value"] == pytest.approx(exponent, abs=0.02)
        assert (told["shared"]["p"] > 0.01) is shared


def test_longer_runs_are_foretold() -> None:
    answer = family(LONG, models=("M0", "M2"))
    for model in ("M0", "M2"):
        assert answer["extrapolation"][model]["rmse"] < 0.05
    assert answer["extrapolation"]["M0"]["n"] > 20


def test_a_curve_in_beta_is_a_lack_of_fit() -> None:
    bent = planted(LONG, lambda row: 0.02 * math.log(row["beta"] / 1e-5) ** 2)
    assert family(bent, models=("M3",))["lack_of_fit"]["p"] < 1e-6
    assert family(LONG, models=("M3",))["lack_of_fit"]["p"] > 0.01


def test_what_the_design_cannot_tell_is_refused_by_column() -> None:
    one = power_law(grid((0.1,), BETAS), sigma=0.1)
    answer = family(one, models=("M2", "M3", "M4"), terms=("alpha", "beta"))
    assert answer["models"]["M3"]["refused"]["not_identifiable"] == "alpha"
    assert answer["models"]["M4"]["refused"]["not_identifiable"] == "a_gap"
    assert answer["models"]["M2"]["parameters"]["1/(alpha*beta)"]["value"] is not None


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"models": ("M9",)}, "models"),
        ({"noise": "Gaussian"}, "noise"),
        ({"effect": "guess"}, "effect"),
        ({"covariance": "HC3"}, "covariance"),
        ({"terms": ("colour",)}, "terms"),
        ({"response": "t9"}, "response"),
    ],
)
def test_an_unknown_word_is_named(asked: dict[str, Any], parameter: str) -> None:
    with pytest.raises(UnknownName) as refused:
        family(ROWS, **asked)
    assert refused.value.parameter == parameter


def test_no_model_is_none_at_all() -> None:
    with pytest.raises(NotApplicable):
        family(ROWS, models=())


def test_the_same_request_gives_the_same_digits_and_finite_json() -> None:
    rows = censor(ROWS, int(np.quantile(times(ROWS), 0.8)))
    asked: dict[str, Any] = {"intervals": ("wald", "bootstrap"), "models": ("M0", "M1", "M2", "M3", "M4")}
    one, two = (json.dumps(family(rows, **asked), allow_nan=False) for _ in range(2))
    assert one == two


def near_their_floor() -> list[Row]:
    """Rows of which those of the largest beta end late, because their floor lies half-way to the threshold."""
    rows = power_law(grid(ALPHAS, BETAS), sigma=0.01)
    for row in rows:
        near = row["beta"] == BETAS[-1]
        row.update({"floor": 5e-3 if near else 1e-4, "test_threshold": 1e-2})
        if near:
            row.update(crossing("t2", "exact", 3 * row["t2_step"]))
    return rows


def test_the_exponent_on_cells_of_low_floor_is_that_of_those_cells_alone() -> None:
    rows = near_their_floor()
    answer = family(rows, models=("M2",))
    assert parameter(answer, "M2", "1/(alpha*beta)")["value"] < 0.9
    alone = parameter(family([row for row in rows if row["beta"] < BETAS[-1]], models=("M2",)), "M2", "1/(alpha*beta)")
    assert answer["low_floor"]["n"] == 60
    assert answer["low_floor"]["value"] == pytest.approx(alone["value"], rel=1e-10)
    assert answer["low_floor"]["value"] == pytest.approx(1, abs=3 * alone["se"])


def test_a_floor_is_measured_against_the_rung_that_was_asked_for() -> None:
    rows = [row | {"ladder": json.dumps({"1e-1": {"t2": _rung(row)}})} for row in near_their_floor()]
    answer = family(rows, models=("M2",), threshold=1e-1)
    assert answer["low_floor"]["n"] == answer["n"] == 90
    assert answer["low_floor"]["value"] == parameter(answer, "M2", "1/(alpha*beta)")["value"]


def _rung(row: Row) -> dict[str, Any]:
    return {name: row[f"t2_{name}"] for name in ("step", "lower", "upper", "censoring", "stayed")}


def test_cells_whose_floor_is_not_known_are_counted() -> None:
    answer = family([row | {"floor": None} for row in near_their_floor()], models=("M2",))
    assert answer["low_floor"] == {
        "at_most": 0.1,
        "unknown": 90,
        "n": 0,
        "value": None,
        "se": None,
        "ci95": None,
        "reason": "the floor is known of no trial",
    }


def test_each_decade_has_the_exponent_of_its_rows_alone() -> None:
    answer = family(near_their_floor(), models=("M2",))
    decades = {one["decade"]: one for one in answer["by_decade"]}
    assert sum(one["n"] for one in decades.values()) == 90
    inside = [row for row in near_their_floor() if -7 <= math.log10(row["alpha"] * row["beta"]) + 1e-9 < -6]
    alone = parameter(family(inside, models=("M2",)), "M2", "1/(alpha*beta)")
    assert decades[-7]["n"] == len(inside)
    assert decades[-7]["value"] == pytest.approx(alone["value"], rel=1e-10)
    assert decades[-7]["ci95"] == pytest.approx(alone["ci95"], rel=1e-9)
