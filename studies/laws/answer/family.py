"""A family of models fitted to a study's rows in one call: what `POST /v1/studies/{id}/fits` stores.

See `models.family` for the fits, `model_documents` for each, `comparison` and `breaks` for how they compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from scipy.special import stdtr

from grokscale.studies.laws.answer import breaks, comparison, contributions, model_documents
from grokscale.studies.laws.answer.cautions import ONE_A_DRAW, streams
from grokscale.studies.laws.answer.sentences import interval
from grokscale.studies.laws.inference.estimates import Estimate
from grokscale.studies.laws.models.complete_cases import complete_cases, lacking
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.dispersion import Dispersion
from grokscale.studies.laws.models.family import Family, fit_models, with_scatter
from grokscale.studies.laws.models.forms import Name, NotIdentifiable, form
from grokscale.studies.laws.models.model_frame import model_frame
from grokscale.studies.laws.models.models import REFUSALS, Model, fit_model
from grokscale.studies.laws.models.request import Request, check
from grokscale.studies.laws.rows.sorting import Rows


@dataclass(frozen=True, slots=True)
class FamilyFit:
    """What was found of which rows.

    Attributes:
        result: plain JSON values at full precision; a number that the design cannot tell is null with
            `not_identifiable` and `reason` beside it.
        rows: the trials of the table that entered a likelihood.
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
    data, family = fit_models(model_frame(table, request), request)
    return FamilyFit(_answer(table, request, data, family), _used(table, data))


def used_rows(table: pa.Table, request: Request) -> pa.Table:
    """Return the rows that enter the likelihood of a request."""
    return _used(table, model_frame(table, request))


def _used(table: pa.Table, data: Data) -> pa.Table:
    return table.filter(pa.array(data.rows.inside))


def _answer(table: pa.Table, request: Request, data: Data, family: Family) -> dict[str, Any]:
    rows = data.rows
    documents: dict[str, Any] = {
        name: model_documents.document(request, model, data, family.rows[name].rows.draws)
        for name, model in family.models.items()
    }
    documents |= {
        name: {"model": name, "form": form(name, data.rate), "refused": why, "lacking": lacking(name, data)}
        for name, why in family.refused.items()
    }
    base = _comparable(family)
    uncensored = int(next(iter(base.values())).fitted.sample.crossed.sum()) if base else 0
    tests = {
        name: model_documents.tests(model, data.rate) for name, model in family.models.items() if name in ("M2", "M3")
    }
    studies = contributions.contributions(table, rows)
    return {
        "response": request.response,
        "effect": request.effect,
        "intercepts": rows.intercepts,
        "noise": request.noise,
        "scale": family.dispersion.to_json() if isinstance(family.dispersion, Dispersion) else family.dispersion,
        "covariance": request.covariance,
        "threshold": request.threshold,
        **rows.counts,
        "models": {name: documents[name] for name in request.models},
        "likelihood_ratios": comparison.likelihood_ratios(base),
        "weights": comparison.weights(base, uncensored) if base else {},
        "tests": {name: tested for name, tested in tests.items() if tested},
        "break": _break(request, family),
        "draws_explained": _explained(family),
        "studies": studies,
        "by_study": comparison.by_study(data, rows.intercepts) if len(data.levels) > 1 else None,
        "lack_of_fit": _lack_of_fit(data),
        "low_floor": comparison.of_low_floor(data, rows.intercepts),
        "by_decade": comparison.by_decade(data, rows.intercepts),
        "extrapolation": {
            name: comparison.extrapolation(family.rows[name], rows.intercepts, name) for name in family.base
        },
        "warnings": [*contributions.warnings(studies), *_warnings(data, family), *rows.observed.remarks],
        "text": _text(request, data, family, base),
    }


def _comparable(family: Family) -> Mapping[Name, Model]:
    """Return the models but M4 as of the same rows, those that all of them can be fitted to."""
    models = family.base
    fewest = min((family.rows[name] for name in models), key=lambda data: len(data.log_x), default=None)
    if fewest is None:
        return models
    found = dict(models)
    for name in models:
        if len(family.rows[name].log_x) > len(fewest.log_x):
            try:
                found[name] = fit_model(name, fewest, fewest.rows.intercepts)
            except REFUSALS:
                del found[name]
    return found


def _lack_of_fit(data: Data) -> dict[str, Any]:
    try:
        return comparison.lack_of_fit(complete_cases("M3", data), data.rows.intercepts)
    except NotIdentifiable as refusal:
        return {"value": None, "se": None, "p": None, "reason": refusal.reason}


def _break(request: Request, family: Family) -> dict[str, Any] | None:
    if not {"M3", "M5"} <= set(family.models):
        return None
    data = family.rows["M3"]
    return breaks.break_p(data, data.rows.intercepts, family.models, request.break_samples, request.seed)


def _explained(family: Family) -> dict[str, Any] | None:
    """Does the theory column explain the draws? Tests g = 0 and g = 1, and how far the draws' scatter falls."""
    model = family.models.get("M4")
    if model is None:
        return None
    data = family.rows["M4"]
    intercepts = with_scatter(data)
    try:
        without = fit_model("M2", data.under(intercepts), intercepts)
    except REFUSALS as refusal:
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
    return {"statistic": statistic, "p": float(2 * stdtr(estimate.df, -abs(statistic)))}


def _warnings(data: Data, family: Family) -> list[str]:
    found = [f"{name} is not fitted: {why['reason']}" for name, why in family.refused.items()]
    if isinstance(family.dispersion, dict):
        found.append(f"the scatter is taken as constant: {family.dispersion['reason']}")
    for name, model in family.models.items():
        if lost := lacking(name, data):
            without = ", ".join(f"{count} have no {column} above 0" for column, count in lost.items())
            found.append(f"{name} is of {len(family.rows[name].log_x)} of {len(data.log_x)} trials: {without}")
        if not model.fitted.fit.evidence.converged:
            found.append(f"the search of {name} did not converge")
        if model.optima > 1:
            found.append(f"{name} has {model.optima} local optima; the highest is given")
    if data.rows.alone and data.rows.intercepts == "pooled":
        found.append(ONE_A_DRAW)
    fitted = next((model.fitted for model in family.models.values()), None)
    return [*found, *_unreachable(data.rows), *streams(data.rows, fitted)]


def _unreachable(rows: Rows) -> list[str]:
    unreachable = int(rows.unreachable.sum())
    conditional = (
        f"{unreachable} trials ({rows.unreachable_share:.0%} of those known) cannot reach the threshold: "
        "the models are conditional on reaching it"
    )
    return [conditional] if unreachable else []


def _text(request: Request, data: Data, family: Family, base: Mapping[Name, Model]) -> str:
    if not family.models:
        reasons = "; ".join(dict.fromkeys(why["reason"] for why in family.refused.values()))
        return f"No model could be fitted: {reasons}."
    parts = []
    names: list[Name] = [name for name in ("M2", "M4") if name in family.models]
    for name in names[:1]:
        model = family.models[name]
        told = interval(model.fitted.inference.slope(0))
        parts.append(f"exponent {told} of {request.response} in {model.names[0]} ({name}).")
    if len(base) > 1:
        best = min(base.items(), key=lambda pair: comparison.aic(pair[1]))[0]
        parts.append(f"By AIC {best} is the best of {', '.join(base)}.")
    if not parts:
        parts.append(f"Fitted to {request.response}: {', '.join(family.models)}.")
    n, draws = len(data.rows.sample.draw), data.rows.draws
    return " ".join([*parts, f"From {n} trials in {draws} draw{'' if draws == 1 else 's'}."])
