"""Sweepable numbers: a value, a list, or a range on a log or linear scale.

A range with `num` stands for that many values, ends included; without `num` it is a distribution (random and Sobol
search). Ranges of whole-number fields are rounded half up; one whose values would not be distinct is refused, so that
`num` is always the number of values and sizes are known before anything is expanded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from grokscale.studies.documents import show
from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Fault, Leaf, Number, Refused, whole

SCALES = ("log", "linear")
NUM = whole(2, 100_000)
DIGITS = 12
"""Significant digits of the values between the ends: a decade of a log range is 1e-05 and not 9.999999999999999e-06."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of a sweepable field.

    Attributes:
        scale: `log` or `linear`.
        low, high: the ends, low < high, both included.
        num: how many values; None: a distribution, uniform on the scale.
        whole: the field takes whole numbers.
    """

    scale: Literal["log", "linear"]
    low: float
    high: float
    num: int | None = None
    whole: bool = False

    def levels(self) -> tuple[float | int, ...]:
        """Return the `num` values in increasing order; the ends are exactly as written."""
        assert self.num is not None
        inner = self._on_scale(np.arange(1, self.num - 1) / (self.num - 1), self.low, self.high)
        if self.whole:
            return (int(self.low), *(int(x) for x in np.floor(inner + 0.5)), int(self.high))
        return (self.low, *(float(f"{x:.{DIGITS}g}") for x in inner), self.high)

    def quantile(self, u: float) -> float | int:
        """Return the value of the distribution at `u` in [0, 1); each whole number has its unit interval."""
        if not self.whole:
            return float(np.clip(self._on_scale(np.float64(u), self.low, self.high), self.low, self.high))
        x = self._on_scale(np.float64(u), self.low - 0.5, self.high + 0.5)
        return int(np.clip(np.floor(x + 0.5), self.low, self.high))

    def _on_scale(self, u: Any, low: float, high: float) -> Any:
        if self.scale == "linear":
            return low + u * (high - low)
        return np.exp(math.log(low) + u * (math.log(high) - math.log(low)))

    def distinct(self) -> bool:
        """Whether the `num` values differ from one another; costs no expansion beyond the whole numbers between."""
        assert self.num is not None
        if not self.whole:
            extent = self.high - self.low if self.scale == "linear" else math.log(self.high) - math.log(self.low)
            unit = max(abs(self.low), abs(self.high)) if self.scale == "linear" else 1.0
            return extent / (self.num - 1) > 10 * unit * 10.0**-DIGITS
        if self.scale == "linear" or self.num > self.high - self.low + 1:
            return self.num <= self.high - self.low + 1
        inner = self._on_scale(np.arange(self.num) / (self.num - 1), self.low, self.high)
        return bool(np.all(np.diff(np.floor(inner + 0.5)) > 0))

    def to_json(self) -> dict[str, Any]:
        """Return the form of the specification."""
        form: dict[str, Any] = {self.scale: [self.low, self.high]}
        return form if self.num is None else form | {"num": self.num}


Swept = float | int | None | tuple[float | int, ...] | Range
"""A parsed sweepable field: one value, several, or a range."""


def is_swept(field: Any) -> bool:
    """Whether the field takes more than one fixed value."""
    return isinstance(field, (tuple, Range))


def count(field: Swept) -> int | None:
    """Return how many values the field takes, without expanding it; None for a distribution."""
    if isinstance(field, Range):
        return field.num
    return len(field) if isinstance(field, tuple) else 1


def choices(field: Swept) -> int | None:
    """Return how many values the field can take at all; None for a continuous distribution."""
    if isinstance(field, Range) and field.num is None:
        return int(field.high - field.low) + 1 if field.whole else None
    return count(field)


def levels(field: Swept) -> tuple[float | int | None, ...]:
    """Return the values of the field; not for a distribution."""
    if isinstance(field, Range):
        return field.levels()
    return field if isinstance(field, tuple) else (field,)


def largest(field: Swept) -> tuple[tuple[str | int, ...], float | int | None]:
    """Return where the field's largest value stands below it, and that value."""
    if isinstance(field, Range):
        return (field.scale, 1), field.high
    if isinstance(field, tuple):
        return max((((i,), value) for i, value in enumerate(field)), key=lambda place: place[1])
    return (), field


def smallest(field: Swept) -> float | int | None:
    """Return the field's smallest value."""
    if isinstance(field, Range):
        return field.low
    return min(field) if isinstance(field, tuple) else field


@dataclass(frozen=True)
class Sweep(Leaf):
    """A sweepable number, each of its values within `number`."""

    number: Number

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return f"{self.number.accepted}, a list of such, or {{log|linear: [low, high], num: k}}"

    @property
    def _one(self) -> Number:
        # null is a value of the field, never a member of a sweep
        return replace(self.number, null=None)

    def check(self, value: Any) -> Swept:
        """Return the value, the list as a tuple, or the `Range`."""
        if isinstance(value, dict):
            return self._range(value)
        if isinstance(value, (list, tuple)):
            return ListOf(self._one, 1, int(NUM.high or 0)).check(value)
        try:
            return self.number.check(value)
        except Refused:
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}")) from None

    def to_json(self, value: Swept) -> Any:
        """Return the canonical JSON form."""
        if isinstance(value, Range):
            return value.to_json()
        return list(value) if isinstance(value, tuple) else value

    def _range(self, value: dict[Any, Any]) -> Range:
        faults: list[Fault] = [
            ((key,), f"unknown field {show(key)}; accepted: log or linear, num")
            for key in value
            if key not in (*SCALES, "num")
        ]
        scales = [scale for scale in SCALES if scale in value]
        if len(scales) != 1:
            where = (scales[1],) if scales else ()
            faults.append((where, f"{len(scales)} scales; accepted: one of log: [low, high] and linear: [low, high]"))
            raise Refused(*faults)
        scale: Any = scales[0]
        num = None
        if "num" in value:
            try:
                num = NUM.check(value["num"])
            except Refused as refused:
                faults += [(("num", *at), message) for at, message in refused.faults]
        ends = self._ends(scale, value[scale], faults)
        if faults or ends is None:
            raise Refused(*faults)
        parsed = Range(scale, *ends, num=None if num is None else int(num), whole=self.number.whole)
        if num is not None and not parsed.distinct():
            raise Refused((("num",), f"{num} values are not distinct between {ends[0]} and {ends[1]}; accepted: fewer"))
        return parsed

    def _ends(self, scale: str, ends: Any, faults: list[Fault]) -> tuple[float | int, float | int] | None:
        if not isinstance(ends, (list, tuple)) or len(ends) != 2:
            faults.append(((scale,), f"{show(ends)} is refused; accepted: [low, high]"))
            return None
        parsed: list[Any] = []
        for i, end in enumerate(ends):
            try:
                parsed.append(self._one.check(end))
            except Refused as refused:
                faults += [((scale, i, *at), message) for at, message in refused.faults]
        if len(parsed) < 2:
            return None
        if scale == "log" and parsed[0] <= 0:
            faults.append(((scale, 0), f"{show(ends[0])} is refused; accepted on a log scale: a number above 0"))
        if parsed[0] >= parsed[1]:
            faults.append(((scale, 1), f"{show(ends[1])} is not above {show(ends[0])}; accepted: low < high"))
        return parsed[0], parsed[1]

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        one = self._one.schema()
        ends = {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
        ranges = [
            {
                "type": "object",
                "properties": {scale: ends, "num": NUM.schema()},
                "required": [scale],
                "additionalProperties": False,
            }
            for scale in SCALES
        ]
        listed = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
        return {"anyOf": [self.number.schema(), listed, *ranges]}
