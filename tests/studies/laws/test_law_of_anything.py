"""Whatever the rows are, a law is finite JSON or one of the stated refusals."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from studies.laws import RESPONSES, LawError, TooLittle, law
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
