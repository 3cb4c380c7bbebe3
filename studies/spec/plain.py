"""The gate before parsing: plain JSON data, of bounded size and depth, whoever made it."""

from __future__ import annotations

import math
from typing import Any

from studies.spec.errors import MOST, FieldProblem, SpecError, pointer, show

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
    stack: list[tuple[Path, Any]] = [((), data)]
    while stack:
        path, value = stack.pop()
        nodes += 1
        if nodes > MAX_NODES or len(path) > MAX_DEPTH:
            message = f"too large; accepted: up to {MAX_NODES} values, nested up to {MAX_DEPTH} deep"
            raise SpecError([FieldProblem(pointer(path[:1]), message)])
        if len(problems) > MOST:
            break
        if isinstance(value, dict):
            if len(value) > MAX_FIELDS:
                message = f"an object of {len(value)} fields is refused; accepted: up to {MAX_FIELDS}"
                raise SpecError([FieldProblem(pointer(path), message)])
            problems += [
                FieldProblem(pointer(path), f"the key {show(key)} is not a text; accepted: texts as keys")
                for key in value
                if not isinstance(key, str)
            ]
            stack += [((*path, key), inner) for key, inner in reversed(value.items()) if isinstance(key, str)]
        elif isinstance(value, (list, tuple)):
            stack += [((*path, i), inner) for i, inner in reversed(list(enumerate(value)))]
        elif isinstance(value, float) and not math.isfinite(value):
            problems.append(FieldProblem(pointer(path), f"{show(value)} is refused; accepted: finite numbers"))
        elif not (value is None or isinstance(value, (bool, int, float, str))):
            problems.append(FieldProblem(pointer(path), f"{show(value)} is refused; accepted: JSON values"))
    if problems:
        raise SpecError(problems)
