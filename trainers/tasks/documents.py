"""Descriptions of tasks as JSON: what processes hand to each other, and what a study keeps of its task.

Every record is an object with its `type`, every tuple a list; nothing that has a default is left out, so that what was
written reads the same when a default has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields, is_dataclass
from typing import Any

from grokscale.trainers.tasks import description
from grokscale.trainers.tasks.description import MISSING, Description

_TYPES: dict[str, type[Any]] = {
    one.__name__: one for one in vars(description).values() if isinstance(one, type) and is_dataclass(one)
}
_NONE = {"type": "MISSING"}


class NoDescription(ValueError):
    """A document states no description; the message says where and why."""


def to_json(one: Description) -> dict[str, Any]:
    """Return plain JSON values; `from_json` is the inverse.

    Raises:
        NoDescription: a default, or anything else in it, is no plain value.
    """
    return _plain(one, one.kind)


def from_json(document: Mapping[str, Any]) -> Description:
    """Rebuild a description from `to_json`.

    Raises:
        NoDescription: it is none, or of another version of grokscale that says more.
    """
    found = _built(document, "description")
    if not isinstance(found, Description):
        raise NoDescription(f"a {type(found).__name__} is no description of a task")
    return found


def digest(one: Description) -> str:
    """Return the hex SHA-256 of the JSON form, keys sorted: equal descriptions have equal ones."""
    text = json.dumps(to_json(one), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any, where: str) -> Any:
    if value is MISSING:
        return _NONE
    if type(value).__name__ in _TYPES and isinstance(value, _TYPES[type(value).__name__]):
        members = {one.name: _plain(getattr(value, one.name), f"{where}.{one.name}") for one in fields(value)}
        return {"type": type(value).__name__, **members}
    if isinstance(value, tuple | list):
        return [_plain(member, f"{where}[{i}]") for i, member in enumerate(value)]
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise NoDescription(f"{where} is {value!r}; accepted: finite numbers, texts, and what a description is made of")


def _built(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return tuple(_built(member, f"{where}[{i}]") for i, member in enumerate(value))
    if not isinstance(value, Mapping):
        return value
    if value == _NONE:
        return MISSING
    made = _TYPES.get(str(value.get("type")))
    if made is None:
        raise NoDescription(f"{where} is of no type that this version of grokscale knows: {value.get('type')!r}")
    known = {one.name for one in fields(made)}
    needed = {one.name for one in fields(made) if one.default is NO_DEFAULT and one.default_factory is NO_DEFAULT}
    given = {name: member for name, member in value.items() if name != "type"}
    if strange := sorted({*given} - known):
        raise NoDescription(f"{where}: this version of grokscale knows no {made.__name__}.{strange[0]}")
    if absent := sorted(needed - {*given}):
        raise NoDescription(f"{where}: {made.__name__}.{absent[0]} is missing")
    members = {name: _built(member, f"{where}.{name}") for name, member in given.items()}
    try:
        return made(**members)
    except ValueError as error:
        raise NoDescription(f"{where}: {error}") from None
