"""A fitted model as the answer of a fit shows it: parameters with their intervals, and what the fit is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from grokscale.studies.laws.answer import comparison, hypotheses
from grokscale.studies.laws.answer.cautions import NUMERICAL
from grokscale.studies.laws.answer.prefactors import prefactor
from grokscale.studies.laws.exponentials import OUTSIDE, exponential
from grokscale.studies.laws.inference import clusters
from grokscale.studies.laws.inference.clusters import Clusters
from grokscale.studies.laws.inference.estimates import Estimate
from grokscale.studies.laws.inference.profile import profile_interval
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.models.complete_cases import lacking
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import form
from grokscale.studies.laws.models.models import Model
from grokscale.studies.laws.models.request import Request
from grokscale.studies.laws.terms.rate import Rate


def document(request: Request, model: Model, base: Data, draws: int) -> dict[str, Any]:
    """Return a model.

    Args:
        request: what was asked.
        model: the fit.
        base: the rows that it was chosen from, by the columns that it needs.
        draws: how many its own rows have.
    """
    fitted, evidence = model.fitted, model.fitted.fit.evidence
    inference = fitted.inference
    return {
        "model": model.name,
        "form": form(model.name, base.rate),
        "intercepts": fitted.intercepts,
        "parameters": _parameters(request, model, draws),
        "prefactor": prefactor(inference.level),
        "sigma": inference.sigma,
        "tau": inference.tau,
        "log_likelihood": model.value,
        "degrees": model.parameters,
        "aic": comparison.aic(model),
        "bic": comparison.bic(model, int(fitted.sample.crossed.sum())),
        "r2_log": fitted.fit.r2,
        "n": len(fitted.sample.draw),
        "draws": draws,
        "lacking": lacking(model.name, base),
        "converged": evidence.converged,
        "gradient_norm": evidence.gradient_norm,
        "iterations": evidence.iterations,
        "starts": max(model.starts, evidence.starts),
        "optima": max(model.optima, evidence.optima),
        "condition": model.condition,
        "numerical": inference.sigma < NUMERICAL,
    }


def tests(model: Model, rate: Rate) -> dict[str, Any] | None:
    """Return the tests of the paper's exponents; None for a model that does not have them."""
    names, inference = model.names, model.fitted.inference
    of_names = hypotheses.of_fields(names, rate)
    found = hypotheses.of_monomial(rate.inverse, rate) if model.name == "M2" else of_names
    if found is None or not set(found.exponents) <= set(names):
        return None
    if model.fitted.fit.no_scatter:
        return hypotheses.document(None, found, "the rows lie on the law to machine precision")
    return hypotheses.document(hypotheses.test(found, names, inference), found)


@dataclass(frozen=True, slots=True)
class _ByDraw:
    """What the draws as clusters say of the parameters."""

    covariance: Floats
    df: float
    wild: Floats | None

    @classmethod
    def of(cls, request: Request, model: Model) -> _ByDraw | None:
        """Return it where it is asked for and there are enough draws."""
        if request.covariance != "draw" and "bootstrap" not in request.intervals:
            return None
        own: Clusters = model.fitted.clusters
        if own.count < clusters.FEWEST or own.df < 1 or model.fitted.fit.no_scatter:
            return None
        wild = None
        if "bootstrap" in request.intervals and request.bootstrap:
            wild = clusters.wild_quantiles(own, request.bootstrap, request.seed)
        return cls(clusters.robust_covariance(own), own.df, wild)


def _parameters(request: Request, model: Model, draws: int) -> dict[str, Any]:
    by_draw = _ByDraw.of(request, model)
    found = {name: _parameter(request, model, j, by_draw, draws) for j, name in enumerate(model.names)}
    if model.at is not None and model.at[0] not in found:
        name, number, log_unit = model.at
        value = _scaled(number, log_unit)
        why = "the likelihood is flat about it" if value is not None else OUTSIDE
        found[name] = {"value": value, "se": None, "ci95": None, "reason": why}
    return found


def _parameter(request: Request, model: Model, j: int, by_draw: _ByDraw | None, draws: int) -> dict[str, Any]:
    estimate = model.fitted.inference.slope(j)
    if request.covariance == "draw" and by_draw is not None:
        estimate = Estimate(estimate.value, math.sqrt(by_draw.covariance[j, j]), by_draw.df)
    name, number, log_unit = model.at if model.at and model.at[0] == model.names[j] else (None, 0.0, 0.0)
    shifted = Estimate(estimate.value + number, estimate.se, estimate.df)
    intervals: dict[str, tuple[float | None, ...] | None] = {}
    if "wald" in request.intervals:
        intervals["wald"] = shifted.ci95
    if "profile" in request.intervals:
        intervals["profile"] = None if name else profile_interval(model.fitted, j)
    if "bootstrap" in request.intervals:
        intervals["bootstrap"] = _bootstrap(shifted.value, by_draw, j)
    numbers = [shifted.value, shifted.se, *shifted.ci95]
    value, se, low, high = (_scaled(one, log_unit) for one in numbers)
    shown: dict[str, Any] = {
        "value": value,
        "se": se,
        "df": estimate.df,
        "ci95": None if low is None or high is None else [low, high],
        "recommended": "wald",
        "intervals": {
            kind: None if ends is None else [None if end is None else _scaled(end, log_unit) for end in ends]
            for kind, ends in intervals.items()
        },
    }
    if None in (value, se, low, high):
        shown["reason"] = OUTSIDE
    elif request.covariance == "draw" and by_draw is None:
        shown["reason"] = _no_draws(model, draws)
    return shown


def _no_draws(model: Model, draws: int) -> str:
    own = model.fitted.clusters
    if model.fitted.fit.no_scatter:
        return "the rows lie on the law to machine precision: the standard error is the model's"
    exponents = int(own.count - own.df)
    has = f"{draws} draws" if own.count == draws else f"{draws} draws of {own.count} streams of random numbers"
    needs = f"{clusters.FEWEST} {'draws' if own.count == draws else 'streams'}, and one more than exponents"
    told = f"{has}, and {exponents} exponent{'' if exponents == 1 else 's'}"
    return f"{told}: a standard error by draw needs {needs}; this one is the model's"


def _scaled(value: float, log_unit: float) -> float | None:
    """Return a value in units of e^log_unit, None where it leaves a float's range."""
    if value == 0 or log_unit == 0:
        return value
    size = exponential(math.log(abs(value)) + log_unit)
    return None if size is None else math.copysign(size, value)


def _bootstrap(value: float, draws: _ByDraw | None, j: int) -> tuple[float, float] | None:
    if draws is None or draws.wild is None:
        return None
    half = float(draws.wild[j]) * math.sqrt(draws.covariance[j, j])
    return value - half, value + half
