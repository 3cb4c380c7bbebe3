"""Every reason that stands in the place of a ratio or a slope is true of the case that causes it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.theory import theory
from grokscale.studies.theory.mean import Logs, NoMean, mean
from tests.studies.laws.tables import Row, crossing, table


def trial(seed: int, t2: Row, **more: Any) -> Row:
    own = {"alpha": 0.1, "beta": 1e-4, "configuration": 0, "seed": seed, "T_star": 0.01 * (1 + seed)}
    return own | {"t2_predicted": 1000.0 * (1 + seed)} | t2 | more


def seen(step: int) -> Row:
    return crossing("t2", "exact", step)


def ratio(rows: list[Row]) -> str:
    return theory(table(rows))["comparisons"]["t2"]["ratio"]["reason"]


BRACKET = crossing("t2", "interval", lower=900, upper=1100)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([trial(0, seen(1000)), trial(0, seen(1100))], "one stream of random numbers"),
        (
            [trial(0, seen(1000)), trial(1, BRACKET), trial(2, BRACKET)],
            "1 of 3 measured values are uncensored: too few to weigh the others by",
        ),
        (
            [trial(0, seen(1000)), trial(1, seen(2000)), trial(2, crossing("t2", "right", lower=2000))],
            "the uncensored values do not differ: nothing is known of the scatter",
        ),
        ([trial(k, seen(10**9), t2_predicted=10.0**-300) for k in range(2)], "outside a float's range"),
    ],
)
def test_why_a_ratio_is_missing(rows: list[Row], reason: str) -> None:
    if reason == "outside a float's range":
        rows[0]["t2_predicted"] = 1e300
    assert ratio(rows) == reason


@pytest.mark.parametrize("apart", [1e-2, 1e-5, 1e-8, 1e-10])
@pytest.mark.parametrize(("bound", "expected"), [(-5.0, 0.0), (5.0, 1.5931222)])
def test_values_that_hardly_differ_have_a_mean_beside_far_bounds(apart: float, bound: float, expected: float) -> None:
    # expected: of three equal values and one beyond the bound, by scipy.optimize over (mean, log sigma)
    lower = 10 + np.array([0.0, apart / 2, apart, bound])
    upper = np.where(np.arange(4) < 3, lower, np.inf)
    found = mean(Logs(lower, upper, np.arange(4)))
    assert found.log - 10 == pytest.approx(expected, abs=apart + 1e-7)
    assert found.gradient_norm < 1e-6


def test_brackets_of_any_width_give_a_maximum_or_the_true_reason() -> None:
    rng = np.random.default_rng(0)
    told = {"found": 0, "far": 0, "alike": 0}
    for _ in range(400):
        lower, upper = brackets(rng)
        try:
            kind, distance = "found", mean(Logs(lower, upper, np.arange(len(lower)))).gradient_norm
            assert distance <= 1e-6
        except NoMean as refusal:
            if match := re.fullmatch(
                "the search for the maximum did not converge: (.*) standard errors.*", str(refusal)
            ):
                kind = "far"
                assert float(match[1]) > 1e-6
            else:
                kind = "alike"
                assert str(refusal) == "the uncensored values do not differ: nothing is known of the scatter"
                assert np.ptp(lower[lower == upper]) < 1e-11
        told[kind] += 1
    assert min(told.values()) > 0
    assert told["found"] > 390


def brackets(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ends of rows about 5: some known, alike to within 1e-11 or not at all, others anywhere, near or far."""
    count = rng.integers(3, 12)
    lower = rng.normal(size=count) * 10 ** rng.uniform(-11, 1)
    upper = lower.copy()
    for k in range(rng.integers(1, count - 1)):
        end = 10 ** rng.uniform(-12, 2) * rng.choice([-1, 1])
        width = 10 ** rng.uniform(-6, 1)
        lower[k], upper[k] = [(end, np.inf), (end, end + width), (-np.inf, end)][rng.integers(3)]
    return 5 + lower, 5 + upper


def test_a_configuration_without_a_comparison_says_so() -> None:
    rows = [trial(0, seen(1000)), trial(1, seen(2000)), trial(2, {}, outcome="failed", configuration=1)]
    cells = theory(table(rows))["comparisons"]["t2"]["cells"]
    assert cells[1]["ratio"]["reason"] == "no trial has both a measured value and a prediction"


def test_nothing_can_be_compared() -> None:
    with pytest.raises(TooLittle, match="no ended trial has a measured value beside a prediction"):
        theory(table([trial(0, {}, outcome="failed"), trial(1, {}, outcome=None)]))


def explained(rows: list[Row]) -> dict[str, Any]:
    return theory(table(rows))["explains_draws"]


def test_why_the_slope_is_missing() -> None:
    two = [trial(k, seen(1000 * (1 + k))) for k in range(2)] + [trial(2, BRACKET)]
    few = "2 draws with a T_star and a t2 that was seen to the step: a slope needs at least 3"
    assert explained(two)["reason"] == few
    same = [trial(k, seen(1000 + k), T_star=0.01) for k in range(4)]
    assert explained(same)["reason"] == "T_star is the same in every draw"
    without = [{name: value for name, value in row.items() if name != "T_star"} for row in same]
    assert explained(without)["reason"] == "no trial has a T_star"
    exact = explained([trial(k, seen(1000 * (1 + k))) for k in range(4)])["tests"]
    for test in exact.values():
        assert test["reason"] == "the draws lie on a line to rounding: there is no scatter"


def near_one(scatter: float) -> list[Row]:
    """Draws whose measured times are off the predicted ones by a little that is no rounding."""
    off = scatter * np.random.default_rng(0).normal(size=10)
    return [
        trial(k, seen(round(10**12 * (1 + k) * math.exp(off[k] + 1e-4 * k))), t2_predicted=1e12 * (1 + k))
        for k in range(10)
    ]


def test_a_slope_that_is_rejected_is_not_shown_as_the_one_that_it_is_not() -> None:
    found = theory(table(near_one(1e-7)))
    explains = found["explains_draws"]
    assert explains["tests"]["slope_is_1"]["p"] < 1e-3
    assert "a slope of exactly 1 is rejected" in found["text"]
    shown = float(found["text"].split("Slope ")[1].split()[0])
    assert shown != 1
    assert shown == pytest.approx(explains["value"], abs=explains["se"])


def test_a_tiny_p_is_the_tail_itself_and_not_what_is_left_of_one() -> None:
    found = theory(table(near_one(1e-9)))["explains_draws"]
    p = found["tests"]["equivalence"]["p"]
    known = stats.t.sf((0.02 - abs(found["value"] - 1)) / found["se"], found["draws"] - 2)
    assert 0 < p == pytest.approx(known, rel=1e-6)
