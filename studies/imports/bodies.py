"""A table as it is sent, and what is said beside it: read in a process of its own, since anyone may have made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grokscale.studies.documents import FieldProblem, pointer, show
from grokscale.studies.imports import reading, trials
from grokscale.studies.imports.asked import ARGUMENTS, Asked
from grokscale.studies.imports.errors import TableError
from grokscale.studies.imports.memory import bounded
from grokscale.studies.imports.reading import CSV, JSON, Sheet
from grokscale.studies.imports.trials import Imported

OF_TASK = ("rate", "data", "error", "train_threshold", "test_threshold", "steps_per_unit")
"""Arguments that a JSON document has in its `task`."""
_BESIDE = tuple(name for name in ARGUMENTS if name not in OF_TASK)
_MEMORY = 1 << 31
"""Bytes: the largest study, with all of its columns, takes a quarter of them."""


def read(content: bytes, media: str, said: Mapping[str, Any], most_rows: int) -> Imported:
    """Return the runs of a table.

    Args:
        content: of the file.
        media: one of `reading.CSV`, `PARQUET`, `JSON`.
        said: beside it, see `Asked.of`; a JSON document says it itself.
        most_rows: of the largest study.

    Raises:
        TableError: with everything that is wrong, up to the limit of all documents.
    """
    try:
        with bounded(_MEMORY):
            return _json(content, most_rows) if media == JSON else _file(content, media, said, most_rows)
    except MemoryError:
        message = f"takes more than {_MEMORY >> 30} GiB once it is unpacked; accepted: fewer or shorter columns"
        raise TableError([FieldProblem("", message)]) from None


def _file(content: bytes, media: str, said: Mapping[str, Any], most_rows: int) -> Imported:
    asked = Asked.of(said)
    sheet: Sheet = (reading.from_csv if media == CSV else reading.from_parquet)(content, most_rows)
    return trials.read(sheet, asked)


def _json(content: bytes, most_rows: int) -> Imported:
    sheet, document = reading.from_document(content, most_rows)
    task = document.pop("task", None) or {}
    if not isinstance(task, dict):
        accepted = f"accepted: an object with {', '.join(OF_TASK)}"
        raise TableError([FieldProblem("/task", f"{show(task)} is refused; {accepted}")])
    strange = [((), _BESIDE, name) for name in document if name not in _BESIDE]
    strange += [(("task",), OF_TASK, name) for name in task if name not in OF_TASK]
    if strange:
        raise TableError(
            FieldProblem(pointer((*path, name)), f"no such field; accepted: {', '.join(known)}")
            for path, known, name in strange
        )
    try:
        return trials.read(sheet, Asked.of(document | task))
    except TableError as error:
        inside = {f"/{name}": f"/task/{name}" for name in OF_TASK}
        raise TableError(
            FieldProblem(inside.get(one.pointer, one.pointer), one.message) for one in error.problems
        ) from None
