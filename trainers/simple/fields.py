"""Fields of a task as attributes of its class: `n: int = field(60, "coordinates", data=True)`."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

from grokscale.trainers.tasks.description import MISSING, Field, OneOf, Real, Whole

_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Declared:
    """What `field` was given, until the class is there that it belongs to."""

    default: Any
    says: str
    data: bool
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    sweeps: bool
    packs: bool
    size: bool
    unit: str
    letter: str


def field(
    default: Any = MISSING,
    says: str = "",
    *,
    data: bool = False,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    sweeps: bool = True,
    packs: bool = False,
    size: bool = False,
    unit: str = "1",
    letter: str = "",
) -> Any:
    """Declare a field of a `SimpleTask`, annotated as `int`, `float` or `str`.

    Args:
        default: its value where a specification leaves it out; without one it must be given.
        says: what it is.
        data: the data of a draw depend on it.
        low: end of its range; 1 of an `int` where it is not given, none of a `float`.
        high: the other end; 1e9 of an `int`, none of a `float`.
        choices: words, of a `str`.
        sweeps: it takes lists and ranges too; words never do.
        packs: trials that `stack` advances together must agree in it.
        size: it is held against the server's limit on sizes.
        unit: "1": none.
        letter: what charts write for it.
    """
    return Declared(default, says, data, low, high, choices, sweeps, packs, size, unit, letter)


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields that a class declares itself, each attribute replaced by its default.

    Raises:
        TypeError: one of them cannot be; the message names class and attribute.
    """
    annotated = inspect.get_annotations(cls)
    declared = {name: value for name, value in vars(cls).items() if isinstance(value, Declared)}
    found = tuple(_field(f"{cls.__name__}.{name}", name, one, annotated) for name, one in declared.items())
    for one in found:
        delattr(cls, one.name) if one.default is MISSING else setattr(cls, one.name, one.default)
    return found


def _field(where: str, name: str, one: Declared, annotated: dict[str, Any]) -> Field:
    if name not in annotated:
        raise TypeError(f"{where} has no annotation; accepted: {name}: int = field(...), or float, or str")
    annotation = annotated[name]
    accepts = _accepts(where, one, getattr(annotation, "__name__", annotation))
    if one.default is not MISSING and not _fits(one.default, accepts):
        raise TypeError(f"{where}: its default {one.default!r} is none of its values; accepted: {accepts}")
    return Field(
        name,
        accepts,
        one.says or name,
        one.default,
        sweeps=one.sweeps and not isinstance(accepts, OneOf),
        role="data" if one.data else "training",
        packs=one.packs,
        size=one.size,
        unit=one.unit,
        letter=one.letter,
    )


def _accepts(where: str, one: Declared, annotation: str) -> Real | Whole | OneOf:
    if annotation == "int":
        return Whole(1 if one.low is None else int(one.low), _MOST if one.high is None else int(one.high))
    if annotation == "float":
        return Real(one.low, one.high)
    if annotation == "str" and one.choices:
        return OneOf(tuple(one.choices))
    if annotation == "str":
        raise TypeError(f"{where} has no choices; accepted: field(..., choices=('one', 'other'))")
    raise TypeError(f"{where} is annotated as {annotation}; accepted: int, float, str")


def _fits(value: Any, accepts: Real | Whole | OneOf) -> bool:
    if isinstance(accepts, OneOf):
        return value in accepts.words
    types = int if isinstance(accepts, Whole) else (int, float)
    if isinstance(value, bool) or not isinstance(value, types) or not math.isfinite(value):
        return False
    return (accepts.low is None or accepts.low <= value) and (accepts.high is None or value <= accepts.high)
