"""The configuration of imported runs: which columns are fields, what each is for, and which runs share one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.documents import FieldProblem, pointer, show
from grokscale.studies.flat_table import HEAD, MEASURES, REACHED, TAIL, THRESHOLDS, TIMES
from grokscale.studies.imports.asked import ACCEPTED_NAME, NAME, Asked
from grokscale.studies.imports.cells import Cells
from grokscale.studies.imports.errors import TableError
from grokscale.studies.vocabulary import ERRORS_AT
from grokscale.trainers.plugins.checks import reserved
from grokscale.trainers.tasks.description import Column
from grokscale.trainers.trial import Value

_ERROR = re.compile(rf"error_({'|'.join(ERRORS_AT)})(_(.+))?")
_MADE_ANEW = frozenset({"id", "index", "configuration", "started", "pack", "attempt"})
"""Columns of an export that are left out: every study counts its own."""
_DELAY = re.compile(r"delay_(step|lower|upper|censoring|reason)")
"""And those that follow from t1 and t2."""
_READ = frozenset({*HEAD, *REACHED, *THRESHOLDS, *MEASURES, *TIMES, *TAIL, "draw"})
_NAMES = frozenset({"regularizer", "optimizer"})
"""Fields of every configuration of this service: the names of methods."""
LONGEST = 200
"""Characters of a text."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns that are neither of the run itself nor predictions.

    Attributes:
        names: in the table's order.
        data: of these, what names the data of a run.
        methods: of these, what is of the method of training: the fields of the rate, and what the table says.
        rate: see `Asked`.
        theory: what the table's task predicts, of which the table may lack columns.
        assumed: numeric columns of which nothing says what they are, and which count as data.
    """

    names: tuple[str, ...]
    data: tuple[str, ...]
    methods: tuple[str, ...]
    rate: tuple[str, ...]
    theory: tuple[Column, ...]
    assumed: tuple[str, ...]

    @property
    def remark(self) -> str:
        """What to say of what was assumed; empty: nothing was."""
        if not self.assumed:
            return ""
        named, many = ", ".join(self.assumed), len(self.assumed) > 1
        return f"nothing says what {named} {'are' if many else 'is'}: {'they count' if many else 'it counts'} as data"


def of(cells: Cells, asked: Asked, predictors: frozenset[str] = frozenset()) -> Fields:
    """Sort the columns of a table.

    What is data is what was asked for; else what the table says of itself (as an exported Parquet file does); else
    what is data to a task of this package that has a field of that name; else every number of which nothing is known.

    Args:
        cells: the table.
        asked: what is said beside it.
        predictors: fields that a law is asked in, which are no data unless something says so.

    Raises:
        TableError: a column has a name that no field can have, or is missing.
    """
    told, says = _told(cells), roles.says(cells.metadata)
    theory = tuple(column for column in told.theory if says or column.name in cells.names)
    predicted = {column.name for column in theory}
    names = tuple(name for name in cells.names if not _of_the_run(name) and name not in predicted)
    problems = [*_named(names), *_missing(cells, names, asked)]
    rate = asked.rate or told.rate
    if not asked.rate and not {*rate} <= {*names}:
        absent = next(one for one in rate if one not in names)
        problems.append(
            FieldProblem("", f"no column {absent}; accepted: the fields of the rate {'*'.join(rate)}, or rate=")
        )
    if problems:
        raise TableError(problems)
    assumed: tuple[str, ...] = ()
    if asked.data is not None:
        data = tuple(name for name in names if name in asked.data)
    else:
        known = {*roles.known_fields(), *rate, *predictors}
        if not says:
            assumed = tuple(name for name in names if name not in known and _is_number(cells.column(name)))
        data = tuple(name for name in names if name in told.data or name in assumed)
    data = tuple(name for name in data if name not in rate)
    methods = tuple(name for name in names if name in {*told.methods, *rate} and name not in data)
    return Fields(names, data, methods, rate, theory, assumed)


def configurations(cells: Cells, fields: Fields) -> list[dict[str, Value]]:
    """Return the configuration of every run; equal ones are one object. Cells that no field can have are noted."""
    columns = {name: _values(cells, name, number=name in fields.rate) for name in fields.names}
    known: dict[tuple[Value, ...], dict[str, Value]] = {}
    if not columns:
        return [{}] * cells.rows
    return [
        known.setdefault(values, dict(zip(columns, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def numbered(configs: Sequence[Mapping[str, Value]]) -> NDArray[np.int64]:
    """Return the number of every run's configuration, from 0 in order of appearance, shape (rows,)."""
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(id(config), len(numbers)) for config in configs], dtype=np.int64)


def measures(cells: Cells) -> dict[str, tuple[str, str]]:
    """Return the columns of what was measured beside an error: the point, and the measure."""
    found = {}
    for name in cells.names:
        match = _ERROR.fullmatch(name)
        if match is not None and match[3] not in (None, "step"):
            found[name] = (match[1], match[3])
    return found


def _told(cells: Cells) -> roles.Roles:
    try:
        return roles.of(cells.table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"what the file says of its columns (the metadata grokscale.task) is not readable: {error}"
        raise TableError([FieldProblem("", said)]) from None


def _of_the_run(name: str) -> bool:
    anew = name in _MADE_ANEW or _DELAY.fullmatch(name) is not None
    return anew or name in _READ or _ERROR.fullmatch(name) is not None


def _named(names: tuple[str, ...]) -> Iterator[FieldProblem]:
    remedy = "or rename= or ignore= for it"
    for name in names:
        at = pointer(("rows", 0, name))
        if not NAME.fullmatch(name):
            yield FieldProblem(at, f"the column {show(name)} is refused; accepted: {ACCEPTED_NAME}, {remedy}")
        elif reserved(name) and name not in _NAMES:
            taken = "is the name of a column that every study has"
            yield FieldProblem(at, f"{name} {taken}; accepted: another name, {remedy}")


def _missing(cells: Cells, names: tuple[str, ...], asked: Asked) -> Iterator[FieldProblem]:
    for argument in ("rate", "data"):
        for name in getattr(asked, argument) or ():
            if name not in names:
                yield FieldProblem(f"/{argument}", f"{show(name)} is no field; accepted: {', '.join(names) or 'none'}")
    if not cells.has("seed"):
        yield FieldProblem("", f"no column seed; accepted: whole numbers; there are {', '.join(cells.names)}")
    if not cells.has("t2_step") and not cells.has("t2_lower", "t2_upper", "t2_censoring"):
        yield FieldProblem("", "no column t2_step; accepted: it, or t2_lower, t2_upper and t2_censoring")


def _values(cells: Cells, name: str, *, number: bool) -> list[Value]:
    column = cells.column(name)
    if pa.types.is_string(column.type) and not number:
        texts = column.to_pylist()
        bad = [text is not None and not (len(text) <= LONGEST and text.isprintable()) for text in texts]
        cells.refuse(
            np.array(bad, dtype=bool), name, f"{{}} is refused; accepted: up to {LONGEST} printable characters"
        )
        return texts
    values = cells.numbers(name)  # notes what is not finite
    if pa.types.is_integer(column.type):
        return column.to_pylist()
    return [None if np.isnan(value) else float(value) for value in values]


def _is_number(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and column.null_count < len(column)
