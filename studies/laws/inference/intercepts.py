"""What the draws are to a law: one prefactor each, a random sample of prefactors, or one prefactor for all."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Effect = Literal["draw", "fixed", "random", "none"]
"""As asked for; `draw` is fixed or random, by what the rows are."""
Intercepts = Literal["fixed", "random", "pooled"]

FEWEST_RANDOM = 4
"""Draws below which their scatter is not fitted."""
FEWEST_REPEATED = 2
"""Rows beyond the first of their draw below which the scatter within draws is not fitted beside that between them."""


def choose(
    effect: Effect, *, censored: bool, data_vary: bool, sizes: NDArray[np.intp], crossings: NDArray[np.intp]
) -> Intercepts:
    """Return what the draws are to a law.

    Fixed intercepts ignore draws without a crossing and every effect between draws. A random one needs several draws to
    estimate the scatter between them, and rows beyond the first of a draw to estimate that within. Where every draw has
    one row the two cannot be separated: rows are independent, and pooled.

    Args:
        effect: as asked for.
        censored: some row of the likelihood was not seen to the step.
        data_vary: a swept field changes the data, so that it varies between draws only.
        sizes: rows of each draw that has any, shape (draws,).
        crossings: rows bounded on both sides of each draw that has any, shape (draws with a crossing,).
    """
    if effect != "draw":
        return "pooled" if effect == "none" else effect
    if alone(sizes):
        return "pooled"
    few_in_most = 2 * int((crossings == 1).sum()) > len(crossings) and int((crossings - 1).sum()) >= FEWEST_REPEATED
    return "random" if (censored or data_vary or few_in_most) and len(crossings) >= FEWEST_RANDOM else "fixed"


def alone(sizes: NDArray[np.intp]) -> bool:
    """Return whether there are several draws, each of one row."""
    return len(sizes) > 1 and int(sizes.max()) == 1
