"""What a refused specification says: every faulty field by JSON pointer, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWN = 80


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One faulty field.

    Attributes:
        pointer: JSON pointer (RFC 6901) into what the user sent; "" is the whole document.
        message: the value, and what would be accepted.
    """

    pointer: str
    message: str


class SpecError(ValueError):
    """The specification is refused; `problems` has one entry a faulty field, in document order where it is known."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(f"{p.pointer or 'document'}: {p.message}" for p in problems))
        self.problems = tuple(problems)


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
        return "a list"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
