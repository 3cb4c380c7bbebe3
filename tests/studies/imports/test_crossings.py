"""Crossings of logged curves, against a loop that reads the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokscale import crossings


def by_hand(steps: list[int], values: list[float], theta: float) -> tuple[int, int | None]:
    """The last step above theta before the first one at or below it, and that one."""
    before = -1
    for step, value in zip(steps, values, strict=True):
        if value <= theta:
            return before, step
        before = step
    return before, None


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=20),
    st.data(),
    st.floats(0.1, 0.9),
)
def test_a_crossing_lies_between_the_logged_steps_about_it(gaps: list[int], data: st.DataObject, theta: float) -> None:
    steps = np.cumsum(gaps).tolist()
    values = data.draw(st.lists(st.floats(0, 1), min_size=len(steps), max_size=len(steps)))
    row = crossings(steps, values, values[::-1], train_threshold=theta, test_threshold=theta)
    for name, curve in (("t1", values), ("t2", values[::-1])):
        lower, upper = by_hand(steps, curve, theta)
        assert (row[f"{name}_lower"], row[f"{name}_upper"]) == (lower, upper)
        expected = (
            "right" if upper is None else "left" if lower == -1 else "exact" if upper - lower == 1 else "interval"
        )
        assert row[f"{name}_censoring"] == expected
        stays = [s for i, s in enumerate(steps) if all(v <= theta for v in curve[i:])]
        assert row[f"{name}_stayed"] == (stays[0] if stays else None)
    assert row["steps"] == steps[-1]


def test_accuracies_rise_and_what_was_not_logged_is_left_out() -> None:
    steps, train, test = [0, 10, 20, 30], [0.1, 0.999, 1.0, 1.0], [0.1, math.nan, 0.5, 0.97]
    row = crossings(steps, train, test, train_threshold=0.99, test_threshold=0.95, rises=True)
    assert (row["t1_lower"], row["t1_upper"], row["t1_censoring"]) == (0, 10, "interval")
    assert (row["t2_lower"], row["t2_upper"], row["t2_stayed"]) == (20, 30, 30)
    assert crossings([5], [0.5], [0.5])["t2_censoring"] == "right"
    assert crossings([0], [0.0], [0.0])["t2_step"] == 0


@pytest.mark.parametrize(
    ("steps", "train", "message"),
    [
        ([], [], "steps"),
        ([3, 2], [1, 1], "steps"),
        ([0.5, 1], [1, 1], "steps"),
        ([-1, 1], [1, 1], "steps"),
        ([1, 2], [1], "train: .* one number a logged step"),
    ],
)
def test_what_is_no_curve_is_refused_by_name(steps: list[float], train: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crossings(steps, train, train)
