"""The models of log t2, M0 to M5: what is linear in them, and the one number that has to be searched.

    M0  c - log(alpha beta)                                the paper's law, its exponent fixed
    M1  c - log(alpha beta) + log(1 + k beta)              with its first-order offset: T/(alpha beta) + k T/alpha
    M2  c + p log(alpha beta)                              one free exponent
    M3  c + p log(alpha) + q log(beta) + r log(N) + ...    one exponent a field
    M4  c + p log(alpha beta) + g log(gap) + u_draw        does theory explain the draws?
    M5  M3 + d max(0, log(alpha beta) - log(at))           two regimes

Given k or `at` each is a law of `effects.fit_rows`, solved in closed form where every row is exact. The offset of M1 is
taken in units of the draw's own T, so that it is one number for all draws and random intercepts stay linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from studies.laws.data import Data
from studies.laws.effects import Fitted, Follower, Intercepts, TooFewDegrees, fit_rows, identify_under
from studies.laws.fit import least_squares
from studies.laws.highest import highest
from studies.laws.likelihood import Sample
from studies.laws.noise import Floats

Name = Literal["M0", "M1", "M2", "M3", "M4", "M5"]
FORMS: dict[Name, str] = {
    "M0": "c - log(alpha*beta)",
    "M1": "c - log(alpha*beta) + log(1 + k*beta)",
    "M2": "c + p*log(alpha*beta)",
    "M3": "c + one exponent a field",
    "M4": "c + p*log(alpha*beta) + g*log(gap) + u_draw",
    "M5": "M3 + d*max(0, log(alpha*beta) - log(at))",
}
_GRID = 12


class NotIdentifiable(Exception):
    """The rows cannot tell a parameter of the model; `column` is the one at fault."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(frozen=True, slots=True)
class Search:
    """One number that the model is not linear in.

    Attributes:
        name: of the number.
        values: where to begin, scaled to the data, in order.
        offset: what it adds to log t, shape (rows,).
        column: a predictor that it makes, None where it makes none; its slope is called `slope`.
        tangent: d log t / d number at the fitted number and slope, shape (rows,).
    """

    name: str
    values: Floats
    offset: Callable[[float], Floats]
    column: Callable[[float], Floats] | None
    slope: str | None
    tangent: Callable[[float, float], Floats]


@dataclass(frozen=True, slots=True)
class Model:
    """A model fitted.

    Attributes:
        name: M0 to M5.
        names: of the parameters that the slopes of `fitted` are, in order. A number that was searched comes last, by
            the tangent at its place: its slope there is 0, its standard error its own.
        at: the number that was searched, by name; None.
        fitted: the law at that number.
        value: log-likelihood; parameters: their number, the searched one among them.
        optima, starts: distinct local optima of the search, and where it was begun.
        condition: of the predictors.
    """

    name: Name
    names: tuple[str, ...]
    at: tuple[str, float] | None
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
    ab = {"alpha*beta": data.log_ab}
    if name == "M0":
        return _linear(name, data, intercepts, {}, offset=-data.log_ab)
    if name == "M2":
        return _linear(name, data, intercepts, ab)
    if name == "M3":
        return _linear(name, data, intercepts, data.terms)
    if name == "M4":
        if data.gap is None:
            raise NotIdentifiable(data.gap_name, f"{data.gap_name} is not known of every trial")
        if intercepts == "fixed":
            reason = f"{data.gap_name} is the same in all rows of a draw, whose own prefactor absorbs it"
            raise NotIdentifiable(data.gap_name, reason)
        return _linear(name, data, intercepts, ab | {data.gap_name: data.gap})
    search = _offset(data) if name == "M1" else _break(data)
    return _searched(name, data, intercepts, {} if name == "M1" else data.terms, search)


def law(data: Data, intercepts: Intercepts, named: dict[str, Floats], offset: Floats | float = 0.0) -> Fitted:
    """Fit log t = offset + a law linear in the named columns; see `fit_model` for what it raises."""
    sample = laid_out(data, named, offset)
    needed = (sample.draws if intercepts == "fixed" else 1) + len(named) + 1
    if (crossed := int(sample.crossed.sum())) < needed:
        raise TooFewDegrees(f"{crossed} crossings: so many parameters need at least {needed}")
    return fit_rows(sample, data.rows.cluster, intercepts)


def laid_out(data: Data, named: dict[str, Floats], offset: Floats | float = 0.0) -> Sample:
    """Return the rows with the named columns as predictors, the offset taken from log t."""
    rows = data.sample
    return replace(rows, lower=rows.lower - offset, upper=rows.upper - offset, x=data.stacked([*named.values()]))


def with_studies(data: Data, intercepts: Intercepts, named: dict[str, Floats]) -> dict[str, Floats]:
    """Return columns with those of the studies, whose prefactors fixed intercepts of their draws have in them."""
    return named if intercepts == "fixed" else named | data.of_studies()


def _linear(
    name: Name, data: Data, intercepts: Intercepts, named: dict[str, Floats], offset: Floats | float = 0.0
) -> Model:
    named = with_studies(data, intercepts, named)
    condition = told_apart(data, intercepts, named)
    fitted = law(data, intercepts, named, offset)
    return Model(name, tuple(named), None, fitted, fitted.fit.value, fitted.parameters, 1, 1, condition)


def told_apart(data: Data, intercepts: Intercepts, named: dict[str, Floats]) -> float:
    """Return the condition number of predictors that the rows can tell apart.

    Raises:
        NotIdentifiable: they cannot.
    """
    crossed = data.sample.crossed
    design = identify_under(
        intercepts, data.stacked([*named.values()])[crossed], tuple(named), data.sample.draw[crossed], data.sample.draws
    )
    for column, reason in design.lost.items():
        raise NotIdentifiable(column, reason)
    return design.condition


def _offset(data: Data) -> Search:
    """The k of M1: its effect at the largest beta between a tenth of the law down and ten times it up."""
    largest = float(data.beta.max())
    if data.beta.min() == largest:
        raise NotIdentifiable("k", "beta has only one level, so that the offset is part of the prefactor")
    # k * beta > -1 everywhere
    up = np.geomspace(1e-4, 1e3, _GRID) / largest
    return Search(
        name="k",
        values=np.concatenate([-np.geomspace(0.95, 1e-4, _GRID) / largest, [0.0], up]),
        offset=lambda k: -data.log_ab + np.log1p(np.maximum(k * data.beta, -1 + 1e-12)),
        column=None,
        slope=None,
        tangent=lambda k, _: data.beta / (1 + k * data.beta),
    )


def _break(data: Data) -> Search:
    """`at` of M5, log(alpha*beta) at the break: between the second and the last but one of its levels."""
    levels = np.unique(np.round(data.log_ab[data.sample.crossed], 9))
    if len(levels) < 5:
        raise NotIdentifiable("at", f"alpha*beta has {len(levels)} levels: a break needs five, two on either side")
    return Search(
        name="at",
        values=np.linspace(levels[1], levels[-2], _GRID),
        offset=lambda _: np.zeros_like(data.log_ab),
        column=lambda at: np.maximum(0.0, data.log_ab - at),
        slope="d",
        tangent=lambda at, slope: np.where(data.log_ab > at, -slope, 0.0),
    )


def _searched(name: Name, data: Data, intercepts: Intercepts, named: dict[str, Floats], search: Search) -> Model:
    def columns(number: float) -> dict[str, Floats]:
        common = with_studies(data, intercepts, named)
        return common if search.column is None else common | {str(search.slope): search.column(number)}

    follower = Follower(intercepts)

    def likelihood(number: float) -> float:
        return follower.fit(laid_out(data, columns(number), search.offset(number))).value

    def rough(number: float) -> float:
        sample = laid_out(data, columns(number), search.offset(number))
        return -int(sample.crossed.sum()) * math.log(least_squares(sample).scatter)

    told_apart(data, intercepts, columns(float(np.median(search.values))))
    top = highest(likelihood, search.values, rough)
    number = top.at
    slope = 0.0
    if search.column is not None:
        slope = float(law(data, intercepts, columns(number), search.offset(number)).fit.slopes[-1])
    tangent = {search.name: search.tangent(number, slope)}
    try:
        condition = told_apart(data, intercepts, columns(number) | tangent)
        fitted = law(data, intercepts, columns(number) | tangent, search.offset(number))
    except NotIdentifiable:  # the number lies where it does nothing: no standard error of it
        condition, tangent = told_apart(data, intercepts, columns(number)), {}
        fitted = law(data, intercepts, columns(number), search.offset(number))
    parameters = fitted.parameters + (0 if tangent else 1)
    names = (*columns(number), *tangent)
    at = (search.name, number)
    return Model(name, names, at, fitted, top.value, parameters, top.optima, top.starts, condition)
