"""Which rows share their data, their random numbers or a run: rows numbered by what they have in some columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.laws.rows.columns import STUDY, fields


def draws(table: pa.Table) -> NDArray[np.intp]:
    """Return the draw of each row, the data that it is of, numbered from 0 by seed and then as they appear."""
    return _of_name(table, "data_id")


def streams(table: pa.Table) -> NDArray[np.intp]:
    """Return the stream of each row, the random numbers that its data are made of, numbered likewise.

    Draws of one stream are not independent: whatever counts draws as a sample counts these.
    """
    return _of_name(table, "stream_id")


def _of_name(table: pa.Table, name: str) -> NDArray[np.intp]:
    """Number the rows by a name that may serve several seeds; where it is null the seed tells them apart."""
    order, same = numbered(table, "seed", name), numbered(table, name)
    same = np.where(table.column(name).is_null().to_numpy(), len(table) + order, same)
    least = np.full(2 * len(table), len(table), dtype=np.intp)
    np.minimum.at(least, same, order)
    return np.unique(least[same], return_inverse=True)[1].reshape(-1).astype(np.intp)


def data_vary(table: pa.Table) -> bool:
    """Return whether a field that changes the data varies within a study: its exponent is one between draws."""
    seeds = ("seed", STUDY) if STUDY in table.column_names else ("seed",)
    return len(np.unique(numbered(table, *seeds))) < len(np.unique(numbered(table, *seeds, "data_id")))


def varying_within(table: pa.Table, draw: NDArray[np.intp]) -> dict[str, NDArray[np.int64]]:
    """Return the fields of the configuration that vary within some draw, each row's value as a number from 0."""
    coded = {name: _codes(table, name) for name in fields(table) if name != STUDY}
    return {name: codes for name, codes in coded.items() if not _told_by(draw, codes)}


def varying_between(table: pa.Table, draw: NDArray[np.intp]) -> list[str]:
    """Return the fields that vary between draws and are the same within each: what the draws differ in."""
    coded = {name: _codes(table, name) for name in fields(table) if name not in {STUDY, *roles.of(table).methods}}
    return [name for name, codes in coded.items() if codes.any() and _told_by(draw, codes)]


def _told_by(draw: NDArray[np.intp], codes: NDArray[np.int64]) -> bool:
    """Whether rows of one draw have one code."""
    first = np.zeros(int(draw.max(initial=-1)) + 1, dtype=np.int64)
    first[draw] = codes
    return bool((first[draw] == codes).all())


def numbered(table: pa.Table, *names: str) -> NDArray[np.intp]:
    """Number the rows by what they have in some columns, shape (rows,)."""
    number = np.zeros(len(table), dtype=np.int64)
    for name in names:
        codes = _codes(table, name)
        number = np.unique(number * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1].reshape(-1)
    return number.astype(np.intp)


def _codes(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Number the distinct values of a column from 0 in order of appearance, null among them."""
    encoded = table.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
