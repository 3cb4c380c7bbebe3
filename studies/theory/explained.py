"""Whether theory tells the draws apart: each draw's measured prefactor against its predicted time T_star (M2).

By M2 alpha beta t2 = T_star to first order, so over draws log prefactor = log T_star: slope 1. One row a draw, by least
squares; a random effect of the draw beside the exponents belongs to the laws (model M4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from studies.laws import columns
from studies.laws.hypotheses import MARGIN
from studies.theory.pairs import Pair

FEWEST_DRAWS = 3
_ROUNDING = 1e-12
_NO_SCATTER = "the draws lie on a line to rounding: there is no scatter"


def explained(table: pa.Table, t2: Pair, draw: NDArray[np.intp]) -> dict[str, Any]:
    """Return slope, interval, R^2 and the tests of slope 0 and 1; nulls with `not_identifiable` and `reason` else.

    Args:
        table: a study's trials.
        t2: the comparison of t2: its uncensored rows give a draw's prefactor, T_star * measured / predicted.
        draw: of each row, shape (rows,).
    """
    if "T_star" not in table.column_names:
        return _none(0, 0, "T_star", "no trial has a T_star")
    T_star = columns.floats(table, "T_star")
    predicted = t2.inside & (T_star > 0)
    rows = predicted & (t2.words == "exact")
    without = len(np.setdiff1d(draw[predicted], draw[rows]))
    present, member = np.unique(draw[rows], return_inverse=True)
    sizes = np.bincount(member.reshape(-1), minlength=len(present))
    logs = np.log(T_star[rows])
    x = np.bincount(member.reshape(-1), logs, len(present)) / np.maximum(sizes, 1)
    y = np.bincount(member.reshape(-1), logs + t2.lower[rows], len(present)) / np.maximum(sizes, 1)
    if len(present) < FEWEST_DRAWS:
        few = f"{len(present)} draws with a T_star and a t2 that was seen to the step"
        return _none(len(present), without, "T_star", f"{few}: a slope needs at least {FEWEST_DRAWS}")
    centred = x - x.mean()
    total = float(centred @ centred)
    if total <= (_ROUNDING * max(1.0, float(np.abs(x).max()))) ** 2 * len(x):
        return _none(len(present), without, "T_star", "T_star is the same in every draw")
    slope = float(centred @ y) / total
    residual = y - y.mean() - slope * centred
    spread = y - y.mean()
    left, whole = float(residual @ residual), float(spread @ spread)
    df = len(present) - 2
    se = (left / df / total) ** 0.5
    half = float(stdtrit(df, 0.975)) * se
    return {
        "value": slope,
        "se": se,
        "ci95": [slope - half, slope + half],
        "intercept": float(y.mean() - slope * x.mean()),
        "r2": 1 - left / whole if whole > 0 else None,
        "draws": len(present),
        "draws_without_crossing": without,
        "tests": {
            "slope_is_0": _test(slope, se, df),
            "slope_is_1": _test(slope - 1, se, df),
            "equivalence": _near(slope - 1, se, df),
        },
    }


def _test(distance: float, se: float, df: int) -> dict[str, Any]:
    if se <= _ROUNDING:
        return {
            "statistic": None,
            "p": None,
            "reason": _NO_SCATTER,
        }
    return {"statistic": distance / se, "p": float(2 * stdtr(df, -abs(distance / se)))}


def _near(distance: float, se: float, df: int) -> dict[str, Any]:
    """Test that the slope lies within a margin of 1 (two one-sided tests).

    The runs of a draw are deterministic: the O(beta) trend of M2 makes a slope of 0.999 significantly not 1.
    """
    if se <= _ROUNDING:
        return {"margin": MARGIN, "p": None, "reason": _NO_SCATTER}
    return {"margin": MARGIN, "p": float(stdtr(df, (abs(distance) - MARGIN) / se))}


def _none(draws: int, without: int, column: str, reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("value", "se", "ci95", "intercept", "r2"))
    untested = {"statistic": None, "p": None, "reason": reason}
    counts = {"draws": draws, "draws_without_crossing": without}
    tests = {"slope_is_0": untested, "slope_is_1": untested}
    tests["equivalence"] = {"margin": MARGIN, "p": None, "reason": reason}
    return nothing | counts | {"tests": tests, "not_identifiable": column, "reason": reason}
