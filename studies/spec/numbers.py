"""Plain numbers, strictly: a string is never a number, a boolean never one, a whole float is an integer."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from grokscale.studies.documents import show
from grokscale.studies.portable import PortableError

Fault = tuple[tuple[str | int, ...], str]
"""Where below the field (empty: the field itself), and the message."""


class Refused(PortableError):
    """What a field's own check raises: its faults."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults


class Leaf(ABC):
    """How the leaves of a specification hook into pydantic: `check` parses, `to_json` writes, `schema` describes."""

    @property
    @abstractmethod
    def accepted(self) -> str:
        """What would be accepted, in words."""

    @abstractmethod
    def check(self, value: Any) -> Any:
        """Return the parsed value; raises `Refused`."""

    def to_json(self, value: Any) -> Any:
        """Return the canonical JSON form of a parsed value."""
        return value

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(self.to_json)
        )

    def __get_pydantic_json_schema__(self, source: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.schema()

    def _validate(self, value: Any) -> Any:
        try:
            return self.check(value)
        except Refused as refused:
            details = [
                InitErrorDetails(type=PydanticCustomError("refused", "{m}", {"m": m}), loc=loc, input=value)
                for loc, m in refused.faults
            ]
            raise ValidationError.from_exception_data("field", details) from None


@dataclass(frozen=True)
class Number(Leaf):
    """A finite number in a range.

    Attributes:
        low, high: ends of the range, None for none.
        above, below: the end itself is left out.
        whole: only whole numbers, kept as int; otherwise kept as float, so that 1 and 1.0 agree.
        null: null is accepted too, with the meaning given.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False
    whole: bool = False
    null: str | None = None

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        words = ["a whole number" if self.whole else "a number"]
        if self.low is not None and self.high is not None and not self.above and not self.below:
            words.append(f"from {self.low} to {self.high}")
        else:
            if self.low is not None:
                words.append(f"above {self.low}" if self.above else f"from {self.low}")
            if self.high is not None:
                words.append(f"and below {self.high}" if self.below else f"up to {self.high}")
        if self.null is not None:
            words.append(f"or null ({self.null})")
        return " ".join(words)

    def check(self, value: Any) -> int | float | None:
        """Return the number as int (`whole`) or float."""
        if value is None and self.null is not None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        number = self._exact(value)
        if number is None or not self._inside(number):
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        return number

    def _exact(self, value: int | float) -> int | float | None:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if self.whole:
            return int(value) if value == int(value) else None
        try:
            return float(value) + 0.0  # -0.0 becomes 0.0
        except OverflowError:
            return None

    def _inside(self, number: int | float) -> bool:
        if self.low is not None and (number < self.low or (self.above and number == self.low)):
            return False
        return self.high is None or not (number > self.high or (self.below and number == self.high))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        schema: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        if self.null is not None:
            schema["type"] = [schema["type"], "null"]
        if self.low is not None:
            schema["exclusiveMinimum" if self.above else "minimum"] = self.low
        if self.high is not None:
            schema["exclusiveMaximum" if self.below else "maximum"] = self.high
        return schema


def whole(low: int, high: int, *, null: str | None = None) -> Number:
    """Return the check of a whole number from `low` to `high`."""
    return Number(low, high, whole=True, null=null)
