"""The columns of a table of trials, the trial's own, the configuration's and the theory's, as arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.flat_table import COLUMNS, MEASURES
from grokscale.studies.laws.errors import UnknownName
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.terms.monomial import Monomial
from grokscale.studies.vocabulary import ERRORS_AT

Words = NDArray[np.object_]

_TRIAL = frozenset({*COLUMNS, *MEASURES})
_ERROR = re.compile(rf"error_({'|'.join(ERRORS_AT)})(_.+)?")
"""A test error, its step, or what the task measured there."""
STUDY = "study"
"""Which study a trial is of, where a table holds several."""
THRESHOLD = "test_threshold"
"""Which test error counts as generalised: a setting of the trial's study, where a table says it."""
LIMIT = "limit"
"""Step after which a trial without t2 was given up, where a table says it."""


def fields(table: pa.Table) -> list[str]:
    """Return the configuration's columns."""
    return [name for name in table.column_names if not is_trials(name) and name not in roles.of(table).predictions]


def predictors(table: pa.Table) -> list[str]:
    """Return the columns that a law may be asked in: numbers of the configuration and of the theory."""
    return [name for name in table.column_names if not is_trials(name) and _is_number(table.column(name))]


def is_trials(name: str) -> bool:
    """Return whether a column is of the trial itself, neither of its configuration nor of theory."""
    return name in _TRIAL or _ERROR.fullmatch(name) is not None


def logarithm(table: pa.Table, monomial: Monomial, parameter: str) -> Floats:
    """Return the log of a monomial, shape (rows,): nan where a column is null, -inf where one is not positive.

    Raises:
        UnknownName: a name that is neither a predictor of this table nor a theory column that is still to come.
    """
    known = predictors(table)
    to_come = roles.of(table).predictions
    unknown = [name for name in monomial.exponents if name not in known and name not in to_come]
    if unknown:
        raise UnknownName(unknown[0], known, parameter)
    total = np.full(len(table), np.log(monomial.constant))
    outside = np.zeros(len(table), dtype=bool)
    for name, exponent in monomial.exponents.items():
        values = floats_if_any(table, name)
        outside |= values <= 0
        with np.errstate(divide="ignore", invalid="ignore"):
            total += float(exponent) * np.log(values)
    missing = np.isnan(total) & ~outside
    return np.where(missing, np.nan, np.where(outside, -np.inf, total))


def log_floor(table: pa.Table, threshold: float | None) -> Floats:
    """Return log(predicted floor of the test error / threshold), shape (rows,): nan where either is not known.

    Args:
        table: trials.
        threshold: of all of them; None: each study's own (`THRESHOLD`).
    """
    own = floats_if_any(table, THRESHOLD) if threshold is None else threshold
    predicted = roles.of(table).predicting("error_settled")
    if not predicted:
        return np.full(len(table), np.nan)
    with np.errstate(divide="ignore"):
        return np.log(floats_if_any(table, predicted[0]) / own)


def floats(table: pa.Table, name: str) -> Floats:
    """Return a numeric column as floats, nan where it is null or not finite."""
    values = table.column(name).cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def floats_if_any(table: pa.Table, name: str) -> Floats:
    """Return a numeric column as floats, all nan where the table has no such column."""
    return floats(table, name) if name in table.column_names else np.full(len(table), np.nan)


def words(table: pa.Table, name: str) -> NDArray[np.object_]:
    """Return a column of words, shape (rows,), empty where it is null."""
    return objects(word or "" for word in table.column(name).to_pylist())


def words_if_any(table: pa.Table, name: str) -> Words:
    """Return a column of words likewise, all empty where the table has no such column."""
    return words(table, name) if name in table.column_names else objects([""] * len(table))


def objects(words: Iterable[str]) -> Words:
    """Return words as an array whose elements may be of any length."""
    return np.array(list(words), dtype=object)


def _is_number(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and not 0 < column.null_count == len(column)
