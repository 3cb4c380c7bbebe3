"""Error points of all live columns: the test error at one step of each, and what the task measures beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grokscale.trainers.trial import ErrorPoint, finite


class Points:
    """One point a column, or none yet.

    Args:
        measures: their names.
        columns: number of columns.
    """

    def __init__(self, measures: Sequence[str], columns: int) -> None:
        self.measures = tuple(measures)
        self.values = np.full((2 + len(self.measures), columns), np.nan)
        """Error, each measure and step, by row."""

    def put(
        self, columns: np.ndarray, step: int | np.ndarray, error: np.ndarray, measured: Mapping[str, np.ndarray]
    ) -> None:
        """Set the points of some columns, each array of that length."""
        self.values[:, columns] = rows(self.measures, step, error, measured)

    @property
    def there(self) -> np.ndarray:
        """Which columns have one, shape (columns,)."""
        return np.isfinite(self.values[-1])

    def of(self, column: int) -> ErrorPoint | None:
        """Return a column's point; None: it has none."""
        return point(self.measures, self.values[:, column]) if self.there[column] else None

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.values = self.values[:, columns]


def rows(
    names: Sequence[str], step: int | np.ndarray, error: np.ndarray, measured: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return points as rows (error, measures, step), shape (2 + measures, columns).

    Raises:
        ValueError: a measure that was declared is not among those measured.
    """
    missing = [name for name in names if name not in measured]
    if missing:
        raise ValueError(f"the task declares the measure {missing[0]} and did not measure it")
    out = np.empty((2 + len(names), error.size))
    out[0], out[-1] = error, step
    for row, name in enumerate(names, start=1):
        out[row] = measured[name]
    return out


def point(names: Sequence[str], values: np.ndarray) -> ErrorPoint:
    """Return one column of `rows` as a point."""
    error, *measured, step = values.tolist()
    return ErrorPoint(error, int(step), {name: finite(value) for name, value in zip(names, measured, strict=True)})
