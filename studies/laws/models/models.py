"""The models of log t2, fitted: see `forms`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grokscale.studies.laws.inference.fitting import Fitted, TooFewDegrees
from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.fixed.fit import fit
from grokscale.studies.laws.likelihood.mixed.fit import fit_mixed
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.forms import Name, NotIdentifiable
from grokscale.studies.laws.models.linear import fit_linear, told_apart, with_design, with_studies
from grokscale.studies.laws.models.nonlinear import NonlinearLaw, break_point, offset

REFUSALS = (NotIdentifiable, NoMaximum, TooFewDegrees)
"""Why a model is not fitted."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model fitted.

    Attributes:
        name: M0 to M5.
        names: of the parameters that are slopes of `fitted`, in order. A nonlinear one comes last, as the slope of its
            tangent: that is 0 at the maximum, with the parameter's standard error.
        at: name and value of the nonlinear parameter and the logarithm of its unit; None: there is none.
        fitted: the law at that value.
        value: log-likelihood; parameters: their number, the nonlinear one among them.
        optima, starts: distinct local maxima of the profile likelihood, and how many places it was searched from.
        condition: of the predictors.
    """

    name: Name
    names: tuple[str, ...]
    at: tuple[str, float, float] | None
    fitted: Fitted
    value: float
    parameters: int
    optima: int
    starts: int
    condition: float


def fit_model(name: Name, data: Data, intercepts: Intercepts) -> Model:
    """Fit one model.

    Raises:
        NotIdentifiable: the rows cannot tell one of its parameters.
        NoMaximum: the likelihood has none.
        TooFewDegrees: too little information.
    """
    one = {data.rate.name: data.log_x}
    if name == "M0":
        return _linear(name, data, intercepts, {}, offset=data.log_x)
    if name == "M2":
        return _linear(name, data, intercepts, one)
    if name == "M3":
        return _linear(name, data, intercepts, data.terms)
    if name == "M4":
        return _linear(name, data, intercepts, one | {data.gap_name: data.gap})
    if name == "M1":
        return _nonlinear(name, NonlinearLaw(data, intercepts, {}, offset(data)))
    return _nonlinear(name, NonlinearLaw(data, intercepts, data.terms, break_point(data)))


def maximum_log_likelihood(name: Literal["M3", "M5"], data: Data, intercepts: Intercepts) -> float:
    """Return the log-likelihood of a model at its maximum: all that a bootstrap asks, and less than `fit_model` needs.

    Raises:
        NotIdentifiable, NoMaximum: see `fit_model`.
    """
    if name == "M5":
        return NonlinearLaw(data, intercepts, data.terms, break_point(data)).maximum().value
    named = with_studies(data, intercepts, data.terms)
    told_apart(data, intercepts, named)
    sample = with_design(data, named)
    return fit_mixed(sample).value if intercepts == "random" else fit(sample).value


def _linear(
    name: Name, data: Data, intercepts: Intercepts, named: dict[str, Floats], offset: Floats | float = 0.0
) -> Model:
    named = with_studies(data, intercepts, named)
    condition = told_apart(data, intercepts, named)
    fitted = fit_linear(data, intercepts, named, offset)
    return Model(name, tuple(named), None, fitted, fitted.fit.value, fitted.parameters, 1, 1, condition)


def _nonlinear(name: Name, law: NonlinearLaw) -> Model:
    maximum, parameter, data, intercepts = law.maximum(), law.parameter, law.data, law.intercepts
    value = maximum.at
    columns = law.columns(value)
    slope = 0.0 if parameter.column is None else float(law.fit(value, {}).fit.slopes[-1])
    tangent = {parameter.name: parameter.tangent(value, slope)}
    try:
        condition = told_apart(data, intercepts, columns | tangent)
    except NotIdentifiable:  # the value lies where the likelihood is flat: it has no standard error
        condition, tangent = told_apart(data, intercepts, columns), {}
    fitted = law.fit(value, tangent)
    parameters = fitted.parameters + (0 if tangent else 1)
    at = (parameter.name, value, parameter.log_unit)
    optima, starts = maximum.optima, maximum.starts
    return Model(name, (*columns, *tangent), at, fitted, maximum.value, parameters, optima, starts, condition)
