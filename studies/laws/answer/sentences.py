"""A law in plain ASCII sentences that a person reads rightly; digits are rounded here and nowhere else."""

from __future__ import annotations

import math

from grokscale.studies.laws.answer.cautions import numerical
from grokscale.studies.laws.answer.hypotheses import Tested
from grokscale.studies.laws.inference.estimates import LEVEL, Estimate, Inference
from grokscale.studies.laws.models.law_fit import LawFit
from grokscale.studies.laws.models.question import Question
from grokscale.studies.laws.rows.sorting import Rows

_INTERCEPTS = {
    "fixed": ", each with a prefactor of its own",
    "random": ", each with a prefactor of its own from one distribution",
    "pooled": ", pooled",
}
_PREDICTED = ("t2", "delay")
"""Responses that the paper's law is about; of the others it claims nothing."""


def text(question: Question, rows: Rows, law_fit: LawFit, tested: Tested | None) -> str:
    """Return the result, the estimate first."""
    inference = law_fit.inference
    if inference is None:
        reasons = "; ".join(dict.fromkeys(law_fit.design.lost.values()))
        return f"No exponent of {question.response} is identifiable: {reasons}."
    parts = [_estimates(question, law_fit, inference), _basis(question, rows, inference)]
    if tested is not None and question.response.startswith(_PREDICTED):
        parts.append(_verdict(tested))
    if numerical(inference):
        parts.append("The runs of a draw are deterministic: the interval is numerical rather than sampling.")
    unreachable = int(rows.unreachable.sum())
    if unreachable:
        parts.append(f"Conditional on reaching the threshold: {_trials(unreachable)} cannot.")
    return " ".join(parts)


def _estimates(question: Question, law_fit: LawFit, inference: Inference) -> str:
    if question.x is not None:
        return f"exponent {interval(inference.slope(0))} of {question.response} in {question.x.text}."
    told = [
        f"{name} not identifiable"
        if name in law_fit.design.lost
        else f"{name} {interval(inference.slope(law_fit.design.basis.index(j)))}"
        for j, name in enumerate(question.names)
    ]
    return f"exponents {', '.join(told)} of {question.response}."


def interval(estimate: Estimate) -> str:
    """Return an exponent with its 95 % interval."""
    # as many digits as the standard error bears, and never fewer than four
    digits = min(12, max(4, math.ceil(-math.log10(estimate.se)))) if estimate.se > 0 else 12
    low, high = estimate.ci95
    return f"{estimate.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _basis(question: Question, rows: Rows, inference: Inference) -> str:
    n = len(rows.sample.draw)
    censored = int((~rows.sample.exact).sum())
    seen = f", {censored} of them censored" if censored else ""
    draws = f"{rows.draws} draw{'' if rows.draws == 1 else 's'}"
    effect = _INTERCEPTS[rows.intercepts] if rows.draws > 1 or question.effect == "none" else ""
    if rows.alone and rows.intercepts == "pooled":
        effect = ", one trial each: one prefactor for all"
    return (
        f"{LEVEL:.0%} interval, t with {_degrees(inference)} degrees of freedom, "
        f"from {_trials(n)}{seen}, in {draws}{effect}."
    )


def _degrees(inference: Inference) -> str:
    """Return them, those of the rows and those of the draws where there are both."""
    return " or ".join(dict.fromkeys(f"{df:.4g}" for df in inference.dfs))


def _verdict(tested: Tested) -> str:
    hypothesis = tested.hypothesis
    names, values = " and ".join(hypothesis.exponents), {f"{value:g}" for value in hypothesis.exponents.values()}
    one = len(hypothesis.exponents) == 1
    what = f"{'An exponent' if one else 'Exponents'} of exactly {values.pop()} in {names} {'is' if one else 'are'}"
    rejected, near = tested.p < 1 - LEVEL, tested.equivalence_p < 1 - LEVEL
    verdict = f"{what} {'rejected' if rejected else 'not rejected'} (p {shown_p(tested.p)})"
    small = f"within {hypothesis.margin:g} of that (equivalence p {shown_p(tested.equivalence_p)})"
    if rejected:
        return f"{verdict}, but the law is {small}." if near else f"{verdict}, and the law is not shown to be {small}."
    return f"{verdict}, and the law is {small}." if near else f"{verdict}, but the law is not shown to be {small}."


def shown_p(p: float) -> str:
    """Return a p-value after the letter."""
    return f"= {p:.2g}" if p >= 1e-12 else "< 1e-12"


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"
