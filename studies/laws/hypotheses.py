"""Is the exponent in alpha*beta exactly -1, and is it near enough to -1 for it not to matter?

Within a draw there is next to no noise but a trend of order beta, so -0.99997 +- 1e-5 is "significantly" not -1. The
test says so, and the equivalence test beside it (two one-sided tests, margin 0.02) says that it does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from studies.laws.noise import Floats

MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class MinusOne:
    """Both tests of exponents that should be -1.

    Attributes:
        statistic: t of (exponent + 1)/se for one exponent, F for several.
        p: two-sided p of the test that all are -1.
        equivalence_p: p of the hypothesis that one of them lies outside -1 +- 0.02; small: all lie inside.
    """

    statistic: float
    p: float
    equivalence_p: float


def minus_one(values: Floats, covariance: Floats, df: float) -> MinusOne:
    """Test whether exponents are -1.

    Args:
        values: the exponents in alpha*beta, or in alpha and in beta, shape (k,).
        covariance: theirs, shape (k, k).
        df: residual degrees of freedom.
    """
    off = values + 1
    se = np.sqrt(np.diag(covariance))
    outside = np.maximum(stats.t.sf((off + MARGIN) / se, df), stats.t.cdf((off - MARGIN) / se, df)).max()
    if len(off) == 1:
        statistic = float(off[0] / se[0])
        return MinusOne(statistic, float(2 * stats.t.sf(abs(statistic), df)), float(outside))
    statistic = float(off @ np.linalg.solve(covariance, off)) / len(off)
    return MinusOne(statistic, float(stats.f.sf(statistic, len(off), df)), float(outside))
