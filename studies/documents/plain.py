"""The gate before parsing: plain JSON data, of bounded size and depth, whoever made it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from grokscale.studies.documents.errors import MOST, FieldProblem, SpecError, pointer, show

Path = tuple[str | int, ...]
"""Keys and positions from the document down."""

MAX_DEPTH = 16
MAX_NODES = 500_000
"""Values in one document, an alias counted as often as it stands: an exponential nest of aliases ends here."""
MAX_FIELDS = 1000
"""Fields of one object. None has a tenth of it, and each that is unknown is a fault."""


def plain(data: Any) -> None:
    """Check that the data are JSON: raises `SpecError` with the first places that are not."""
    problems: list[FieldProblem] = []
    nodes = 0
    stack: list[tuple[Path, Any]] = [((), [data])]  # containers alone: a list of numbers takes no room here
    while stack and len(problems) <= MOST:
        path, container = stack.pop()
        inner: list[tuple[Path, Any]] = []
        for key, value in _members(path, container, problems):
            nodes += 1
            here = (*path, key) if nodes > 1 else ()
            if nodes > MAX_NODES or len(here) > MAX_DEPTH:
                message = f"too large; accepted: up to {MAX_NODES} values, nested up to {MAX_DEPTH} deep"
                raise SpecError([FieldProblem(pointer(here[:1]), message)])
            if isinstance(value, (dict, list, tuple)):
                inner.append((here, value))
            elif fault := _fault(value):
                problems.append(FieldProblem(pointer(here), fault))
                if len(problems) > MOST:
                    break
        stack += reversed(inner)
    if problems:
        raise SpecError(problems)


def _members(path: Path, container: Any, problems: list[FieldProblem]) -> Iterable[tuple[str | int, Any]]:
    if not isinstance(container, dict):
        return enumerate(container)
    if len(container) > MAX_FIELDS:
        message = f"an object of {len(container)} fields is refused; accepted: up to {MAX_FIELDS}"
        raise SpecError([FieldProblem(pointer(path), message)])
    problems += [
        FieldProblem(pointer(path), f"the key {show(key)} is not a text; accepted: texts as keys")
        for key in container
        if not isinstance(key, str)
    ]
    return ((key, value) for key, value in container.items() if isinstance(key, str))


def _fault(value: Any) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{show(value)} is refused; accepted: finite numbers"
    if value is None or isinstance(value, (bool, int, str)):
        return None
    return f"{show(value)} is refused; accepted: JSON values"
