"""Fields that vary within draws and that the law is not in: factors, each with a level per value.

A study may sweep `init_scale` or compare optimisers on the same data. In a law in alpha*beta such a field is a factor:
an indicator column for each value but the first. Where a field has too many values for that, or the exponents would no
longer be identified (a random search varies everything at once), it is left out and counts as scatter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.laws.likelihood.design import means
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import identities

MOST_VALUES = 20
_SINGULAR = 1e-8


@dataclass(frozen=True, slots=True)
class Setting:
    """A field that varies within some draw.

    Attributes:
        codes: the number of each row's value, shape (rows,).
        values: as text, by number.
    """

    codes: NDArray[np.int64]
    values: tuple[str, ...]

    def of(self, chosen: NDArray[np.bool_]) -> Setting:
        """Return it for some rows."""
        return Setting(self.codes[chosen], self.values)


def settings(table: pa.Table, draw: NDArray[np.intp], asked: Collection[str] = ()) -> dict[str, Setting]:
    """Return the fields that vary within draws by name, but for those that a law is in.

    Args:
        table: trials.
        draw: of each row.
        asked: further fields that the law is in.
    """
    left_out = {*roles.of(table).methods, *asked}
    return {
        name: Setting(codes, tuple(str(value) for value in table.column(name).unique().to_pylist()))
        for name, codes in identities.varying_within(table, draw).items()
        if name not in left_out
    }


def levels(found: Mapping[str, Setting]) -> dict[str, Floats]:
    """Return the indicator column of each value but the first of each field, `field=value`.

    Fields of more than `MOST_VALUES` have none.
    """
    return {
        f"{name}={value}": (setting.codes == i).astype(float)
        for name, setting in found.items()
        if len(setting.values) <= MOST_VALUES
        for i, value in enumerate(setting.values)
        if i
    }


def told(asked: Floats, beside: Sequence[Floats], draw: NDArray[np.intp], draws: int) -> tuple[list[int], bool]:
    """Return which columns are independent of those before them, and whether the predictors are identified beside them.

    Args:
        asked: predictors, shape (rows, p).
        beside: columns, each of shape (rows,).
        draw: of each row; all 0 where intercepts are not fixed.
        draws: number of draws.
    """
    basis: list[Floats] = []
    kept = []
    for i, column in enumerate(beside):
        if (rest := _rest(column, basis, draw, draws)) is not None:
            basis.append(rest)
            kept.append(i)
    alone: list[Floats] = []
    for column in asked.T:
        if (rest := _rest(column, alone, draw, draws)) is None:
            continue
        alone.append(rest)
        if (rest := _rest(column, basis, draw, draws)) is None:
            return kept, False
        basis.append(rest)
    return kept, True


def _rest(column: Floats, basis: Sequence[Floats], draw: NDArray[np.intp], draws: int) -> Floats | None:
    """Return the unit residual of a column on a basis and a level per draw; None: there is none."""
    rest = column - means(column[:, None], draw, draws)[draw, 0]
    for one in basis:
        rest = rest - one * (one @ rest)
    size = float(np.linalg.norm(rest))
    return rest / size if size > _SINGULAR * max(1.0, float(np.linalg.norm(column))) else None
