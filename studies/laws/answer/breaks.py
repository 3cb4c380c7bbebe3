"""Is there a break? M3 against M5 by a parametric bootstrap, as the ratio is not chi-squared where M3 holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grokscale.studies.laws.inference.fitting import Fitted
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import Name
from grokscale.studies.laws.models.models import REFUSALS, Model, maximum_log_likelihood


def break_p(data: Data, intercepts: Intercepts, models: Mapping[Name, Model], times: int, seed: int) -> dict[str, Any]:
    """Return the likelihood ratio of M3 in M5 with its p over samples of M3.

    Args:
        data: the rows that the models were fitted to.
        intercepts: what the draws are.
        models: M3 and M5 of these rows.
        times: number of samples; each is two fits.
        seed: of the samples.
    """
    statistic = max(0.0, 2 * (models["M5"].value - models["M3"].value))
    if times == 0:
        return {"statistic": statistic, "p": None, "reason": "no bootstrap was asked for"}
    rng = np.random.default_rng(seed)
    ratios = [ratio(drawn_anew(data, models["M3"].fitted, rng), intercepts) for _ in range(times)]
    ended = [one for one in ratios if one is not None]
    if not ended:
        return {"statistic": statistic, "p": None, "reason": "no bootstrap sample could be fitted"}
    beyond = sum(one >= statistic for one in ended)
    counted = {"samples": len(ended), "unfitted": times - len(ended)}
    return {"statistic": statistic, "p": (1 + beyond) / (1 + len(ended)), **counted}


def ratio(data: Data, intercepts: Intercepts) -> float | None:
    """Return the likelihood ratio of M3 in M5; None where one of them cannot be fitted."""
    try:
        small, large = maximum_log_likelihood("M3", data, intercepts), maximum_log_likelihood("M5", data, intercepts)
    except REFUSALS:
        return None
    return max(0.0, 2 * (large - small))


def drawn_anew(data: Data, fitted: Fitted, rng: np.random.Generator) -> Data:
    """Return the rows with times drawn from a law, each seen as it was itself (`Looks`).

    A random intercept is drawn from N(0, tau^2); fixed ones stay, and a draw of which no row crosses is left out.

    Args:
        data: the rows.
        fitted: the law of them.
        rng: draws the times.
    """
    sample, inference = data.sample, fitted.inference
    level = _levels(fitted, rng)[sample.draw] + fitted.sample.x @ fitted.fit.slopes
    noise = sample.noise.draw(rng.uniform(size=len(level)))
    lower, upper = data.looks.see(level + inference.sigma * sample.stretches * noise)
    again = replace(data, rows=replace(data.rows, sample=replace(sample, lower=lower, upper=upper)))
    return again.with_crossings() if fitted.intercepts == "fixed" else again


def _levels(fitted: Fitted, rng: np.random.Generator) -> Floats:
    """Return each draw's intercept, or the one for all."""
    if fitted.inference.tau is None:
        return fitted.fit.intercepts
    return fitted.inference.level.value + fitted.inference.tau * rng.normal(size=fitted.sample.draws)
