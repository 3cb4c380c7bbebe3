"""What a study counts as memorised and as generalised: a level of an error, or of a measure of its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grokscale.studies.documents import show
from grokscale.studies.spec.numbers import Leaf, Number, Refused

_ERROR = Number(0, 1, above=True, below=True)
_LEVEL = Number()


@dataclass(frozen=True, slots=True)
class OfMeasure:
    """A level of a measure: `{"test_accuracy": 0.99}`."""

    measure: str
    level: float


Level = float | OfMeasure


@dataclass(frozen=True)
class Threshold(Leaf):
    """The level of an error, or an object of one member: a measure of the task, and its level."""

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return f"{_ERROR.accepted}, or an object of one measure of the task and its level, a number"

    def check(self, value: Any) -> Level:
        """Return the level."""
        if isinstance(value, OfMeasure):
            return value
        try:
            if not isinstance(value, Mapping):
                return float(_ERROR.check(value) or 0)
            if len(value) == 1:
                ((name, level),) = value.items()
                return OfMeasure(str(name), float(_LEVEL.check(level) or 0))
        except Refused:
            pass
        raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))

    def to_json(self, value: Level) -> Any:
        """Return the canonical JSON form."""
        return {value.measure: value.level} if isinstance(value, OfMeasure) else value

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        of_measure = {
            "type": "object",
            "additionalProperties": _LEVEL.schema(),
            "minProperties": 1,
            "maxProperties": 1,
        }
        return {"anyOf": [_ERROR.schema(), of_measure]}


def parts(level: Level) -> tuple[float, str | None]:
    """Return the level and the measure that it is of, None for the error."""
    return (level.level, level.measure) if isinstance(level, OfMeasure) else (level, None)
