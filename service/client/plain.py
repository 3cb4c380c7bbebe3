"""Turns numbers and arrays of scientific packages into plain JSON values."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite
from numbers import Integral, Real
from typing import Any

from grokscale.service.client.errors import InvalidArgument
from grokscale.studies.documents import pointer

ACCEPTED = "numbers, texts, paths, times, and lists, arrays, ranges or mappings of them"
_CONVERSIONS = ("tolist", "to_pylist", "as_py")
"""Names of the method that returns plain values: of NumPy arrays and scalars (tensors and series too), Arrow arrays,
and Arrow scalars."""


def plain(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Return a value as None, bool, int, float, str, list or dict, and likewise the values in it.

    NumPy is not imported: its numbers are `numbers.Integral` and `numbers.Real`, and its arrays can convert
    themselves. A number of lower precision keeps its value: `float32(0.1)` becomes 0.10000000149011612.

    Args:
        value: of the user.
        path: where it stands, for the message.

    Raises:
        InvalidArgument: it is none of these, or not finite; the message names the place.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, (Real, Decimal)):
        if not isfinite(number := float(value)):
            raise InvalidArgument(f"{pointer(path) or 'the value'}: {number} is refused; accepted: finite numbers")
        return number
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key, path): plain(inner, (*path, key)) for key, inner in value.items()}
    for name in _CONVERSIONS:
        if callable(getattr(type(value), name, None)):
            return plain(getattr(value, name)(), path)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [plain(inner, (*path, position)) for position, inner in enumerate(value)]
    raise InvalidArgument(f"{pointer(path) or 'the value'}: a {type(value).__name__} is refused; accepted: {ACCEPTED}")


def encoded(value: Any) -> bytes:
    """Return a value as JSON.

    Raises:
        InvalidArgument: as `plain`.
    """
    return json.dumps(plain(value)).encode()


def words(value: Any, name: str) -> list[Any] | None:
    """Return a list of names, which may be given as one text with commas, as on the command line."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",")]
    listed = plain(value, (name,))
    if listed is None or isinstance(listed, list):
        return listed
    raise InvalidArgument(f"/{name}: {listed!r} is refused; accepted: a list of names, or one text with commas")


def _key(key: Any, path: tuple[str | int, ...]) -> str:
    if isinstance(key, str):
        return key
    raise InvalidArgument(f"{pointer(path) or 'the mapping'}: the key {key!r} is refused; accepted: texts as keys")
