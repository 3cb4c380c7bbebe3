"""The regression of each draw's measured prefactor on its predicted time T_star (M2), both as logarithms.

By M2 alpha beta t2 = T_star to first order, so that the slope is 1. Least squares with one row per draw; the model with
a random effect of the draw and free exponents is M4 of the laws. Draws made of the same random numbers are clusters:
CR2 by stream (see `laws.inference.clusters`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from grokscale.studies import roles
from grokscale.studies.laws.answer.hypotheses import MARGIN
from grokscale.studies.laws.inference.clusters import Clusters, degrees_of_freedom, robust_covariance
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.theory.pairs import Pair

FEWEST_DRAWS = 3
_FEWEST_DEGREES = 0.99
_ROUNDING = 1e-12
_NO_SCATTER = "the draws lie on a line to rounding: there is no scatter"


def explained(table: pa.Table, t2: Pair | None) -> dict[str, Any]:
    """Return slope, interval, R^2 and the tests of slope 0 and 1; nulls with `not_identifiable` and `reason` else.

    Args:
        table: a study's trials.
        t2: the comparison of t2: its uncensored rows give a draw's prefactor, T_star * measured / predicted.
    """
    column = roles.of(table).tells_draws_apart
    told = column.name if column else None
    if t2 is None or told is None or told not in table.column_names:
        return _none(0, 0, told, f"no trial has a {told or 'prediction by which draws are told apart'}")
    time, draw = columns.floats(table, told), t2.draw
    predicted = t2.inside & (time > 0)
    rows = predicted & (t2.words == "exact")
    without = len(np.setdiff1d(draw[predicted], draw[rows]))
    present, member = np.unique(draw[rows], return_inverse=True)
    sizes = np.bincount(member.reshape(-1), minlength=len(present))
    logs = np.log(time[rows])
    x = np.bincount(member.reshape(-1), logs, len(present)) / np.maximum(sizes, 1)
    y = np.bincount(member.reshape(-1), logs + t2.lower[rows], len(present)) / np.maximum(sizes, 1)
    if len(present) < FEWEST_DRAWS:
        few = f"{len(present)} draws with a {told} and a t2 that was seen to the step"
        return _none(len(present), without, told, f"{few}: a slope needs at least {FEWEST_DRAWS}")
    centred = x - x.mean()
    total = float(centred @ centred)
    if total <= (_ROUNDING * max(1.0, float(np.abs(x).max()))) ** 2 * len(x):
        return _none(len(present), without, told, f"{told} is the same in every draw")
    slope = float(centred @ y) / total
    residual = y - y.mean() - slope * centred
    spread = y - y.mean()
    left, whole = float(residual @ residual), float(spread @ spread)
    stream = np.zeros(len(present), dtype=np.intp)
    stream[member.reshape(-1)] = t2.stream[rows]
    se, df = _scatter(x, residual, stream)
    if df < _FEWEST_DEGREES:
        reason = f"{len(present)} draws are made of too few streams of random numbers to tell how those differ"
        return _none(len(present), without, told, reason)
    half = float(stdtrit(df, 0.975)) * se
    return {
        "column": told,
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


def _scatter(x: Floats, residual: Floats, stream: NDArray[np.intp]) -> tuple[float, float]:
    """Return the slope's standard error and degrees of freedom: of draws, or of streams that have several."""
    streams, of = np.unique(stream, return_inverse=True)
    if len(streams) == len(x):
        df = len(x) - 2
        return float(residual @ residual / df / ((x - x.mean()) ** 2).sum()) ** 0.5, df
    if len(streams) < 2:
        return 0.0, 0.0
    design = np.column_stack([np.ones_like(x), x - x.mean()])
    parts = Clusters(np.zeros((len(streams), 2)), np.zeros((len(streams), 2, 2)), 1)
    np.add.at(parts.scores, of.reshape(-1), design * residual[:, None])
    np.add.at(parts.informations, of.reshape(-1), design[:, :, None] * design[:, None, :])
    return float(robust_covariance(parts)[0, 0]) ** 0.5, degrees_of_freedom(parts, np.array([0.0, 1.0]))


def _test(distance: float, se: float, df: float) -> dict[str, Any]:
    if se <= _ROUNDING:
        return {
            "statistic": None,
            "p": None,
            "reason": _NO_SCATTER,
        }
    return {"statistic": distance / se, "p": float(2 * stdtr(df, -abs(distance / se)))}


def _near(distance: float, se: float, df: float) -> dict[str, Any]:
    """Test that the slope lies within a margin of 1 (two one-sided tests).

    The runs of a draw are deterministic: the O(beta) trend of M2 makes a slope of 0.999 significantly not 1.
    """
    if se <= _ROUNDING:
        return {"margin": MARGIN, "p": None, "reason": _NO_SCATTER}
    return {"margin": MARGIN, "p": float(stdtr(df, (abs(distance) - MARGIN) / se))}


def _none(draws: int, without: int, column: str | None, reason: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"column": column} | dict.fromkeys(("value", "se", "ci95", "intercept", "r2"))
    untested = {"statistic": None, "p": None, "reason": reason}
    counts = {"draws": draws, "draws_without_crossing": without}
    tests = {"slope_is_0": untested, "slope_is_1": untested}
    tests["equivalence"] = {"margin": MARGIN, "p": None, "reason": reason}
    return nothing | counts | {"tests": tests, "not_identifiable": column, "reason": reason}
