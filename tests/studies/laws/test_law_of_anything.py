"""Whatever the rows are, a law, or a family of models, is finite JSON or one of the stated refusals."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokscale.studies.laws import RESPONSES, LawError, Request, TooLittle, fit_family, law
from grokscale.studies.laws.inference.intercepts import Effect
from grokscale.studies.laws.likelihood.noise import NOISES
from grokscale.studies.laws.models.forms import Name
from tests.studies.laws.tables import Row, crossing, ladder, table

steps = st.sampled_from([0, 1, 2, 3, 10, 999, 10**4, 10**6, 10**12])
values = st.sampled_from([None, 0.0, 1e-300, 1e-6, 0.1, 1.0, 3.0])


@st.composite
def crossings(draw: st.DrawFn, name: str) -> Row:
    word = draw(
        st.sampled_from(["exact", "exact", "exact", "interval", "left", "right", "infeasible", "stalled", None])
    )
    if word is None:
        return {}
    if word == "exact":
        return crossing(name, word, draw(steps)) | {f"{name}_stayed": draw(st.none() | steps)}
    lower = draw(steps)
    upper = lower + 1 + draw(steps) if word == "interval" else None
    return crossing(name, word, lower=lower, upper=upper)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    outcomes = ["generalised", "generalised", "generalised", "memorised", "infeasible", "diverged", "failed", None]
    rung = {"step": 9, "lower": 8, "upper": 9, "censoring": "exact", "stayed": 9}
    out: Row = {"outcome": draw(st.sampled_from(outcomes)), "steps": draw(st.none() | steps)}
    for name in ("t1", "t2", "t2_plateau", "delay"):
        out |= draw(crossings(name))
    out |= {"alpha": draw(values), "beta": draw(values), "N": draw(st.sampled_from([20, 30])), "T_star": draw(values)}
    out |= {"seed": draw(st.integers(0, 2)), "configuration": 0, "error_min": draw(values)}
    out["ladder"] = draw(st.sampled_from(["{}", None, ladder(**{"1e_1": {"t1": rung, "t2": None}})]))
    return {name: value for name, value in out.items() if name != "delay_stayed"}


questions = st.one_of(
    st.fixed_dictionaries(
        {"x": st.sampled_from(["1/(alpha*beta)", "N^0.5/alpha", "T_star/(alpha*beta)", "alpha^100"])}
    ),
    st.fixed_dictionaries({"terms": st.sampled_from([["alpha", "beta"], ["alpha", "beta", "N", "T_star"], ["N"]])}),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(rows(), min_size=1, max_size=30),
    st.sampled_from(list(RESPONSES)),
    questions,
    st.sampled_from(["draw", "none"]),
    st.sampled_from([None, None, 0.1]),
)
def test_a_law_is_finite_json_or_a_stated_refusal(
    trials: list[Row], response: str, question: dict[str, Any], effect: str, threshold: float | None
) -> None:
    try:
        answer = law(table(trials), response, effect=effect, threshold=threshold, **question)
    except TooLittle as refusal:
        assert json.dumps(refusal.counts, allow_nan=False)
    except LawError as refusal:
        assert refusal.parameter is not None
    else:
        assert json.dumps(answer, allow_nan=False)
        assert answer["text"].isascii()


@st.composite
def likely_rows(draw: st.DrawFn) -> Row:
    """Rows of which some law can be fitted: what a study gives, and only now and then what none should."""
    alpha, beta = draw(st.sampled_from([0.01, 0.03, 0.1])), draw(st.sampled_from([1e-6, 1e-5, 1e-4]))
    seed = draw(st.integers(0, 4))
    step = round(draw(st.sampled_from([0.09, 0.1, 0.1, 0.12])) * (1 + seed) / (alpha * beta))
    out: Row = {"seed": seed, "configuration": 0, "alpha": alpha, "beta": beta, "a_gap": 1.0 + seed, "T_star": 0.1}
    word = draw(st.sampled_from(["exact"] * 6 + ["right", "right", "interval", "infeasible"]))
    upper = step + 1 + step // 10 if word == "interval" else None
    out |= crossing("t2", word, step) if word == "exact" else crossing("t2", word, lower=step, upper=upper)
    out |= {"floor": draw(st.sampled_from([1e-4, 1e-4, 1e-2, None])), "test_threshold": 1e-2, "N": 30, "steps": step}
    return out | draw(
        st.sampled_from(
            [{}, {}, {}, {}, {"N": 20}, {"a_gap": None}, {"beta": 0.0}, {"beta": 1e-250}, {"outcome": "failed"}]
        )
    )


requests = st.builds(
    Request,
    models=st.sampled_from([get_args(Name), get_args(Name), ("M1", "M4"), ("M2", "M5")]),
    terms=st.sampled_from([None, ("alpha", "beta"), ("N",)]),
    gap=st.sampled_from(["a_gap", "T_star"]),
    effect=st.sampled_from(get_args(Effect)),
    noise=st.sampled_from([*NOISES]),
    scale=st.sampled_from(["constant", "error_floor"]),
    covariance=st.sampled_from(["model", "draw"]),
    intervals=st.sampled_from([("wald",), ("wald",), ("wald",), ("wald", "profile", "bootstrap")]),
    bootstrap=st.just(19),
    break_samples=st.sampled_from([0, 2]),
)


def tables(most: int) -> st.SearchStrategy[list[Row]]:
    """Tables of at most so many rows."""
    return st.lists(likely_rows(), min_size=6, max_size=most) | st.lists(rows(), min_size=1, max_size=most)


@settings(max_examples=5, deadline=None)
@given(tables(15), requests)
def test_a_family_is_finite_json_or_a_stated_refusal(trials: list[Row], request: Request) -> None:
    assert_answered(trials, request)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=50, deadline=None)
@given(tables(30), requests)
def test_fifty_families_are_finite_json_or_a_stated_refusal(trials: list[Row], request: Request) -> None:
    assert_answered(trials, request)


def assert_answered(trials: list[Row], request: Request) -> None:
    try:
        found = fit_family(table(trials), request)
    except TooLittle as refusal:
        assert json.dumps(refusal.counts, allow_nan=False)
    except LawError as refusal:
        assert refusal.parameter is not None
    else:
        assert json.dumps(found.result, allow_nan=False)
        assert found.result["text"].isascii()
        assert set(found.result["models"]) == set(request.models)
        for model in found.result["models"].values():
            assert "refused" in model or model["log_likelihood"] is not None
