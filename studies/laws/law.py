"""A scaling law of one study's trials: the first question of `GET /v1/studies/{id}/laws/{response}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from studies.laws import cautions
from studies.laws.answer import answer
from studies.laws.question import ask
from studies.laws.responses import observe
from studies.laws.rows import sort
from studies.laws.solve import solve


def law(
    table: pa.Table,
    response: str,
    *,
    x: str | None = None,
    terms: Sequence[str] | None = None,
    effect: str = "draw",
    threshold: float | None = None,
    proposed_by: str | None = None,
) -> dict[str, Any]:
    """Fit `response = prefactor * x^exponent` with log-normal scatter, censored trials taken as what they are.

    Args:
        table: a study's trials, one row each (`Store.table`), ended or not.
        response: `t1`, `t1_gradient`, `t2`, `t2_stayed` (the step from which the error never rose again),
            `t2_plateau`, `delay`, `error_settled`, `error_min` or `error_plateau`.
        x: a monomial of numeric fields and theory columns with one exponent to fit, `N^0.5/(alpha*beta)`; by default
            the paper's `1/(alpha*beta)`, in which its exponent is 1.
        terms: names of fields instead, with one exponent each.
        effect: `draw` gives every draw (the data of one seed) its own prefactor: `fixed` while every row was seen to
            the step and no field that changes the data varies, else `random`, as one of a log-normal distribution.
            Either may be asked for by its name; `none` pools the draws.
        threshold: a rung of the ladder of thresholds, `0.1`; by default the study's own.
        proposed_by: the adaptive search that chose the configurations by the results of others; None: nothing did.

    Returns:
        The law object of the interface: plain JSON values at full precision. A number that the design cannot tell is
        null, with `not_identifiable` (the column) and `reason` beside it; no value is nan or infinite.

    Raises:
        TooLittle: too little to fit so far, or more than half of the trials cannot reach the threshold.
        BadExpression: x or a term does not parse.
        UnknownName: a name, response, effect or threshold that this table does not have.
        NotApplicable: x beside terms, or a threshold of a response that has none.
    """
    question = ask(response, x, terms, effect)
    observed = observe(table, response, threshold)
    rows = sort(table, observed, question.logarithms(table), question.effect)
    found = answer(question, rows, solve(rows, question.names))
    if proposed_by is not None:
        found["warnings"].insert(0, cautions.chosen_by_outcome(proposed_by))
    return found
