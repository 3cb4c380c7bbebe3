"""What a phase diagram can refuse beside too little data (`studies.laws.errors.TooLittle`).

- `UnknownField`: a name that does not exist here; it knows those that do
- `NotApplicable`: an argument for which the others leave no room
"""

from __future__ import annotations

from collections.abc import Sequence

from grokscale.studies.portable import PortableError


class PhasesError(PortableError):
    """Any refusal of a question; `parameter` names the argument at fault."""

    def __init__(self, message: str, parameter: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class UnknownField(PhasesError):
    """A name that does not exist here, with the names that do."""

    def __init__(self, name: str, known: Sequence[str], parameter: str) -> None:
        super().__init__(f"unknown {name!r}; known: {', '.join(known) or 'none'}", parameter)
        self.known = tuple(known)


class NotApplicable(PhasesError):
    """An argument that makes no sense beside the others; the message says what would."""
