"""Fits that are linear in named columns, and whether the rows identify their slopes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.inference.fitting import Fitted, TooFewDegrees, fit_rows, identify_under, needed
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.design import Design
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import NotIdentifiable
from grokscale.studies.laws.rows.settings import told


def fit_linear(data: Data, intercepts: Intercepts, named: dict[str, Floats], offset: Floats | float = 0.0) -> Fitted:
    """Fit log t = offset + a law linear in the named columns; see `fit_model` for what it raises."""
    sample = with_design(data, named, offset)
    prefactors, crossed = sample.draws if intercepts == "fixed" else 1, int(sample.crossed.sum())
    if crossed < prefactors + len(named) + 1:
        raise TooFewDegrees(f"{crossed} trials with a crossing: {needed(prefactors, len(named))}")
    return fit_rows(sample, data.rows.cluster, data.rows.stream, intercepts)


def with_design(data: Data, named: dict[str, Floats], offset: Floats | float = 0.0) -> Sample:
    """Return the rows with the named columns as predictors, the offset taken from log t."""
    rows = data.sample
    return replace(rows, lower=rows.lower - offset, upper=rows.upper - offset, x=data.stacked([*named.values()]))


def with_studies(data: Data, intercepts: Intercepts, named: dict[str, Floats]) -> dict[str, Floats]:
    """Return columns with the indicators of studies and of settings that the model is not in.

    Under fixed intercepts a study has one only where it shares draws with another: else the intercepts contain it.
    """
    crossed, fixed = data.sample.crossed, intercepts == "fixed"
    studies, settings = data.of_studies(), data.of_settings(named)
    draw = data.sample.draw[crossed] if fixed else np.zeros(int(crossed.sum()), dtype=np.intp)
    if not (both := studies | settings):
        return named
    asked = data.stacked([*named.values()])[crossed]
    kept, fine = told(asked, [column[crossed] for column in both.values()], draw, data.sample.draws if fixed else 1)
    names = [name for i, name in enumerate(both) if i in kept and (fine or name in studies)]
    return named | {name: both[name] for name in names}


def told_apart(data: Data, intercepts: Intercepts, named: dict[str, Floats]) -> float:
    """Return the condition number of predictors that the rows can tell apart.

    Raises:
        NotIdentifiable: they cannot.
    """
    x, sample = data.stacked([*named.values()]), data.sample

    def told(rows: NDArray[np.bool_]) -> Design:
        return identify_under(intercepts, x[rows], tuple(named), sample.draw[rows], sample.draws)

    design = told(sample.crossed)
    for column, reason in design.lost.items():
        censored_too = told(np.ones_like(sample.crossed)).lost
        where = "" if column in censored_too else "among the trials with a crossing, "
        raise NotIdentifiable(column, f"{where}{reason}")
    return design.condition
