"""A family of models fitted to the same rows in one call: what `POST /v1/studies/{id}/fits` stores.

See `models` for the models, `effects` for the draws, `inference`, `profile` and `clusters` for the intervals,
`comparison` for what the models say of each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from studies.laws import clusters, comparison
from studies.laws.cautions import NUMERICAL, ONE_A_DRAW
from studies.laws.data import Data
from studies.laws.effects import FEWEST_RANDOM, Intercepts, TooFewDegrees
from studies.laws.gather import gather
from studies.laws.hypotheses import MARGIN, minus_one
from studies.laws.inference import Estimate
from studies.laws.models import FORMS, Model, Name, NotIdentifiable, fit_model
from studies.laws.no_maximum import NoMaximum
from studies.laws.profile import profile_interval
from studies.laws.request import Request, check
from studies.laws.rows import Rows
from studies.laws.scale import COLUMN, Scale, fit_scale, stretched

_LARGEST_LOG = 700.0


@dataclass(slots=True)
class _Family:
    """Models that were fitted, the reasons of those that were not, and how their scatter depends on the floor."""

    models: dict[Name, Model] = field(default_factory=dict)
    refused: dict[Name, dict[str, str]] = field(default_factory=dict)
    scale: Scale | dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FamilyFit:
    """What was found of which rows.

    Attributes:
        result: plain JSON values at full precision; a number that the design cannot tell is null with
            `not_identifiable` and `reason` beside it.
        rows: the trials of the table that entered the likelihood.
    """

    result: dict[str, Any]
    rows: pa.Table


def fit_family(table: pa.Table, request: Request) -> FamilyFit:
    """Fit the models asked for and compare them.

    Args:
        table: trials, one row each (`Store.table`).
        request: what is asked.

    Raises:
        TooLittle, UnknownName, NotApplicable, BadExpression: see `law`.
    """
    check(request, table)
    data = gather(table, request)
    family = _Family()
    if request.scale == "floor":
        data = _scaled(data, family)
    for name in request.models:
        try:
            family.models[name] = _fitted(name, data)
        except NotIdentifiable as refusal:
            family.refused[name] = {"not_identifiable": refusal.column, "reason": refusal.reason}
        except (NoMaximum, TooFewDegrees) as refusal:
            family.refused[name] = {"reason": refusal.reason}
    return FamilyFit(_answer(request, data, family), _used(table, data))


def used_rows(table: pa.Table, request: Request) -> pa.Table:
    """Return the rows that enter the likelihood of a request."""
    return _used(table, gather(table, request))


def _used(table: pa.Table, data: Data) -> pa.Table:
    return table.filter(pa.array(data.rows.inside))


def _scaled(data: Data, family: _Family) -> Data:
    """Fit how the scatter depends on the floor; return the rows so stretched, as they are where that cannot be told."""
    try:
        family.scale = fit_scale(data, data.rows.intercepts)
    except NotIdentifiable as refusal:
        family.scale = {"not_identifiable": refusal.column, "reason": refusal.reason}
    except NoMaximum as refusal:
        family.scale = {"not_identifiable": COLUMN, "reason": refusal.reason}
    return stretched(data, family.scale.delta) if isinstance(family.scale, Scale) else data


def _fitted(name: Name, data: Data) -> Model:
    if name != "M4":
        return fit_model(name, data, data.rows.intercepts)
    if data.rows.draws < FEWEST_RANDOM:
        raise NotIdentifiable(data.gap_name, f"{data.rows.draws} draws: a scatter between draws needs {FEWEST_RANDOM}")
    intercepts = _with_scatter(data)
    return fit_model(name, data.under(intercepts), intercepts)


def _with_scatter(data: Data) -> Intercepts:
    """Return the intercepts that know a scatter between draws; that of draws of one row is the rows'."""
    return "pooled" if data.rows.alone else "random"


# -- the answer -----------------------------------------------------------------------------------------------------


def _answer(request: Request, data: Data, family: _Family) -> dict[str, Any]:
    rows = data.rows
    base: dict[Name, Model] = {name: model for name, model in family.models.items() if name != "M4"}
    uncensored = int(rows.sample.crossed.sum())
    documents: dict[str, Any] = {name: _model(request, data, model) for name, model in family.models.items()}
    documents |= {name: {"model": name, "form": FORMS[name], "refused": why} for name, why in family.refused.items()}
    return {
        "response": request.response,
        "effect": request.effect,
        "intercepts": rows.intercepts,
        "noise": request.noise,
        "scale": family.scale.to_json() if isinstance(family.scale, Scale) else family.scale,
        "covariance": request.covariance,
        "threshold": request.threshold,
        **rows.counts,
        "models": {name: documents[name] for name in request.models},
        "likelihood_ratios": comparison.likelihood_ratios(base),
        "weights": comparison.weights(base, uncensored) if base else {},
        "tests": _tests(base),
        "break": _break(request, data, family),
        "draws_explained": _explained(data, family),
        "by_study": comparison.by_study(data, rows.intercepts) if len(data.levels) > 1 else None,
        "lack_of_fit": comparison.lack_of_fit(data, rows.intercepts),
        "low_floor": comparison.of_low_floor(data, rows.intercepts),
        "by_decade": comparison.by_decade(data, rows.intercepts),
        "extrapolation": {name: comparison.extrapolation(data, rows.intercepts, name) for name in base},
        "warnings": [*_warnings(rows, family), *rows.observed.remarks],
        "text": _text(request, data, family),
    }


def _model(request: Request, data: Data, model: Model) -> dict[str, Any]:
    fitted, evidence = model.fitted, model.fitted.fit.evidence
    inference = fitted.inference
    parameters = _parameters(request, model)
    return {
        "model": model.name,
        "form": FORMS[model.name],
        "intercepts": fitted.intercepts,
        "parameters": parameters,
        "prefactor": _prefactor(inference.level),
        "sigma": inference.sigma,
        "tau": inference.tau,
        "log_likelihood": model.value,
        "degrees": model.parameters,
        "aic": comparison.aic(model),
        "bic": comparison.bic(model, int(fitted.sample.crossed.sum())),
        "r2_log": fitted.fit.r2,
        "n": len(fitted.sample.draw),
        "converged": evidence.converged,
        "gradient_norm": evidence.gradient_norm,
        "iterations": evidence.iterations,
        "starts": max(model.starts, evidence.starts),
        "optima": max(model.optima, evidence.optima),
        "condition": model.condition,
        "numerical": inference.sigma < NUMERICAL,
    }


def _parameters(request: Request, model: Model) -> dict[str, Any]:
    fitted = model.fitted
    own = fitted.clusters if request.covariance == "draw" or "bootstrap" in request.intervals else None
    enough = own is not None and own.draws >= clusters.FEWEST and own.df >= 1 and not fitted.fit.no_scatter
    robust = clusters.robust_covariance(own) if own is not None and enough else None
    wild = None
    if own is not None and enough and "bootstrap" in request.intervals and request.bootstrap:
        wild = clusters.wild_quantiles(own, request.bootstrap, request.seed)
    found = {}
    for j, name in enumerate(model.names):
        estimate = fitted.inference.slope(j)
        if request.covariance == "draw" and robust is not None and own is not None:
            estimate = Estimate(estimate.value, math.sqrt(robust[j, j]), own.df)
        searched = model.at is not None and name == model.at[0]
        shift = model.at[1] if searched and model.at else 0.0
        intervals: dict[str, Any] = {}
        if "wald" in request.intervals:
            intervals["wald"] = [end + shift for end in estimate.ci95]
        if "profile" in request.intervals:
            intervals["profile"] = None if searched else list(profile_interval(fitted, j))
        if "bootstrap" in request.intervals:
            intervals["bootstrap"] = _bootstrap(estimate.value, robust, wild, j, shift)
        found[name] = {
            "value": estimate.value + shift,
            "se": estimate.se,
            "df": estimate.df,
            "ci95": [end + shift for end in estimate.ci95],
            "recommended": "wald",
            "intervals": intervals,
        }
        if request.covariance == "draw" and robust is None:
            found[name]["reason"] = f"fewer than {clusters.FEWEST} draws: the standard error is the model's"
    if model.at is not None and model.at[0] not in found:
        nothing = {"se": None, "ci95": None, "reason": "the likelihood is flat about it"}
        found[model.at[0]] = {"value": model.at[1], **nothing}
    return found


def _bootstrap(value: float, robust: Any, wild: Any, j: int, shift: float) -> list[float] | None:
    if wild is None:
        return None
    half = float(wild[j]) * math.sqrt(robust[j, j])
    return [value + shift - half, value + shift + half]


def _prefactor(level: Estimate) -> dict[str, Any]:
    ends = (level.value, *level.ci95)
    if max(abs(end) for end in ends) > _LARGEST_LOG:
        return {
            "value": None,
            "se": None,
            "ci95": None,
            "reason": "outside a float's range: the predictors are far from 1",
        }
    value = math.exp(level.value)
    return {"value": value, "se": value * level.se, "ci95": [math.exp(end) for end in level.ci95]}


def _tests(base: Mapping[Name, Model]) -> dict[str, Any]:
    """-1 in alpha*beta (M2), and in alpha and beta both (M3), beside the tests of equivalence."""
    found: dict[str, Any] = {}
    tested: tuple[tuple[Name, list[str]], ...] = (("M2", ["alpha*beta"]), ("M3", ["alpha", "beta"]))
    for name, wanted in tested:
        model = base.get(name)
        if model is None or not set(wanted) <= set(model.names):
            continue
        if model.fitted.fit.no_scatter:
            found[name] = {"p": None, "reason": "the rows lie on the law to machine precision"}
            continue
        at = [model.names.index(column) for column in wanted]
        inference = model.fitted.inference
        one = minus_one(inference.slopes[at], inference.covariance[np.ix_(at, at)], float(inference.dfs[at].min()))
        found[name] = {
            "exponent_is_minus_one": {"statistic": one.statistic, "p": one.p},
            "equivalence": {"margin": MARGIN, "p": one.equivalence_p},
        }
    return found


def _break(request: Request, data: Data, family: _Family) -> dict[str, Any] | None:
    if not {"M3", "M5"} <= set(family.models):
        return None
    return comparison.break_p(data, data.rows.intercepts, family.models, request.break_samples, request.seed)


def _explained(data: Data, family: _Family) -> dict[str, Any] | None:
    """Does the theory column explain the draws? Tests g = 0 and g = 1, and how far the draws' scatter falls."""
    model = family.models.get("M4")
    if model is None:
        return None
    intercepts = _with_scatter(data)
    try:
        without = fit_model("M2", data.under(intercepts), intercepts)
    except (NotIdentifiable, NoMaximum, TooFewDegrees) as refusal:
        return {"reason": f"the law without the theory column cannot be fitted: {refusal.reason}"}
    g = model.fitted.inference.slope(1)
    # of draws of one row the scatter is theirs
    scatter = [of.sigma if of.tau is None else of.tau for of in (without.fitted.inference, model.fitted.inference)]
    return {
        "column": data.gap_name,
        "g": {"value": g.value, "se": g.se, "ci95": list(g.ci95)},
        "g_is_0": _t(g, 0.0),
        "g_is_1": _t(g, 1.0),
        "tau_without": scatter[0],
        "tau_with": scatter[1],
        "tau_fall": 1 - scatter[1] / scatter[0] if scatter[0] > 0 else None,
    }


def _t(estimate: Estimate, value: float) -> dict[str, float]:
    statistic = (estimate.value - value) / estimate.se
    return {"statistic": statistic, "p": float(2 * stats.t.sf(abs(statistic), estimate.df))}


def _warnings(rows: Rows, family: _Family) -> list[str]:
    found = [f"{name} is not fitted: {why['reason']}" for name, why in family.refused.items()]
    if isinstance(family.scale, dict):
        found.append(f"the scatter is taken as constant: {family.scale['reason']}")
    for name, model in family.models.items():
        if not model.fitted.fit.evidence.converged:
            found.append(f"the search of {name} did not converge")
        if model.optima > 1:
            found.append(f"{name} has {model.optima} local optima; the highest is given")
    if rows.alone and rows.intercepts == "pooled":
        found.append(ONE_A_DRAW)
    unreachable = int(rows.unreachable.sum())
    if unreachable:
        found.append(
            f"{unreachable} trials ({rows.unreachable_share:.0%} of those known) cannot reach the threshold: "
            "the models are conditional on reaching it"
        )
    return found


def _text(request: Request, data: Data, family: _Family) -> str:
    parts = []
    if (model := family.models.get("M2")) is not None:
        estimate = model.fitted.inference.slope(0)
        low, high = estimate.ci95
        parts.append(f"exponent {estimate.value:.6g} [{low:.6g}, {high:.6g}] of {request.response} in alpha*beta (M2).")
    base: Sequence[tuple[Name, Model]] = [(name, model) for name, model in family.models.items() if name != "M4"]
    if base:
        best = min(base, key=lambda pair: comparison.aic(pair[1]))[0]
        parts.append(f"By AIC {best} is the best of {', '.join(name for name, _ in base)}.")
    if not parts:
        reasons = "; ".join(dict.fromkeys(why["reason"] for why in family.refused.values()))
        return f"No model could be fitted: {reasons}."
    n, draws = len(data.rows.sample.draw), data.rows.draws
    return " ".join([*parts, f"From {n} trials in {draws} draw{'' if draws == 1 else 's'}."])
