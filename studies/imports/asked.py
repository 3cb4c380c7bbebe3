"""What is said beside a table of finished runs: its name, the rate that its laws are in, what its columns are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from grokscale.studies.documents import FieldProblem, pointer, show
from grokscale.studies.imports.errors import TableError
from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Number, Refused
from grokscale.studies.spec.words import Text

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
ACCEPTED_NAME = "a letter, then letters, digits and _"
MOST_STEPS_PER_UNIT = 10**9
NO_THRESHOLD = 1e-2
"""Of an error, where nobody says one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is said beside a table.

    Attributes:
        name: of the study, 1 to 200 printable characters.
        tags: of the study.
        rate: fields whose product the runs' speed is proportional to, the strength of the regulariser last; empty: what
            the table says of itself, else alpha and beta.
        data: columns that name the data of a run; None: what the table says, see `imports.fields`.
        rename: a column's name in the table to the one it shall have.
        ignore: columns that are left out.
        train_threshold, test_threshold: what t1 and t2 are the crossings of; None: what the table says, else 0.01.
        steps_per_unit: optimiser steps in one unit of the table's times.
        error: what the errors are, in words.
    """

    name: str
    tags: tuple[str, ...] = ()
    rate: tuple[str, ...] = ()
    data: tuple[str, ...] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    train_threshold: float | None = None
    test_threshold: float | None = None
    steps_per_unit: float = 1.0
    error: str = "as it was logged"

    def threshold(self, name: str, in_table: float | None) -> float:
        """Return the train or the test threshold: as asked, else as the table has it, else 0.01."""
        given: float | None = getattr(self, name)
        return next(value for value in (given, in_table, NO_THRESHOLD) if value is not None)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Asked:
        """Return what plain JSON values say, by the names of the attributes, `rate` as text; null: not said.

        Raises:
            TableError: with every faulty one, `/name` its pointer.
        """
        problems = []
        checked: dict[str, Any] = {}
        for name, check in _CHECKS.items():
            if said.get(name) is None:
                if name == "name":
                    problems.append(FieldProblem("/name", f"missing; accepted: {_LINE.accepted}"))
                continue
            try:
                checked[name] = check(said[name])
            except Refused as refused:
                problems += [FieldProblem(pointer((name,)), message) for _, message in refused.faults]
        problems += [
            FieldProblem(pointer((name,)), f"no such argument; accepted: {', '.join(_CHECKS)}")
            for name in said
            if name not in _CHECKS
        ]
        if problems:
            raise TableError(problems)
        return cls(**checked)


_LINE = Text()
_COLUMNS = ListOf(_LINE, 0, 500)


def _rate(value: Any) -> tuple[str, ...]:
    names = [part.strip() for part in value.split("*")] if isinstance(value, str) else []
    if not names or not all(map(NAME.fullmatch, names)) or len({*names}) < len(names):
        accepted = "columns that differ, with * between them, the strength of the regulariser last (lr*weight_decay)"
        raise Refused(((), f"{show(value)} is refused; accepted: {accepted}"))
    return tuple(names)


def _rename(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(
        isinstance(new, str) and NAME.fullmatch(new) for new in value.values()
    ):
        message = f"{show(value)} is refused; accepted: columns to their new names, each {ACCEPTED_NAME}"
        raise Refused(((), message))
    return {str(old): new for old, new in value.items()}


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": _LINE.check,
    "tags": ListOf(_LINE, 0, 50).check,
    "rate": _rate,
    "data": _COLUMNS.check,
    "rename": _rename,
    "ignore": _COLUMNS.check,
    "train_threshold": Number().check,
    "test_threshold": Number().check,
    "steps_per_unit": Number(0, MOST_STEPS_PER_UNIT, above=True).check,
    "error": _LINE.check,
}
ARGUMENTS: Final = tuple(_CHECKS)
"""What can be said, by name."""
