"""Axes and labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokscale.studies.charts.axes import log_axis
from grokscale.studies.charts.words import number, pretty


def test_ticks_are_powers_of_ten() -> None:
    assert log_axis("x", "x", [3, 5e6], 500).exponents == (1, 2, 3, 4, 5, 6)


def test_powers_are_left_out_where_labels_have_no_room() -> None:
    assert log_axis("x", "x", [1e-12, 1e12], 200).exponents == (-7, 0, 7)


def test_a_short_stretch_has_round_values() -> None:
    axis = log_axis("x", "x", [12, 80], 500)
    assert axis.exponents == ()
    assert axis.axis.to_dict()["values"] == [20, 40, 60, 80]


@given(st.lists(st.floats(1e-12, 1e15), min_size=1, max_size=4), st.sampled_from(["x", "y"]), st.integers(60, 2000))
def test_every_axis_holds_its_values_and_has_ticks_within(values: list[float], way: str, length: int) -> None:
    axis = log_axis(way, "x", values, length)  # type: ignore[arg-type]
    assert axis.low < min(values)
    assert max(values) < axis.high
    ticks = axis.axis.to_dict()["values"]
    assert ticks
    assert all(axis.low <= tick <= axis.high for tick in ticks)
    assert axis.at(axis.share(values[0])) == pytest.approx(values[0])


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("1/(alpha*beta)", "1/(αβ)"),
        ("N^0.5/(alpha*beta)", "N^0.5/(αβ)"),
        ("s*T_star/alpha", "s·T_star/α"),
        ("beta1", "β1"),
        ("alphabet", "alphabet"),
    ],
)
def test_names_are_in_the_letters_of_the_paper(expression: str, shown: str) -> None:
    assert pretty(expression) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1e-5, "1e-5"),
        (2.68e-5, "2.68e-5"),
        (0.1, "0.1"),
        (30, "30"),
        (50000, "50,000"),
        (2e6, "2e6"),
        ("x", "x"),
        (None, "None"),
        (0, "0"),
        (0.0, "0"),
        (1234.5, "1,234"),
    ],
)
def test_numbers_are_short(value: object, shown: str) -> None:
    assert number(value) == shown
