"""Which imported runs were trained on the same data: the two identities of a draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.documents import MOST, FieldProblem
from grokscale.studies.imports.cells import Cells, Floats
from grokscale.studies.imports.errors import cell
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.description import IMPORTED
from grokscale.trainers.trial import Value

_SHORT = 16
"""Digits of a hash that tell tables apart."""


def identities(
    cells: Cells,
    seed: Floats,
    configs: Sequence[Mapping[str, Value]],
    data: Sequence[str],
    rows_hash: str,
) -> tuple[list[str], list[str]]:
    """Return what names the data of every run, and the random numbers that they are made of.

    An exported table has both as `data_id` and `stream_id`, which stay as they are. A `draw` is the same in every
    imported table. What has none is told by the table, the fields of the data and the seed.

    Args:
        cells: the table.
        seed: of every run, shape (rows,).
        configs: of every run; equal ones are one object.
        data: fields that name the data.
        rows_hash: of the table.
    """
    draws, given, streams = (cells.texts(name).tolist() for name in ("draw", "data_id", "stream_id"))
    distinct = {id(config): config for config in configs}
    keys = {name: Streams.key_of(config, data)[:_SHORT] for name, config in distinct.items()}
    named = [
        data_id
        or (f"{IMPORTED}:{draw}" if draw else f"{IMPORTED}:{rows_hash[:_SHORT]}:{keys[id(config)]}:{number:.0f}")
        for data_id, draw, config, number in zip(given, draws, configs, seed, strict=True)
    ]
    return named, [stream or name for stream, name in zip(streams, named, strict=True)]


def repeated(numbers: NDArray[np.int64], seed: Floats, data: Iterable[str]) -> Iterator[FieldProblem]:
    """Yield the rows of runs that stand in the table before: a run that counts twice would make its law too sure."""
    first: dict[tuple[int, float, str], int] = {}
    found = 0
    for row, run in enumerate(zip(numbers.tolist(), seed.tolist(), data, strict=True)):
        before = first.setdefault(run, row)
        if before != row and found <= MOST:
            found += 1
            same = f"the same configuration, seed and draw as row {before + 1}"
            yield cell(row, "seed", f"{same}; accepted: each run once, or another draw")
