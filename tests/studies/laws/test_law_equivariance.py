"""Other units of alpha, beta or the step change a law as they must, and nothing else."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokscale.studies.laws import law
from tests.studies.laws.tables import censor, grid, power_law, table

TABLE = table(censor(power_law(grid(seeds=4), sigma=0.2), 5_000_000))
units = st.floats(1e-3, 1e3)


def rescaled(field: str, factor: float) -> pa.Table:
    at = TABLE.column_names.index(field)
    return TABLE.set_column(at, field, pc.multiply(TABLE.column(field), factor))


def slower(factor: float) -> pa.Table:
    """The same times in a unit of a step that is `factor` times shorter."""
    out = TABLE
    for name in ("t2_step", "t2_lower", "t2_upper"):
        column = pc.multiply(TABLE.column(name).cast(pa.float64()), factor)
        out = out.set_column(TABLE.column_names.index(name), name, column)
    return out


def invariants(answer: dict[str, Any]) -> list[float]:
    test = answer["tests"]["exponent_is_the_papers"]
    return [answer["exponent"]["value"], answer["exponent"]["se"], answer["sigma"], answer["r2_log"], test["p"]]


HERE = law(TABLE, "t2")


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["alpha", "beta"]), units)
def test_units_of_a_swept_field_move_the_prefactor_alone(field: str, factor: float) -> None:
    there = law(rescaled(field, factor), "t2")
    assert invariants(there) == pytest.approx(invariants(HERE), rel=1e-7)
    expected = HERE["prefactor"]["value"] * factor ** HERE["exponent"]["value"]
    assert there["prefactor"]["value"] == pytest.approx(expected, rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(units)
def test_units_of_the_step_move_the_prefactor_alone(factor: float) -> None:
    there = law(slower(factor), "t2")
    assert invariants(there) == pytest.approx(invariants(HERE), rel=1e-7)
    assert there["prefactor"]["value"] == pytest.approx(HERE["prefactor"]["value"] * factor, rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(units)
def test_a_constant_in_x_moves_the_prefactor_alone(factor: float) -> None:
    there = law(TABLE, "t2", x=f"{factor!r}/(alpha*beta)")
    assert invariants(there) == pytest.approx(invariants(HERE), rel=1e-7)
    expected = HERE["prefactor"]["value"] * factor ** -HERE["exponent"]["value"]
    assert there["prefactor"]["value"] == pytest.approx(expected, rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([-3, -1, -0.5, 0.25, 2]))
def test_a_power_of_x_divides_the_exponent_by_it(power: float) -> None:
    there = law(TABLE, "t2", x=f"(alpha*beta)^{power}")
    assert there["exponent"]["value"] == pytest.approx(-HERE["exponent"]["value"] / power, rel=1e-7)
    assert invariants(there)[2:] == pytest.approx(invariants(HERE)[2:], rel=1e-6)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = TABLE.take(pa.array([i * 7 % len(TABLE) for i in range(len(TABLE))]))
    assert invariants(law(shuffled, "t2")) == pytest.approx(invariants(HERE), rel=1e-9)


def test_asked_twice_the_answer_is_the_same_to_the_last_digit() -> None:
    assert law(TABLE, "t2") == HERE
