"""Random and Sobol search: points of the unit cube carried to the swept fields.

More points of the same seed begin with the same points. A point that comes up twice (only fields with few values can do
that) is kept once: training is deterministic, a repeat would count one result twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from grokscale.studies.spec.sweeps import Range, Swept, levels

STREAM = 0x5EA2C4
"""Keeps the search's random numbers apart from those of the trials, which the study's seed keys too."""


def random_points(sweeps: Iterable[Swept], num: int, seed: int) -> list[tuple[Any, ...]]:
    """Return up to `num` distinct points, independent and uniform."""
    sweeps = list(sweeps)
    generator = np.random.default_rng(np.random.SeedSequence([STREAM, seed]))
    return _carried(sweeps, generator.random((num, len(sweeps))))


def sobol_points(sweeps: Iterable[Swept], num: int, seed: int) -> list[tuple[Any, ...]]:
    """Return up to `num` distinct points of a scrambled Sobol sequence."""
    from scipy.stats import qmc  # half a second to import, which no other search is to take

    sweeps = list(sweeps)
    sequence = qmc.Sobol(len(sweeps), scramble=True, rng=np.random.default_rng(np.random.SeedSequence([STREAM, seed])))
    return _carried(sweeps, sequence.random_base2(max(num - 1, 0).bit_length())[:num])


def _carried(sweeps: list[Swept], cube: np.ndarray) -> list[tuple[Any, ...]]:
    columns = [_column(field, cube[:, i]) for i, field in enumerate(sweeps)]
    return list(dict.fromkeys(zip(*columns, strict=True)))


def _column(field: Swept, u: np.ndarray) -> list[Any]:
    if isinstance(field, Range) and field.num is None:
        return [field.quantile(x) for x in u]
    values = levels(field)
    return [values[i] for i in (u * len(values)).astype(int)]
