"""From a table of trials to the rows and columns that a family of models is fitted to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.laws.likelihood.noise import NOISES, Floats
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.law_fit import enough_to_begin
from grokscale.studies.laws.models.request import Request
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.looks import Looks
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.laws.rows.sorting import Rows, sort
from grokscale.studies.laws.terms.grammar import field, fields, parse
from grokscale.studies.laws.terms.rate import Rate


def model_frame(table: pa.Table, request: Request) -> Data:
    """Return the rows of a table that a request is of, with the columns of every model.

    Raises:
        TooLittle, UnknownName, NotApplicable, BadExpression: see `law`.
    """
    observed = observe(table, request.response, request.threshold)
    rate = Rate.of(table)
    names = _swept(table, rate) if request.terms is None else fields(request.terms)
    x = np.stack([columns.logarithm(table, one, "models") for one in (rate.inverse, parse(rate.strength))], axis=1)
    terms = {name: _logs(table, name, "terms") for name in names}
    gap_name = request.gap if request.gap is not None else roles.of(table).heuristic
    gap = np.full(len(table), np.nan) if gap_name is None else _logs(table, field(gap_name, "gap"), "gap")
    rows = sort(table, observed, x, request.effect, NOISES[request.noise])
    enough_to_begin(rows)
    levels, studies = _studies(table, rows)
    return Data(
        rows=rows,
        rate=rate,
        log_x=rows.sample.x[:, 0],
        log_strength=rows.sample.x[:, 1],
        terms={name: column[rows.inside] for name, column in terms.items()},
        gap_name=gap_name or "",
        gap=gap[rows.inside],
        log_floor=columns.log_floor(table, request.threshold)[rows.inside],
        looks=Looks.of(rows.sample, observed.limit[rows.inside]),
        studies=studies,
        levels=levels,
    )


def _studies(table: pa.Table, rows: Rows) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    if columns.STUDY not in table.column_names:
        return ("",), np.zeros(len(rows.cluster), dtype=np.intp)
    levels, codes = np.unique(columns.words(table, columns.STUDY)[rows.inside].astype(str), return_inverse=True)
    return tuple(levels.tolist()), codes.reshape(-1)


def _swept(table: pa.Table, rate: Rate) -> tuple[str, ...]:
    """Return the numeric fields that vary, those of the rate first: what M3 has an exponent each of."""
    numeric = [name for name in columns.fields(table) if name in columns.predictors(table)]
    varying = [name for name in numeric if len(set(table.column(name).to_pylist())) > 1]
    order = {name: i for i, name in enumerate(rate.fields)}
    return tuple(sorted(varying, key=lambda name: (order.get(name, len(order)), name)))


def _logs(table: pa.Table, monomial: str, parameter: str) -> Floats:
    """Return the logarithm of a monomial of every trial: nan where missing, -inf where not positive."""
    return columns.logarithm(table, parse(monomial, parameter), parameter)
