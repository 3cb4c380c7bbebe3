"""A scaling law of one study's trials: the first question of `GET /v1/studies/{id}/laws/{response}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from grokscale.studies.imports.bare import complete
from grokscale.studies.laws.answer import cautions
from grokscale.studies.laws.answer.law_document import answer
from grokscale.studies.laws.errors import NotApplicable, TooLittle, UnknownName
from grokscale.studies.laws.models.law_fit import fit_law
from grokscale.studies.laws.models.question import ask
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.laws.rows.sorting import sort
from grokscale.studies.laws.terms.grammar import parse
from grokscale.studies.laws.terms.rate import Rate
from grokscale.trainers.tasks.description import Description

MOST_GROUPS = 50


def law(
    table: pa.Table,
    response: str,
    *,
    x: str | None = None,
    terms: Sequence[str] | None = None,
    effect: str = "draw",
    threshold: float | None = None,
    by: str | None = None,
    proposed_by: str | None = None,
    task: str | Description | None = None,
) -> dict[str, Any]:
    """Fit `response = prefactor * x^exponent` with log-normal scatter, censored trials taken as what they are.

    Args:
        table: a study's trials, one row each (`Store.table`), ended or not; or finished runs made elsewhere, of which
            an Arrow table or a DataFrame has `seed`, their fields and `t2_step`, as for `Client.import_study`.
        response: `t1`, `t1_gradient`, `t2`, `t2_stayed` (the step from which the error never rose again),
            `t2_plateau`, `delay`, `error_settled`, `error_min` or `error_plateau`.
        x: a monomial of numeric fields and theory columns with one exponent to fit, `N^0.5/(alpha*beta)`; by default
            1/rate, the paper's `1/(alpha*beta)`, in which its exponent is 1.
        terms: names of fields instead, with one exponent each.
        effect: `draw` gives every draw (the data of one seed) its own prefactor: `fixed` while every row was seen to
            the step and no field that changes the data varies, else `random`, as one of a log-normal distribution.
            Either may be asked for by its name; `none` pools the draws.
        threshold: a rung of the ladder of thresholds, `0.1`; by default the study's own.
        by: a field; `groups` then has one law a value of it, or the reason why there is none.
        proposed_by: the adaptive search that chose the configurations by the results of others; None: nothing did.
        task: whose trials they are, for a table that does not say so (of a CSV file): its kind or description.

    Returns:
        The law object of the interface: plain JSON values at full precision. A number that the design cannot tell is
        null, with `not_identifiable` (the column) and `reason` beside it; no value is nan or infinite.

    Raises:
        TooLittle: too little to fit so far, or more than half of the trials cannot reach the threshold.
        BadExpression: x or a term does not parse.
        UnknownName: a name, response, effect, threshold or field that this table does not have.
        NotApplicable: x beside terms, a threshold of a response that has none, or a field of too many values.
        ValueError: no task is of this kind, or a cell of a table of finished runs is refused.
    """
    asked_in = tuple(parse(x).exponents) if x is not None else terms or ()
    table, assumed = complete(table, task, asked_in)
    question = ask(response, x, terms, effect, Rate.of(table))
    observed = observe(table, response, threshold)
    rows = sort(table, observed, question.logarithms(table), question.effect, asked=question.fields)
    found = answer(question, rows, fit_law(rows, question.names))
    found["warnings"][:0] = assumed
    if by is not None:
        found["groups"] = _groups(table, response, by, x=x, terms=terms, effect=effect, threshold=threshold)
    if proposed_by is not None:
        found["warnings"].insert(0, cautions.chosen_by_outcome(proposed_by))
    return found


def _groups(table: pa.Table, response: str, by: str, **asked: Any) -> list[dict[str, Any]]:
    fields = columns.fields(table)
    if by not in fields:
        raise UnknownName(by, fields, "by")
    values = [value for value in table.column(by).unique().to_pylist() if value is not None]
    if len(values) > MOST_GROUPS:
        raise NotApplicable(f"{by} has {len(values)} values: by= takes a field of at most {MOST_GROUPS}", "by")
    return [_group(table, response, by, value, asked) for value in sorted(values)]


def _group(table: pa.Table, response: str, by: str, value: Any, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found = law(table.filter(pc.field(by) == value), response, **asked)
    except TooLittle as refusal:
        return {"value": value, "law": None, "reason": refusal.reason}
    return {"value": value, "law": found}
