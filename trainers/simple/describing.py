"""What a simple task's class has to say, and the two methods that it has where it names no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from grokscale.trainers.linear.sections import POSITIVE, strength
from grokscale.trainers.tasks.description import Field, OneOf, Section

if TYPE_CHECKING:
    from grokscale.trainers.simple.task import SimpleTask

_REQUIRED = ("start", "step", "measure")
_DTYPES = ("float64", "float32", "float16", "bfloat16")
DTYPE = "dtype"
_TAKEN = ("step", "train_error", "test_error")
"""Columns that every curve has."""


def check(cls: type[SimpleTask], base: type[SimpleTask], fields: Iterable[str], dtype: str) -> None:
    """Return where a class says all that it has to.

    Args:
        cls: the class.
        base: what every simple task is.
        fields: names of its own, and of its methods.
        dtype: of its tensors.

    Raises:
        TypeError: it does not; the message names class and member.
    """
    where = cls.__name__
    if dtype not in _DTYPES:
        raise TypeError(f"{where}: dtype {dtype!r} is refused; accepted: {', '.join(_DTYPES)}")
    for name in ("state", "measures", "rises"):
        given = getattr(cls, name)
        if isinstance(given, str) or not all(isinstance(one, str) for one in given):
            raise TypeError(f"{where}.{name} is {given!r}; accepted: a tuple of names, such as ('u', 'v')")
    for name in (one for one in cls.measures if one in _TAKEN or not one.isidentifier()):
        raise TypeError(f"{where}.measures names {name!r}; accepted: names of what comes beside the two errors")
    for name in (one for one in cls.rises if one not in cls.measures):
        raise TypeError(f"{where}.rises names {name!r}; accepted: {', '.join(cls.measures) or 'nothing'}, its measures")
    if cls.stack is None:
        for name in (one for one in _REQUIRED if getattr(cls, one) is getattr(base, one)):
            raise TypeError(f"{where}.{name} is missing; accepted: a method of that name")
        if not cls.state:
            raise TypeError(f"{where}.state is missing; accepted: names of the attributes that steps change")
    for name in (one for one in fields if one == DTYPE):
        raise TypeError(f"{where}.{name} is a field of every simple task; accepted: the class keyword {name}=...")
    for name in (one for one in fields if hasattr(base, one)):
        raise TypeError(f"{where}.{name} is a member of every task; accepted: another name for the field")


def dtype_of(default: str) -> Field:
    """Return the field that says in every configuration, and so in every row, which type its numbers were of."""
    says = "type of tensors that the task makes without stating one"
    return Field(DTYPE, OneOf(_DTYPES), says, default, packs=True)


def optimizer_of(where: str, given: str | Section, alpha: str) -> Section:
    """Return a section, or one of this kind with a step size; `where`: name of the class."""
    if isinstance(given, Section):
        return given
    letter = "α" if alpha == "alpha" else ""
    fields = (Field(alpha, POSITIVE, "step size", sweeps=True, letter=letter),)
    return Section(given, f"{where}Optimizer", f"The steps of {where}.", fields)


def regularizer_of(where: str, given: str | Section, beta: str) -> Section:
    """Return a section, or one of this kind with a strength; `where`: name of the class."""
    if isinstance(given, Section):
        return given
    return Section(given, f"{where}Regularizer", f"The regulariser of {where}.", (strength(beta, "strength"),))
