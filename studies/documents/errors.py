"""What a refused specification says: every faulty field by JSON pointer, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grokscale.studies.portable import PortableError

SHOWN = 80
MOST = 100
"""Problems told at once. A document of a megabyte can hold a hundred thousand: they are counted to one more than this,
so that a fault costs no more than a value, and an answer says that there are more, not how many."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One faulty field.

    Attributes:
        pointer: JSON pointer (RFC 6901) into what the user sent; "" is the whole document.
        message: the value, and what would be accepted.
    """

    pointer: str
    message: str


class SpecError(PortableError, ValueError):
    """The specification is refused; `problems` has one entry a faulty field, up to `MOST`, and says of more."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        seen: dict[FieldProblem, None] = {}
        for problem in problems:
            seen[problem] = None
            if len(seen) > MOST:
                break
        told = list(seen)
        if len(told) > MOST:
            told[MOST:] = [FieldProblem("", "and more problems")]
        super().__init__("; ".join(f"{p.pointer or 'document'}: {p.message}" for p in told))
        self.problems = tuple(told)


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of a path of keys and positions."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def show(value: object) -> str:
    """Return the value as a message shows it: as in JSON, and short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"  # its digits would be a megabyte
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)} members"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
