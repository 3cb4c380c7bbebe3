"""The chart of curves: all points that a logarithmic axis can show, and the crossings in words."""

from __future__ import annotations

from typing import Any

import pytest

from grokscale.studies.charts.curves import Course, crossing_text, curves
from tests.studies.charts.documents import check, heading, kind, layers, rows

EXACT = {"step": 30, "lower": 29, "upper": 30, "censoring": "exact"}
RIGHT = {"step": None, "lower": 1000, "upper": None, "censoring": "right"}
LIMITS = {"train": 1e-2, "test": 3e-2}


def course(number: int = 0, **changes: Any) -> Course:
    given: dict[str, Any] = {
        "label": f"trial {number}",
        "config": "α 0.1, seed 0",
        "step": [0, 1, 30, 1000],
        "train": [1.0, 0.5, 0.01, 0.0],
        "test": [1.0, 0.9, None, 0.1],
        "t1": EXACT,
        "t2": RIGHT,
    }
    return Course(**(given | changes))


def test_the_points_are_those_above_zero() -> None:
    document = curves([course()], LIMITS, "a study")
    check(document)
    points = [(row["of"], row["step"], row["error"]) for row in rows(document, "line", "step")]
    assert points == [("train", 1, 0.5), ("train", 30, 0.01), ("test", 1, 0.9), ("test", 1000, 0.1)]


def test_an_error_that_was_rounded_away_is_not_drawn() -> None:
    document = curves([course(train=[1.0, 0.5, 1e-17, 1e-310])], LIMITS, "a study")
    check(document)
    assert [row["error"] for row in rows(document, "line", "step") if row["of"] == "train"] == [0.5, 1e-17]


def test_the_thresholds_are_drawn_and_named() -> None:
    document = curves([course()], LIMITS, "a study")
    assert {row["of"]: row["error"] for row in rows(document, "rule", "of")} == LIMITS
    assert "train 0.01, test 0.03" in heading(document)


def test_a_crossing_that_was_seen_is_a_rule_with_a_label() -> None:
    document = curves([course()], LIMITS, "a study")
    assert [row["step"] for row in rows(document, "rule", "text")] == [pytest.approx(30)]
    assert {row["text"] for row in rows(document, "text", "text")} == {"t1 = 30", "t2 > 1,000"}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_every_trial_has_a_panel(count: int) -> None:
    document = curves([course(i) for i in range(count)], LIMITS, "a study")
    assert len(document["concat"]) == count
    assert document["columns"] == {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}[count]


def test_panels_share_their_axes() -> None:
    document = curves([course(0), course(1, step=[0, 1, 30, 10**6])], LIMITS, "a study")
    lines = [layer for layer in layers(document) if kind(layer) == "line"]
    assert len({str(line["encoding"][way]["scale"]["domain"]) for line in lines for way in ("x",)}) == 1


@pytest.mark.parametrize(
    ("crossing", "text"),
    [
        (EXACT, "t2 = 30"),
        (RIGHT, "t2 > 1,000"),
        ({"step": None, "lower": 90, "upper": 100, "censoring": "interval"}, "t2 in (90, 100]"),
        ({"step": None, "lower": -1, "upper": 0, "censoring": "left"}, "t2 ≤ 0"),
        ({"step": None, "lower": 7, "upper": None, "censoring": "infeasible"}, "t2: infeasible"),
        (None, "t2: none"),
    ],
)
def test_what_is_known_of_a_crossing_is_said(crossing: dict[str, Any] | None, text: str) -> None:
    assert crossing_text("t2", crossing) == text
