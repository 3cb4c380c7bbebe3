"""The fit of one law to rows, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.laws.inference.estimates import Inference
from grokscale.studies.laws.inference.fitting import Fitted, TooFewDegrees, fit_rows, identify_under, needed
from grokscale.studies.laws.likelihood.design import Design
from grokscale.studies.laws.likelihood.fixed.fit import Fit
from grokscale.studies.laws.likelihood.mixed.fit import Mixed
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.rows.left_out import left_out
from grokscale.studies.laws.rows.settings import levels, told
from grokscale.studies.laws.rows.sorting import Rows

MOST_UNREACHABLE = 0.5
"""Share of trials that cannot cross beyond which a law of those that do describes a minority."""


@dataclass(frozen=True, slots=True)
class LawFit:
    """A law fitted as far as the rows identify it.

    Attributes:
        design: which exponents are identified.
        fitted: on the design's basis, and on the settings after it; None where that is empty.
        settings: fields that the law is not in, fitted as factors.
        scatter: such fields that are not, and count as scatter.
    """

    design: Design
    fitted: Fitted | None
    settings: tuple[str, ...] = ()
    scatter: tuple[str, ...] = ()

    @property
    def fit(self) -> Fit | Mixed | None:
        """The maximum of the likelihood."""
        return self.fitted.fit if self.fitted else None

    @property
    def inference(self) -> Inference | None:
        """What it says."""
        return self.fitted.inference if self.fitted else None


def fit_law(rows: Rows, names: tuple[str, ...]) -> LawFit:
    """Fit the law of the named predictors.

    Raises:
        TooLittle: too few crossings, predictors that have not moved yet though the study will move them, or more than
            half of the trials unable to cross.
    """
    enough_to_begin(rows)
    design = _design(rows, names)
    if not design.basis:
        return LawFit(design, None)
    sample = replace(rows.sample, x=rows.sample.x[:, list(design.basis)])
    beside = _beside(rows, sample)
    fields = tuple(dict.fromkeys(name.partition("=")[0] for name in beside))
    others = tuple(name for name in rows.settings if name not in fields)
    # about their mean, so that the level is that of an average setting
    stacked = [column - column.mean() for column in beside.values()]
    sample = replace(sample, x=np.column_stack([sample.x, *stacked]))
    return LawFit(design, fit_or_refuse(rows, sample), fields, others)


def _beside(rows: Rows, sample: Sample) -> dict[str, Floats]:
    """Return the indicators of settings that the crossings identify beside the predictors."""
    beside, crossed = levels(rows.settings), sample.crossed
    draw = sample.draw if rows.intercepts == "fixed" else np.zeros_like(sample.draw)
    columns = [column[crossed] for column in beside.values()]
    kept, fine = told(sample.x[crossed], columns, draw[crossed], int(draw.max(initial=0)) + 1)
    return {name: beside[name] for i, name in enumerate(beside) if i in kept} if fine else {}


def fit_or_refuse(rows: Rows, sample: Sample) -> Fitted:
    """Fit rows whose exponents can all be told.

    Raises:
        TooLittle: too few crossings for so many parameters.
    """
    exponents = sample.x.shape[1]
    prefactors, crossed = sample.draws if rows.intercepts == "fixed" else 1, int(sample.crossed.sum())
    if crossed < prefactors + exponents + 1:
        raise TooLittle(f"{crossed} trials with a crossing: {needed(prefactors, exponents)}", rows.counts)
    try:
        return fit_rows(sample, rows.cluster, rows.stream, rows.intercepts)
    except (NoMaximum, TooFewDegrees) as refusal:
        raise TooLittle(refusal.reason, rows.counts) from None


def enough_to_begin(rows: Rows) -> None:
    """Refuse rows of which no law can be made.

    Raises:
        TooLittle: no crossing, or more than half of the trials unable to cross.
    """
    if not len(rows.draw):
        raise TooLittle("the study has no trials yet", rows.counts)
    if not rows.sample.crossed.any():
        raise TooLittle(f"no trial with a crossing that counts: {left_out(rows)}", rows.counts)
    share = rows.unreachable_share
    if share > MOST_UNREACHABLE:
        raise TooLittle(
            f"{int(rows.unreachable.sum())} trials ({share:.0%} of those known) cannot reach the threshold"
            " (infeasible or stalled): a law of the others would describe a minority",
            rows.counts,
        )


def _design(rows: Rows, names: tuple[str, ...]) -> Design:
    """Return which exponents the crossings identify; the others are lost where the whole plan does not either.

    Raises:
        TooLittle: the plan can tell more than the crossings do.
    """
    sample = rows.sample
    crossed = sample.crossed
    design = identify_under(rows.intercepts, sample.x[crossed], names, sample.draw[crossed], sample.draws)
    known = np.isfinite(rows.x).all(axis=1)
    present, draw = np.unique(rows.draw[known], return_inverse=True)
    planned = identify_under(rows.intercepts, rows.x[known], names, draw.reshape(-1), len(present))
    # a theory column of a trial that has not ended is still to come
    to_come = bool(((rows.observed.words == "pending") & ~known).any())
    for name, reason in design.lost.items():
        if name not in planned.lost or to_come:
            raise TooLittle(f"among the trials with a crossing, {reason}", rows.counts)
    return design
