"""The prefactor of a law as an answer shows it, the exponential of the level, over all draws and by draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from grokscale.studies.laws.answer.cautions import ONE_A_DRAW
from grokscale.studies.laws.exponentials import OUTSIDE, exponential, representable
from grokscale.studies.laws.inference.estimates import Estimate, Inference


def prefactor(level: Estimate) -> dict[str, Any]:
    """Return e^level with its standard error and interval; what a float does not hold is null, with the reason."""
    value = exponential(level.value)
    if value is None or not representable(level.value + np.log(max(level.se, 1e-300))):
        return {"value": None, "se": None, "ci95": None, "reason": OUTSIDE}
    ends = [exponential(end) for end in level.ci95]
    shown = {"value": value, "se": value * level.se}
    return shown | ({"ci95": None, "reason": f"the interval is {OUTSIDE}"} if None in ends else {"ci95": ends})


def not_identifiable(column: str, reason: str) -> dict[str, Any]:
    """Return the prefactor of a law whose exponents cannot all be told, for the reason that is in a column."""
    nothing = dict.fromkeys(("value", "se", "ci95", "by_draw"))
    return {**nothing, "not_identifiable": column, "reason": reason}


def by_draw(inference: Inference, *, alone: bool) -> dict[str, Any]:
    """Return the distribution of the draws' prefactors.

    Args:
        inference: of the law.
        alone: every draw has one trial, and all of them one prefactor.
    """
    own = inference.intercepts
    spread = inference.tau
    if len(own) == 1:
        reason = ONE_A_DRAW if alone else "one draw"
        return {"median": exponential(float(own[0])), "geometric_sd": None, "reason": reason}
    if spread is None:
        spread = float(np.std(own, ddof=1))
    middle = inference.level.value if inference.tau is not None else float(np.median(own))
    shown = {"median": exponential(middle), "geometric_sd": exponential(spread)}
    return shown | ({"reason": OUTSIDE} if None in shown.values() else {})
