"""YAML by the core schema of YAML 1.2: 1e-5 and 1e7 are numbers, `no`, 1_000 and 2026-01-01 are texts.

Read event by event, so that nothing happens which YAML libraries add on their own: no tags, no dates, no merge keys.
An alias is the very value that it names, so a nest of aliases takes no room here; `plain` bounds it afterwards.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from grokscale.studies.documents.errors import MOST, FieldProblem, SpecError, pointer, show
from grokscale.studies.documents.plain import MAX_DEPTH, Path

MAX_TEXT = 1 << 17
"""Characters of one YAML text: the worst of them take its reader 2 s, JSON of that size milliseconds."""

NULL = re.compile(r"|~|null|Null|NULL")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL_OR_HEXADECIMAL = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def core(text: str) -> Any:
    """Return the value of a plain scalar (YAML 1.2, section 10.3.2); ValueError where it has too many digits."""
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return bool(TRUE.fullmatch(text))
    if INTEGER.fullmatch(text):
        return int(text)
    if OCTAL_OR_HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        return float(text)
    if NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def from_yaml(text: str) -> Any:
    """Return the data of the one document of a YAML text.

    Raises:
        SpecError: with the pointer and the line of every place that is refused.
    """
    if len(text) > MAX_TEXT:
        message = f"the text is too large; accepted: up to {MAX_TEXT} characters of YAML, more of JSON"
        raise SpecError([FieldProblem("", message)])
    reader = _Reader(text)
    try:
        value = reader.document()
    except YAMLError as error:
        raise SpecError([FieldProblem("", f"not readable as YAML: {_said(error)}")]) from None
    if reader.problems:
        raise SpecError(reader.problems)
    return value


def _said(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "context", None) or str(error).partition("\n")[0]
    return f"{what}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(what)


class _Reader:
    """A stream of YAML events being read."""

    def __init__(self, text: str) -> None:
        self.events: Any = YAML(typ="safe", pure=True).parse(text)
        self.anchors: dict[str, Any] = {}
        self.problems: list[FieldProblem] = []

    def document(self) -> Any:
        value: Any = None
        seen = 0
        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            seen += 1
            if seen > 1:
                self._refuse(event, (), "a second document; accepted: one")
                break
            value = self._value(next(self.events), ())
        return value

    def _refuse(self, event: Any, path: Path, message: str) -> None:
        self.problems.append(FieldProblem(pointer(path), f"{message} (line {event.start_mark.line + 1})"))
        if len(self.problems) > MOST:
            raise SpecError(self.problems)

    def _value(self, event: Any, path: Path) -> Any:
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

    def _alias(self, event: AliasEvent, path: Path) -> Any:
        # an alias within the very value that it names is unknown here too: that value has not ended
        if event.anchor not in self.anchors:
            self._refuse(event, path, f"the alias {show(event.anchor)} names nothing that ended before it")
        return self.anchors.get(event.anchor)

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = event.value if isinstance(event, ScalarEvent) else None
            if key is None:
                self._refuse(event, path, "a key is not a text; accepted: texts as keys")
                self._value(event, (*path, "?"))
            elif key in values:
                self._refuse(event, (*path, key), "given twice; accepted: once")
            value = self._value(next(self.events), (*path, "?" if key is None else key))
            if key is not None:
                values[key] = value
        return values

    def _scalar(self, event: Any, path: Path) -> Any:
        if not event.implicit[0]:  # quoted, or a block
            return event.value
        try:
            return core(event.value)
        except ValueError:
            self._refuse(event, path, f"a number of {len(event.value)} digits; accepted: numbers of fewer digits")
            return None
