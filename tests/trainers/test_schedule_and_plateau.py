"""The steps that are looked at, the plateau rule, and first passage with certified skipping."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokscale.trainers.passage import Passage
from grokscale.trainers.plateau import PlateauLog, plateau
from grokscale.trainers.schedule import end_after, latest_t2, next_in_log, next_on_curve
from grokscale.trainers.task import Speed


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60), st.integers(1, 60))
def test_errors_taken_in_together_are_errors_taken_in_one_by_one(errors: list[float], cut: int) -> None:
    levels = [1.0, 0.5]
    together, single = Passage(levels, 2), Passage(levels, 2)
    columns = np.array([errors, errors[::-1]]).T
    together.follow(1, columns[:cut])
    if cut < len(errors):
        together.follow(1 + cut, columns[cut:])
    for step, row in enumerate(columns, start=1):
        single.see(step, row)
    for name in ("first", "since", "below"):
        assert np.array_equal(getattr(together, name), getattr(single, name))


def grid(until: int) -> list[int]:
    out = [next_on_curve(-1)]
    while out[-1] < until:
        out.append(next_on_curve(out[-1]))
    return out


def test_the_curve_grid_begins_dense_and_goes_on_evenly_in_the_logarithm() -> None:
    steps = grid(10**7)
    assert steps[:12] == list(range(12))
    assert all(a < b for a, b in itertools.pairwise(steps))
    decade = [step for step in steps if 10**5 <= step < 10**6]
    assert len(decade) == 32
    assert len(steps) < 300


@given(st.integers(0, 10**12))
def test_the_next_curve_step_does_not_depend_on_how_one_came(step: int) -> None:
    after = next_on_curve(step)
    assert after > step
    assert next_on_curve(after - 1) == after


@pytest.mark.parametrize(("every", "expected"), [(1, [998, 999, 1000, 1001]), (100, [998, 999, 1000, 1100])])
def test_the_log_is_dense_below_a_thousand(every: int, expected: list[int]) -> None:
    steps = [997]
    for _ in expected:
        steps.append(next_in_log(steps[-1], every))
    assert steps[1:] == expected


def test_the_plateau_begins_where_two_logged_errors_are_near_the_last_three() -> None:
    curve = np.array([1.0, 0.5, 0.21, 0.204, 0.2, 0.2, 0.2])
    assert plateau(curve) == 2
    assert plateau(np.array([1.0, 0.1])) is None


def test_a_plateau_in_the_last_tenth_is_right_censored() -> None:
    log = PlateauLog(1)
    for step in range(0, 1001):
        log.see(step, np.array([[1.0 - step / 1100]]))
    crossing, point = log.result(0, 1000)
    assert crossing is not None
    assert (crossing.censoring, crossing.lower) == ("right", 1000)
    assert point is None


def test_a_curve_cut_off_while_it_falls_slowly_has_no_plateau() -> None:
    log = PlateauLog(1)
    for step in range(0, 40_001, 1000):
        log.see(step, np.array([[1.0 - 0.35 * step / 40_000]]))
    crossing, point = log.result(0, 40_000)
    assert crossing is not None
    assert (crossing.censoring, crossing.lower) == ("right", 40_000)
    assert point is None


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=400),
    st.lists(st.sampled_from([0.2, 0.5, 0.9]), min_size=1, max_size=3, unique=True),
)
def test_skipping_by_a_certified_speed_misses_no_crossing(moves: list[float], levels: list[float]) -> None:
    rate = 0.03
    error = np.abs(np.cumsum([0.8, *(rate * move for move in moves)]))
    skipping, looking = Passage(levels, 1), Passage(levels, 1)
    looks = 0
    for step, value in enumerate(error):
        looking.see(step, np.array([value]))
        if step >= skipping.due:
            skipping.see(step, np.array([value]))
            skipping.plan(step, np.array([value]), lambda: Speed(np.zeros(1), np.full(1, rate)))
            looks += 1
    last = len(error) - 1
    skipping.see(last, error[-1:])
    for level in range(len(levels)):
        assert skipping.crossing(level, 0, last) == looking.crossing(level, 0, last)
    assert looks <= len(error)


def test_a_run_that_still_goes_on_comes_to_t2_after_the_latest_that_would_have_ended_it() -> None:
    ends = np.concatenate([np.arange(900, 1300), np.arange(50_500, 51_800), np.arange(999_950, 1_020_100, 7)])
    for end, latest in zip(ends.tolist(), latest_t2(ends).tolist(), strict=True):
        assert end_after(latest) <= end < end_after(latest + 1)
