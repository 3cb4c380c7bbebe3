"""The grammar of x: what it accepts, what it means, and how it refuses."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokscale.studies.laws.errors import BadExpression
from grokscale.studies.laws.terms.grammar import DEEPEST, LONGEST, parse

NAMES = ("alpha", "beta", "N", "a_gap", "T_star")


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1/(alpha*beta)", "1/(alpha*beta)"),
        ("alpha^-1*beta^-1", "1/(alpha*beta)"),
        ("(alpha*beta)^-1", "1/(alpha*beta)"),
        ("1 / alpha / beta", "1/(alpha*beta)"),
        ("N^0.5/(alpha*beta)", "N^0.5/(alpha*beta)"),
        ("N^(1/2)/(alpha*beta)", "N^0.5/(alpha*beta)"),
        ("N^(1/3)", "N^(1/3)"),
        ("N^(-(2/4))", "1/N^0.5"),
        ("2*N/4", "0.5*N"),
        ("1e3*alpha", "1000*alpha"),
        ("1/alpha", "1/alpha"),
        ("alpha^+2", "alpha^2"),
        ("alpha^0.3/(alpha^0.1*alpha^0.2)*beta", "beta"),
    ],
)
def test_expressions_that_mean_the_same_have_one_canonical_text(written: str, canonical: str) -> None:
    assert parse(written).text == canonical


@pytest.mark.parametrize(
    ("expression", "position", "says"),
    [
        ("", 0, "not the end"),
        ("1/", 2, "not the end"),
        ("alpha**2", 6, "a power is written ^"),
        ("-alpha", 0, "not '-'"),
        ("alpha+beta", 5, "unexpected '+'"),
        ("alpha beta", 6, "unexpected 'beta'"),
        ("(alpha", 6, ") is expected"),
        ("alpha)", 5, "unexpected ')'"),
        ("alpha^beta", 6, "an exponent is a number"),
        ("alpha^2^3", 7, "unexpected '^'"),
        ("alpha^(1/0)", 8, "division by zero"),
        ("alpha^1e999999999", 6, "too large"),
        ("alpha^1e-999999999", 6, "too small"),
        ("alpha^101", 5, "beyond 100"),
        ("0*alpha", 0, "positive and finite"),
        ("1e300*1e300*alpha", 5, "positive and finite"),
        ("10^100/10^-100/10^-100/10^-100*alpha", 22, "positive and finite"),
        ("log(alpha)", 3, "unexpected '('"),
        ("__import__(1)", 10, "unexpected '('"),
        ("alpha;beta", 5, "unexpected ';'"),
        ("γ*δ", 0, "unexpected 'γ'"),
        ("(" * (DEEPEST + 1) + "alpha" + ")" * (DEEPEST + 1), DEEPEST, "deep"),
        ("alpha*" * LONGEST + "alpha", LONGEST, "longer"),
    ],
)
def test_what_is_no_monomial_is_refused_at_its_position(expression: str, position: int, says: str) -> None:
    with pytest.raises(BadExpression, match="character") as refusal:
        parse(expression)
    assert (refusal.value.position, says in refusal.value.message) == (position, True)


def test_parentheses_as_deep_as_allowed_parse() -> None:
    assert parse("(" * DEEPEST + "alpha" + ")" * DEEPEST).text == "alpha"


def test_a_power_of_the_product_is_recognised() -> None:
    assert parse("3/(alpha*beta)^0.5").power_of(parse("alpha*beta")) == Fraction(-1, 2)


@pytest.mark.parametrize("expression", ["1/alpha", "alpha/beta", "N/(alpha*beta)", "alpha^2*beta"])
def test_what_is_no_power_of_the_product_is_not(expression: str) -> None:
    assert parse(expression).power_of(parse("alpha*beta")) is None


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="()*/^+-. 0123456789eEabN_", max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        monomial = parse(text)
    except BadExpression as refusal:
        assert 0 <= refusal.position <= len(text)
    else:
        assert math.isfinite(monomial.constant)


exponents = st.one_of(
    st.integers(-3, 3).map(str),
    st.sampled_from(["0.5", "-0.25", "+1.5", "(1/3)", "(-2/3)", "-(1/2)", "(2*0.5)", "(1/2/2)"]),
)
atoms = st.sampled_from(NAMES) | st.sampled_from(["1", "2", "0.5", "1e-2", "3."])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("*/"), inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})/({pair[1]})"),
        st.tuples(inner, exponents).map(lambda pair: f"({pair[0]})^{pair[1]}"),
    ),
    max_leaves=6,
).filter(lambda text: len(text) <= LONGEST)


@settings(deadline=None)
@given(expressions, st.tuples(*(st.floats(0.5, 2) for _ in NAMES)))
def test_a_parsed_expression_has_the_value_that_python_gives_it(text: str, values: tuple[float, ...]) -> None:
    named = dict(zip(NAMES, values, strict=True))
    monomial = parse(text)
    log = math.log(monomial.constant) + sum(float(e) * math.log(named[name]) for name, e in monomial.exponents.items())
    expected = eval(text.replace("^", "**"), {"__builtins__": {}}, named)
    assert math.isclose(log, math.log(expected), rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None)
@given(expressions)
def test_the_canonical_text_parses_to_the_same_monomial(text: str) -> None:
    monomial = parse(text)
    again = parse(monomial.text)
    assert dict(again.exponents) == dict(monomial.exponents)
    assert again.constant == monomial.constant


@pytest.mark.parametrize(
    "printed",
    ["1/(α*β)", "1/(α·β)", "1/(alpha×β)", "α^−1·β^−1", "1÷(α⋅β)", "(α∙β)^−1"],
)
def test_what_a_formula_is_printed_with_is_read_as_what_it_is_typed_with(printed: str) -> None:
    assert parse(printed) == parse("1/(alpha*beta)")
    assert parse("τ") == parse("tau")
