"""A law in one monomial for a chart: its rows, and the fitted line with its confidence band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from grokscale.studies.laws.answer.law_document import answer
from grokscale.studies.laws.answer.sentences import interval
from grokscale.studies.laws.inference.estimates import Estimate
from grokscale.studies.laws.models.law_fit import LawFit, fit_law
from grokscale.studies.laws.models.question import Question, ask
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.laws.rows.sorting import Rows, sort
from grokscale.studies.laws.terms.monomial import Monomial
from grokscale.studies.laws.terms.rate import Rate


@dataclass(frozen=True, slots=True)
class FittedLine:
    """A fitted law with what it was fitted to.

    Attributes:
        question: its `x` is a monomial.
        rows: of every trial: the observed response, the logarithm of x and the draw.
        law_fit: the fit; none where the design cannot tell the exponent.
        threshold: the rung of the ladder that was asked for; None: the study's own.
        law: the law object, as `studies.laws.law` returns it.
    """

    question: Question
    rows: Rows
    law_fit: LawFit
    threshold: float | None
    law: dict[str, Any]

    @property
    def x(self) -> Monomial:
        """The monomial that the law is in."""
        assert self.question.x is not None
        return self.question.x

    @property
    def exponent(self) -> str | None:
        """The exponent with its 95 % interval, in as many digits as it bears; None where there is none."""
        inference = self.law_fit.inference
        return interval(inference.slope(0)) if inference else None

    def at(self, log_x: float) -> Estimate | None:
        """Return the mean over draws of the response's logarithm where x has this logarithm; None without a fit."""
        fitted = self.law_fit.fitted
        if fitted is None:
            return None
        place = np.zeros(fitted.sample.x.shape[1])  # beside x, settings about their mean
        place[0] = log_x
        return fitted.level_at(place)


def fitted_line(
    table: pa.Table, response: str = "t2", *, x: str | None = None, effect: str = "draw", threshold: float | None = None
) -> FittedLine:
    """Fit a law in one monomial; arguments, and what is raised, as for `studies.laws.law`."""
    question = ask(response, x, None, effect, Rate.of(table))
    observed = observe(table, response, threshold)
    rows = sort(table, observed, question.logarithms(table), question.effect, asked=question.fields)
    law_fit = fit_law(rows, question.names)
    return FittedLine(question, rows, law_fit, threshold, answer(question, rows, law_fit))
