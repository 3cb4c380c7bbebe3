"""What a refused table says: every faulty cell by row and column, up to the limit that all documents have."""

from __future__ import annotations

from collections.abc import Iterable

from grokscale.studies.documents import FieldProblem, SpecError, pointer


class TableError(SpecError):
    """The table is refused; `problems` has one entry a faulty cell or argument, as of a specification."""


def cell(row: int, column: str, message: str) -> FieldProblem:
    """Return what is wrong with one cell; rows count from 0 in the pointer and from 1 in words."""
    return FieldProblem(pointer(("rows", row, column)), f"row {row + 1}, {column}: {message}")


def refuse(problems: Iterable[FieldProblem]) -> None:
    """Raise what there is.

    Raises:
        TableError: there is something.
    """
    found = list(problems)
    if found:
        raise TableError(found)
