"""The complete cases of a model: the rows that have a value of every column that it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import Name, NotIdentifiable


def lacking(name: Name, data: Data) -> dict[str, int]:
    """Return how many rows lack each column of a model, where any do: it is missing, or has no logarithm."""
    counts = {column: int((~np.isfinite(values)).sum()) for column, values in _needed(name, data).items()}
    return {column: count for column, count in counts.items() if count}


def complete_cases(name: Name, data: Data) -> Data:
    """Return the rows that have all columns of a model; columns of other models may still lack values.

    Raises:
        NotIdentifiable: no row with a crossing has them, or the task has none that could be the gap of M4.
    """
    if name == "M4" and not data.gap_name:
        raise NotIdentifiable("gap", "the task predicts no distance to divide by the rate: gap= names a theory column")
    columns = _needed(name, data)
    chosen: NDArray[np.bool_] = np.ones(len(data.log_x), dtype=bool)
    for values in columns.values():
        chosen &= np.isfinite(values)
    if chosen.all():
        return data
    if not (chosen & data.sample.crossed).any():
        without = lacking(name, data)
        raise NotIdentifiable(next(iter(without)), f"no trial with a crossing has {' and '.join(without)} above 0")
    part = data.only(chosen)
    return part.with_crossings() if data.rows.intercepts == "fixed" else part


def _needed(name: Name, data: Data) -> dict[str, Floats]:
    """Return the columns of a model beside those of the rate."""
    if name == "M4":
        return {data.gap_name: data.gap} if data.gap_name else {}
    return data.terms if name in ("M3", "M5") else {}
