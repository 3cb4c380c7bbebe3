"""The points that an adaptive search can propose, and the first of them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from grokscale.studies.search.draws import sobol_points
from grokscale.studies.spec.searches import Adaptive
from grokscale.studies.spec.sweeps import Range, Swept, levels

Point = tuple[Any, ...]

LEAST_FIRST = 8
"""Configurations of the first batch at least: a model of fewer says nothing."""
_DRAWS = 100


def first_batch(search: Adaptive) -> int:
    """Return how many configurations are planned before there is any result."""
    return min(search.num_configs, max(search.batch, LEAST_FIRST))


def batch_of(search: Adaptive, configuration: int) -> int:
    """Return the number of the batch that a configuration belongs to."""
    return max(0, (configuration - first_batch(search)) // search.batch + 1)


def first_points(sweeps: Mapping[str, Swept], search: Adaptive, seed: int) -> list[Point]:
    """Return the points of the first batch: they fill the space evenly, by a Sobol sequence, and differ."""
    wanted = first_batch(search)
    # a field with few values brings the same point up again
    found = sobol_points(sweeps.values(), 16 * wanted, seed)[:wanted]
    generator = np.random.default_rng(seed)
    while len(found) < wanted:
        found.append(fresh(sweeps, found, generator))
    return found


def fresh(sweeps: Mapping[str, Swept], taken: Collection[Point], generator: np.random.Generator) -> Point:
    """Return a random point that is not taken; there must be one."""
    for _ in range(_DRAWS):
        point = tuple(_drawn(field, generator.random()) for field in sweeps.values())
        if point not in taken:
            return point
    # only a space of few points is so full
    left = [point for point in itertools.product(*map(values, sweeps.values())) if point not in taken]
    return left[generator.integers(len(left))]


def values(field: Swept) -> Sequence[Any]:
    """Return every value that a field can take; not for a continuous distribution."""
    if isinstance(field, Range) and field.num is None:
        assert field.whole
        return range(int(field.low), int(field.high) + 1)
    return levels(field)


def _drawn(field: Swept, u: float) -> Any:
    if isinstance(field, Range) and field.num is None:
        return field.quantile(u)
    all_of_them = values(field)
    return all_of_them[int(u * len(all_of_them))]
