"""Lists of leaves, no two members alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grokscale.studies.documents import MOST, show
from grokscale.studies.spec.numbers import Fault, Leaf, Refused


@dataclass(frozen=True)
class ListOf(Leaf):
    """A list of leaves, no two alike, kept as a tuple.

    Attributes:
        leaf: each member.
        least, most: how many.
    """

    leaf: Leaf
    least: int
    most: int

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return f"a list of {self.least} to {self.most} members that differ, each {self.leaf.accepted}"

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return the members in their order."""
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        faults: list[Fault] = []
        seen: dict[Any, int] = {}
        for i, member in enumerate(value):
            if len(faults) > MOST:
                break
            try:
                parsed = self.leaf.check(member)
            except Refused as refused:
                faults += [((i, *at), message) for at, message in refused.faults]
                continue
            if parsed in seen:
                faults.append(((i,), f"{show(member)} stands at {seen[parsed]} already; accepted: members that differ"))
            seen.setdefault(parsed, i)
        if faults:
            raise Refused(*faults)
        return tuple(seen)

    def to_json(self, value: tuple[Any, ...]) -> list[Any]:
        """Return the canonical JSON form."""
        return list(value)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        bounds = {"minItems": self.least, "maxItems": self.most, "uniqueItems": True}
        return {"type": "array", "items": self.leaf.schema(), **bounds}
