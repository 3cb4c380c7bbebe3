"""Every reason that stands in the place of a law, a model or a number is true of the case that causes it.

Reasons about questions are in `test_law_refusals`, those of the exponents and tests of a law in `test_law_answer`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from grokscale.studies.laws import BadExpression, NotApplicable, Request, TooLittle, UnknownName, fit_family, law
from tests.studies.laws import legacy
from tests.studies.laws.tables import Row, censor, crossing, grid, power_law, table, times

PAPER = "1/(alpha*beta)"

ALPHAS, BETAS = (0.01, 0.03, 0.1), (1e-6, 1e-5, 1e-4)
ROWS = power_law(grid(ALPHAS, BETAS, seeds=6), sigma=0.05)


def family(rows: list[Row] | pa.Table, **asked: Any) -> dict[str, Any]:
    found = fit_family(rows if isinstance(rows, pa.Table) else table(rows), Request(**asked)).result
    json.dumps(found, allow_nan=False)
    return found


def refused(rows: list[Row], model: str, **asked: Any) -> str:
    return family(rows, **({"models": (model,)} | asked))["models"][model]["refused"]["reason"]


def too_little(rows: list[Row] | pa.Table, **question: Any) -> str:
    made = rows if isinstance(rows, pa.Table) else table(rows)
    with pytest.raises(TooLittle) as law_refused:
        law(made, "t2", **question)
    return law_refused.value.reason


# -- no law ---------------------------------------------------------------------------------------------------------


def ended(word: str, outcome: str | None = "generalised", **ends: Any) -> Row:
    return {**crossing("t2", word, **ends), "outcome": outcome}


@pytest.mark.parametrize(
    ("became", "reason"),
    [
        (ended("", "failed"), "60 failed"),
        (ended("", "cancelled"), "60 cancelled"),
        (ended("", "diverged"), "60 diverged"),
        (ended("", "pruned"), "60 pruned"),
        (ended("", "uninformative_data"), "60 with uninformative data"),
        (ended("", "memorised"), "60 ended without one"),
        (ended("right", "memorised", lower=100), "60 ended before it (right-censored)"),
        (ended("left"), "60 there at the first look (left-censored)"),
        (ended("", None) | {"started": False, "steps": None}, "60 not ended yet"),
        (ended("", None) | {"started": True, "steps": 10**6}, "60 still running and not there yet"),
    ],
)
def test_without_a_crossing_it_is_said_what_became_of_every_trial(became: Row, reason: str) -> None:
    rows = [row | became for row in power_law(grid((0.1, 0.2), BETAS, seeds=10))]
    assert too_little(rows) == f"no trial with a crossing that counts: {reason}"
    with pytest.raises(TooLittle, match=re.escape(f"no trial with a crossing that counts: {reason}")):
        family(rows)


def test_several_ends_are_counted_apart() -> None:
    rows = power_law(grid(seeds=2))
    rows = [row | ended("", "failed" if k < 10 else "cancelled") for k, row in enumerate(rows)]
    assert too_little(rows) == "no trial with a crossing that counts: 10 failed, 8 cancelled"


def test_what_cannot_cross_is_counted_beside_what_failed() -> None:
    ends = [ended("infeasible", "infeasible"), ended("stalled", "stalled"), ended("", "failed")]
    rows = [row | ends[k % 3] for k, row in enumerate(ROWS)]
    assert too_little(rows) == (
        "no trial with a crossing that counts: 18 certified never to reach the threshold (infeasible), "
        "18 settled above the threshold (stalled), 18 failed"
    )


def test_a_predictor_that_no_trial_has_is_the_reason_and_not_the_crossings() -> None:
    reason = "no trial with a crossing that counts: 54 without a value above 0 of a predictor"
    assert too_little(ROWS, x="T_star/(alpha*beta)") == reason
    assert too_little([row | {"tau": 0.0} for row in ROWS], x="tau/alpha") == reason


def test_a_study_without_trials() -> None:
    assert too_little(table(ROWS).slice(0, 0)) == "the study has no trials yet"


def test_more_than_half_of_the_trials_cannot_cross() -> None:
    rows = [row | ended("stalled", "stalled") if row["seed"] < 4 else row for row in ROWS]
    reason = "36 trials (67% of those known) cannot reach the threshold (infeasible or stalled)"
    assert too_little(rows).startswith(reason)


def test_brackets_that_one_curve_passes_and_those_that_tell_less_than_the_parameters() -> None:
    wide = [row | crossing("t2", "interval", lower=row["t2_step"] // 3, upper=row["t2_step"] * 3) for row in ROWS]
    passed = "the crossings are known only to brackets that one curve passes: they do not tell its scatter"
    assert too_little(wide, effect="fixed") == passed
    rng = np.random.default_rng(4)
    narrow = [
        row
        | crossing(
            "t2",
            "interval",
            lower=int(row["t2_step"] / rng.uniform(1.01, 2.5)),
            upper=int(row["t2_step"] * rng.uniform(1.01, 2.5)),
        )
        for row in power_law(grid((0.01, 0.1), (1e-6, 1e-5), seeds=6), sigma=0.3, seed=4)
    ]
    reason = too_little(narrow, effect="fixed")
    assert "with brackets and censored times the trials tell as much as" in reason
    assert reason.endswith("6 prefactors (one a draw), an exponent and a scatter need at least 8")


def test_as_many_draws_as_exponents_between_them() -> None:
    rows = [
        row | {"N": 20 + 10 * row["seed"], "s": 3 + row["seed"] ** 2}
        for row in power_law(grid((0.01, 0.1), BETAS, seeds=3), sigma=0.05)
    ]
    reason = "there are too few draws for a scatter between them beside what differs between draws only"
    assert too_little(rows, terms=["alpha", "N", "s"], effect="random") == reason


def test_levels_that_only_censored_trials_have() -> None:
    late = censor(power_law(grid((0.1,), (1e-6, 1e-4), seeds=6), sigma=0.05), 10**5)
    reason = "among the trials with a crossing, 1/(alpha*beta) has only one level"
    assert too_little(late) == reason
    assert refused(late, "M2") == reason
    assert refused(late, "M3", terms=("beta",)) == "among the trials with a crossing, beta has only one level"


def test_by_takes_a_field_of_few_values() -> None:
    with pytest.raises(NotApplicable, match="beta has 51 values: by= takes a field of at most 50"):
        law(table(power_law(grid((0.1,), np.geomspace(1e-6, 1e-4, 51).tolist(), seeds=2))), "t2", by="beta")
    with pytest.raises(UnknownName, match="unknown 'gamma'; known: alpha, beta"):
        law(table(ROWS), "t2", by="gamma")


# -- one grammar of terms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "refusal", "message"),
    [
        (["alpha", "alpha"], BadExpression, "alpha is named twice"),
        (["alpha*beta"], BadExpression, "a term is the name of one field"),
        (["2*alpha"], BadExpression, "a term is the name of one field"),
        (["alpha^"], BadExpression, "an exponent is a number"),
        (["gamma"], UnknownName, "unknown 'gamma'; known: alpha, beta"),
        ([], NotApplicable, "names at least one field"),
        (["alpha"] * 21, NotApplicable, "names 21 fields: at most 20"),
    ],
)
def test_laws_and_fits_take_the_same_terms(terms: list[str], refusal: type[Exception], message: str) -> None:
    with pytest.raises(refusal, match=message) as of_law:
        law(table(ROWS), "t2", terms=terms)
    with pytest.raises(refusal, match=message) as of_fit:
        family(ROWS, terms=tuple(terms))
    assert str(of_law.value) == str(of_fit.value)


@pytest.mark.parametrize(("gap", "message"), [("a_gap^2", "gap= is the name of one field"), ("tau", "unknown 'tau'")])
def test_the_theory_column_is_one_field_and_named_where_it_is_not(gap: str, message: str) -> None:
    with pytest.raises((BadExpression, UnknownName), match=message) as refusal:
        family(ROWS, gap=gap)
    assert refusal.value.parameter == "gap"


def test_the_models_are_of_alpha_and_beta() -> None:
    rows = [{name: value for name, value in row.items() if name != "beta"} for row in ROWS]
    with pytest.raises(NotApplicable, match="the models are of alpha and beta, and this study has no beta"):
        family(rows)


# -- rows of each model ---------------------------------------------------------------------------------------------


def some_without_a_width() -> list[Row]:
    """A third of the trials have a width of 0, which has no logarithm."""
    places = [(row["configuration"], row["seed"]) for row in ROWS]
    widths = [0 if (cell + seed) % 3 == 0 else 10 + cell * seed % 4 for cell, seed in places]
    return [row | {"width": width} for row, width in zip(ROWS, widths, strict=True)]


def test_a_row_without_a_column_is_lost_to_the_models_that_need_it_alone() -> None:
    rows = [row | {"a_gap": None if k % 5 == 0 else 1.0 + row["seed"]} for k, row in enumerate(some_without_a_width())]
    found = family(rows, models=("M0", "M1", "M2", "M3", "M4"), terms=("alpha", "beta", "width"))
    sizes = {name: model["n"] for name, model in found["models"].items()}
    assert sizes == {"M0": 54, "M1": 54, "M2": 54, "M3": 36, "M4": 43}
    plain, own = (of["models"]["M2"]["parameters"][PAPER] for of in (family(ROWS, models=("M2",)), found))
    assert own["value"] == pytest.approx(plain["value"], abs=plain["se"])  # beside levels of the width
    assert found["models"]["M3"]["lacking"] == {"width": 18}
    assert found["models"]["M4"]["lacking"] == {"a_gap": 11}
    assert "M3 is of 36 of 54 trials: 18 have no width above 0" in found["warnings"]


def test_models_of_different_rows_are_compared_over_the_same() -> None:
    rows = some_without_a_width()
    few = [row for row in rows if row["width"]]
    asked: dict[str, Any] = {"models": ("M0", "M2", "M3"), "terms": ("alpha", "beta", "width")}
    found, alone = family(rows, **asked), family(few, **asked)
    for what in ("likelihood_ratios", "weights"):
        assert flat(found[what]) == pytest.approx(flat(alone[what]))
    assert found["models"]["M2"]["n"] == 54


def flat(document: dict[str, dict[str, float]]) -> dict[str, float]:
    return {f"{name} {what}": value for name, one in document.items() for what, value in one.items()}


def test_a_row_without_a_floor_is_lost_to_no_model() -> None:
    rows = [row | {"floor": None if k % 2 else 1e-4, "test_threshold": 1e-2} for k, row in enumerate(ROWS)]
    found = family(rows, models=("M2", "M3"))
    assert found["models"]["M3"]["n"] == 54
    assert found["low_floor"]["n"] == 27


# -- why a model is not fitted --------------------------------------------------------------------------------------


def test_why_a_model_is_not_fitted() -> None:
    one_beta = power_law(grid(ALPHAS, (1e-5,), seeds=6), sigma=0.05)
    assert refused(one_beta, "M1") == "beta has only one level, so that the offset is part of the prefactor"
    reason = "alpha*beta has 3 levels with a crossing: a break needs five, two on either side"
    assert refused(one_beta, "M5", terms=("alpha",)) == reason
    assert refused(ROWS, "M4") == "no trial with a crossing has a_gap above 0"
    known = [row | {"a_gap": 1.0 + row["seed"]} for row in ROWS]
    three = [row for row in known if row["seed"] < 3]
    assert refused(three, "M4") == "3 draws: a scatter between draws needs 4"
    assert refused([row | {"a_gap": 2.0} for row in ROWS], "M4") == "a_gap has only one level"
    tied = power_law([row | {"beta": row["alpha"] / 1000} for row in grid(betas=(1.0,), seeds=6)], sigma=0.05)
    assert refused(tied, "M3", terms=("alpha", "beta")) == "alpha, beta never vary apart within a draw"
    few = [row for row in ROWS if row["seed"] < 2 and row["configuration"] in (0, 8)]
    expected = "4 trials with a crossing: 2 prefactors (one a draw), 2 exponents and a scatter need at least 5"
    assert refused(few, "M3", terms=("alpha", "beta")) in (expected, "alpha, beta never vary apart within a draw")


def test_pooled_draws_still_have_a_random_intercept_in_m4() -> None:
    rows = [row | {"a_gap": 1.0 + row["seed"]} for row in ROWS]
    pooled, drawn = (family(rows, models=("M4",), effect=effect)["models"]["M4"] for effect in ("none", "draw"))
    assert pooled["parameters"] == drawn["parameters"]
    assert pooled["tau"] == drawn["tau"]


def test_where_no_model_is_fitted_every_reason_is_said_and_where_one_is_it_is_named() -> None:
    assert (
        family(ROWS, models=("M4",))["text"] == "No model could be fitted: no trial with a crossing has a_gap above 0."
    )
    known = [row | {"a_gap": 1.0 + row["seed"]} for row in ROWS]
    assert family(known, models=("M4",))["text"].startswith("exponent ")
    assert family(ROWS, models=("M0",))["text"] == "Fitted to t2: M0. From 54 trials in 6 draws."
    assert "By AIC" not in family(ROWS, models=("M2",))["text"]


# -- why a number is missing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [3, 4])
def test_of_levels_of_the_same_size_the_longest_is_foretold(levels: int) -> None:
    betas = np.geomspace(1e-7, 1e-4, levels).tolist()
    found = family(power_law(grid((0.1,), betas, seeds=8), sigma=0.05), models=("M0", "M2"))["extrapolation"]
    for model in ("M0", "M2"):
        assert found[model]["n"] == 8
        assert found[model]["rmse"] < 0.3


def test_one_shorter_level_foretells_by_the_papers_exponent_alone() -> None:
    rows = power_law(grid((0.1,), (1e-6, 1e-4), seeds=8), sigma=0.05, draw_sigma=0.0)
    found = family(rows, models=("M0", "M2"), effect="none")["extrapolation"]
    assert found["M0"]["rmse"] < 0.2
    assert found["M2"]["reason"] == "1/(alpha*beta) has only one level"


def test_why_nothing_is_foretold() -> None:
    one = power_law(grid((0.1,), (1e-5,), seeds=6), sigma=0.05)
    reason = "1/(alpha*beta) has only one level: no run is longer than the others"
    assert family(one, models=("M0",), effect="none")["extrapolation"]["M0"]["reason"] == reason
    late = censor(ROWS, int(np.quantile(times(ROWS), 0.5)))
    told = family(late, models=("M0",))["extrapolation"]["M0"]
    assert told["reason"] == "none of the 12 longer runs was seen to the step"
    apart = [row for row in ROWS if (row["seed"] < 2) == (row["alpha"] * row["beta"] < 2.5e-7)]
    told = family(apart, models=("M0",), effect="fixed")["extrapolation"]["M0"]
    assert told["reason"] == "no draw with a longer run has a crossing among the shorter ones"


def test_why_rows_of_low_floor_or_a_decade_have_no_exponent() -> None:
    high = [row | {"floor": 5e-3, "test_threshold": 1e-2} for row in ROWS]
    assert family(high, models=("M2",))["low_floor"]["reason"] == "no known floor is below 0.1 thresholds"
    late = censor(ROWS, 10**6)
    decades = {one["decade"]: one for one in family(late, models=("M2",))["by_decade"]}
    assert decades[-8]["reason"] == "no trial with a crossing"
    level = [row | {"alpha": 0.01} for row in ROWS]
    of_one = family(power_law(level, sigma=0.05), models=("M2",))["by_decade"]
    assert [one["reason"] for one in of_one] == ["1/(alpha*beta) has only one level"] * 3


def of_studies(*tables: list[Row]) -> pa.Table:
    named = [table(rows).append_column("study", pa.array([f"s{i}"] * len(rows))) for i, rows in enumerate(tables)]
    return pa.concat_tables(named, promote_options="permissive")


def test_a_decade_of_one_study_has_an_exponent_beside_others() -> None:
    low = power_law(grid(ALPHAS, (1e-9, 3e-9), seeds=6), sigma=0.05, seed=1)
    for effect in ("draw", "random"):
        decades = family(of_studies(ROWS, low), models=("M2",), effect=effect)["by_decade"]
        assert all("reason" not in one or "study" not in one["reason"] for one in decades)


def test_a_study_that_gives_no_row_is_named_with_its_reason() -> None:
    failed = [row | ended("", "failed") for row in ROWS]
    no_beta = [{k: v for k, v in row.items() if k != "beta"} for row in ROWS]
    found = family(of_studies(ROWS, failed, no_beta), models=("M2",))
    assert found["studies"] == {
        "s0": {"rows": 54, "n": 54},
        "s1": {"rows": 54, "n": 0, "reason": "54 failed"},
        "s2": {"rows": 54, "n": 0, "reason": "54 without a value above 0 of a predictor"},
    }
    assert found["warnings"][:2] == [
        "study s1 gives no row: 54 failed",
        "study s2 gives no row: 54 without a value above 0 of a predictor",
    ]


def exactly_on_the_law() -> list[Row]:
    cells = [(seed, k) for k in range(8, 22) for seed in range(9)]
    rows = [{"seed": seed, "configuration": k, "alpha": 0.5, "beta": 2.0**-k} for seed, k in cells]
    return [row | crossing("t2", "exact", 2 ** (1 + k + seed)) for row, (seed, k) in zip(rows, cells, strict=True)]


def test_without_scatter_there_are_no_tests_and_no_standard_errors_by_draw() -> None:
    found = family(exactly_on_the_law(), models=("M2",), covariance="draw", intervals=("wald", "bootstrap"))
    reason = found["models"]["M2"]["parameters"]["1/(alpha*beta)"]["reason"]
    assert reason == "the rows lie on the law to machine precision: the standard error is the model's"
    assert found["tests"]["M2"]["equivalence"]["reason"] == "the rows lie on the law to machine precision"
    twice = of_studies(exactly_on_the_law(), exactly_on_the_law())
    assert family(twice, models=("M2",))["by_study"]["shared"]["reason"] == "there is no scatter"


def test_too_few_draws_for_a_standard_error_by_draw() -> None:
    reason = family(ROWS, models=("M2",), covariance="draw")["models"]["M2"]["parameters"]["1/(alpha*beta)"]["reason"]
    assert reason.startswith("6 draws, and 1 exponent: a standard error by draw needs 8 draws")
    rows = legacy.study(0, streams=4)
    reason = family(rows, models=("M2",), covariance="draw")["models"]["M2"]["parameters"]["1/(alpha*beta)"]["reason"]
    assert reason.startswith(
        "20 draws of 4 streams of random numbers, and 1 exponent: a standard error by draw needs 8 s"
    )


def test_a_break_is_tested_where_it_is_asked_for() -> None:
    rows = power_law(grid(ALPHAS, (1e-6, 7e-6, 1e-4), seeds=3), sigma=0.05)
    assert family(rows, models=("M3", "M5"))["break"]["reason"] == "no bootstrap was asked for"


def test_a_break_that_no_sample_shows_enough_levels_of() -> None:
    rows = power_law(grid((0.1,), (1e-7, 1e-6, 1e-5, 1e-4, 1e-3), seeds=3), sigma=0.05, draw_sigma=0.0)
    budget = int(np.sort(times(rows))[-3]) + 1
    # one row of the fifth level crosses within the budget, and in some samples none does
    late = [row | {"limit": budget} for row in censor(rows, budget)]
    asked: dict[str, Any] = {"models": ("M3", "M5"), "terms": ("beta",), "effect": "none"}
    one = family(late, **asked, break_samples=1, seed=2)["break"]
    assert (one["p"], one["reason"]) == (None, "no bootstrap sample could be fitted")
    some = family(late, **asked, break_samples=12)["break"]
    assert some["samples"] + some["unfitted"] == 12
    assert some["unfitted"] > 0
    assert 0 < some["p"] <= 1


def test_a_break_of_no_size_is_nowhere() -> None:
    found = family(exactly_on_the_law(), models=("M5",), terms=("beta",))["models"]["M5"]["parameters"]
    assert abs(found["d"]["value"]) < 1e-12
    assert (found["at"]["se"], found["at"]["reason"]) == (None, "the likelihood is flat about it")


def test_no_power_of_the_floor_is_the_best_where_the_rows_of_one_floor_lie_on_the_law() -> None:
    rows = []
    for row in power_law(grid((0.1, 0.2), BETAS, seeds=6), sigma=0.5):
        low = row["beta"] < 5e-5
        t = round(10 * (1 + row["seed"]) / (row["alpha"] * row["beta"])) if low else row["t2_step"]
        rows.append(row | crossing("t2", "exact", t) | {"floor": 1e-4 if low else 1e-3, "test_threshold": 1e-2})
    scale = family(rows, models=("M0",), scale="error_floor")["scale"]
    assert scale["reason"] == "no power of error_floor/threshold within 3 is the best"


# -- numbers that a float cannot hold -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-200, 1e-300, 1e200])
def test_models_are_the_same_whatever_the_unit_of_beta(size: float) -> None:
    rows = power_law(grid(ALPHAS, BETAS, seeds=9), sigma=0.05)
    rows = [row | {"a_gap": 1.0 + row["seed"]} for row in rows]
    asked: dict[str, Any] = {
        "intervals": ("wald", "profile", "bootstrap"),
        "bootstrap": 99,
        "covariance": "draw",
    }
    plain, scaled = family(rows, **asked), family([row | {"beta": row["beta"] * size} for row in rows], **asked)
    for name, model in plain["models"].items():
        other = scaled["models"][name]
        assert other["log_likelihood"] == pytest.approx(model["log_likelihood"], abs=1e-6)
        for parameter in set(model["parameters"]) - {"k", "at"}:
            value = model["parameters"][parameter]["value"]
            assert other["parameters"][parameter]["value"] == pytest.approx(value, rel=1e-4, abs=1e-9)
    k, other = (found["models"]["M1"]["parameters"]["k"] for found in (plain, scaled))
    assert other["value"] == pytest.approx(k["value"] / size, rel=1e-3)
    assert other["ci95"] == pytest.approx([end / size for end in k["ci95"]], rel=1e-3)


def test_a_number_beyond_a_float_is_null_with_its_reason() -> None:
    rows = [row | {"beta": row["beta"] * 1e-303} for row in power_law(grid(ALPHAS, BETAS, seeds=9), sigma=0.05)]
    k = family(rows, models=("M1",))["models"]["M1"]["parameters"]["k"]
    assert None in (k["value"], k["se"], *(k["ci95"] or [None]))
    assert k["reason"] == "outside a float's range"
    huge = law(table(ROWS), "t2", x="1e-300*(alpha*beta)^0.02")["prefactor"]
    assert (huge["value"], huge["reason"]) == (None, "outside a float's range")
    # prefactors of draws that are further apart than a float reaches
    far = [row | crossing("error_min", "") | {"error_min": 1e-300 if row["seed"] else 1e300} for row in ROWS]
    far = [row | {"error_min": row["error_min"] * (1 + 1e-3 * k)} for k, row in enumerate(far)]
    told = law(table([row for row in far if row["seed"] < 2]), "error_min")["prefactor"]
    assert math.isfinite(told["value"])
    assert told["ci95"] is None
    assert told["reason"] == "the interval is outside a float's range"
    assert told["by_draw"] == {
        "median": pytest.approx(told["value"]),
        "geometric_sd": None,
        "reason": "outside a float's range",
    }
