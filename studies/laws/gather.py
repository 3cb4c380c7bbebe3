"""From a table of trials to the rows and columns that a family of models is fitted to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from studies.laws import columns
from studies.laws.data import Data
from studies.laws.grammar import parse
from studies.laws.looks import Looks
from studies.laws.monomial import Monomial
from studies.laws.noise import NOISES, Floats
from studies.laws.request import Request
from studies.laws.responses import observe
from studies.laws.rows import Rows, sort
from studies.laws.solve import enough_to_begin


def gather(table: pa.Table, request: Request) -> Data:
    """Return the rows of a table that a request is of, with the columns of every model.

    Raises:
        TooLittle, UnknownName, NotApplicable, BadExpression: see `law`.
    """
    observed = observe(table, request.response, request.threshold)
    terms = _swept(table) if request.terms is None else request.terms
    alpha, beta = _logs(table, "alpha"), _logs(table, "beta")
    named = {name: _logs(table, name) for name in terms}
    x = np.stack([alpha + beta, beta, *named.values()], axis=1)
    rows = sort(table, observed, x, request.effect, NOISES[request.noise])
    enough_to_begin(rows)
    within = rows.sample.x
    levels, studies = _studies(table, rows)
    gap = _logs(table, request.gap)[rows.inside]
    return Data(
        rows=rows,
        log_ab=within[:, 0],
        beta=np.exp(within[:, 1]),
        terms={name: within[:, 2 + i] for i, name in enumerate(named)},
        gap_name=request.gap,
        gap=gap if len(gap) and np.isfinite(gap).all() else None,
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


def _swept(table: pa.Table) -> tuple[str, ...]:
    """Return the numeric fields that vary, alpha and beta first: what M3 has an exponent each of."""
    numeric = [name for name in columns.fields(table) if name in columns.predictors(table)]
    varying = [name for name in numeric if len(set(table.column(name).to_pylist())) > 1]
    return tuple(sorted(varying, key=lambda name: (name != "alpha", name != "beta", name)))


def _logs(table: pa.Table, name: str) -> Floats:
    """Return the logarithm of a field of every trial: nan where missing, -inf where not positive."""
    monomial: Monomial = parse(name, "terms")
    return columns.logarithm(table, monomial, "terms")
