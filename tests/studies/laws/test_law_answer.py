"""The law object: its fields, what stands where a number cannot, its warnings and its sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grokscale.studies.laws import law
from tests.studies.laws.tables import Row, censor, crossing, grid, power_law, table

ROWS = power_law(grid(seeds=6), sigma=0.1)
PAPERS = "exponent_is_the_papers"


def asked(rows: list[Row] = ROWS, response: str = "t2", **question: Any) -> dict[str, Any]:
    answer = law(table(rows), response, **question)
    json.dumps(answer, allow_nan=False)
    return answer


def test_the_fields_are_those_of_the_interface() -> None:
    assert list(asked()) == [
        *(
            "response",
            "x",
            "terms",
            "effect",
            "intercepts",
            "covariance",
            "n",
            "draws",
            "streams",
            "counted_out",
            "censored",
            "model",
        ),
        *(
            "prefactor",
            "exponent",
            "exponents",
            "groups",
            "sigma",
            "tau",
            "r2_log",
            "tests",
            "converged",
            "warnings",
            "text",
        ),
    ]


def test_the_question_is_echoed_in_canonical_form() -> None:
    answer = asked(x="beta^-1 * alpha^-1")
    assert (answer["x"], answer["terms"], answer["effect"]) == ("1/(beta*alpha)", None, "draw")


def test_without_x_the_question_is_the_papers_law() -> None:
    assert asked() == asked(x="1/(alpha*beta)")


def test_terms_give_one_exponent_a_field() -> None:
    answer = asked(terms=["alpha", "beta"])
    assert answer["exponent"] is None
    assert {name: round(e["value"], 1) for name, e in answer["exponents"].items()} == {"alpha": -1.0, "beta": -1.0}


def test_the_exponent_of_the_papers_law_is_positive() -> None:
    low, high = asked()["exponent"]["ci95"]
    assert 0.97 < low < 1 < high < 1.03


def test_a_theory_column_can_be_the_predictor() -> None:
    rows = [row | {"t1_predicted": 7.0 / row["alpha"]} for row in power_law(grid(), response="t1")]
    assert asked(rows, "t1", terms=["t1_predicted", "beta"])["exponents"]["t1_predicted"]["value"] == pytest.approx(
        1, abs=0.1
    )


# -- what the design cannot tell ------------------------------------------------------------------------------------


def unidentified(number: dict[str, Any]) -> str:
    assert (number["value"], number["se"], number["ci95"]) == (None, None, None)
    return number["reason"]


def test_one_level_is_not_identifiable() -> None:
    answer = asked(power_law(grid(alphas=(0.1,), betas=(1e-5,))))
    assert unidentified(answer["exponent"]) == "1/(alpha*beta) has only one level"
    assert answer["exponent"]["not_identifiable"] == "1/(alpha*beta)"
    assert answer["text"] == "No exponent of t2 is identifiable: 1/(alpha*beta) has only one level."


def test_fields_that_never_vary_apart_are_not_identifiable_each() -> None:
    rows = power_law([row | {"beta": row["alpha"] / 1000} for row in grid(betas=(1.0,))])
    answer = asked(rows, terms=["alpha", "beta"])
    for name in ("alpha", "beta"):
        assert unidentified(answer["exponents"][name]) == "alpha, beta never vary apart within a draw"
        assert answer["exponents"][name]["not_identifiable"] == name


def test_their_product_still_has_its_exponent() -> None:
    rows = power_law([row | {"beta": row["alpha"] / 1000} for row in grid(betas=(1.0,))])
    assert asked(rows)["exponent"]["value"] == pytest.approx(1, abs=0.05)


def test_what_belongs_to_the_draw_is_absorbed_by_its_prefactor() -> None:
    rows = [row | {"a_gap": 0.05 * (1 + row["seed"])} for row in ROWS]
    answer = asked(rows, terms=["alpha", "beta", "a_gap"])
    expected = "a_gap is the same in all rows of a draw, whose own prefactor absorbs it"
    assert unidentified(answer["exponents"]["a_gap"]) == expected
    assert answer["exponents"]["alpha"] == asked(terms=["alpha", "beta"])["exponents"]["alpha"]
    assert unidentified(answer["prefactor"]) == expected


def test_pooled_it_has_an_exponent() -> None:
    rows = [row | {"a_gap": 0.05 * (1 + row["seed"])} for row in ROWS]
    assert asked(rows, terms=["alpha", "beta", "a_gap"], effect="none")["exponents"]["a_gap"]["se"] > 0


def test_one_draw_has_no_scatter_between_draws() -> None:
    answer = asked(power_law(grid(seeds=1)))
    assert answer["prefactor"]["by_draw"]["geometric_sd"] is None
    assert answer["prefactor"]["by_draw"]["reason"] == "one draw"
    assert any(w.startswith("one draw: the law is that of its data") for w in answer["warnings"])


def test_pooled_there_are_no_prefactors_by_draw() -> None:
    assert asked(effect="none")["prefactor"]["by_draw"] is None


def test_a_prefactor_outside_the_range_of_a_float_is_null_with_its_reason() -> None:
    answer = asked(x="(alpha*beta)^50*1e-300")
    assert unidentified(asked(x="1e300*(alpha*beta)^-0.02")["prefactor"]).startswith("outside a float's range")
    assert answer["exponent"]["value"] == pytest.approx(-1 / 50, abs=1e-3)


# -- tests of the paper's exponents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"x": "1/alpha"}, "x is not a power of alpha*beta"),
        ({"x": "alpha/beta"}, "x is not a power of alpha*beta"),
        ({"terms": ["alpha"]}, "terms do not give an exponent of alpha and one of beta"),
    ],
)
def test_without_an_exponent_of_the_product_there_is_no_test_of_it(question: dict[str, Any], reason: str) -> None:
    tests = asked(**question)["tests"]
    assert tests[PAPERS] == {"exponents": None, "statistic": None, "p": None, "reason": reason}
    assert tests["equivalence"] == {"margin": 0.02, "p": None, "reason": reason}


@pytest.mark.parametrize(("x", "exponent"), [("alpha*beta", -1), ("(alpha*beta)^-4", 0.25), ("7*(alpha*beta)^2", -0.5)])
def test_the_papers_exponent_and_its_margin_are_those_of_the_predictor_asked_for(x: str, exponent: float) -> None:
    answer, plain = asked(x=x), asked()
    tests = answer["tests"]
    assert tests[PAPERS]["exponents"] == {answer["x"]: exponent}
    assert tests["equivalence"]["margin"] == 0.02 * abs(exponent)
    for name in (PAPERS, "equivalence"):
        assert tests[name]["p"] == pytest.approx(plain["tests"][name]["p"], rel=1e-6)
    assert f"An exponent of exactly {exponent:g} in {answer['x']} is" in answer["text"]


def test_the_text_states_the_papers_exponents_of_the_predictors_that_it_gives_exponents_of() -> None:
    assert "An exponent of exactly 1 in 1/(alpha*beta) is" in asked()["text"]
    assert "Exponents of exactly -1 in alpha and beta are" in asked(terms=["beta", "alpha"])["text"]


def test_a_small_departure_is_rejected_and_equivalent_and_the_text_says_both() -> None:
    answer = asked(power_law(grid(seeds=6), exponent=0.998, sigma=1e-4))
    assert answer["tests"][PAPERS]["p"] < 1e-6
    assert answer["tests"]["equivalence"]["p"] < 1e-6
    assert "is rejected (p < 1e-12), but the law is within 0.02 of that" in answer["text"]


def test_a_large_departure_is_rejected_and_not_equivalent() -> None:
    answer = asked(power_law(grid(seeds=6), exponent=0.8))
    assert answer["tests"]["equivalence"]["p"] > 0.5
    assert "is rejected (p < 1e-12), and the law is not shown to be within 0.02 of that" in answer["text"]


def test_too_few_data_reject_nothing_and_show_nothing() -> None:
    text = asked(power_law(grid(seeds=2), sigma=0.6))["text"]
    assert "is not rejected" in text
    assert "but the law is not shown to be within 0.02 of that" in text


# -- warnings and words ---------------------------------------------------------------------------------------------


def test_a_clean_study_has_no_warnings() -> None:
    assert asked()["warnings"] == []


def test_deterministic_scatter_makes_numerical_standard_errors() -> None:
    answer = asked(power_law(grid(seeds=6), sigma=1e-4))
    assert any("standard errors and intervals are numerical" in warning for warning in answer["warnings"])
    assert answer["text"].endswith("the interval is numerical rather than sampling.")


def powers_of_two() -> list[Row]:
    """Times that are whole and on the law to the last bit: 2^seed/(alpha*beta)."""
    cells = [(seed, k) for k in range(8, 22) for seed in (0, 1)]
    rows = [{"seed": seed, "configuration": k, "alpha": 0.5, "beta": 2.0**-k} for seed, k in cells]
    return [row | crossing("t2", "exact", 2 ** (1 + k + seed)) for row, (seed, k) in zip(rows, cells, strict=True)]


def test_rows_on_the_law_to_machine_precision_have_no_test() -> None:
    answer = asked(powers_of_two())
    assert answer["exponent"]["value"] == pytest.approx(1, abs=1e-12)
    assert answer["tests"][PAPERS]["reason"].startswith("the rows lie on the law to machine precision")


def test_so_have_such_rows_with_others_censored_where_the_law_says() -> None:
    answer = asked(censor(powers_of_two(), 2**20))
    assert answer["censored"]["right"] == 5
    assert answer["exponent"]["value"] == pytest.approx(1, abs=1e-12)


def test_a_censored_row_that_contradicts_such_rows_moves_the_law() -> None:
    late = crossing("t2", "right", lower=2**25) | {"outcome": "memorised"}
    rows = powers_of_two()
    answer = asked([*rows[:-1], rows[-1] | late])
    assert answer["exponent"]["value"] > 1.005
    assert answer["converged"]


def test_of_t1_the_text_does_not_speak_of_the_papers_exponents() -> None:
    assert "exactly" not in asked(power_law(grid(seeds=6), response="t1"), "t1", terms=["alpha", "beta"])["text"]


def test_pooled_draws_are_warned_of() -> None:
    [warning] = asked(effect="none")["warnings"]
    assert warning.startswith("6 draws are pooled")


def test_many_censored_trials_are_warned_of() -> None:
    warnings = asked(censor(ROWS, 40_000))["warnings"]
    assert any("trials in the likelihood are censored" in warning for warning in warnings)


def test_terms_that_hardly_vary_apart_are_warned_of() -> None:
    rows = [row | {"beta2": row["beta"] * (1 + 1e-3 * (row["configuration"] % 2))} for row in ROWS]
    assert any("condition number" in warning for warning in asked(rows, terms=["beta", "beta2"])["warnings"])


def test_t1_after_t2_is_warned_of() -> None:
    rows = power_law(power_law(grid(seeds=6)), response="t1", prefactor=0.2)
    [warning] = asked(rows, "t1")["warnings"]
    assert "reach t1 only after t2, if at all" in warning


def test_plateaus_at_the_end_of_their_run_are_warned_of() -> None:
    rows = [row | {"steps": row["t2_plateau_step"] + 10} for row in power_law(grid(seeds=6), response="t2_plateau")]
    assert any("plateaus lie in the last tenth of their run" in w for w in asked(rows, "t2_plateau")["warnings"])


def test_times_of_a_few_steps_are_warned_of() -> None:
    rows = power_law(grid(alphas=(0.1, 0.2), betas=(1e-3, 1e-1), seeds=6), prefactor=0.05)
    assert any("times are below 20 steps" in warning for warning in asked(rows)["warnings"])


def test_the_text_begins_with_the_estimate_and_is_plain_ascii() -> None:
    answer = asked(censor(ROWS, 20_000_000))
    exponent = answer["exponent"]
    begin = f"exponent {exponent['value']:.4f} [{exponent['ci95'][0]:.4f}, {exponent['ci95'][1]:.4f}] of t2 in "
    assert answer["text"].startswith(begin + "1/(alpha*beta).")
    assert answer["text"].isascii()


def test_the_text_of_terms_names_every_exponent() -> None:
    text = asked(terms=["alpha", "beta"])["text"]
    assert text.startswith("exponents alpha -")
    assert ", beta -" in text
