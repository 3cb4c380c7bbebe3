"""Every reason for which a phase diagram has no contour, or is refused, is true of the case that causes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.phases import NotApplicable, UnknownField, phases
from tests.studies.laws.tables import Row, table
from tests.studies.phases.tables import outcomes


def ended(*words: str | None, N: float | None = 20, s: float = 2, beta: float = 1e-4) -> list[Row]:
    return [
        {"configuration": 0, "seed": seed, "N": N, "s": s, "alpha": 0.1, "beta": beta, "outcome": word}
        for seed, word in enumerate(words)
    ]


WON, LOST = ended("generalised", "generalised", N=40), ended("stalled", "stalled", N=20)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (LOST + ended("stalled", N=40), "no trial ended as generalised"),
        (LOST + ended("generalised", N=None), "no trial with both axes ended as generalised"),
        (WON + ended("generalised", N=20), "every trial ended as generalised"),
        (WON + ended("generalised", "failed", None, N=20), "every trial with a result ended as generalised"),
        (ended("generalised", "stalled"), "N has one level"),
        (ended("generalised", "stalled") + ended(None, N=40), "among the trials with a result, N has one level"),
    ],
)
def test_why_there_is_no_contour(rows: list[Row], reason: str) -> None:
    assert phases(table(rows), "N")["not_identifiable"]["reason"] == reason


def test_axes_that_vary_apart_in_trials_to_come_alone() -> None:
    rows = [row for N in (10, 20, 40) for row in ended("generalised", "stalled", N=N, s=N / 10)]
    told = phases(table(rows), "N", "s")["not_identifiable"]["reason"]
    assert told == "N and s do not vary apart"
    told = phases(table([*rows, *ended(None, N=10, s=4)]), "N", "s")["not_identifiable"]["reason"]
    assert told == "among the trials with a result, N and s do not vary apart"


@pytest.mark.parametrize(
    ("asked", "refusal", "message"),
    [
        ({"x": "M"}, UnknownField, "unknown 'M'; known: N, s, alpha, beta"),
        ({"x": "N", "outcome": "failed"}, UnknownField, "unknown 'failed'; known: generalised"),
        ({"x": "N", "y": "N"}, NotApplicable, "N is already the axis x"),
        ({"x": "N", "by": "N"}, NotApplicable, "N is already an axis"),
        ({"x": "N", "by": "M"}, UnknownField, "unknown 'M'"),
        ({"x": "N", "by": "beta"}, NotApplicable, "beta has 51 values; at most 50 diagrams are drawn at once"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], refusal: type[Exception], message: str) -> None:
    rows = [row for k in range(51) for row in ended("generalised", beta=1e-5 * (1 + k))]
    with pytest.raises(refusal, match=message):
        phases(table(rows), **asked)


@pytest.mark.parametrize("share", [("generalised", "stalled"), ("generalised", "generalised", "stalled")])
def test_an_axis_that_tells_nothing_has_no_place_on_it(share: tuple[str, ...]) -> None:
    rows = [row for N in (10, 20, 40) for row in ended(*share, N=N)]
    (point,) = phases(table(rows), "N")["contour"]["points"]
    assert (point["x"], point["ci95"], point["reason"]) == (None, None, "the fraction hardly depends on N here")


@pytest.mark.parametrize("rows", [ended("failed", "cancelled", None), ended("generalised", N=None)])
def test_nothing_has_ended_with_a_result(rows: list[Row]) -> None:
    with pytest.raises(TooLittle, match="no trial has ended with a result at a place of the diagram"):
        phases(table([*rows, *ended("failed", N=30)]), "N")


def test_why_there_is_no_standard_error_by_draw() -> None:
    few = "7 draws: fewer than 8 say nothing sound of the scatter between draws"
    assert phases(table(shared(7)), "beta")["contour"]["coefficients"]["log(beta)"]["reason"] == few
    cut = table(outcomes(lambda N, s: float(10 * s**0.5 < N), np.random.default_rng(0)))
    told = phases(cut, "N", "s")["contour"]["coefficients"]["log(N)"]["reason"]
    assert told == "separated data leave no residuals to tell the scatter between draws from"


def shared(seeds: int) -> list[Row]:
    """Trials that share their draws: beta changes how they end, and not their data."""
    won = {1e-6: 2, 1e-5: 3, 1e-4: 5}
    return [
        {"configuration": 0, "seed": seed, "alpha": 0.1, "beta": beta}
        | {"outcome": "generalised" if seed < won[beta] else "stalled"}
        for beta in won
        for seed in range(seeds)
    ]
