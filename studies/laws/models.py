"""The models of log t2, M0 to M5: what is linear in them, and the one number that has to be searched.

    M0  c + log x                               the paper's law, its exponent fixed
    M1  c + log x + log(1 + k beta)             with its first-order offset: T/(alpha beta) + k T/alpha
    M2  c + p log x                             one free exponent
    M3  c + p log(alpha) + q log(beta) + ...    one exponent a field
    M4  c + p log x + g log(gap) + u_draw       does theory explain the draws?
    M5  M3 + d max(0, log(alpha beta) - at)     two regimes

x is 1/(alpha beta), or the inverse of another task's rate, the predictor of every exponent that stands alone: 1 is the
paper's. Those of M3 are the fields' own, where the paper's are -1 of alpha and -1 of beta, the regulariser's strength.

Given k or `at` each is a law of `effects.fit_rows`, solved in closed form where every row is exact. The offset of M1 is
taken in units of the draw's own T, so that it is one number for all draws and random intercepts stay linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.data import Data
from grokscale.studies.laws.design import Design
from grokscale.studies.laws.effects import Fitted, Follower, Intercepts, TooFewDegrees, fit_rows, identify_under, needed
from grokscale.studies.laws.fit import fit, least_squares
from grokscale.studies.laws.highest import Top, highest
from grokscale.studies.laws.likelihood import Sample
from grokscale.studies.laws.mixed_fit import fit_mixed
from grokscale.studies.laws.noise import Floats
from grokscale.studies.laws.rate import Rate
from grokscale.studies.laws.settings import told
from grokscale.studies.portable import PortableError

Name = Literal["M0", "M1", "M2", "M3", "M4", "M5"]
_GRID = 12
_SAME_STRENGTH = 1e-9


def form(name: Name, rate: Rate) -> str:
    """Return the formula of a model."""
    return {
        "M0": f"c + log({rate.name})",
        "M1": f"c + log({rate.name}) + log(1 + k*{rate.strength})",
        "M2": f"c + p*log({rate.name})",
        "M3": "c + one exponent a field",
        "M4": f"c + p*log({rate.name}) + g*log(gap) + u_draw",
        "M5": f"M3 + d*max(0, log({rate.text}) - at)",
    }[name]


class NotIdentifiable(PortableError):
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
        log_unit: log of what the number is in units of.
    """

    name: str
    values: Floats
    offset: Callable[[float], Floats]
    column: Callable[[float], Floats] | None
    slope: str | None
    tangent: Callable[[float, float], Floats]
    log_unit: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """A model fitted.

    Attributes:
        name: M0 to M5.
        names: of the parameters that the slopes of `fitted` are, in order. A number that was searched comes last, by
            the tangent at its place: its slope there is 0, its standard error its own.
        at: the number that was searched, by name, and the log of its unit; None.
        fitted: the law at that number.
        value: log-likelihood; parameters: their number, the searched one among them.
        optima, starts: distinct local optima of the search, and where it was begun.
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
    search = _offset(data) if name == "M1" else _break(data)
    return _searched(name, data, intercepts, {} if name == "M1" else data.terms, search)


def greatest(name: Literal["M3", "M5"], data: Data, intercepts: Intercepts) -> float:
    """Return the log-likelihood of a model at its maximum: all that a bootstrap asks, and less than `fit_model` needs.

    Raises:
        NotIdentifiable, NoMaximum: see `fit_model`.
    """
    if name == "M5":
        return _Searched(data, intercepts, data.terms, _break(data)).top().value
    named = with_studies(data, intercepts, data.terms)
    told_apart(data, intercepts, named)
    sample = laid_out(data, named)
    return fit_mixed(sample).value if intercepts == "random" else fit(sample).value


def law(data: Data, intercepts: Intercepts, named: dict[str, Floats], offset: Floats | float = 0.0) -> Fitted:
    """Fit log t = offset + a law linear in the named columns; see `fit_model` for what it raises."""
    sample = laid_out(data, named, offset)
    prefactors, crossed = sample.draws if intercepts == "fixed" else 1, int(sample.crossed.sum())
    if crossed < prefactors + len(named) + 1:
        raise TooFewDegrees(f"{crossed} trials with a crossing: {needed(prefactors, len(named))}")
    return fit_rows(sample, data.rows.cluster, data.rows.stream, intercepts)


def laid_out(data: Data, named: dict[str, Floats], offset: Floats | float = 0.0) -> Sample:
    """Return the rows with the named columns as predictors, the offset taken from log t."""
    rows = data.sample
    return replace(rows, lower=rows.lower - offset, upper=rows.upper - offset, x=data.stacked([*named.values()]))


def with_studies(data: Data, intercepts: Intercepts, named: dict[str, Floats]) -> dict[str, Floats]:
    """Return columns with those of the studies and of the settings that the model is not in.

    Under fixed intercepts a study has a column only where it shares draws with another: else they have it in them.
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
    x, sample = data.stacked([*named.values()]), data.sample

    def told(rows: NDArray[np.bool_]) -> Design:
        return identify_under(intercepts, x[rows], tuple(named), sample.draw[rows], sample.draws)

    design = told(sample.crossed)
    for column, reason in design.lost.items():
        censored_too = told(np.ones_like(sample.crossed)).lost
        where = "" if column in censored_too else "among the trials with a crossing, "
        raise NotIdentifiable(column, f"{where}{reason}")
    return design.condition


def _offset(data: Data) -> Search:
    """The k of M1, in units of 1/(the largest strength): what it may take of the law there, or add."""
    largest = float(data.log_strength.max())
    share = np.exp(data.log_strength - largest)
    if share.min() > 1 - _SAME_STRENGTH:
        strength = data.rate.strength
        raise NotIdentifiable("k", f"{strength} has only one level, so that the offset is part of the prefactor")
    # 1 + k * strength > 0 everywhere
    return Search(
        name="k",
        values=np.concatenate([-np.geomspace(0.95, 1e-4, _GRID), [0.0], np.geomspace(1e-4, 1e3, _GRID)]),
        offset=lambda k: data.log_x + np.log1p(np.maximum(k * share, -1 + 1e-12)),
        column=None,
        slope=None,
        tangent=lambda k, _: share / (1 + k * share),
        log_unit=-largest,
    )


def _break(data: Data) -> Search:
    """`at` of M5, log(rate) at the break: between the second and the last but one of its levels."""
    log_rate = -data.log_x
    levels = np.unique(np.round(log_rate[data.sample.crossed], 9))
    if len(levels) < 5:
        has = f"{data.rate.text} has {len(levels)} levels with a crossing"
        raise NotIdentifiable("at", f"{has}: a break needs five, two on either side")
    return Search(
        name="at",
        values=np.linspace(levels[1], levels[-2], _GRID),
        offset=lambda _: np.zeros_like(log_rate),
        column=lambda at: np.maximum(0.0, log_rate - at),
        slope="d",
        tangent=lambda at, slope: np.where(log_rate > at, -slope, 0.0),
    )


@dataclass(frozen=True, slots=True)
class _Searched:
    """A law with one number that it is not linear in."""

    data: Data
    intercepts: Intercepts
    named: dict[str, Floats]
    search: Search

    def columns(self, number: float) -> dict[str, Floats]:
        common, search = with_studies(self.data, self.intercepts, self.named), self.search
        return common if search.column is None else common | {str(search.slope): search.column(number)}

    def laid_out(self, number: float) -> Sample:
        return laid_out(self.data, self.columns(number), self.search.offset(number))

    def fitted(self, number: float, tangent: dict[str, Floats]) -> Fitted:
        return law(self.data, self.intercepts, self.columns(number) | tangent, self.search.offset(number))

    def rough(self, number: float) -> float:
        sample = self.laid_out(number)
        return -int(sample.crossed.sum()) * math.log(least_squares(sample).scatter)

    def top(self) -> Top:
        follower, values = Follower(self.intercepts), self.search.values
        told_apart(self.data, self.intercepts, self.columns(float(np.median(values))))
        return highest(lambda number: follower.fit(self.laid_out(number)).value, values, self.rough)


def _searched(name: Name, data: Data, intercepts: Intercepts, named: dict[str, Floats], search: Search) -> Model:
    model = _Searched(data, intercepts, named, search)
    top = model.top()
    number = top.at
    columns = model.columns(number)
    slope = 0.0 if search.column is None else float(model.fitted(number, {}).fit.slopes[-1])
    tangent = {search.name: search.tangent(number, slope)}
    try:
        condition = told_apart(data, intercepts, columns | tangent)
    except NotIdentifiable:  # the number lies where it does nothing: no standard error of it
        condition, tangent = told_apart(data, intercepts, columns), {}
    fitted = model.fitted(number, tangent)
    parameters = fitted.parameters + (0 if tangent else 1)
    at = (search.name, number, search.log_unit)
    return Model(name, (*columns, *tangent), at, fitted, top.value, parameters, top.optima, top.starts, condition)
