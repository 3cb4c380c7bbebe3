"""When there is no law: too little to fit, or a question that this table cannot be asked."""

from __future__ import annotations

from typing import Any

import pytest

from grokscale.studies.laws import BadExpression, NotApplicable, TooLittle, UnknownName, law
from tests.studies.laws.tables import Row, censor, crossing, grid, ladder, power_law, table


def refused(rows: list[Row], **question: Any) -> TooLittle:
    with pytest.raises(TooLittle) as refusal:
        law(table(rows), "t2", **question)
    assert refusal.value.counts["rows"] == len(rows)
    return refusal.value


def pending(row: Row) -> Row:
    return row | crossing("t2", "") | {"outcome": None, "started": False, "steps": None}


def test_no_trials() -> None:
    rows = power_law(grid(seeds=1))
    with pytest.raises(TooLittle, match="the study has no trials"):
        law(table(rows).slice(0, 0), "t2")


def test_nothing_has_ended() -> None:
    refusal = refused([pending(row) for row in power_law(grid())])
    assert refusal.reason == "no trial with a crossing that counts: 90 not ended yet"
    assert refusal.counts["censored"]["pending"] == 90


def test_nothing_has_crossed() -> None:
    assert "no trial with a crossing" in refused(censor(power_law(grid()), 1)).reason


def test_as_many_parameters_as_crossings() -> None:
    rows = power_law(grid(alphas=(0.1,), betas=(1e-6, 1e-5), seeds=1))
    assert refused(rows).reason == "2 trials with a crossing: a prefactor, an exponent and a scatter need at least 3"


def test_each_draw_takes_a_crossing() -> None:
    rows = power_law(grid(alphas=(0.1,), betas=(1e-6, 1e-5), seeds=1)) + power_law(
        [{"seed": s, "configuration": 0, "alpha": 0.1, "beta": 1e-5} for s in range(1, 9)]
    )
    assert "9 prefactors (one a draw), an exponent and a scatter need at least 11" in refused(rows).reason


def test_one_more_crossing_is_enough() -> None:
    answer = law(table(power_law(grid(alphas=(0.1,), betas=(1e-6, 1e-5, 1e-4), seeds=1))), "t2")
    assert answer["exponent"]["ci95"][0] < answer["exponent"]["ci95"][1]


def test_one_level_so_far_of_a_plan_with_more() -> None:
    rows = [pending(r) if r["configuration"] else r for r in power_law(grid(seeds=10))]
    assert refused(rows).reason == "among the trials with a crossing, 1/(alpha*beta) has only one level"


def test_a_theory_column_that_is_still_to_come() -> None:
    rows = [row | {"t1_predicted": 60.0} for row in power_law(grid())]
    rows[5:] = [pending(row) | {"t1_predicted": None} for row in rows[5:]]
    assert "t1_predicted has only one level" in refused(rows, x="t1_predicted", effect="none").reason


def test_a_theory_column_of_which_there_is_nothing_yet() -> None:
    assert "no trial with a crossing that counts" in refused(power_law(grid()), x="T_star/(alpha*beta)").reason


def test_brackets_that_one_curve_passes() -> None:
    rows = [
        row | crossing("t2", "interval", lower=row["t2_step"] // 3, upper=row["t2_step"] * 3)
        for row in power_law(grid(), sigma=0.05)
    ]
    assert "bracket" in refused(rows).reason


def test_narrow_brackets_are_fitted() -> None:
    rows = [
        row | crossing("t2", "interval", lower=int(row["t2_step"] * 0.98), upper=int(row["t2_step"] * 1.02))
        for row in power_law(grid(), sigma=0.2)
    ]
    assert law(table(rows), "t2")["exponent"]["value"] == pytest.approx(1, abs=0.03)


ROWS = power_law(grid(seeds=3, optimizer="proximal", snr=None))


@pytest.mark.parametrize(
    ("question", "name", "parameter"),
    [
        ({"x": "1/(alpha*bta)"}, "bta", "x"),
        ({"x": "optimizer"}, "optimizer", "x"),
        ({"x": "snr"}, "snr", "x"),
        ({"x": "seed*alpha"}, "seed", "x"),
        ({"x": "t2_step"}, "t2_step", "x"),
        ({"terms": ["alpha", "gamma"]}, "gamma", "terms"),
        ({"effect": "guess"}, "guess", "effect"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(question: dict[str, Any], name: str, parameter: str) -> None:
    with pytest.raises(UnknownName) as refusal:
        law(table(ROWS), "t2", **question)
    assert (refusal.value.name, refusal.value.parameter) == (name, parameter)
    assert set(refusal.value.known) <= {"alpha", "beta", "draw", "fixed", "random", "none"}


@pytest.mark.parametrize("response", ["t3", "error_t2", ""])
def test_an_unknown_response_is_refused_with_the_known_ones(response: str) -> None:
    with pytest.raises(UnknownName) as refusal:
        law(table(ROWS), response)
    assert refusal.value.known[:3] == ("t1", "t1_gradient", "t2")


def test_a_threshold_off_the_ladder_is_refused_with_the_rungs() -> None:
    rows = [row | {"ladder": ladder(**{"1e_1": {"t1": None, "t2": None}})} for row in ROWS]
    with pytest.raises(UnknownName, match="known: 1e-1") as refusal:
        law(table(rows), "t2", threshold=0.05)
    assert refusal.value.parameter == "threshold"


@pytest.mark.parametrize("response", ["t1_gradient", "t2_plateau", "error_min"])
def test_a_response_without_thresholds_has_no_threshold(response: str) -> None:
    with pytest.raises(NotApplicable, match="threshold= picks a rung of t1, t2, t2_stayed, delay"):
        law(table(ROWS), response, threshold=0.1)


def test_x_beside_terms_is_refused() -> None:
    with pytest.raises(NotApplicable, match="give one of them"):
        law(table(ROWS), "t2", x="alpha", terms=["beta"])


def test_no_term_is_refused() -> None:
    with pytest.raises(NotApplicable, match="at least one field"):
        law(table(ROWS), "t2", terms=[])


@pytest.mark.parametrize("x", ["2", "alpha/alpha", "alpha^0"])
def test_a_monomial_without_a_field_is_refused(x: str) -> None:
    with pytest.raises(BadExpression, match="names no field"):
        law(table(ROWS), "t2", x=x)


@pytest.mark.parametrize(
    "terms", [["alpha*beta"], ["1/alpha"], ["2*alpha"], ["3"], ["alpha", "(alpha)"], ["alpha,beta"]]
)
def test_a_term_that_is_not_one_field_is_refused(terms: list[str]) -> None:
    with pytest.raises(BadExpression) as refusal:
        law(table(ROWS), "t2", terms=terms)
    assert refusal.value.parameter == "terms"
