"""The question a law is asked: which response, in which monomials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from grokscale.studies.laws.errors import BadExpression, NotApplicable, UnknownName
from grokscale.studies.laws.inference.intercepts import Effect
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.terms.grammar import fields, parse
from grokscale.studies.laws.terms.monomial import Monomial
from grokscale.studies.laws.terms.rate import Rate


@dataclass(frozen=True, slots=True)
class Question:
    """One monomial with one exponent (`x`), or one exponent a field (`terms`).

    Attributes:
        response: what is fitted.
        x: the monomial, None where terms are asked for.
        terms: the fields, None where x is.
        effect: `draw` (an intercept a draw: `fixed`, or `random` where rows are censored or the data vary) or `none`.
        rate: what the paper's law is in.
    """

    response: str
    x: Monomial | None
    terms: tuple[str, ...] | None
    effect: Effect
    rate: Rate

    @property
    def names(self) -> tuple[str, ...]:
        """The predictors as the answer calls them."""
        return (self.x.text,) if self.x is not None else self.terms or ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the law is in."""
        return tuple(self.x.exponents) if self.x is not None else self.names

    def logarithms(self, table: pa.Table) -> Floats:
        """Return the predictors' logarithms, shape (rows, p): nan where missing, -inf where not positive.

        Raises:
            UnknownName: a name that is not a numeric column of the configuration or the theory.
        """
        if self.x is not None:
            return columns.logarithm(table, self.x, "x")[:, None]
        return np.stack([columns.logarithm(table, parse(name), "terms") for name in self.names], axis=1)


def ask(response: str, x: str | None, terms: Sequence[str] | None, effect: str, rate: Rate) -> Question:
    """Check a question as far as that is possible without the data; left alone, it is of the rate's inverse.

    Raises:
        BadExpression: x is not a monomial with a name in it, or a term is not one name.
        UnknownName: no such effect.
        NotApplicable: both x and terms, or no term; see `grammar.fields`.
    """
    if effect not in get_args(Effect):
        raise UnknownName(effect, get_args(Effect), "effect")
    kind: Any = effect
    if terms is None:
        return Question(response, rate.inverse if x is None else _monomial(x), None, kind, rate)
    if x is not None:
        raise NotApplicable("x= asks for one exponent, terms= for one a field: give one of them", "terms")
    return Question(response, None, fields(terms), kind, rate)


def _monomial(expression: str) -> Monomial:
    monomial = parse(expression)
    if not monomial.exponents:
        raise BadExpression("names no field, so it is the same for every trial", 0, expression)
    return monomial
