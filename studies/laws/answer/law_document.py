"""The law object of the interface, from a law_fit. Numbers at full precision; a null has its reason beside it."""

from __future__ import annotations

from typing import Any

from grokscale.studies.laws.answer import cautions, hypotheses, prefactors, sentences
from grokscale.studies.laws.answer.hypotheses import Tested
from grokscale.studies.laws.inference.estimates import Estimate
from grokscale.studies.laws.models.law_fit import LawFit
from grokscale.studies.laws.models.question import Question
from grokscale.studies.laws.rows.sorting import Rows


def answer(question: Question, rows: Rows, law_fit: LawFit) -> dict[str, Any]:
    """Return the law object: plain JSON values, none of them nan or infinite."""
    exponents = {name: _exponent(name, j, law_fit) for j, name in enumerate(question.names)}
    tested, tests = _tested(question, law_fit)
    inference, fit = law_fit.inference, law_fit.fit
    result: dict[str, Any] = {
        "response": question.response,
        "x": question.x.text if question.x else None,
        "terms": list(question.terms) if question.terms else None,
        "effect": question.effect,
        "intercepts": rows.intercepts,
        "covariance": "model",
        "n": len(rows.sample.draw),
        "draws": rows.draws,
        "streams": rows.streams,
        "counted_out": rows.counted_out,
        "censored": rows.censored,
        "model": "M2" if question.x else "M3",
        "prefactor": _prefactor(question, rows, law_fit),
        "exponent": exponents[question.names[0]] if question.x else None,
        "exponents": None if question.x else exponents,
        "groups": None,
        "sigma": inference.sigma if inference else None,
        "tau": inference.tau if inference else None,
        "r2_log": fit.r2 if fit else None,
        "tests": tests,
        "converged": fit.evidence.converged if fit else False,
    }
    result["warnings"] = cautions.cautions(question, rows, law_fit)
    result["text"] = sentences.text(question, rows, law_fit, tested)
    return result


def _exponent(name: str, j: int, law_fit: LawFit) -> dict[str, Any]:
    if name in law_fit.design.lost or law_fit.inference is None:
        reason = law_fit.design.lost.get(name, "no exponent is identified")
        return {"value": None, "se": None, "ci95": None, "not_identifiable": name, "reason": reason}
    return _number(law_fit.inference.slope(law_fit.design.basis.index(j)))


def _number(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "se": estimate.se, "ci95": list(estimate.ci95)}


def _prefactor(question: Question, rows: Rows, law_fit: LawFit) -> dict[str, Any]:
    inference = law_fit.inference
    if inference is None or law_fit.design.lost:
        return prefactors.not_identifiable(*next(iter(law_fit.design.lost.items())))
    by_draw = None if question.effect == "none" else prefactors.by_draw(inference, alone=rows.alone)
    return prefactors.prefactor(inference.level) | {"by_draw": by_draw}


def _tested(question: Question, law_fit: LawFit) -> tuple[Tested | None, dict[str, Any]]:
    """Hold the exponents against the paper's; return the tests too as the answer shows them."""
    inference = law_fit.inference
    rate = question.rate
    of_names = hypotheses.of_fields(question.names, rate)
    hypothesis = hypotheses.of_monomial(question.x, rate) if question.x else of_names
    reason = ""
    if inference is None:
        reason = "no exponent is identified"
    elif hypothesis is None and question.x is not None:
        reason = f"x is not a power of {rate.text}"
    elif hypothesis is None or set(hypothesis.exponents) & set(law_fit.design.lost):
        reason = f"terms do not give an exponent of {' and one of '.join(rate.fields)}"
    elif law_fit.fit is not None and law_fit.fit.no_scatter:
        reason = "the rows lie on the law to machine precision: there is no scatter to test against"
    if reason or hypothesis is None or inference is None:
        return None, hypotheses.document(None, hypothesis, reason)
    names = [question.names[j] for j in law_fit.design.basis]
    tested = hypotheses.test(hypothesis, names, inference)
    return tested, hypotheses.document(tested, hypothesis)
