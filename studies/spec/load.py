"""From text to a `StudySpec`: JSON, or YAML by the core schema of YAML 1.2 (1e-5 and 1e7 are numbers, `no` is a text).

YAML is read event by event, so that nothing happens which libraries add on their own: no tags, no dates, no merge
keys. Aliases stand for the value they name; `plain` counts them as often as they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from studies.spec.errors import FieldProblem, SpecError, pointer, show
from studies.spec.limits import Limits
from studies.spec.parse import parse
from studies.spec.plain import MAX_DEPTH
from studies.spec.study import StudySpec

NULL = re.compile(r"|~|null|Null|NULL")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def load(text: str, limits: Limits | None = None, test_tasks: bool = False) -> StudySpec:
    """Return the specification that a text states. Arguments as of `parse`.

    Raises:
        SpecError: also where the text is not JSON or YAML; the problem then says the line.
    """
    limits = limits or Limits()
    return parse(read(text, limits.max_bytes), limits, test_tasks)


def read(text: str, max_bytes: int = Limits().max_bytes) -> Any:
    """Return the data that a JSON or YAML text states.

    Raises:
        SpecError: with the pointer, and the line where there is one.
    """
    if len(text.encode(errors="surrogatepass")) > max_bytes:
        raise SpecError([FieldProblem("", f"the text is too large; accepted: up to {max_bytes} bytes")])
    if text.lstrip().startswith("{"):
        try:
            return _from_json(text)
        except SpecError:
            raise
        except json.JSONDecodeError:
            pass  # a YAML flow mapping begins like a JSON object
        except (ValueError, RecursionError) as error:
            raise SpecError([FieldProblem("", f"not readable as JSON: {error}")]) from None
    try:
        return _document(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as error:
        raise SpecError([FieldProblem("", f"not readable as YAML or JSON: {_first_lines(error)}")]) from None


def _first_lines(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "context", None) or str(error).splitlines()[0]
    return f"{what}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(what)


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys were given twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        made.twice = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return made


def _from_json(text: str) -> Any:
    data = json.loads(text, object_pairs_hook=_object)
    problems = [FieldProblem(where, "given twice; accepted: once") for where in _repeated(data, ())]
    if problems:
        raise SpecError(problems)
    return data


def _repeated(data: Any, path: tuple[str | int, ...]) -> Iterator[str]:
    if isinstance(data, _Object):
        yield from (pointer((*path, key)) for key in data.twice)
        for key, inner in data.items():
            yield from _repeated(inner, (*path, key))
    elif isinstance(data, list):
        for i, inner in enumerate(data):
            yield from _repeated(inner, (*path, i))


def _document(events: Iterator[Event]) -> Any:
    """Return the value of the one document of a stream."""
    documents = _Documents(events)
    value = documents.only()
    if documents.problems:
        raise SpecError(documents.problems)
    return value


class _Documents:
    """A stream of YAML events being read."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.anchors: dict[str, Any] = {}
        self.problems: list[FieldProblem] = []

    def only(self) -> Any:
        value: Any = None
        seen = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                seen += 1
                if seen > 1:
                    self._refuse(event, (), "a second document; accepted: one")
                    break
                value = self._value(next(self.events), ())
            elif isinstance(event, StreamEndEvent):
                break
        return value

    def _refuse(self, event: Event, path: tuple[str | int, ...], message: str) -> None:
        self.problems.append(FieldProblem(pointer(path), f"{message} (line {event.start_mark.line + 1})"))

    def _value(self, event: Any, path: tuple[str | int, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            raise SpecError([FieldProblem(pointer(path[:1]), f"nested too deep; accepted: up to {MAX_DEPTH} deep")])
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        if event.tag is not None:
            self._refuse(event, path, f"the tag {show(event.tag)} is refused; accepted: no tags")
        if isinstance(event, ScalarEvent):
            value = self._scalar(event, path)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(path)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _alias(self, event: AliasEvent, path: tuple[str | int, ...]) -> Any:
        if event.anchor not in self.anchors:
            self._refuse(event, path, f"the alias {show(event.anchor)} names nothing before it")
            return None
        return self.anchors[event.anchor]

    def _sequence(self, path: tuple[str | int, ...]) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            # keys are texts, as in JSON, whatever they look like: only a plain scalar or a quoted one can be one
            if not isinstance(event, ScalarEvent):
                self._refuse(event, path, "a key is not a text; accepted: texts as keys")
                self._value(event, (*path, "?"))
                self._value(next(self.events), (*path, "?"))
                continue
            inner = (*path, event.value)
            if event.value in values:
                self._refuse(event, inner, "given twice; accepted: once")
            values[event.value] = self._value(next(self.events), inner)
        return values

    def _scalar(self, event: ScalarEvent, path: tuple[str | int, ...]) -> Any:
        if not event.implicit[0] or event.style is not None:
            return event.value
        try:
            return core(event.value)
        except ValueError:
            self._refuse(
                event, path, f"a number of {len(event.value)} digits is refused; accepted: numbers of a sane size"
            )
            return None


def core(text: str) -> Any:
    """Return the value of a plain scalar by the core schema of YAML 1.2 (section 10.3)."""
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return bool(TRUE.fullmatch(text))
    if INTEGER.fullmatch(text):
        return int(text)
    if OCTAL.fullmatch(text) or HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        return float(re.sub(r"\.(inf|nan)", r"\1", text, flags=re.IGNORECASE))
    return text
