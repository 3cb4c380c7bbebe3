"""The contour of a study: where it is, what its interval is worth, and what it says where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.phases import NotApplicable, UnknownField, phases
from tests.studies.laws.tables import Row, table
from tests.studies.phases.tables import N_LEVELS, S_LEVELS, outcomes, probability, study, true_contour


def test_the_known_contour_comes_back() -> None:
    found = phases(study(6, seeds=400), "N", "s")
    contour = found["contour"]
    assert (contour["method"], contour["converged"], contour["gradient_norm"] < 1e-6) == (
        "maximum likelihood",
        True,
        True,
    )
    assert [point["y"] for point in contour["points"]] == list(S_LEVELS)
    for point in contour["points"]:
        assert point["x"] == pytest.approx(true_contour(point["y"]), rel=0.02)
        assert point["ci95"][0] < true_contour(point["y"]) < point["ci95"][1]
    assert contour["terms"] == ["intercept", "log(N)", "log(s)"]
    assert found["text"].startswith("Half of the trials are generalised at N = ")


def test_the_coefficients_are_statsmodels_logit_s_on_the_logs() -> None:
    rows = study(3)
    found = phases(rows, "N", "s")["contour"]["coefficients"]
    logs = np.log(np.column_stack([rows["N"].to_numpy(), rows["s"].to_numpy()]))
    won = np.array([word == "generalised" for word in rows["outcome"].to_pylist()], dtype=float)
    theirs = sm.Logit(won, sm.add_constant(logs)).fit(disp=0, tol=1e-14)
    assert [one["value"] for one in found.values()] == pytest.approx(theirs.params, rel=1e-6)
    assert [one["se"] for one in found.values()] == pytest.approx(theirs.bse, rel=1e-6)
    assert [one["ci95"] for one in found.values()] == [
        pytest.approx(list(ends), rel=1e-6) for ends in theirs.conf_int()
    ]


def test_trials_that_share_a_draw_do_not_narrow_the_interval() -> None:
    one, three = phases(study(3), "N", "s"), phases(study(3, betas=(1e-4, 1e-5, 1e-6)), "N", "s")
    assert (three["draws"], three["contour"]["n"], three["contour"]["covariance"]) == (210, 630, "draw")
    slope, same = (d["contour"]["coefficients"]["log(N)"] for d in (one, three))
    assert same["se_draw"] == pytest.approx(slope["se_draw"], rel=0.01)
    assert same["se"] == pytest.approx(slope["se"] / 3**0.5, rel=1e-6)
    for point, again in zip(one["contour"]["points"], three["contour"]["points"], strict=True):
        assert np.diff(np.log(again["ci95"])) == pytest.approx(np.diff(np.log(point["ci95"])), rel=0.1)
    assert any("share a draw" in warning for warning in three["warnings"])


def test_a_step_is_fitted_by_firth_and_says_so() -> None:
    found = phases(study(1e4), "N", "s")
    contour = found["contour"]
    assert (contour["method"], contour["separated"], contour["converged"]) == ("firth", True, True)
    assert any("Firth" in warning for warning in found["warnings"])
    for point in contour["points"]:
        below = max(N for N in N_LEVELS if true_contour(point["y"]) > N)
        above = min(N for N in N_LEVELS if true_contour(point["y"]) < N)
        assert below < point["x"] < above


@pytest.mark.parametrize("betas", [(1e-4,), (1e-4, 1e-5)])
def test_a_step_s_draws_are_its_unit(betas: tuple[float, ...]) -> None:
    contour = phases(study(1e4, betas=betas), "N", "s")["contour"]
    alone = phases(study(1e4), "N", "s")["contour"]
    assert contour["unit"] == ("trial" if len(betas) == 1 else "draw")
    assert contour["points"][1]["ci95"] == pytest.approx(alone["points"][1]["ci95"], rel=1e-5)


def covered(slope: float, betas: tuple[float, ...], studies: int) -> float:
    """Share of studies whose interval covers the true contour at s = 5; an end that is missing excludes nothing."""
    hits = 0
    for seed in range(studies):
        rng = np.random.default_rng(10_000 + seed)
        rows = outcomes(lambda N, s: probability(N, s, slope), rng, s_levels=(5,), betas=betas)
        low, high = phases(table(rows), "N")["contour"]["points"][0]["ci95"]
        hits += (low or 0) <= true_contour(5) <= (high or np.inf)
    return hits / studies


@pytest.mark.parametrize(("slope", "betas", "studies"), [(12.0, (1e-4,), 100), (4.0, (1e-4, 1e-5), 300)])
def test_the_interval_covers_the_contour(slope: float, betas: tuple[float, ...], studies: int) -> None:
    # 2.2 and 1.3 % of Monte-Carlo standard error at 95 %; at slope 12 two thirds of the studies are separated
    assert covered(slope, betas, studies) >= 0.93


def test_units_of_the_axes_change_nothing_else() -> None:
    rows = outcomes(lambda N, s: probability(N, s, 4), np.random.default_rng(3))
    scaled = [row | {"N": 1e-3 * row["N"], "s": 7.0 * row["s"]} for row in rows]
    one, other = (phases(table(r), "N", "s")["contour"] for r in (rows, scaled))
    for point, again in zip(one["points"], other["points"], strict=True):
        assert again["x"] == pytest.approx(1e-3 * point["x"], rel=1e-7)
        assert again["ci95"] == pytest.approx([1e-3 * end for end in point["ci95"]], rel=1e-5)
    for name in ("log(N)", "log(s)"):
        assert other["coefficients"][name]["value"] == pytest.approx(one["coefficients"][name]["value"], rel=1e-7)
    assert other["log_likelihood"] == pytest.approx(one["log_likelihood"], rel=1e-10)


def test_the_other_outcome_has_the_same_contour() -> None:
    one, other = (phases(study(4), "N", "s", outcome=word)["contour"] for word in ("generalised", "stalled"))
    assert [p["x"] for p in other["points"]] == pytest.approx([p["x"] for p in one["points"]], rel=1e-8)
    assert [p["rises"] for p in other["points"]] == [False] * 3


def test_a_bent_contour_takes_a_quadratic_and_a_straight_one_does_not() -> None:
    def bent(N: float, s: float) -> float:
        return probability(N * np.exp(-0.7 * np.log(s / 4) ** 2), s, 8)

    levels = (2, 4, 8, 16)
    rows = outcomes(bent, np.random.default_rng(0), s_levels=levels, seeds=40)
    contour = phases(table(rows), "N", "s")["contour"]
    assert "log(s)^2" in contour["terms"]
    for point in contour["points"]:
        true = true_contour(point["y"]) * np.exp(0.7 * np.log(point["y"] / 4) ** 2)
        assert point["x"] == pytest.approx(true, rel=0.1)


def test_an_axis_with_a_zero_is_linear() -> None:
    rows = [
        {"configuration": k, "seed": seed, "tau": tau, "outcome": "generalised" if seed >= 10 * tau else "stalled"}
        for k, tau in enumerate((0.0, 0.25, 0.5, 0.75, 1.0))
        for seed in range(10)
    ]
    found = phases(table(rows), "tau")
    assert found["x"] == {"name": "tau", "scale": "linear", "values": [0.0, 0.25, 0.5, 0.75, 1.0]}
    assert found["contour"]["points"][0]["x"] == pytest.approx(0.5, abs=0.05)


def cell_rows(*words: str | None, N: float | None = 20, seed: int = 0) -> list[Row]:
    return [{"configuration": 0, "seed": seed + k, "N": N, "outcome": word} for k, word in enumerate(words)]


def test_every_trial_is_in_a_cell_or_counted() -> None:
    rows = cell_rows("generalised", "stalled", "failed", "cancelled", "uninformative_data", "diverged", None, "pruned")
    rows += cell_rows("generalised", N=None, seed=20) + cell_rows("stalled", N=30, seed=30)
    found = phases(table(rows), "N")
    assert found["counted_out"] == {
        "pruned": 1,
        "failed": 1,
        "cancelled": 1,
        "uninformative_data": 1,
        "pending": 1,
        "x_missing": 1,
        "y_missing": 0,
    }
    first = found["cells"][0]
    assert (first["n"], first["pending"], first["draws"]) == (3, 1, 3)
    words = ["generalised", "stalled", "failed", "cancelled", "uninformative_data", "diverged", "pruned"]
    assert first["counts"] == dict.fromkeys(words, 1)
    assert first["fractions"]["diverged"]["value"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("rows", "column", "reason"),
    [
        (cell_rows("stalled", "stalled") + cell_rows("stalled", N=30), "generalised", "no trial ended as generalised"),
        (cell_rows("generalised") + cell_rows("generalised", N=30), "generalised", "every trial ended as generalised"),
        (cell_rows("generalised", "stalled"), "N", "N has one level"),
    ],
)
def test_what_cannot_be_told_is_said(rows: list[Row], column: str, reason: str) -> None:
    found = phases(table(rows), "N")
    assert found["contour"] is None
    assert found["not_identifiable"] == {"column": column, "reason": reason}
    assert reason in found["text"]
    assert found["cells"]


def test_axes_that_do_not_vary_apart_have_no_contour() -> None:
    rows = [row | {"s": row["N"] / 10} for N in (10, 20, 40) for row in cell_rows("generalised", "stalled", N=N)]
    assert phases(table(rows), "N", "s")["not_identifiable"] == {"column": "N", "reason": "N and s do not vary apart"}


def test_a_second_axis_of_one_level_is_left_out_and_named() -> None:
    found = phases(study(4, s_levels=(5,)), "N", "s")
    assert found["contour"]["coefficients"]["log(s)"]["not_identifiable"] == "s"
    assert [point["y"] for point in found["contour"]["points"]] == [5]


def test_a_flat_fraction_has_an_interval_without_end() -> None:
    rows = [row for N in (10, 20, 40) for row in cell_rows(*["generalised", "stalled"] * 5, N=N)]
    rows[0]["outcome"] = "stalled"
    point = phases(table(rows), "N")["contour"]["points"][0]
    assert point["ci95"] is None or None in point["ci95"]
    assert point["reason"]


def test_by_draws_a_diagram_a_value() -> None:
    rows = [row | {"tau": tau} for tau, slope in ((0.0, 4), (0.5, 8)) for row in study(slope).to_pylist()]
    for k, row in enumerate(rows):
        row["id"] = str(k)
    found = phases(table(rows), "N", "s", by="tau")
    assert found["by"] == {"name": "tau", "values": [0.0, 0.5]}
    assert found["contour"] is None
    alone = phases(study(8), "N", "s")
    assert found["groups"][1]["contour"]["points"] == alone["contour"]["points"]
    assert found["groups"][1]["cells"] == alone["cells"]


def test_a_level_without_the_axis_is_counted_too() -> None:
    rows = [row | {"tau": tau} for tau, N in ((0.0, 20), (0.5, None)) for row in cell_rows("stalled", None, N=N)]
    found = phases(table(rows), "N", by="tau")
    assert [group["value"] for group in found["groups"]] == [0.0, 0.5]
    assert (found["groups"][1]["cells"], found["groups"][1]["counted_out"]["x_missing"]) == ([], 2)
    assert found["counted_out"]["pending"] == 2


@pytest.mark.parametrize(
    ("question", "refusal", "parameter"),
    [
        ({"x": "colour"}, UnknownField, "x"),
        ({"x": "t2_step"}, UnknownField, "x"),
        ({"x": "N", "y": "colour"}, UnknownField, "y"),
        ({"x": "N", "y": "N"}, NotApplicable, "y"),
        ({"x": "N", "outcome": "failed"}, UnknownField, "outcome"),
        ({"x": "N", "by": "colour"}, UnknownField, "by"),
        ({"x": "N", "by": "N"}, NotApplicable, "by"),
    ],
)
def test_a_wrong_question_names_its_parameter(question: dict[str, str], refusal: type, parameter: str) -> None:
    with pytest.raises(refusal) as refused:
        phases(study(4), **question)
    assert refused.value.parameter == parameter


def test_nothing_ended_is_too_little() -> None:
    with pytest.raises(TooLittle) as refused:
        phases(table(cell_rows(None, None, "failed")), "N")
    assert refused.value.counts["counted_out"]["pending"] == 2


def test_as_many_places_as_trials_are_answered_soon() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"configuration": k, "seed": 0, "N": N, "s": s, "outcome": "generalised" if won else "stalled"}
        for k, (N, s, won) in enumerate(zip(*np.exp(rng.uniform(1, 4, (2, 800))), rng.random(800) < 0.5, strict=True))
    ]
    for row in rows:
        row["outcome"] = "generalised" if rng.random() < probability(row["N"], row["s"], 3) else "stalled"
    found = phases(table(rows), "N", "s")
    assert len(found["contour"]["points"]) < 800
    assert any("of the 800 values" in warning for warning in found["warnings"])
    json.dumps(found, allow_nan=False)


# -- draws made of the same random numbers --------------------------------------------------------------------------


def legacy(streams: int = 12) -> list[Row]:
    """One seed draws the data of every N and s: whether a trial generalises leans on the seed."""
    rng = np.random.default_rng(3)
    lean = {seed: rng.normal() for seed in range(streams)}
    return [
        {"configuration": k, "seed": seed, "stream_id": f"legacy:{seed}", "N": N, "s": s}
        | {
            "outcome": "generalised"
            if rng.random() < expit(4 * np.log(N / true_contour(s)) + lean[seed])
            else "stalled"
        }
        for k, (N, s) in enumerate((N, s) for N in N_LEVELS for s in S_LEVELS)
        for seed in range(streams)
    ]


def test_trials_of_one_stream_are_one_cluster() -> None:
    rows = legacy()
    found = phases(table(rows), "N", "s")
    assert (found["draws"], found["streams"]) == (252, 12)
    contour = found["contour"]
    assert (contour["draws"], contour["streams"], contour["covariance"]) == (252, 12, "draw")
    assert {(cell["n"], cell["draws"], cell["streams"]) for cell in found["cells"]} == {(12, 12, 12)}
    X = sm.add_constant(np.log([[row["N"], row["s"]] for row in rows]))
    won = np.array([row["outcome"] == "generalised" for row in rows], dtype=float)
    groups = {"groups": np.array([row["seed"] for row in rows])}
    known = sm.Logit(won, X).fit(disp=0, cov_type="cluster", cov_kwds=groups)
    assert contour["terms"] == ["intercept", "log(N)", "log(s)"]
    for name, value, se in zip(contour["terms"], known.params, known.bse, strict=True):
        assert contour["coefficients"][name]["value"] == pytest.approx(value, rel=1e-5)
        assert contour["coefficients"][name]["se_draw"] == pytest.approx(se, rel=1e-5)


def test_few_streams_count_as_one_trial_each() -> None:
    contour = phases(table(legacy(streams=5)), "N", "s")
    assert contour["contour"]["unit"] == "draw"
    assert any("share 5 streams, and every stream counts as one trial" in warning for warning in contour["warnings"])
