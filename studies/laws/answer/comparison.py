"""Comparison of models: likelihood ratios, information criteria, lack of fit, regimes, prediction of longer runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, stdtr

from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import Name
from grokscale.studies.laws.models.linear import fit_linear, told_apart, with_studies
from grokscale.studies.laws.models.models import REFUSALS, Model, fit_model

Chosen = NDArray[np.bool_]

NESTED: tuple[tuple[Name, Name], ...] = (("M0", "M1"), ("M0", "M2"), ("M2", "M3"))
LOW_FLOOR = 0.1
"""Share of the threshold up to which the predicted floor of the test error leaves t2 alone."""
SHORTER = 0.7
"""Share of the rows, those of smallest 1/rate, that the others are foretold from."""


def likelihood_ratios(models: Mapping[Name, Model]) -> dict[str, Any]:
    """Test each model against the larger one that contains it, by chi-squared."""
    found = {}
    for small, large in NESTED:
        if small in models and large in models:
            one, other = models[small], models[large]
            if not _contains(other, one):
                continue
            statistic, df = max(0.0, 2 * (other.value - one.value)), other.parameters - one.parameters
            if df > 0:
                found[f"{small} in {large}"] = {
                    "statistic": statistic,
                    "df": df,
                    "p": float(chdtrc(df, statistic)),
                }
    return found


def _contains(large: Model, small: Model) -> bool:
    """Whether a model's levels of settings are those of the larger one, or a field's two values its one exponent."""
    levels = [name for name in small.names if "=" in name]
    fields = Counter(name.partition("=")[0] for name in levels)
    return all(name in large.names or fields[name.partition("=")[0]] == 1 for name in levels)


def weights(models: Mapping[Name, Model], rows: int) -> dict[str, Any]:
    """Return each model's AIC and BIC with its share of the weight exp(-difference/2).

    Args:
        models: of the same rows, with the same intercepts.
        rows: uncensored ones: what BIC counts.
    """
    criteria = {name: (aic(model), bic(model, rows)) for name, model in models.items()}
    least = np.min([*criteria.values()], axis=0)
    shares = {name: np.exp(-(np.array(pair) - least) / 2) for name, pair in criteria.items()}
    total = np.sum([*shares.values()], axis=0)
    return {
        name: {
            "aic": criteria[name][0],
            "aic_weight": float(share[0] / total[0]),
            "bic": criteria[name][1],
            "bic_weight": float(share[1] / total[1]),
        }
        for name, share in shares.items()
    }


def aic(model: Model) -> float:
    """Akaike's criterion."""
    return 2 * model.parameters - 2 * model.value


def bic(model: Model, rows: int) -> float:
    """Schwarz's criterion."""
    return math.log(max(rows, 1)) * model.parameters - 2 * model.value


def lack_of_fit(data: Data, intercepts: Intercepts) -> dict[str, Any]:
    """Test whether M3 lacks a term quadratic in the logarithm of the regulariser's strength."""
    square = {f"log({data.rate.strength})^2": (data.log_strength - data.log_strength.mean()) ** 2}
    named = square | with_studies(data, intercepts, data.terms)
    try:
        told_apart(data, intercepts, named)
        fitted = fit_linear(data, intercepts, named)
    except REFUSALS as refusal:
        return {"value": None, "se": None, "p": None, "reason": refusal.reason}
    estimate = fitted.inference.slope(0)
    p = None if fitted.fit.no_scatter else float(2 * stdtr(estimate.df, -abs(estimate.value / estimate.se)))
    return {"value": estimate.value, "se": estimate.se, "p": p}


def by_study(data: Data, intercepts: Intercepts) -> dict[str, Any]:
    """Return each study's exponent of 1/rate, and Wald's F test that they are equal."""
    own = {level: np.where(data.studies == i, data.log_x, 0.0) for i, level in enumerate(data.levels)}
    named = with_studies(data, intercepts, own)
    try:
        told_apart(data, intercepts, named)
        fitted = fit_linear(data, intercepts, named)
    except REFUSALS as refusal:
        return {"exponents": None, "shared": {"statistic": None, "p": None}, "reason": refusal.reason}
    inference, count = fitted.inference, len(own)
    estimates = [inference.slope(i) for i in range(count)]
    exponents = {
        level: {"value": e.value, "se": e.se, "ci95": list(e.ci95)} for level, e in zip(own, estimates, strict=True)
    }
    contrast = np.eye(count)[1:] - np.eye(count)[:1]
    off = contrast @ inference.slopes[:count]
    spread = contrast @ inference.covariance[:count, :count] @ contrast.T
    df = float(inference.dfs[:count].min())
    if fitted.fit.no_scatter:
        return {"exponents": exponents, "shared": {"statistic": None, "p": None, "reason": "there is no scatter"}}
    statistic = float(off @ np.linalg.solve(spread, off)) / (count - 1)
    p = float(fdtrc(count - 1, df, max(0.0, statistic)))
    return {"exponents": exponents, "shared": {"statistic": statistic, "df": [count - 1, df], "p": p}}


def by_decade(data: Data, intercepts: Intercepts) -> list[dict[str, Any]]:
    """Return the exponent of 1/rate (M2) in each decade of the rate, or why it is not identified."""
    decade = np.floor(-data.log_x / math.log(10) + 1e-9).astype(int)
    return [{"decade": int(d), **exponent_of(data, decade == d, intercepts)} for d in sorted(set(decade.tolist()))]


def of_low_floor(data: Data, intercepts: Intercepts) -> dict[str, Any]:
    """Return the exponent of 1/rate (M2) over the rows whose floor is at most a tenth of the threshold."""
    unknown = np.isnan(data.log_floor)
    share = {"at_most": LOW_FLOOR, "unknown": int(unknown.sum())}
    low = data.log_floor <= math.log(LOW_FLOOR) + 1e-9
    if low.any():
        return share | exponent_of(data, low, intercepts)
    none = "the floor is known of no trial" if unknown.all() else f"no known floor is below {LOW_FLOOR:g} thresholds"
    return share | {"n": 0, "value": None, "se": None, "ci95": None, "reason": none}


def exponent_of(data: Data, chosen: Chosen, intercepts: Intercepts) -> dict[str, Any]:
    """Return the exponent of 1/rate (M2) over some of the rows, or why they do not identify it."""
    nothing: dict[str, Any] = {"value": None, "se": None, "ci95": None}
    if not (chosen & data.sample.crossed).any():
        return {"n": 0, **nothing, "reason": "no trial with a crossing"}
    part = data.only(chosen)
    part = part.with_crossings() if intercepts == "fixed" else part
    counted = {"n": len(part.log_x)}
    try:
        estimate = _fitted("M2", part, intercepts).fitted.inference.slope(0)
    except REFUSALS as refusal:
        return counted | nothing | {"reason": refusal.reason}
    return counted | {"value": estimate.value, "se": estimate.se, "ci95": list(estimate.ci95)}


def _fitted(name: Name, part: Data, intercepts: Intercepts) -> Model:
    """Fit a model to a part of the rows, which may leave every draw with one."""
    if intercepts == "random" and part.rows.alone:
        return fit_model(name, part.under("pooled"), "pooled")
    return fit_model(name, part, intercepts)


def extrapolation(data: Data, intercepts: Intercepts, name: Name) -> dict[str, Any]:
    """Fit the rows of smallest 1/rate, predict the others, and return the error of log t over exact ones.

    The shorter runs are whole levels of 1/rate, as many as come nearest to their share. Draws without a crossing among
    them are not predicted.
    """
    nothing = {"n": 0, "bias": None, "rmse": None, "median_absolute": None}
    levels, counts = np.unique(np.round(data.log_x, 9), return_counts=True)
    if len(levels) < 2:
        return nothing | {"reason": f"{data.rate.name} has only one level: no run is longer than the others"}
    shares = np.cumsum(counts)[:-1] / len(data.log_x)
    short = np.round(data.log_x, 9) <= levels[np.argmin(np.abs(shares - SHORTER))]
    crossed = np.bincount(data.rows.cluster[short & data.sample.crossed], minlength=data.rows.draws) > 0
    known = crossed[data.rows.cluster]
    seen = ~short & data.sample.exact
    later = seen & known
    if not seen.any():
        return nothing | {"reason": f"none of the {int((~short).sum())} longer runs was seen to the step"}
    if not later.any():
        return nothing | {"reason": "no draw with a longer run has a crossing among the shorter ones"}
    try:
        model = _fitted(name, data.only(short & known), intercepts)
    except REFUSALS as refusal:
        return nothing | {"n": int(later.sum()), "reason": refusal.reason}
    error = data.sample.lower[later] - _foretold(model, data, short & known, later)
    return {
        "n": int(later.sum()),
        "bias": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "median_absolute": float(np.median(np.abs(error))),
    }


def _foretold(model: Model, data: Data, seen: Chosen, later: Chosen) -> Floats:
    fitted = model.fitted
    searched, number, log_unit = model.at or ("", 0.0, 0.0)
    columns = {data.rate.name: data.log_x, **data.terms}
    columns |= data.of_studies() | data.of_settings()
    if searched == "at":
        columns["d"] = np.maximum(0.0, -data.log_x - number)
    foretold = np.zeros(int(later.sum()))
    if model.name in ("M0", "M1"):
        foretold = data.log_x[later]
    if searched == "k":
        share = np.exp(data.log_strength[later] + log_unit)
        foretold = foretold + np.log1p(np.maximum(number * share, -1 + 1e-12))
    for slope, column in zip(fitted.fit.slopes, model.names, strict=True):
        if column != searched:
            foretold = foretold + slope * columns[column][later]
    present = np.unique(data.rows.cluster[seen])
    own = np.searchsorted(present, data.rows.cluster[later])
    intercepts = fitted.fit.intercepts
    centre = fitted.fit.sigma * fitted.sample.noise.mean * data.sample.stretches[later]
    return foretold + (intercepts[0] if len(intercepts) == 1 else intercepts[own]) + centre
