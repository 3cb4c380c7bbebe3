"""What an adaptive search looks for: the least of one response under bounds on others, or the front of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grokscale.studies.documents import show
from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Fault, Leaf, Number, Refused
from grokscale.studies.spec.words import Word
from grokscale.studies.vocabulary import RESPONSES

_RESPONSE = Word(RESPONSES)
_PAIR = ListOf(_RESPONSE, 2, 2)
_MOST = Number(0, above=True)


@dataclass(frozen=True, slots=True)
class Objective:
    """A parsed objective.

    Attributes:
        minimize: the responses: one, or the two of a front.
        subject_to: upper bound by response, in the order written.
    """

    minimize: tuple[str, ...]
    subject_to: tuple[tuple[str, float], ...] = ()

    @property
    def responses(self) -> tuple[str, ...]:
        """Every response that it needs."""
        return (*self.minimize, *(name for name, _ in self.subject_to))


@dataclass(frozen=True)
class Goal(Leaf):
    """`{minimize: t2, subject_to: {error_settled: {max: 1e-3}}}` (`subject_to` may be left out), or two responses."""

    @property
    def accepted(self) -> str:
        """What would be accepted, in words."""
        return "{minimize: response, subject_to: {response: {max: number}}}, or a list of two responses"

    def check(self, value: Any) -> Objective:
        """Return the objective."""
        if isinstance(value, (list, tuple)):
            return Objective(tuple(_PAIR.check(value)))
        if not isinstance(value, dict):
            raise Refused(((), f"{show(value)} is refused; accepted: {self.accepted}"))
        faults = _unknown(value, ("minimize", "subject_to"))
        minimized = _inside("minimize", _RESPONSE, value, faults)
        bounds = self._bounds(value["subject_to"], faults) if "subject_to" in value else ()
        faults += [
            (("subject_to", name), f"{name} is what is minimised; accepted: another response")
            for name, _ in bounds
            if name == minimized
        ]
        if faults:
            raise Refused(*faults)
        return Objective((str(minimized),), bounds)

    def to_json(self, value: Objective) -> Any:
        """Return the canonical JSON form."""
        first, *others = value.minimize
        if others:
            return [first, *others]
        return {"minimize": first, "subject_to": {name: {"max": most} for name, most in value.subject_to}}

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        bound = {
            "type": "object",
            "properties": {"max": _MOST.schema()},
            "required": ["max"],
            "additionalProperties": False,
        }
        one = {
            "type": "object",
            "properties": {
                "minimize": _RESPONSE.schema(),
                "subject_to": {
                    "type": "object",
                    "properties": dict.fromkeys(RESPONSES, bound),
                    "additionalProperties": False,
                },
            },
            "required": ["minimize"],
            "additionalProperties": False,
        }
        return {"anyOf": [one, _PAIR.schema()]}

    def _bounds(self, value: Any, faults: list[Fault]) -> tuple[tuple[str, float], ...]:
        if not isinstance(value, dict):
            faults.append((("subject_to",), f"{show(value)} is refused; accepted: {{response: {{max: number}}}}"))
            return ()
        bounds: list[tuple[str, float]] = []
        for name, bound in value.items():
            found: list[Fault] = []
            if name not in RESPONSES:
                found.append(((), f"unknown response {show(name)}; accepted: {_RESPONSE.accepted}"))
            elif not isinstance(bound, dict):
                found.append(((), f"{show(bound)} is refused; accepted: {{max: number}}"))
            else:
                found += _unknown(bound, ("max",))
                most = _inside("max", _MOST, bound, found)
                if most is not None:
                    bounds.append((name, most))
            faults += [(("subject_to", name, *at), message) for at, message in found]
        return tuple(bounds)


def _unknown(value: dict[Any, Any], known: tuple[str, ...]) -> list[Fault]:
    words = ", ".join(known)
    return [((key,), f"unknown field {show(key)}; accepted: {words}") for key in value if key not in known]


def _inside(name: str, leaf: Any, value: dict[Any, Any], faults: list[Fault]) -> Any:
    """Return a field as its leaf reads it; None, and the faults, where it does not."""
    if name not in value:
        faults.append(((name,), f"missing; accepted: {leaf.accepted}"))
        return None
    try:
        return leaf.check(value[name])
    except Refused as refused:
        faults += [((name, *at), message) for at, message in refused.faults]
        return None
