"""Tables that say little of themselves (of a notebook, a CSV file) as the tables of trials that answers are made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa

from grokscale.studies import roles
from grokscale.studies.imports import reading, trials
from grokscale.studies.imports.asked import Asked
from grokscale.trainers.tasks.description import Description

OF_LAWS = frozenset({"data_id", "stream_id", "outcome", "obtained", "steps", "started"})
"""Columns that a law reads of every table of trials."""
OF_THEORY = OF_LAWS | {"id", "index", "configuration"}


def complete(
    table: Any,
    task: str | Description | None,
    asked_in: Collection[str] = (),
    needed: Collection[str] = OF_LAWS,
) -> tuple[pa.Table, list[str]]:
    """Return a table of trials with what its task says of it, and warnings of what was assumed.

    A table that lacks columns is read as one of finished runs, see `imports.trials`: a draw is told by `data_id`,
    `draw`, or the columns of the data and the seed.

    Args:
        table: an Arrow table, or what Arrow makes one of, such as a DataFrame.
        task: whose trials they are: its kind or description; None: what the table says itself, else names that the
            tasks of this package describe.
        asked_in: fields that the question is in: no data unless something says so, and the rate where there is none.
        needed: columns that are read.

    Raises:
        ValueError: no task is of this kind, or a cell is refused, by row and column.
    """
    given = roles.told(table if isinstance(table, pa.Table) else pa.table(table), task)
    if {*needed} <= {*given.column_names}:
        return given, []
    own = {*roles.of(given).rate} <= {*given.column_names}
    rate = () if own else tuple(name for name in asked_in if name in given.column_names)
    found = trials.read(reading.typed(given), Asked("a table", rate=rate), frozenset(asked_in))
    return found.trials, [f"{found.remark} (task= says otherwise)"] if found.remark else []
