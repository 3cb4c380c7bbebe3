"""The front against a brute-force dominance check."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from grokscale.studies.pareto.front import on_front

# few values, so that ties are common
COORDINATE = st.integers(0, 6).map(float) | st.floats(-1e6, 1e6)


def dominated(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and other != one


@given(st.lists(st.tuples(COORDINATE, COORDINATE), max_size=40))
@example([])
@example([(1.0, 1.0), (1.0, 1.0)])
def test_the_front_is_what_no_other_point_dominates(points: list[tuple[float, float]]) -> None:
    x, y = np.array([p[0] for p in points], dtype=float), np.array([p[1] for p in points], dtype=float)
    assert on_front(x, y).tolist() == [not any(dominated(one, other) for other in points) for one in points]
