"""From sorted rows to a fit, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studies.laws.design import Design, identify
from studies.laws.errors import TooLittle
from studies.laws.fit import Fit, fit
from studies.laws.inference import Inference, degrees_of_freedom, infer
from studies.laws.newton import NoMaximum
from studies.laws.rows import Effect, Rows

MOST_UNREACHABLE = 0.5
"""Share of trials that cannot cross beyond which a law of those that do describes a minority."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What the data say of a law.

    Attributes:
        design: which exponents they can tell.
        fit, inference: of the design's basis; None where it can tell none.
    """

    design: Design
    fit: Fit | None
    inference: Inference | None


def solve(rows: Rows, names: tuple[str, ...], effect: Effect) -> Solution:
    """Fit the law of the named predictors.

    Raises:
        TooLittle: too few crossings, predictors that have not moved yet though the study will move them, or more than
            half of the trials unable to cross.
    """
    _enough_to_begin(rows)
    design = _design(rows, names, effect)
    if not design.basis:
        return Solution(design, None, None)
    sample = replace(rows.sample, x=rows.sample.x[:, list(design.basis)])
    needed = sample.draws + len(design.basis) + 1
    if int(sample.crossed.sum()) < needed:
        raise TooLittle(
            f"{int(sample.crossed.sum())} trials with a crossing: {_parameters(sample.draws, len(design.basis))}"
            f" and a scatter need at least {needed}",
            rows.counts,
        )
    try:
        found = fit(sample)
    except NoMaximum:
        raise TooLittle(
            "the crossings are known only to brackets that one curve passes: they do not tell its scatter", rows.counts
        ) from None
    if degrees_of_freedom(found) < 1:
        raise TooLittle("the brackets of the crossings are too wide for the parameters asked for", rows.counts)
    return Solution(design, found, infer(found, drawn=effect == "draw"))


def _enough_to_begin(rows: Rows) -> None:
    if not len(rows.draw):
        raise TooLittle("the study has no trials", rows.counts)
    share = rows.unreachable_share
    if share > MOST_UNREACHABLE:
        raise TooLittle(
            f"{int(rows.unreachable.sum())} trials ({share:.0%} of those known) cannot reach the threshold"
            " (infeasible or stalled): a law of the others would describe a minority",
            rows.counts,
        )
    if not rows.sample.crossed.any():
        pending = rows.censored["pending"] + int(rows.observed.unended.sum())
        raise TooLittle(f"no trial with a crossing that counts; {pending} have not ended", rows.counts)


def _design(rows: Rows, names: tuple[str, ...], effect: Effect) -> Design:
    """Return what the crossings tell; what the whole plan cannot tell either is lost for good.

    Raises:
        TooLittle: the plan can tell more than the crossings do.
    """
    sample = rows.sample
    crossed = sample.crossed
    design = identify(sample.x[crossed], names, sample.draw[crossed], sample.draws)
    known = np.isfinite(rows.x).all(axis=1)
    draw, draws = _numbered(rows.draw[known], effect)
    planned = identify(rows.x[known], names, draw, draws)
    # a theory column of a trial that has not ended is still to come
    to_come = bool(((rows.observed.words == "pending") & ~known).any())
    for name, reason in design.lost.items():
        if name not in planned.lost or to_come:
            raise TooLittle(f"among the trials with a crossing, {reason}", rows.counts)
    return design


def _numbered(draw: NDArray[np.intp], effect: Effect) -> tuple[NDArray[np.intp], int]:
    if effect == "none":
        return np.zeros_like(draw), 1
    present, own = np.unique(draw, return_inverse=True)
    return own.reshape(-1), len(present)


def _parameters(draws: int, exponents: int) -> str:
    prefactors = "a prefactor" if draws == 1 else f"{draws} prefactors (one a draw)"
    return f"{prefactors}, {'an exponent' if exponents == 1 else f'{exponents} exponents'}"
