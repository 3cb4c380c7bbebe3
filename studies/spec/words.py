"""Leaves that are not numbers: names, tags, seeds and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grokscale.studies.documents import show
from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Leaf, Refused, whole


@dataclass(frozen=True)
class Word(Leaf):
    """One word of a list.

    Attributes:
        words: the words accepted.
    """

    words: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return ", ".join(self.words)

    def check(self, value: Any) -> str:
        """Return the word."""
        if not isinstance(value, str) or value not in self.words:
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True)
class Text(Leaf):
    """A line of 1 to 200 printable characters, not all of them spaces."""

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return "1 to 200 printable characters, not only spaces"

    def check(self, value: Any) -> str:
        """Return the text unchanged."""
        if not isinstance(value, str):
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        if not (1 <= len(value) <= 200 and value.isprintable() and value.strip()):
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "string", "minLength": 1, "maxLength": 200}


@dataclass(frozen=True)
class Seeds(Leaf):
    """How many seeds (0, 1, …), or the seeds themselves."""

    many = whole(1, 2**32)
    listed = ListOf(whole(0, 2**32 - 1), 1, 1_000_000)

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return "a whole number from 1 (how many: 0, 1, …), or a list of different whole numbers from 0 to 4294967295"

    def check(self, value: Any) -> int | tuple[int, ...]:
        """Return the number of seeds, or the list as a tuple."""
        if isinstance(value, (list, tuple)):
            return self.listed.check(value)
        try:
            return int(self.many.check(value) or 0)
        except Refused:
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}")) from None

    def to_json(self, value: int | tuple[int, ...]) -> int | list[int]:
        """Return the canonical JSON form."""
        return list(value) if isinstance(value, tuple) else value

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"anyOf": [self.many.schema(), self.listed.schema()]}
