"""What a law can refuse, and why.

- `TooLittle`: nothing is wrong with the question, but there is too little, or too little of use, to answer it
- `BadExpression`: `x` or `terms` does not parse; it knows the position
- `UnknownName`: a name that does not exist here; it knows those that do
- `NotApplicable`: an argument for which the response or the other arguments leave no room
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grokscale.studies.portable import PortableError


class LawError(PortableError):
    """Any refusal of a law. `parameter` names the argument at fault, None where the data are."""

    parameter: str | None = None


class TooLittle(LawError):
    """Too little to fit: too few crossings, one level of x so far, or too many trials that cannot cross.

    Attributes:
        reason: what is missing, in a sentence.
        counts: `{rows, n, draws, streams, uncensored, counted_out, censored}` as far as they are known.
    """

    def __init__(self, reason: str, counts: Mapping[str, Any]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.counts = dict(counts)


class BadExpression(LawError):
    """An expression that is not a monomial of the grammar; `position` counts characters from 0."""

    def __init__(self, message: str, position: int, expression: str, parameter: str = "x") -> None:
        super().__init__(f"{message} (at character {position})")
        self.message = message
        self.position = position
        self.expression = expression
        self.parameter = parameter


class UnknownName(LawError):
    """A name that does not exist here, with the names that do."""

    def __init__(self, name: str, known: Sequence[str], parameter: str = "x") -> None:
        super().__init__(f"unknown {name!r}; known: {', '.join(known) or 'none'}")
        self.name = name
        self.known = tuple(known)
        self.parameter = parameter


class NotApplicable(LawError):
    """An argument that makes no sense beside the others; the message says what would."""

    def __init__(self, message: str, parameter: str) -> None:
        super().__init__(message)
        self.parameter = parameter
