"""What others make of the same rows: lifelines (log-normal AFT) and statsmodels (OLS), in our parameters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import LogNormalAFTFitter

from tests.studies.laws.tables import Row


@dataclass(frozen=True)
class Aft:
    """A maximum-likelihood fit: slopes with their uncorrected standard errors, intercepts, sigma."""

    slopes: np.ndarray
    se: np.ndarray
    intercepts: np.ndarray
    sigma: float


def ends(rows: Sequence[Row], response: str = "t2") -> tuple[np.ndarray, np.ndarray]:
    """Ends of log t straight from the definition: step, bracket, t + 1 <= 1 at t = 0, beyond the budget."""
    bounds = {
        "exact": lambda row: (row[f"{response}_step"], row[f"{response}_step"]),
        "interval": lambda row: (row[f"{response}_lower"], row[f"{response}_upper"]),
        "left": lambda row: (0.0, 1.0),
        "right": lambda row: (row[f"{response}_lower"], np.inf),
    }
    lower, upper = zip(*(bounds[row[f"{response}_censoring"]](row) for row in rows), strict=True)
    with np.errstate(divide="ignore"):
        return np.log(np.array(lower, dtype=float)), np.log(np.array(upper, dtype=float))


def lifelines_fit(lower: np.ndarray, upper: np.ndarray, x: np.ndarray, draw: np.ndarray | None = None) -> Aft:
    """Fit by lifelines, an intercept for each draw by dummy columns; pooled without `draw`.

    lifelines searches from zero by BFGS: times and predictors are centred first, and undone here.
    """
    centre = float(np.mean(lower[np.isfinite(lower) & np.isfinite(upper)]))
    x_centre, x_scale = x.mean(axis=0), x.std(axis=0)
    frame = pd.DataFrame((x - x_centre) / x_scale, columns=[f"x{j}" for j in range(x.shape[1])])
    groups = np.zeros(len(lower), dtype=int) if draw is None else np.unique(draw, return_inverse=True)[1]
    for g in range(groups.max() + 1):
        frame[f"d{g}"] = (groups == g).astype(float)
    frame["lower"] = np.exp(np.clip(lower - centre, -300, 40))
    frame["upper"] = np.exp(np.clip(upper - centre, -300, 40))
    frame["exact"] = lower == upper
    ones = pd.DataFrame({"Intercept": np.ones(len(frame))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = LogNormalAFTFitter(fit_intercept=False)
        # below 1e-7 its own rounding ends the search
        options = {"gtol": 1e-7}
        fitter.fit_interval_censoring(frame, "lower", "upper", "exact", ancillary=ones, fit_options=options)
    mu, se = fitter.params_["mu_"], fitter.standard_errors_["mu_"]
    names = [f"x{j}" for j in range(x.shape[1])]
    slopes = mu[names].to_numpy() / x_scale
    levels = mu[[f"d{g}" for g in range(groups.max() + 1)]].to_numpy()
    return Aft(
        slopes=slopes,
        se=se[names].to_numpy() / x_scale,
        intercepts=levels + centre - float(x_centre @ slopes),
        sigma=float(np.exp(fitter.params_["sigma_"]["Intercept"])),
    )
