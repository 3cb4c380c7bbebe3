"""Are the exponents those of the paper's law, and are they near enough to them for it not to matter?

By the law t2 ~ 1/(alpha*beta) the exponent of 1/(alpha*beta) is 1, and those of alpha and beta are -1; likewise for the
rate of another task and its factors. Within a draw there is hardly any noise but a trend of order beta, so that
0.99997 +- 1e-5 is "significantly" not 1. The test says so, and the equivalence test beside it (two one-sided tests,
margin 0.02) says that it does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import fdtrc, stdtr

from grokscale.studies.laws.inference.estimates import Inference
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.terms.monomial import Monomial
from grokscale.studies.laws.terms.rate import Rate

MARGIN = 0.02
"""In the exponent of 1/rate."""
NAME = "exponent_is_the_papers"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the paper says of some exponents.

    Attributes:
        exponents: predictor to its exponent.
        margin: distance from them that does not matter.
    """

    exponents: Mapping[str, float]
    margin: float


@dataclass(frozen=True, slots=True)
class Tested:
    """Both tests of a hypothesis.

    Attributes:
        hypothesis: what was tested.
        statistic: t of (exponent - the paper's)/se for one exponent, F for several.
        p: two-sided p of the test that all are the paper's.
        equivalence_p: p of the hypothesis that one of them lies outside the margin; small: all lie inside.
    """

    hypothesis: Hypothesis
    statistic: float
    p: float
    equivalence_p: float


def of_monomial(x: Monomial, rate: Rate) -> Hypothesis | None:
    """Return what the paper says of the exponent of a monomial; None where it is no power of the rate."""
    power = x.power_of(rate.monomial)
    return None if power is None else Hypothesis({x.text: -1 / float(power)}, MARGIN / abs(float(power)))


def of_fields(names: Sequence[str], rate: Rate) -> Hypothesis | None:
    """Return what the paper says of the exponents of fields; None where not all factors of the rate are among them."""
    return Hypothesis(dict.fromkeys(rate.fields, -1.0), MARGIN) if set(rate.fields) <= set(names) else None


def test(hypothesis: Hypothesis, names: Sequence[str], inference: Inference) -> Tested:
    """Test what the paper says of exponents.

    Args:
        hypothesis: of predictors that are among the names.
        names: the predictors of the slopes.
        inference: with a standard error above 0 for each of them.
    """
    at = [names.index(name) for name in hypothesis.exponents]
    off = inference.slopes[at] - np.array([*hypothesis.exponents.values()])
    return _tested(hypothesis, off, inference.covariance[np.ix_(at, at)], float(inference.dfs[at].min()))


def _tested(hypothesis: Hypothesis, off: Floats, covariance: Floats, df: float) -> Tested:
    se, margin = np.sqrt(np.diag(covariance)), hypothesis.margin
    outside = float(np.maximum(stdtr(df, -(off + margin) / se), stdtr(df, (off - margin) / se)).max())
    if len(off) == 1:
        statistic = float(off[0] / se[0])
        return Tested(hypothesis, statistic, float(2 * stdtr(df, -abs(statistic))), outside)
    # in standard errors, whatever the size of the numbers
    scaled = np.linalg.solve(covariance / np.outer(se, se), off / se)
    statistic = float(off / se @ scaled) / len(off)
    return Tested(hypothesis, statistic, float(fdtrc(len(off), df, max(0.0, statistic))), outside)


def document(tested: Tested | None, hypothesis: Hypothesis | None, untested: str = "") -> dict[str, Any]:
    """Return the tests as an answer shows them; `untested` is the reason where there are none."""
    exponents = dict(hypothesis.exponents) if hypothesis else None
    margin = hypothesis.margin if hypothesis else MARGIN
    if tested is None:
        nothing = {"p": None, "reason": untested}
        return {
            NAME: {"exponents": exponents, "statistic": None, **nothing},
            "equivalence": {"margin": margin, **nothing},
        }
    return {
        NAME: {"exponents": exponents, "statistic": tested.statistic, "p": tested.p},
        "equivalence": {"margin": margin, "p": tested.equivalence_p},
    }
