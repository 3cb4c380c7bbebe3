"""The warnings of an answer: what a reader must know beside the numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grokscale.studies.laws.inference.estimates import Inference
from grokscale.studies.laws.inference.fitting import Fitted
from grokscale.studies.laws.likelihood.maximum import Evidence
from grokscale.studies.laws.models.law_fit import LawFit
from grokscale.studies.laws.models.question import Question
from grokscale.studies.laws.rows.sorting import Rows

MANY_UNREACHABLE = 0.1
NUMERICAL = 0.01
"""Scatter of log t within a draw below which it is rounding to whole steps and the O(beta) trend (M2: 1e-4 to 2 %), as
the runs of a draw are deterministic: there is no noise to sample."""
ONE_A_DRAW = (
    "every draw has one trial: one prefactor is fitted for all of them, and what scatters between draws is in sigma"
)
_ILL_CONDITIONED = 100.0
_MOST_LISTED = 8


def cautions(question: Question, rows: Rows, law_fit: LawFit) -> list[str]:
    """Return the warnings, the gravest first."""
    found = [*_unidentified(law_fit), *_unreachable(rows), *_unfinished(rows), *_draws(question, rows)]
    found += [*_settings(law_fit), *streams(rows, law_fit.fitted)]
    if law_fit.fit is not None and law_fit.inference is not None:
        found += [
            *_search(law_fit.fit.evidence, law_fit.design.condition),
            *_scatter(law_fit.inference, rows.rate.strength),
        ]
    return [*found, *_censoring(rows), *rows.observed.remarks]


def chosen_by_outcome(search: str) -> str:
    """Return the warning that goes with every law of an adaptive study."""
    return (
        f"{search} chose these configurations by the results of others: they crowd where the objective is good, and "
        "the interval does not allow for that; for a law, run a grid, random or sobol study"
    )


def numerical(inference: Inference) -> bool:
    """Whether the standard errors are numerical rather than sampling."""
    return inference.sigma < NUMERICAL


def _unidentified(law_fit: LawFit) -> Iterator[str]:
    for reason in dict.fromkeys(law_fit.design.lost.values()):
        yield f"not identifiable: {reason}"


def _unreachable(rows: Rows) -> Iterator[str]:
    share = rows.unreachable_share
    if share <= MANY_UNREACHABLE:
        return
    unreachable = rows.unreachable
    yield (
        f"{int(unreachable.sum())} trials ({share:.0%} of those known) cannot reach the threshold: "
        f"{rows.censored['infeasible']} infeasible, {rows.censored['stalled']} stalled. They are kept out, and the law "
        f"is conditional on reaching the threshold. {_by_draw(rows)}{_by_strength(rows)}"
    )


def _by_draw(rows: Rows) -> str:
    per_draw = np.bincount(rows.draw, rows.unreachable).astype(int)
    return f"By draw: in {int((per_draw > 0).sum())} of {len(per_draw)} draws, at most {int(per_draw.max())} in one."


def _by_strength(rows: Rows) -> str:
    levels = np.unique(rows.strength[rows.unreachable & ~np.isnan(rows.strength)])[::-1]
    if not levels.size:
        return ""
    of = [(level, rows.strength == level) for level in levels[:_MOST_LISTED]]
    listed = [f"{level:g}: {int((rows.unreachable & own).sum())} of {int(own.sum())}" for level, own in of]
    return f" By {rows.rate.strength}: {', '.join(listed)}{', ...' if len(levels) > _MOST_LISTED else ''}."


def _unfinished(rows: Rows) -> Iterator[str]:
    running, pending = int(rows.observed.unended.sum()), rows.censored["pending"]
    if running:
        yield f"{running} trials are still running: right-censored at the last step that rules a crossing out"
    if pending:
        yield f"{pending} trials have not ended and say nothing yet: the law may change"
    if pruned := rows.censored["pruned"]:
        yield f"{pruned} trials were pruned by the search, since they were late: counted, and kept out"


def _draws(question: Question, rows: Rows) -> Iterator[str]:
    without = rows.without_crossing
    if question.effect == "none":
        if without:
            yield f"{without} draws without a crossing stay in the pooled likelihood"
        if rows.draws > 1 and not rows.alone:
            yield (
                f"{rows.draws} draws are pooled: the trials of a draw share its data and so its prefactor, they are "
                "not independent, and the interval does not allow for it (effect=draw does)"
            )
    elif rows.alone and rows.intercepts == "pooled":
        yield ONE_A_DRAW
    elif without and rows.intercepts == "fixed":
        yield (
            f"{without} draws without a crossing say nothing beside a prefactor of their own: counted out, with "
            f"{rows.counted_out['rows_of_draws_without_crossing']} censored trials"
        )
    if rows.draws == 1:
        yield "one draw: the law is that of its data, and nothing is known of the scatter between draws"


def _settings(law_fit: LawFit) -> Iterator[str]:
    if law_fit.settings:
        yield (
            f"{', '.join(law_fit.settings)}: varies within draws and is not in the law; each of its values has a "
            "level of its own, and the prefactor is that of their mean"
        )
    if law_fit.scatter:
        fields = ", ".join(law_fit.scatter)
        yield f"{fields}: varies within draws and is not in the law; what it does counts as scatter"


def streams(rows: Rows, fitted: Fitted | None) -> Iterator[str]:
    """Say what becomes of draws that are made of the same random numbers."""
    if rows.streams == rows.draws or fitted is None:
        return
    made = f"{rows.draws} draws are made of {rows.streams} stream{'' if rows.streams == 1 else 's'} of random numbers"
    if fitted.between is not None:
        yield (
            f"{made} (stream: legacy): they are not independent, and intervals of what lies between them, the "
            "prefactor and exponents of fields of the data, are those of the streams"
        )
    elif fitted.intercepts == "random" or rows.streams == 1 or len(rows.sample.draw) == rows.draws:
        yield (
            f"{made} (stream: legacy), too few to tell how streams differ: intervals of the prefactor and of exponents "
            "of fields of the data take the draws as independent, and are too narrow"
        )


def _search(evidence: Evidence, condition: float) -> Iterator[str]:
    if not evidence.converged:
        yield (
            f"the search for the maximum did not converge: {evidence.gradient_norm:.1e} standard errors away after "
            f"{evidence.iterations} steps"
        )
    if condition > _ILL_CONDITIONED:
        yield f"the terms hardly vary apart (condition number {condition:.3g}): one exponent trades against another"


def _scatter(inference: Inference, strength: str) -> Iterator[str]:
    if numerical(inference):
        yield (
            f"the scatter about the law (sigma = {inference.sigma:.2g}) is that of whole steps and of a slow trend in "
            f"{strength}, not of sampling: standard errors and intervals are numerical rather than sampling ones"
        )


def _censoring(rows: Rows) -> Iterator[str]:
    sample = rows.sample
    open_ = int((~sample.crossed).sum())
    if 2 * open_ > len(sample.draw):
        yield f"{open_} of {len(sample.draw)} trials in the likelihood are censored: the law leans on a log-normal tail"
    lost = sum(rows.counted_out[word] for word in ("missing", "nonpositive", "x_missing", "x_nonpositive"))
    if lost > MANY_UNREACHABLE * max(1, len(rows.draw)):
        yield f"{lost} of {len(rows.draw)} trials have no such response or predictor: the law is one of the others"
