"""What models say of each other: nesting, weights, lack of fit, regimes, and how well a law foretells longer runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from studies.laws.data import Data
from studies.laws.effects import Intercepts, TooFewDegrees
from studies.laws.models import Model, Name, NotIdentifiable, fit_model, law, told_apart, with_studies
from studies.laws.no_maximum import NoMaximum
from studies.laws.noise import Floats

Chosen = NDArray[np.bool_]

NESTED: tuple[tuple[Name, Name], ...] = (("M0", "M1"), ("M0", "M2"), ("M2", "M3"))
LOW_FLOOR = 0.1
"""Share of the threshold up to which the predicted floor of the test error leaves t2 alone."""
SHORTER = 0.7
"""Share of the rows, those of smallest 1/(alpha beta), that the others are foretold from."""
_REFUSALS = (NotIdentifiable, NoMaximum, TooFewDegrees)


def likelihood_ratios(models: Mapping[Name, Model]) -> dict[str, Any]:
    """Test each model against the larger one that contains it, by chi-squared."""
    found = {}
    for small, large in NESTED:
        if small in models and large in models:
            one, other = models[small], models[large]
            statistic, df = max(0.0, 2 * (other.value - one.value)), other.parameters - one.parameters
            if df > 0:
                found[f"{small} in {large}"] = {
                    "statistic": statistic,
                    "df": df,
                    "p": float(stats.chi2.sf(statistic, df)),
                }
    return found


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
    """Test whether M3 lacks a term quadratic in log(beta)."""
    beta = np.log(data.beta)
    square = {"log(beta)^2": (beta - beta.mean()) ** 2}
    named = square | with_studies(data, intercepts, data.terms)
    try:
        told_apart(data, intercepts, named)
        fitted = law(data, intercepts, named)
    except _REFUSALS as refusal:
        return {"value": None, "se": None, "p": None, "reason": refusal.reason}
    estimate = fitted.inference.slope(0)
    p = None if fitted.fit.no_scatter else float(2 * stats.t.sf(abs(estimate.value / estimate.se), estimate.df))
    return {"value": estimate.value, "se": estimate.se, "p": p}


def by_study(data: Data, intercepts: Intercepts) -> dict[str, Any]:
    """Return each study's exponent of alpha*beta, and the test that they are one (Wald's F)."""
    own = {level: np.where(data.studies == i, data.log_ab, 0.0) for i, level in enumerate(data.levels)}
    named = with_studies(data, intercepts, own)
    try:
        told_apart(data, intercepts, named)
        fitted = law(data, intercepts, named)
    except _REFUSALS as refusal:
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
    p = float(stats.f.sf(statistic, count - 1, df))
    return {"exponents": exponents, "shared": {"statistic": statistic, "df": [count - 1, df], "p": p}}


def by_decade(data: Data, intercepts: Intercepts) -> list[dict[str, Any]]:
    """Return the exponent of alpha*beta (M2) in each decade of alpha*beta that tells one."""
    decade = np.floor(data.log_ab / math.log(10) + 1e-9).astype(int)
    return [{"decade": int(d), **exponent_of(data, decade == d, intercepts)} for d in sorted(set(decade.tolist()))]


def of_low_floor(data: Data, intercepts: Intercepts) -> dict[str, Any]:
    """Return the exponent of alpha*beta (M2) over the rows whose floor is at most a tenth of the threshold."""
    share = {"floor": LOW_FLOOR, "unknown": int(np.isnan(data.log_floor).sum())}
    return share | exponent_of(data, data.log_floor <= math.log(LOW_FLOOR) + 1e-9, intercepts)


def exponent_of(data: Data, chosen: Chosen, intercepts: Intercepts) -> dict[str, Any]:
    """Return the exponent of alpha*beta (M2) over some of the rows, or why they tell none."""
    if intercepts == "fixed":
        has = np.bincount(data.sample.draw[chosen & data.sample.crossed], minlength=data.sample.draws) > 0
        chosen = chosen & has[data.sample.draw]
    counted = {"n": int(chosen.sum())}
    if not chosen.any():
        return counted | {"value": None, "se": None, "ci95": None, "reason": "no rows"}
    try:
        model = _fitted("M2", data.only(chosen), intercepts)
    except _REFUSALS as refusal:
        return counted | {"value": None, "se": None, "ci95": None, "reason": refusal.reason}
    estimate = model.fitted.inference.slope(0)
    return counted | {"value": estimate.value, "se": estimate.se, "ci95": list(estimate.ci95)}


def _fitted(name: Name, part: Data, intercepts: Intercepts) -> Model:
    """Fit a model to a part of the rows, which may leave every draw with one."""
    if intercepts == "random" and part.rows.alone:
        return fit_model(name, part.under("pooled"), "pooled")
    return fit_model(name, part, intercepts)


def extrapolation(data: Data, intercepts: Intercepts, name: Name) -> dict[str, Any]:
    """Fit the rows of smallest 1/(alpha*beta), foretell the others, and return the error of log t over exact ones.

    A level of 1/(alpha*beta) is never parted; draws without a crossing among the short runs are not foretold.
    """
    order = np.sort(-data.log_ab)
    bound = order[min(len(order) - 1, math.ceil(SHORTER * len(order)) - 1)]
    short = -data.log_ab <= bound + 1e-9
    crossed = np.bincount(data.rows.cluster[short & data.sample.crossed], minlength=data.rows.draws) > 0
    known = crossed[data.rows.cluster]
    later = ~short & known & data.sample.exact
    nothing = {"n": int(later.sum()), "bias": None, "rmse": None, "median_absolute": None}
    if not later.any():
        return nothing | {"reason": "no exact rows of longer runs"}
    try:
        model = _fitted(name, data.only(short & known), intercepts)
    except _REFUSALS as refusal:
        return nothing | {"reason": refusal.reason}
    error = data.sample.lower[later] - _foretold(model, data, short & known, later)
    return {
        "n": int(later.sum()),
        "bias": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "median_absolute": float(np.median(np.abs(error))),
    }


def _foretold(model: Model, data: Data, seen: Chosen, later: Chosen) -> Floats:
    fitted = model.fitted
    number = model.at[1] if model.at else 0.0
    columns = {"alpha*beta": data.log_ab, **data.terms}
    columns |= data.of_studies()
    if model.name == "M5":
        columns["d"] = np.maximum(0.0, data.log_ab - number)
    foretold = np.zeros(int(later.sum()))
    if model.name in ("M0", "M1"):
        foretold = -data.log_ab[later] + (np.log1p(number * data.beta[later]) if model.name == "M1" else 0.0)
    for slope, column in zip(fitted.fit.slopes, model.names, strict=True):
        if model.at is None or column != model.at[0]:
            foretold = foretold + slope * columns[column][later]
    present = np.unique(data.rows.cluster[seen])
    own = np.searchsorted(present, data.rows.cluster[later])
    intercepts = fitted.fit.intercepts
    centre = fitted.fit.sigma * fitted.sample.noise.mean * data.sample.stretches[later]
    return foretold + (intercepts[0] if len(intercepts) == 1 else intercepts[own]) + centre


def break_p(data: Data, intercepts: Intercepts, models: Mapping[Name, Model], times: int, seed: int) -> dict[str, Any]:
    """Test M3 against M5 by a parametric bootstrap: the break is no parameter of M3, so chi-squared does not hold.

    Samples are of M3 with its draws' intercepts as they are; rows are censored where they were.
    """
    small, large = models["M3"], models["M5"]
    statistic = max(0.0, 2 * (large.value - small.value))
    if times == 0:
        return {"statistic": statistic, "p": None, "reason": "no bootstrap was asked for"}
    sample, fit = data.sample, small.fitted.fit
    own = sample.draw if len(fit.intercepts) > 1 else np.zeros_like(sample.draw)
    centre = fit.intercepts[own] + small.fitted.sample.x @ fit.slopes
    rng = np.random.default_rng(seed)
    beyond = ended = 0
    for _ in range(times):
        t = centre + fit.sigma * sample.stretches * sample.noise.draw(rng.uniform(size=len(centre)))
        lower, upper = np.where(sample.exact, t, sample.lower), np.where(sample.exact, t, sample.upper)
        # a row that was not seen to the step is seen again as coarsely: on its side of its own bounds
        right = np.isposinf(sample.upper)
        lower, upper = (
            np.where(right, np.minimum(t, sample.lower), lower),
            np.where(right & (t < sample.lower), t, upper),
        )
        again = replace(data, rows=replace(data.rows, sample=replace(sample, lower=lower, upper=upper)))
        try:
            pair = [fit_model(name, again, intercepts).value for name in ("M3", "M5")]
        except _REFUSALS:
            continue
        ended += 1
        beyond += 2 * (pair[1] - pair[0]) >= statistic
    if not ended:
        return {"statistic": statistic, "p": None, "reason": "no bootstrap sample could be fitted"}
    return {"statistic": statistic, "p": (1 + beyond) / (1 + ended), "samples": ended}
