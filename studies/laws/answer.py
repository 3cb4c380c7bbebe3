"""The law object of the interface, from a solution. Numbers at full precision; a null has its reason beside it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from studies.laws import cautions, sentences
from studies.laws.hypotheses import MARGIN, MinusOne, minus_one
from studies.laws.inference import Estimate, Inference
from studies.laws.question import Question
from studies.laws.rows import Rows
from studies.laws.solve import Solution

_LARGEST_LOG = 700.0


def answer(question: Question, rows: Rows, solution: Solution) -> dict[str, Any]:
    """Return the law object: plain JSON values, none of them nan or infinite."""
    exponents = {name: _exponent(name, j, solution) for j, name in enumerate(question.names)}
    tested, untested = _minus_one(question, solution)
    inference, fit = solution.inference, solution.fit
    result: dict[str, Any] = {
        "response": question.response,
        "x": question.x.text if question.x else None,
        "terms": list(question.terms) if question.terms else None,
        "effect": question.effect,
        "intercepts": rows.intercepts,
        "covariance": "model",
        "n": len(rows.sample.draw),
        "draws": rows.draws,
        "counted_out": rows.counted_out,
        "censored": rows.censored,
        "model": "M2" if question.x else "M3",
        "prefactor": _prefactor(question, rows, solution),
        "exponent": exponents[question.names[0]] if question.x else None,
        "exponents": None if question.x else exponents,
        "groups": None,
        "sigma": inference.sigma if inference else None,
        "tau": inference.tau if inference else None,
        "r2_log": fit.r2 if fit else None,
        "tests": _tests(tested, untested),
        "converged": fit.evidence.converged if fit else False,
    }
    result["warnings"] = cautions.cautions(question, rows, solution)
    result["text"] = sentences.text(question, rows, solution, tested)
    return result


def _exponent(name: str, j: int, solution: Solution) -> dict[str, Any]:
    if name in solution.design.lost or solution.inference is None:
        reason = solution.design.lost.get(name, "no exponent is identified")
        return {"value": None, "se": None, "ci95": None, "not_identifiable": name, "reason": reason}
    return _number(solution.inference.slope(solution.design.basis.index(j)))


def _number(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "se": estimate.se, "ci95": list(estimate.ci95)}


def _prefactor(question: Question, rows: Rows, solution: Solution) -> dict[str, Any]:
    nothing: dict[str, Any] = {"value": None, "se": None, "ci95": None, "by_draw": None}
    inference = solution.inference
    if inference is None or solution.design.lost:
        column, reason = next(iter(solution.design.lost.items()))
        return nothing | {"not_identifiable": column, "reason": reason}
    level = inference.level
    ends = (level.value, *level.ci95, *inference.intercepts)
    if max(abs(end) for end in ends) > _LARGEST_LOG:
        return nothing | {"reason": "outside a float's range: the predictors are far from 1"}
    value = math.exp(level.value)
    return {
        "value": value,
        "se": value * level.se,
        "ci95": [math.exp(end) for end in level.ci95],
        "by_draw": None if question.effect == "none" else _by_draw(rows, inference),
    }


def _by_draw(rows: Rows, inference: Inference) -> dict[str, Any]:
    logs = inference.intercepts
    median = math.exp(float(np.median(logs)))
    if rows.alone:
        return {"median": median, "geometric_sd": None, "reason": cautions.ONE_A_DRAW}
    if len(logs) == 1:
        return {"median": median, "geometric_sd": None, "reason": "one draw"}
    if inference.tau is not None:
        return {"median": math.exp(inference.level.value), "geometric_sd": math.exp(inference.tau)}
    return {"median": median, "geometric_sd": math.exp(float(np.std(logs, ddof=1)))}


def _minus_one(question: Question, solution: Solution) -> tuple[MinusOne | None, str]:
    """Test -1 where the question has an exponent of alpha*beta; else say why not."""
    inference, design = solution.inference, solution.design
    if inference is None:
        return None, "no exponent is identified"
    if question.x is not None:
        power = question.x.power_of("alpha", "beta")
        if power is None:
            return None, "x is not a power of alpha*beta"
        k = float(power)
        values, covariance, dfs = k * inference.slopes, k * k * inference.covariance, inference.dfs
    else:
        if not {"alpha", "beta"} <= set(question.names) or {"alpha", "beta"} & set(design.lost):
            return None, "terms do not give an exponent of alpha and one of beta"
        at = [design.basis.index(question.names.index(name)) for name in ("alpha", "beta")]
        values, covariance, dfs = inference.slopes[at], inference.covariance[np.ix_(at, at)], inference.dfs[at]
    if solution.fit is not None and solution.fit.no_scatter:
        return None, "the rows lie on the law to machine precision: there is no scatter to test against"
    return minus_one(values, covariance, float(dfs.min())), ""


def _tests(tested: MinusOne | None, untested: str) -> dict[str, Any]:
    name = "exponent_is_minus_one_in_alpha_beta"
    if tested is None:
        return {
            name: {"statistic": None, "p": None, "reason": untested},
            "equivalence": {"margin": MARGIN, "p": None, "reason": untested},
        }
    return {
        name: {"statistic": tested.statistic, "p": tested.p},
        "equivalence": {"margin": MARGIN, "p": tested.equivalence_p},
    }
