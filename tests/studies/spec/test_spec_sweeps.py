"""The values of a sweep, against numpy's own."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from grokscale.studies.spec import parse
from grokscale.studies.spec.sweeps import Range, count, levels
from tests.studies.spec.spec_samples import changed


def alpha(value: Any) -> Any:
    return parse(changed("/optimizer/alpha", value)).optimizer.alpha


@given(st.floats(1e-9, 1), st.floats(1.5, 1e9), st.integers(2, 40))
@settings(max_examples=200, deadline=None)
def test_ranges_are_numpys_to_twelve_digits(low: float, ratio: float, num: int) -> None:
    high = low * ratio
    np.testing.assert_allclose(Range("log", low, high, num).levels(), np.geomspace(low, high, num), rtol=1e-11)
    np.testing.assert_allclose(Range("linear", low, high, num).levels(), np.linspace(low, high, num), rtol=1e-11)


@given(st.floats(1e-9, 1), st.floats(1.5, 1e9), st.integers(2, 40))
@settings(max_examples=100, deadline=None)
def test_the_ends_are_as_written_and_the_values_increase(low: float, ratio: float, num: int) -> None:
    for scale in ("log", "linear"):
        found = Range(scale, low, low * ratio, num).levels()
        assert found[0] == low
        assert found[-1] == low * ratio
        assert all(a < b for a, b in itertools.pairwise(found))
        assert len(found) == num


def test_decades_come_out_clean() -> None:
    assert levels(alpha({"log": [1e-6, 1e-2], "num": 5})) == (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    assert levels(alpha({"linear": [0.1, 0.5], "num": 5})) == (0.1, 0.2, 0.3, 0.4, 0.5)


@given(st.integers(1, 300), st.integers(1, 3000), st.integers(2, 60), st.sampled_from(["log", "linear"]))
@settings(max_examples=300, deadline=None)
def test_whole_ranges_are_distinct_or_say_so(low: int, extent: int, num: int, scale: Any) -> None:
    field = Range(scale, low, low + extent, num, whole=True)
    reference = np.geomspace(low, low + extent, num) if scale == "log" else np.linspace(low, low + extent, num)
    rounded = [math.floor(x + 0.5) for x in reference]
    if any(abs(x + 0.5 - round(x + 0.5)) < 1e-9 for x in reference[1:-1]):
        return  # a tie, which rounding in the last place decides
    assert field.distinct() == (len(set(rounded)) == num)
    if field.distinct():
        assert list(field.levels()) == rounded
        assert all(type(value) is int for value in field.levels())


def test_how_many_values_a_field_takes_is_known_without_them() -> None:
    assert count(alpha(0.1)) == 1
    assert count(alpha([0.1, 0.2])) == 2
    assert count(alpha({"log": [1e-3, 1], "num": 7})) == 7
    assert count(Range("log", 1e-3, 1.0)) is None


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_a_distribution_is_uniform_on_its_scale(scale: Any) -> None:
    u = np.random.default_rng(1).random(2000)
    drawn = np.array([Range(scale, 1e-3, 1.0).quantile(x) for x in u])
    assert drawn.min() >= 1e-3
    assert drawn.max() <= 1
    carried = np.log(drawn / 1e-3) / np.log(1e3) if scale == "log" else (drawn - 1e-3) / (1 - 1e-3)
    assert stats.kstest(carried, "uniform").pvalue > 0.01


def test_a_whole_linear_distribution_gives_each_number_alike() -> None:
    field = Range("linear", 3, 7, whole=True)
    drawn = [field.quantile(x) for x in np.random.default_rng(2).random(5000)]
    assert sorted(set(drawn)) == [3, 4, 5, 6, 7]
    assert stats.chisquare(np.bincount(drawn)[3:]).pvalue > 0.01


@given(st.floats(0, 1, exclude_max=True), st.sampled_from(["log", "linear"]))
def test_a_whole_distribution_stays_inside(u: float, scale: Any) -> None:
    assert 1 <= Range(scale, 1, 9, whole=True).quantile(u) <= 9
