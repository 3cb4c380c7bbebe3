"""A law's maximum-likelihood fit, before degrees of freedom are corrected: what other programs report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grokscale.studies.laws.likelihood.fixed.fit import Fit
from grokscale.studies.laws.models.law_fit import fit_law
from grokscale.studies.laws.models.question import ask
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.laws.rows.sorting import sort
from grokscale.studies.laws.terms.rate import Rate
from tests.studies.laws.tables import Row, table


def fitted(rows: Sequence[Row], response: str = "t2", *, effect: str = "fixed", **asked: Any) -> Fit:
    """Fit as `law` does and return what it builds its answer from."""
    data = table(rows)
    question = ask(response, asked.get("x"), asked.get("terms"), effect, Rate.of(data))
    sorted_rows = sort(data, observe(data, response, None), question.logarithms(data), question.effect)
    fit = fit_law(sorted_rows, question.names).fit
    assert fit is not None
    return fit
