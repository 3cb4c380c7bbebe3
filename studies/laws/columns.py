"""What the columns of a study's table are: the trial's own, the configuration's, the theory's; and numbers in them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from studies.laws.errors import UnknownName
from studies.laws.monomial import Monomial
from studies.laws.noise import Floats

Words = NDArray[np.object_]

THEORY = frozenset({"a_gap", "alpha_max", "t1_predicted", "T_star", "t2_predicted", "floor", "floor_closed_form"})
_CROSSINGS = ("t1", "t1_gradient", "t2", "t2_plateau", "delay")
_TRIAL = frozenset(
    {"id", "index", "configuration", "seed", "outcome", "obtained", "steps", "started"}
    | {f"{name}_{part}" for name in _CROSSINGS for part in ("step", "lower", "upper", "censoring", "stayed")}
    | {f"error_{name}{part}" for name in ("stop", "min", "settled", "plateau") for part in ("", "_mean_l1", "_step")}
    | {"ladder", "pack", "attempt", "host", "seconds", "limit", "train_threshold", "test_threshold"}
)
STUDY = "study"
"""Which study a trial is of, where a table holds several: a draw is one of one study."""
THRESHOLD = "test_threshold"
"""Which test error counts as generalised: a setting of the trial's study, where a table says it."""
LIMIT = "limit"
"""Step after which a trial without t2 was given up, where a table says it."""
TRAINING = frozenset(
    {"alpha", "beta", "beta1", "beta2", "regularizer", "optimizer", "init", "init_scale", "depth", "width"}
)
"""Fields that change how the same data are fitted. Every other field of a configuration may change the data: where it
varies, each of its values with each seed is a draw of its own."""


def fields(table: pa.Table) -> list[str]:
    """Return the configuration's columns."""
    return [name for name in table.column_names if name not in _TRIAL | THEORY]


def predictors(table: pa.Table) -> list[str]:
    """Return the columns that a law may be asked in: numbers of the configuration and of the theory."""
    return [name for name in table.column_names if name not in _TRIAL and _is_number(table.column(name))]


def logarithm(table: pa.Table, monomial: Monomial, parameter: str) -> Floats:
    """Return the log of a monomial, shape (rows,): nan where a column is null, -inf where one is not positive.

    Raises:
        UnknownName: a name that is neither a predictor of this table nor a theory column that is still to come.
    """
    known = predictors(table)
    unknown = [name for name in monomial.exponents if name not in known and name not in THEORY]
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
    with np.errstate(divide="ignore"):
        return np.log(floats_if_any(table, "floor") / own)


def draws(table: pa.Table) -> NDArray[np.intp]:
    """Return the draw of each row: its seed, together with every field that varies and may change the data."""
    keys = [codes for name in ("seed", *_of_data(table)) if (codes := _codes(table, name)).any()]
    if not keys:
        return np.zeros(len(table), dtype=np.intp)
    return np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def data_vary(table: pa.Table) -> bool:
    """Return whether a field that may change the data varies within a study: its exponent is one between draws."""
    return any(_codes(table, name).any() for name in _of_data(table) if name != STUDY)


def _of_data(table: pa.Table) -> list[str]:
    return [name for name in fields(table) if name not in TRAINING]


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


def objects(words: Iterable[str]) -> Words:
    """Return words as an array whose elements may be of any length."""
    return np.array(list(words), dtype=object)


def _codes(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Number the distinct values of a column from 0 in order of appearance, null among them."""
    encoded = table.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _is_number(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and not 0 < column.null_count == len(column)
