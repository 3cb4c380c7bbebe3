"""From text to plain data: YAML 1.2, of which JSON is a part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from grokscale.studies.documents.errors import MOST, FieldProblem, SpecError, pointer
from grokscale.studies.documents.plain import Path
from grokscale.studies.documents.yaml12 import from_yaml

MAX_BYTES = 1 << 20
"""Of one text."""


def read(text: str, max_bytes: int = MAX_BYTES) -> Any:
    """Return the data that a JSON or YAML text states.

    Args:
        text: JSON or YAML.
        max_bytes: of the text.

    Raises:
        SpecError: with the pointer, and the line where there is one.
    """
    if len(text.encode(errors="surrogatepass")) > max_bytes:
        raise SpecError([FieldProblem("", f"the text is too large; accepted: up to {max_bytes} bytes")])
    # a reader of its own, because the one of YAML takes seconds for a megabyte of JSON
    if text.lstrip().startswith("{"):
        try:
            return from_json(text)
        except json.JSONDecodeError:
            pass  # a YAML flow mapping begins like a JSON object
    return from_yaml(text)


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys were given twice."""

    twice: tuple[str, ...] = ()


def from_json(text: str | bytes) -> Any:
    """Return the data of a JSON text. `NaN` and `Infinity` pass here and are refused, by pointer, by `parse`.

    Raises:
        json.JSONDecodeError: the text is not JSON.
        SpecError: a key is given twice, or the text cannot be held (nested too deep, too many digits).
    """
    try:
        data = json.loads(text, object_pairs_hook=_object)
        repeated = list(islice(_repeated(data, ()), MOST + 1))
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise SpecError([FieldProblem("", f"not readable as JSON: {error}")]) from None
    if repeated:
        raise SpecError(FieldProblem(pointer(path), "given twice; accepted: once") for path in repeated)
    return data


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object()
    twice: dict[str, None] = {}
    for key, value in pairs:
        if key in made:
            twice[key] = None
        made[key] = value
    made.twice = tuple(twice)
    return made


def _repeated(data: Any, path: Path) -> Iterator[Path]:
    if isinstance(data, _Object):
        yield from ((*path, key) for key in data.twice)
        for key, inner in data.items():
            yield from _repeated(inner, (*path, key))
    elif isinstance(data, list):
        for i, inner in enumerate(data):
            yield from _repeated(inner, (*path, i))
